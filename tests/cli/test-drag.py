"""drag as a command: what it writes, that it opens again, that it is the same each time, and what it refuses.

usage: test-drag.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only
"""
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]
LORELEI = os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')


def vitrine(*args):
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=120)
    return p.returncode, p.stdout, p.stderr


def pixels(path):
    with open(path, 'rb') as f:
        data = f.read()
    at, out = 8, b''
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        out += data[at + 8:at + 8 + n] if kind == b'IDAT' else b''
        at += 12 + n
    return zlib.decompress(out)


def grey_png(path, size, pixel):
    rows = b''.join(b'\0' + bytes(pixel(x, y) for x in range(size)) for y in range(size))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n')
        for kind, data in ((b'IHDR', struct.pack('>IIBBBBB', size, size, 8, 0, 0, 0, 0)), (b'IDAT', zlib.compress(rows)),
                           (b'IEND', b'')):
            f.write(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)))


class Drag(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = os.path.join(cls.folder.name, 'm.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--resolution=16', '--channel-base=128', '--channel-max=16', '--z-dim=24',
                        '--w-dim=32', cls.model], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def out(self, name):
        return os.path.join(self.folder.name, name)

    def drag(self, name, *args, model=None):
        code, said, err = vitrine('drag', f'--network={model or self.model}', f'--outdir={self.out(name)}', *args)
        self.assertEqual(code, 0, err)
        with open(os.path.join(self.out(name), 'drag.json')) as f:
            return said, json.load(f)

    def refuse(self, words, *args, code=2):
        found, _, err = vitrine('drag', *args)
        self.assertEqual(found, code, err)
        self.assertEqual(err.count('\n'), 1, err)
        for word in words:
            self.assertIn(word, err)

    def again(self, name, *args):
        """The picture of its recipe, and of its w, drawn anew."""
        code, _, err = vitrine('generate', f'--outdir={self.out(name)}', *args)
        self.assertEqual(code, 0, err)
        return pixels(glob.glob(os.path.join(self.out(name), '*.png'))[0])

    def test_a_mouth_moves(self):
        """It arrives, is a face like any other, and its w is read by other tools' names."""
        said, found = self.drag('mouth', '--seed=3', '--handle=32,44', '--target=38,44', '--trunc=0.9', model=LORELEI)
        self.assertTrue(found['there'])
        self.assertLessEqual(found['distance'], 1)
        self.assertEqual(found['distances'][0], 6)
        self.assertEqual(found['points'][0]['from'], [32, 44])
        self.assertTrue(all(m > 0 for m in found['moved'][:6]) and not any(found['moved'][6:]))
        self.assertIn('from its target', said)
        picture = os.path.join(self.out('mouth'), 'drag.png')
        self.assertEqual(self.again('again', f'--recipe={picture}', f'--network={LORELEI}'), pixels(picture))
        w = os.path.join(self.out('mouth'), 'dragged_w.npz')
        self.assertEqual(self.again('w', f'--latent={w}', f'--network={LORELEI}'), pixels(picture))

    def test_same_each_time(self):
        options = ('--handle=4,8', '--target=9,8', '--handle=10,4', '--target=10,6', '--free=2,2,12,12', '--steps=12')
        first = self.drag('one', *options)[1]
        self.drag('two', *options)
        for name in 'drag.png', 'dragged_w.npz':
            with open(os.path.join(self.out('one'), name), 'rb') as a, open(os.path.join(self.out('two'), name), 'rb') as b:
                self.assertEqual(a.read(), b.read(), name)
        # the same part as a picture of it
        grey_png(self.out('mask.png'), 16, lambda x, y: 255 if 2 <= x < 14 and 2 <= y < 14 else 0)
        masked = self.drag('masked', *options[:4], '--steps=12', '--mask=' + self.out('mask.png'))[1]
        self.assertEqual(masked['distances'], first['distances'])
        self.assertEqual(masked['moved'], first['moved'])

    def test_projected_and_tuned(self):
        """A face that a projection found, with its bent generator, is dragged as well, and keeps noise and weights."""
        vitrine('generate', f'--network={self.model}', '--seeds=5', f'--outdir={self.out("face")}')
        code, _, err = vitrine('project', f'--network={self.model}', '--target=' + os.path.join(self.out('face'), 'seed0005.png'),
                               f'--outdir={self.out("found")}', '--steps=5', '--self-test=0', '--tune', '--tune-steps=5')
        self.assertEqual(code, 0, err)
        self.drag('tuned', '--recipe=' + os.path.join(self.out('found'), 'proj.png'), '--handle=4,8', '--target=9,8', '--steps=5')
        picture = os.path.join(self.out('tuned'), 'drag.png')
        with open(picture, 'rb') as f:
            self.assertIn(b'tuned-', f.read())
        self.assertEqual(self.again('tuned-again', f'--recipe={picture}', f'--network={self.model}'), pixels(picture))

    def test_film(self):
        """A frame a step, the first one the face as it was."""
        found = self.drag('way', '--handle=4,8', '--target=9,8', '--steps=3', '--film=' + self.out('frames'))[1]
        frames = sorted(glob.glob(os.path.join(self.out('frames'), '*.png')))
        self.assertEqual(len(frames), len(found['distances']))
        self.assertEqual(pixels(frames[0]), self.again('first', '--seeds=0', f'--network={self.model}'))
        self.assertEqual(pixels(frames[-1]), pixels(os.path.join(self.out('way'), 'drag.png')))

    def test_refuses(self):
        model, out = f'--network={self.model}', f'--outdir={self.out("none")}'
        self.refuse(['1 handles and 0 targets'], model, out, '--handle=1,2')
        self.refuse(['X,Y', '1;2'], model, out, '--handle=1;2', '--target=1,2')
        self.refuse(['target 16,3', '15,15'], model, out, '--handle=1,2', '--target=16,3', code=1)
        self.refuse(['--free', '16 × 16'], model, out, '--handle=1,2', '--target=2,3', '--free=8,8,9,2')
        self.refuse(['one of both'], model, out, '--handle=1,2', '--target=2,3', '--free=1,1,2,2', '--mask=x.png')
        self.refuse(['features of 5 × 5'], model, out, '--handle=1,2', '--target=2,3', '--features=5', code=1)
        self.refuse(['which model'], out, '--handle=1,2', '--target=2,3')
        self.assertFalse(os.path.exists(os.path.join(self.out('none'), 'drag.png')))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
