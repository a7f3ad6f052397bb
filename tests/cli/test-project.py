"""project as a command: what it writes, that it comes back to the same pixels, and what it refuses.

usage: test-project.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only
"""
import filecmp
import glob
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from random import Random

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]
LORELEI = os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')


def vitrine(*args, **env):
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=300, env={**os.environ, **env})
    return p.returncode, p.stdout, p.stderr


def chunks(path):
    with open(path, 'rb') as f:
        data = f.read()
    at, out = 8, []
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        out.append((kind, data[at + 8:at + 8 + n]))
        at += 12 + n
    return out


def pixels(path):
    return zlib.decompress(b''.join(d for k, d in chunks(path) if k == b'IDAT'))


def write_png(path, width, height, pixel):
    """pixel (x, y) -> three bytes"""
    rows = b''.join(b'\0' + b''.join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n')
        for kind, data in ((b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)), (b'IDAT', zlib.compress(rows)),
                           (b'IEND', b'')):
            f.write(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)))


class Project(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = os.path.join(cls.folder.name, 'm.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--resolution=16', '--channel-base=128', '--channel-max=16', '--z-dim=24',
                        '--w-dim=32', cls.model], check=True)
        cls.picture = os.path.join(cls.folder.name, 'picture.png')
        write_png(cls.picture, 20, 16, lambda x, y: (x * 12, y * 15, 128))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def out(self, name):
        return os.path.join(self.folder.name, name)

    def project(self, name, *args, target=None, model=None, **env):
        code, said, err = vitrine('project', f'--network={model or self.model}', f'--target={target or self.picture}',
                                  f'--outdir={self.out(name)}', *args, **env)
        self.assertEqual(code, 0, err)
        with open(os.path.join(self.out(name), 'projection.json')) as f:
            return said, json.load(f)

    def refuse(self, words, *args, code=2, command='project'):
        found, _, err = vitrine(command, *args)
        self.assertEqual(found, code, err)
        self.assertEqual(err.count('\n'), 1, err)
        for word in words:
            self.assertIn(word, err)

    def test_finds_the_models_own_picture(self):
        """A generated face comes back to 30 dB, and its picture opens to the same pixels wherever the folder goes."""
        vitrine('generate', f'--network={LORELEI}', '--seeds=5', f'--outdir={self.out("face")}')
        target = os.path.join(self.out('face'), 'seed0005.png')
        said, found = self.project('own', '--space=w+', '--steps=60', '--self-test=1', target=target, model=LORELEI)
        self.assertEqual(len(found['pictures']), 2)
        for p in found['pictures']:
            self.assertGreater(p['psnr'], 30)
            self.assertLess(p['features'], 0.1)
        self.assertIn('for comparison', said)
        self.assertEqual(pixels(os.path.join(self.out('own'), 'target.png')), pixels(target))
        os.rename(self.out('own'), self.out('moved'))
        proj = os.path.join(self.out('moved'), 'proj.png')
        code, _, err = vitrine('generate', f'--network={LORELEI}', f'--recipe={proj}', f'--outdir={self.out("again")}')
        self.assertEqual(code, 0, err)
        self.assertEqual(pixels(glob.glob(os.path.join(self.out('again'), '*.png'))[0]), pixels(proj))
        # w alone, as other tools read it: another noise, so another picture, but of the same face
        code, _, err = vitrine('generate', f'--network={LORELEI}', f'--outdir={self.out("w")}', '--json',
                               '--latent=' + os.path.join(self.out('moved'), 'projected_w.npz'))
        self.assertEqual(code, 0, err)

    def vgg(self, name, **wrong):
        """VGG16 with a sixteenth of its channels and random weights, as safetensors under torchvision's names."""
        widths = dict(zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), (4, 4, 8, 8, 16, 16, 16, 32, 32, 32, 32, 32, 32)))
        random, header, data, inputs = Random(3), {}, b'', 3
        for place, o in widths.items():
            for part, shape in (('weight', [o, inputs, 3, 3]), ('bias', [o])):
                count = 1
                for s in shape:
                    count *= s
                key = f'features.{place}.{part}'
                raw = struct.pack(f'<{count}f', *(random.gauss(0, (2 / (9 * inputs)) ** 0.5) for _ in range(count)))
                header[wrong.get('names', {}).get(key, key)] = {'dtype': 'F32', 'shape': shape,
                                                                 'data_offsets': [len(data), len(data) + len(raw)]}
                data += raw
            inputs = o
        text = json.dumps(header).encode()
        with open(self.out(name), 'wb') as f:
            f.write(struct.pack('<Q', len(text)) + text + data)
        return self.out(name)

    def test_lpips(self):
        """With weights that a person has LPIPS is in the loss, of w and of tuning; what is no VGG16 is refused."""
        vgg = self.vgg('vgg.safetensors')
        _, plain = self.project('no-lpips', '--steps=20', '--self-test=0', '--loss=pixels')
        said, found = self.project('lpips', '--steps=20', '--self-test=0', f'--vgg={vgg}', '--tune', '--tune-steps=5')
        self.assertGreater(found['pictures'][0]['lpips'], 0)
        self.assertEqual(found['pictures'][0]['features'], 0)
        self.assertEqual(plain['pictures'][0]['lpips'], 0)
        self.assertIn('distance {:.4f}'.format(found['pictures'][0]['lpips']), said)
        common = (f'--network={self.model}', f'--target={self.picture}', f'--outdir={self.out("no")}')
        self.refuse(['lpips needs', '--vgg'], *common, '--loss=lpips')
        self.refuse(['--vgg=FILE'], *common, '--lpips=x')
        other = self.vgg('other.safetensors', names={'features.5.bias': 'features.6.bias'})
        self.refuse(['other.safetensors', 'features.5.bias'], *common, f'--vgg={other}', code=1)
        self.refuse(['factors', 'lin0'], *common, f'--vgg={vgg}', f'--lpips={vgg}', code=1)

    def test_tuning(self):
        """The generator is bent beside the picture: the model's file stays, and the folder may be moved, but not be robbed."""
        with open(self.model, 'rb') as f:
            before = f.read()
        _, plain = self.project('plain', '--steps=30', '--self-test=0')
        _, tuned = self.project('tuned', '--steps=30', '--self-test=0', '--tune', '--tune-steps=60')
        self.assertGreater(tuned['pictures'][0]['psnr'], plain['pictures'][0]['psnr'] + 2)
        with open(self.model, 'rb') as f:
            self.assertEqual(f.read(), before)
        os.rename(self.out('tuned'), self.out('tuned-moved'))
        proj = os.path.join(self.out('tuned-moved'), 'proj.png')
        draw = ('generate', f'--recipe={proj}', f'--outdir={self.out("tuned-again")}', f'--network={self.model}')
        code, _, err = vitrine(*draw)
        self.assertEqual(code, 0, err)
        self.assertEqual(pixels(glob.glob(os.path.join(self.out('tuned-again'), '*.png'))[0]), pixels(proj))
        delta, = glob.glob(os.path.join(self.out('tuned-moved'), 'tuned-*.safetensors'))
        with open(delta, 'r+b') as f:
            f.seek(-4, os.SEEK_END)
            f.write(struct.pack('<f', 0.25))
        self.refuse(['other numbers'], *draw[1:], code=1, command='generate')
        os.remove(delta)
        self.refuse(['tuned weights', 'put the file back'], *draw[1:], code=1, command='generate')

    def test_is_decided_by_the_seed(self):
        """The same bits again, with one thread or two; another seed finds another w."""
        steps = ('--steps=12', '--space=w+', '--noise-steps=4', '--self-test=0')
        self.project('a', *steps, OMP_NUM_THREADS='1')
        self.project('b', *steps, OMP_NUM_THREADS='2')
        self.project('c', *steps, '--seed=1')
        names = [os.path.join(self.out(x), 'projected_w.npz') for x in 'abc']
        self.assertTrue(filecmp.cmp(names[0], names[1], shallow=False))
        self.assertFalse(filecmp.cmp(names[0], names[2], shallow=False))
        self.assertEqual(sorted(os.listdir(self.out('a'))), sorted(os.listdir(self.out('b'))))

    def test_many(self):
        os.mkdir(self.out('set'))
        for i in range(3):
            shutil.copy(self.picture, os.path.join(self.out('set'), f'{i}.png'))
        _, found = self.project('many', '--num=2', '--steps=3', target=self.out('set'))
        self.assertEqual(len(found['pictures']), 3)
        for name in ('00000', '00001'):
            self.assertIn('proj.png', os.listdir(os.path.join(self.out('many'), name)))
        self.assertIn('own_nearer', found['pictures'][0])

    def test_odd_pictures(self):
        """One colour, larger, smaller, grey model: all of them are projected."""
        flat = self.out('flat.png')
        write_png(flat, 40, 40, lambda x, y: (90, 90, 90))
        self.project('flat', '--steps=3', target=flat)
        small = self.out('small.png')
        write_png(small, 3, 5, lambda x, y: (x * 80, y * 50, 0))
        code, _, err = vitrine('project', f'--network={self.model}', f'--target={small}', '--steps=2',
                               f'--outdir={self.out("small")}')
        self.assertEqual(code, 0, err)
        self.assertIn('is enlarged', err)
        grey = self.out('grey.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--resolution=8', '--channel-base=64', '--channel-max=8', '--z-dim=8', '--w-dim=8',
                        '--channels=1', grey], check=True)
        self.project('grey', '--steps=3', model=grey)

    def test_without_discriminator(self):
        model = os.path.join(ROOT, 'tests', 'fixtures', 'sg2.safetensors')
        _, found = self.project('no-d', '--steps=4', model=model)
        self.assertEqual(found['pictures'][0]['features'], 0)
        self.refuse(['has no discriminator', 'pyramid'], f'--network={model}', f'--target={self.picture}',
                    f'--outdir={self.out("x")}', '--loss=features', code=1)

    def test_alignment(self):
        """Three points choose another part of the picture; fewer, or one place for all, are refused."""
        turned = self.out('turned.png')
        write_png(turned, 64, 64, lambda x, y: (255, 0, 0) if (x - 20) ** 2 + (y - 44) ** 2 < 9 or (x - 20) ** 2 + (y - 20) ** 2 < 9
                  else (0, 0, 90))
        # the face is turned by a quarter: its eyes are at x = 20, one above the other, its mouth is to the right
        self.project('aligned', '--steps=2', '--self-test=0', '--align=20,44,20,20,44,32', target=turned)
        self.project('unaligned', '--steps=2', '--self-test=0', target=turned)
        a, b = (pixels(os.path.join(self.out(n), 'target.png')) for n in ('aligned', 'unaligned'))
        self.assertEqual(len(a), 16 * (1 + 3 * 16))
        self.assertNotEqual(a, b)
        self.refuse(['--align', 'six'], f'--network={self.model}', f'--target={turned}', f'--outdir={self.out("x")}', '--align=1,2,3')
        self.refuse(['different places'], f'--network={self.model}', f'--target={turned}', f'--outdir={self.out("x")}',
                    '--align=5,5,5,5,5,5', code=1)

    def test_refusals(self):
        model, target, out = f'--network={self.model}', f'--target={self.picture}', f'--outdir={self.out("none")}'
        self.refuse(['--network'], target, out)
        self.refuse(['--target'], model, out)
        self.refuse(['--outdir'], model, target)
        self.refuse(['--space', 'w or w+', 'z'], model, target, out, '--space=z')
        self.refuse(['--loss', 'lpips'], model, target, out, '--loss=lpips')
        self.refuse(['--loss', 'weight'], model, target, out, '--loss=pixels=0')
        self.refuse(['--steps'], model, target, out, '--steps=0')
        self.refuse(['--class', 'no classes'], model, target, out, '--class=1')
        self.refuse(['--num', 'one picture'], model, target, out, '--num=2')
        self.refuse(['nowhere.jpg'], model, f'--target={self.out("nowhere.jpg")}', out, code=1)
        with open(self.out('text.png'), 'w') as f:
            f.write('no picture')
        self.refuse(['text.png'], model, f'--target={self.out("text.png")}', out, code=1)
        self.assertFalse(glob.glob(os.path.join(self.out('none'), '*')))

    def test_killed(self):
        """Whoever is killed in the middle has written nothing, and what was there before is whole."""
        self.project('kept', '--steps=3', '--self-test=0')
        before = {n: os.stat(os.path.join(self.out('kept'), n)).st_mtime_ns for n in os.listdir(self.out('kept'))}
        p = subprocess.Popen([PROGRAM, 'project', f'--network={self.model}', f'--target={self.picture}',
                              f'--outdir={self.out("kept")}', '--steps=100000'], stderr=subprocess.PIPE, text=True)
        self.assertIn(' of ', p.stderr.readline())  # it says how far it is
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stderr.close()
        after = {n: os.stat(os.path.join(self.out('kept'), n)).st_mtime_ns for n in os.listdir(self.out('kept'))}
        self.assertEqual(before, after)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
