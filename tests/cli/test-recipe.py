"""What a recipe holds, by the commands: single layers, styles, directions, locks, noise, vectors, numbers that are none.

usage: test-recipe.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only
"""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
import zlib
from xml.etree import ElementTree

PROGRAM, ROOT, MAKE_RANDOM_MODEL = (os.path.abspath(p) for p in sys.argv[1:4])
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')
SMALL = os.path.join(FIXTURES, 'sg2.safetensors')
VECTORS = os.path.join(FIXTURES, 'vectors')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def chunks(png):
    at = 8
    while at < len(png):
        n, kind = struct.unpack('>I4s', png[at:at + 8])
        yield kind, png[at + 8:at + 8 + n]
        at += 12 + n


def pixels(path):
    """Decompressed scan lines: equal pictures by the same writer have equal ones."""
    return zlib.decompress(b''.join(d for k, d in chunks(read(path)) if k == b'IDAT'))


def recipe(path):
    text = {d.split(b'\0', 1)[0]: d for k, d in chunks(read(path)) if k == b'iTXt'}
    return json.loads(text[b'vitrine'].split(b'\0')[-1])


def floats(path):
    data = read(path)
    if path.endswith('.npy'):
        data = data[10 + struct.unpack('<H', data[8:10])[0]:]
    return struct.unpack(f'<{len(data) // 4}f', data)


def write_npy(path, shape, values, descr='<f8'):
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    head += b' ' * (-(len(head) + 11) % 64) + b'\n'
    with open(path, 'wb') as f:
        f.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head)
        f.write(struct.pack(f'<{len(values)}{"d" if descr == "<f8" else "f"}', *values))
    return path


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = self.folder.name

    def tearDown(self):
        self.folder.cleanup()

    def path(self, *parts):
        return os.path.join(self.out, *parts)

    def vitrine(self, *args):
        p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=120)
        return p.returncode, p.stdout, p.stderr

    def run_ok(self, *args):
        code, out, err = self.vitrine(*args)
        self.assertEqual((code, err), (0, ''), args)
        return out

    def run_bad(self, code, *args, says=()):
        found, out, err = self.vitrine(*args)
        self.assertEqual(found, code, (args, err))
        self.assertEqual(err.count('\n'), 1, err)
        for text in says:
            self.assertIn(text, err)

    def generate(self, folder, *args, network=SMALL):
        self.run_ok('generate', '--network=' + network, '--outdir=' + self.path(folder), *args)
        return self.path(folder)

    def assert_oracle(self, name, found):
        expected = floats(os.path.join(ROOT, 'tests', 'golden', 'expected', f'recipe-{name}.f32'))
        found = [v for path in found for v in floats(path)]
        self.assertEqual(len(found), len(expected))
        span = max(expected) - min(expected)
        self.assertLess(max(abs(a - b) for a, b in zip(found, expected)), 1e-4 * span, name)


class Powers(Case):
    """Against tests/golden/make-recipe.py (NumPy); each is in the picture's own recipe and draws it again."""

    def check(self, name, args, files):
        path = self.generate(name, '--npy', *args)
        self.assert_oracle(name, [f'{path}/{f}.npy' for f in files])
        for f in files:
            again = self.generate(name + '-again', '--npy', f'--recipe={path}/{f}.png')
            self.assertEqual(read(f'{path}/{f}.npy'), read(f'{again}/{f}.npy'), name)
            shutil.rmtree(again)
        self.assertEqual(recipe(f'{path}/{files[0]}.png')['vitrine'], 2)
        return path

    def test_layers(self):
        path = self.check('layers', ['--seeds=3', '--set=w1=0.25,w0:3=1.5,w2-4:5=-0.75', '--scale=1.25', '--trunc=0.8',
                                     '--trunc-cutoff=4'], ['seed0003'])
        self.assertEqual(recipe(f'{path}/seed0003.png')['w_layer_offset']['2'], {'5': -0.75})

    def test_styles(self):
        path = self.check('styles', ['--seeds=5', '--set=s0.2=+2,s3.1=-1.5', '--set', 's4.0=3'], ['seed0005'])
        self.assertEqual(recipe(f'{path}/seed0005.png')['s_offset'], {'0': {'2': 2}, '3': {'1': -1.5}, '4': {'0': 3}})
        for bad in ('s8.0=1', 's0.12=1'):
            self.run_bad(1, 'generate', '--network=' + SMALL, '--seeds=0', '--set=' + bad, '--outdir=' + self.out)

    def test_locks(self):
        path = self.check('locks', ['--seeds=0-1', '--lock=z1=2,w2=0.5,w0:3=-1', '--set=w2=0.125'], ['seed0000', 'seed0001'])
        self.assertEqual(recipe(f'{path}/seed0000.png')['locks'], [['z', 1, 2], ['w', 2, 0.5], ['w', 3, -1, 0]])
        # A lock at what the seed has changes nothing; that of a style is not a thing.
        self.run_bad(2, 'generate', '--network=' + SMALL, '--seeds=0', '--lock=s0.1=1', '--outdir=' + self.out)

    def test_directions(self):
        file = os.path.join(VECTORS, 'direction.npy')
        path = self.check('directions', ['--seeds=7', f'--direction={file}=1.5', f'--direction={file}', '--set=d2:1-3=-2'],
                          ['seed0007'])
        found = recipe(f'{path}/seed0007.png')['directions']
        self.assertEqual([(d['strength'], d.get('layers')) for d in found], [(1.5, None), (-2, [1, 2, 3])])
        self.run_bad(2, 'generate', '--network=' + SMALL, '--seeds=0', '--set=d1=1', '--outdir=' + self.out, says=('d1',))
        self.run_bad(1, 'generate', '--network=' + SMALL, '--seeds=0', '--direction=/nowhere.npy', '--outdir=' + self.out)

    def test_wplus(self):
        self.check('wplus', ['--latent=' + os.path.join(VECTORS, 'projected_w-6x8.npz')], ['vector'])

    def test_noise_map(self):
        file = shutil.copy(os.path.join(VECTORS, 'noise-8x8.npy'), self.path('noise.npy'))
        path = self.check('noise-map', ['--seeds=2', '--noise-map=2=' + file], ['seed0002'])
        # Under random noise it changes no other plane; without noise it is not there.
        a, b = (self.generate(n, '--seeds=2', '--noise-mode=random', '--npy', *o)
                for n, o in (('a', []), ('b', ['--noise-map=2=' + file])))
        self.assertNotEqual(read(f'{a}/seed0002.npy'), read(f'{b}/seed0002.npy'))
        c, d = (self.generate(n, '--seeds=2', '--noise-mode=none', '--npy', *o)
                for n, o in (('c', []), ('d', ['--noise-map=2=' + file])))
        self.assertEqual(read(f'{c}/seed0002.npy'), read(f'{d}/seed0002.npy'))
        # Other numbers, another size, no file: said, not drawn.
        again = ['generate', '--network=' + SMALL, f'--recipe={path}/seed0002.png', '--outdir=' + self.path('x')]
        write_npy(file, (8, 8), [0.5] * 64, '<f4')
        self.run_bad(1, *again, says=('noise.npy', 'other numbers'))
        os.unlink(file)
        self.run_bad(1, *again, says=('noise.npy', 'put the file back'))
        write_npy(file, (4, 4), [0.5] * 16, '<f4')
        self.run_bad(1, 'generate', '--network=' + SMALL, '--seeds=0', '--noise-map=2=' + file, '--outdir=' + self.path('x'),
                     says=('[8, 8]', '[4, 4]'))
        self.run_bad(1, 'generate', '--network=' + SMALL, '--seeds=0', '--noise-map=9=' + file, '--outdir=' + self.path('x'),
                     says=('0 to 4',))

    def test_strips(self):
        """Every coordinate is a parameter; the value that a face has leaves it as it is."""
        file = os.path.join(VECTORS, 'direction.npy')
        for parameter, values, options in (('w0:3', '0,2', []), ('w1-2:0', '0,1', []), ('s3.1', '0,5', []),
                                           ('d1', '0,2', [f'--direction={file}=0']), ('d1:0-2', '0,2', [f'--direction={file}=0'])):
            out = self.run_ok('strip', '--network=' + SMALL, '--seed=3', '--parameter=' + parameter, '--values=' + values,
                              '--out=' + self.path('s.png'), '--csv=-', *options)
            change = [float(line.split(',')[-1]) for line in out.splitlines()[1:]]
            self.assertGreater(change[1], 0, parameter)
            if not parameter.startswith('w'):
                self.assertEqual(change[0], 0, parameter)
        self.run_bad(2, 'strip', '--network=' + SMALL, '--seed=3', '--parameter=d1', '--out=' + self.path('s.png'))

    def test_everywhere(self):
        """One block of options: what generate takes, the others take."""
        file = os.path.join(VECTORS, 'direction.npy')
        for command in (['mix', '--rows=1', '--cols=2', '--outdir=' + self.path('m')],
                        ['layers', '--seed=1', '--layer=b4.conv1', '--outdir=' + self.path('l')],
                        ['strip', '--seed=1', '--parameter=psi', '--values=1', '--out=' + self.path('s.png')]):
            self.run_ok(command[0], '--network=' + SMALL, *command[1:], '--set=w0:1=0.5,s0.1=1', '--lock=w3=0.25', '--scale=1.5',
                        '--trunc=0.9', '--trunc-cutoff=3', '--noise-mode=random', '--noise-seed=4', f'--direction={file}=0.5')
        self.assertEqual(recipe(self.path('m', '1-2.png'))['scale'], 1.5)


class Released(Case):
    """Pictures that the released version saved: version 1 of recipes, drawn again to the same pixels."""

    def test_same(self):
        folder = os.path.join(FIXTURES, 'recipes')
        for name in ('edits', 'noise', 'mix', 'prune', 'noise-grid', 'all'):
            old = os.path.join(folder, name + '.png')
            self.assertEqual(recipe(old)['vitrine'], 1)
            path = self.generate(name, '--recipe=' + old, '--npy', '--grid')
            self.assertEqual(recipe(f'{path}/grid.png')['vitrine'], 1)
            if os.path.exists(os.path.join(folder, name + '.npy')):
                expected = floats(os.path.join(folder, name + '.npy'))
                one = [f for f in os.listdir(path) if f.endswith('.npy')]
                self.assertEqual(len(one), 1)
                found = floats(os.path.join(path, one[0]))
                self.assertLess(max(abs(a - b) for a, b in zip(found, expected)), 1e-5 * (max(expected) - min(expected)))
            a, b = pixels(old), pixels(f'{path}/grid.png')
            # Another processor may round a level the other way; the filter of a line shows it twice.
            self.assertEqual(len(a), len(b))
            self.assertLess(sum(x != y for x, y in zip(a, b)), 0.01 * len(a), name)

    def test_newer(self):
        file = self.path('r.json')
        with open(file, 'w') as f:
            f.write('{"vitrine":5,"z_dim":8,"w_dim":8}')
        self.run_bad(1, 'generate', '--network=' + SMALL, '--recipe=' + file, '--outdir=' + self.out, says=('newer Vitrine',))


class Noise(Case):
    def test_neighbours(self):
        """A face's random noise is its own: beside others, alone, in a grid, by its recipe, from the middle of a run."""
        run = self.generate('run', '--seeds=0-20', '--noise-mode=random', '--noise-seed=5', '--npy', '--grid')
        names = [f'seed{i:04d}' for i in range(21)]
        found = [read(f'{run}/{n}.npy') for n in names]
        self.assertEqual(len(set(found)), 21)
        for i in (0, 1, 15, 16, 20):
            one = self.generate(f'one{i}', f'--seeds={i}', '--noise-mode=random', '--noise-seed=5', '--npy')
            own = self.generate(f'own{i}', f'--recipe={run}/{names[i]}.png', '--npy')
            self.assertEqual(read(f'{one}/{names[i]}.npy'), found[i], i)
            self.assertEqual(read(f'{own}/{names[i]}.npy'), found[i], i)
        grid = self.generate('grid', f'--recipe={run}/grid.png', '--npy')
        self.assertEqual([read(f'{grid}/{n}.npy') for n in names], found)
        other = self.generate('other', '--seeds=20,3,7', '--noise-mode=random', '--noise-seed=5', '--npy')
        for i in (20, 3, 7):
            self.assertEqual(read(f'{other}/{names[i]}.npy'), found[i], i)
        # The same face under another noise seed is another picture, and the noise of two faces is not the same.
        plain = self.generate('plain', '--seeds=3', '--noise-mode=random', '--noise-seed=6', '--npy')
        self.assertNotEqual(read(f'{plain}/{names[3]}.npy'), found[3])


class Vectors(Case):
    def model(self, **options):
        path = self.path('model.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, *(f'--{k.replace("_", "-")}={v}' for k, v in options.items()), path], check=True,
                       timeout=60)
        return path

    def test_kinds(self):
        """Files of projectors and of Vitrine, for a network with 8 styles of 64."""
        model = self.model(resolution=32, channel_base=256, z_dim=64, w_dim=64)
        drawn = {}
        for name in ('projected_w.npz', 'wplus_3d.npy', 'rosinality_proj.pt', 'rgb-seed0000-z.npy'):
            path = self.generate(name, '--latent=' + os.path.join(VECTORS, name), '--npy', network=model)
            files = [f for f in os.listdir(path) if f.endswith('.png')]
            drawn[name] = recipe(os.path.join(path, files[0]))
        self.assertEqual([len(drawn[n]['w']) for n in ('projected_w.npz', 'wplus_3d.npy', 'rosinality_proj.pt')], [8, 8, 8])
        self.assertEqual(len(drawn['rgb-seed0000-z.npy']['z']), 64)
        self.assertNotIn('w', drawn['rgb-seed0000-z.npy'])
        # One tensor or array without a key that tells what it is: the shape does.
        for name, count in (('pivot.pt', 1), ('noname.npz', 1), ('latents-w.npz', 2)):
            path = self.generate(name, '--latent=' + os.path.join(VECTORS, name), network=model)
            pictures = [f for f in os.listdir(path) if f.endswith('.png')]
            self.assertEqual(len(pictures), count, name)
            self.assertEqual(len(recipe(os.path.join(path, pictures[0]))['w']), 8, name)
        # NVlabs' spelling.
        self.generate('nvlabs', '--projected-w=' + os.path.join(VECTORS, 'projected_w.npz'), network=model)

    def test_doubt(self):
        """z and w of one length: what says nothing of itself is asked about, and nothing is written."""
        values = [((i * 37) % 19 - 9) / 5 for i in range(8)]
        doubtful = write_npy(self.path('face.npy'), (1, 8), values)
        run = ['generate', '--network=' + SMALL, '--outdir=' + self.path('d'), '--latent=' + doubtful]
        self.run_bad(1, *run, says=('face.npy', '--latent-space'))
        self.assertFalse(os.path.exists(self.path('d', 'vector.png')))
        z, w = (self.generate(s, '--npy', '--latent=' + doubtful, '--latent-space=' + s) for s in 'zw')
        self.assertNotEqual(read(f'{z}/vector.npy'), read(f'{w}/vector.npy'))
        for name, same in (('face-z.npy', z), ('z.npy', z), ('face_w.npy', w)):
            shutil.copy(doubtful, self.path(name))
            path = self.generate(name + '-out', '--npy', '--latent=' + self.path(name))
            self.assertEqual(read(f'{path}/vector.npy'), read(f'{same}/vector.npy'), name)
        # What is asked for wins over a name.
        path = self.generate('asked', '--npy', '--latent=' + self.path('face-z.npy'), '--latent-space=w')
        self.assertEqual(read(f'{path}/vector.npy'), read(f'{w}/vector.npy'))
        self.run_bad(2, *run, '--latent-space=x')
        self.run_bad(2, 'generate', '--network=' + SMALL, '--seeds=0', '--latent-space=w', '--outdir=' + self.out)

    def test_lengths(self):
        """z and w of two lengths: the shape tells."""
        model = self.model(resolution=8, channel_base=64, z_dim=5, w_dim=6)
        a = self.generate('a', '--latent=' + write_npy(self.path('a.npy'), (5,), [0.5] * 5), network=model)
        b = self.generate('b', '--latent=' + write_npy(self.path('b.npy'), (6,), [0.5] * 6), network=model)
        self.assertIn('z', recipe(f'{a}/vector.png'))
        self.assertIn('w', recipe(f'{b}/vector.png'))
        self.run_bad(1, 'generate', '--network=' + model, '--latent=' + write_npy(self.path('c-z.npy'), (6,), [0.5] * 6),
                     '--outdir=' + self.out, says=('z [5]', '[6]'))

    def test_saved(self):
        """What is saved draws the same again; edits, truncation and mixing are in the w of each layer."""
        options = ['--seeds=4', '--set=w0:3=1.5,z2=1', '--trunc=0.7', '--trunc-cutoff=3']
        path = self.generate('a', '--npy', '--save-latent=w', *options)
        again = self.generate('b', '--npy', f'--latent={path}/seed0004-w.npz')
        a, b = floats(f'{path}/seed0004.npy'), floats(f'{again}/vector.npy')
        self.assertLess(max(abs(x - y) for x, y in zip(a, b)), 1e-6)
        with zipfile.ZipFile(f'{path}/seed0004-w.npz') as z:
            self.assertEqual(z.namelist(), ['w.npy'])
            self.assertIn(b"'shape': (1, 6, 8)", z.read('w.npy')[:128])
        path = self.generate('c', '--npy', '--save-latent=z', '--seeds=4', '--set=z2=1')
        again = self.generate('d', '--npy', f'--latent={path}/seed0004-z.npy')
        self.assertEqual(read(f'{path}/seed0004.npy'), read(f'{again}/vector.npy'))

    def test_batch(self):
        """[N, dim] and [N, num_ws, w_dim] are N pictures; each is what it is alone."""
        rows = [[((i * 7 + k * 5) % 11 - 5) / 4 for k in range(8)] for i in range(3)]
        batch = write_npy(self.path('batch-z.npy'), (3, 8), [v for r in rows for v in r])
        path = self.generate('batch', '--npy', '--latent=' + batch)
        self.assertEqual(sorted(f for f in os.listdir(path) if f.endswith('.png')), [f'vector{i:04d}.png' for i in range(3)])
        for i, r in enumerate(rows):
            one = self.generate(f'one{i}', '--npy', '--latent=' + write_npy(self.path('one-z.npy'), (8,), r))
            self.assertEqual(read(f'{one}/vector.npy'), read(f'{path}/vector{i:04d}.npy'))
        plus = [((i * 13) % 17 - 8) / 6 for i in range(2 * 6 * 8)]
        path = self.generate('plus', '--latent=' + write_npy(self.path('plus.npy'), (2, 6, 8), plus))
        self.assertEqual(len(recipe(f'{path}/vector0001.png')['w']), 6)

    def test_hostile(self):
        run = ['generate', '--network=' + SMALL, '--outdir=' + self.path('x')]
        bomb = self.path('bomb.npz')
        with zipfile.ZipFile(bomb, 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('w.npy', bytes(300 << 20))
        self.run_bad(1, *run, '--latent=' + bomb, says=('bomb.npz', 'larger'))
        other = self.path('other.npz')
        with zipfile.ZipFile(other, 'w') as z:
            z.writestr('a\x1bb.npy', b'x')
        self.run_bad(1, *run, '--latent=' + other, says=('other.npz', 'w or z', 'a\\033b'))
        with open(self.path('no.npz'), 'wb') as f:
            f.write(b'PK\x03\x04')
        self.run_bad(1, *run, '--latent=' + self.path('no.npz'), says=('no.npz',))
        self.run_bad(1, *run, '--latent=' + write_npy(self.path('nan-w.npy'), (8,), [float('nan')] * 8), says=('finite',))
        self.run_bad(1, *run, '--latent=' + write_npy(self.path('big-w.npy'), (10 ** 12,), [1.0]), says=('big-w.npy',))
        os.mkfifo(self.path('pipe-w.npy'))
        self.run_bad(1, *run, '--latent=' + self.path('pipe-w.npy'), says=('pipe-w.npy',))


class Numbers(Case):
    """Options that take numbers refuse what is none, and what is out of their range."""

    def number_options(self, command):
        help_text = self.run_ok(command, '--help')
        return re.findall(r'^\s+--([a-z0-9-]+)=(?:N|PSI|FACTOR|T|BINS|NUM|N\|none)\s', help_text, re.M)

    def test_every_command(self):
        seen = set()
        for command in ('generate', 'mix', 'strip', 'layers', 'score', 'prune', 'metrics', 'dataset', 'inspect', 'train', 'pca', 'sefa', 'attribute'):
            for option in self.number_options(command):
                seen.add(option)
                for bad in ('nan', '-inf', '1e39', 'x', ''):
                    code, out, err = self.vitrine(command, f'--{option}={bad}', '--network=' + SMALL, '--seed=0', '--seeds=0')
                    self.assertEqual((code, out), (2, ''), (command, option, bad, err))
        self.assertTrue({'trunc', 'scale', 'threshold', 'class', 'noise-seed', 'images', 'batch', 'faces'} <= seen, seen)

    def test_overflow(self):
        run = ['generate', '--network=' + SMALL, '--seeds=0', '--outdir=' + self.path('x')]
        for bad in ('--scale=1e39', '--trunc=1e308', '--trunc=-inf', '--set=z0=1e400', '--set=w0=nan'):
            self.run_bad(2, *run, bad, says=('-1000000',))
        file = self.path('r.json')
        with open(file, 'w') as f:
            f.write('{"vitrine":1,"z_dim":8,"w_dim":8,"scale":1e200}')
        self.run_bad(1, 'generate', '--network=' + SMALL, '--recipe=' + file, '--outdir=' + self.path('x'), says=('overflow',))
        self.assertFalse(os.path.exists(self.path('x', 'seed0000.png')))
        for bad in ('nan', 'inf', '-1', '1e999'):
            self.run_bad(2, 'prune', '--network=' + SMALL, '--threshold=' + bad, '--save=' + self.path('p.safetensors'),
                         says=('--threshold',))
            self.assertFalse(os.path.exists(self.path('p.safetensors')))


class Classes(Case):
    def test_first(self):
        """A conditional model starts with its first class, everywhere; none is there when asked for."""
        model = self.path('classes.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--c-dim=3', '--resolution=16', '--channel-base=256', '--z-dim=16', '--w-dim=16',
                        model], check=True, timeout=60)
        a = self.generate('a', '--seeds=0', network=model)
        b = self.generate('b', '--seeds=0', '--class=0', network=model)
        c = self.generate('c', '--seeds=0', '--class=none', network=model)
        again = self.generate('d', f'--recipe={c}/seed0000.png', network=model)
        self.assertEqual(pixels(f'{a}/seed0000.png'), pixels(f'{b}/seed0000.png'))
        self.assertNotEqual(pixels(f'{a}/seed0000.png'), pixels(f'{c}/seed0000.png'))
        self.assertEqual(pixels(f'{again}/seed0000.png'), pixels(f'{c}/seed0000.png'))
        self.assertEqual((recipe(f'{a}/seed0000.png')['label'], recipe(f'{c}/seed0000.png')['label']), (0, -1))
        score = {o: self.run_ok('score', '--network=' + model, *o, f'{a}/seed0000.png') for o in ((), ('--class=0',), ('--class=1',),
                                                                                             ('--class=none',))}
        self.assertEqual(score[()], score[('--class=0',)])
        self.assertEqual(len(set(score.values())), 3)
        self.run_bad(2, 'generate', '--network=' + SMALL, '--seeds=0', '--class=none', '--outdir=' + self.out, says=('no classes',))


class Kinds(unittest.TestCase):
    """JPEG and WebP hold the recipe too: found here by the formats' own words and by Python's XML."""

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def generate(self, *args, ok=True):
        done = subprocess.run([PROGRAM, 'generate', '--seeds=3', '--outdir=' + self.dir, *args], capture_output=True, text=True)
        self.assertEqual(done.returncode == 0, ok, done.stderr)
        return done

    def packet(self, path):
        data = read(path)
        if path.endswith('.webp'):
            at = 12
            while data[at:at + 4] != b'XMP ':
                at += 8 + struct.unpack('<I', data[at + 4:at + 8])[0] + (data[at + 4] & 1)
            return data[at + 8:at + 8 + struct.unpack('<I', data[at + 4:at + 8])[0]]
        at = 2
        while not data[at + 4:].startswith(b'http://ns.adobe.com/xap/1.0/\0'):
            self.assertEqual(data[at], 0xff)
            at += 2 + struct.unpack('>H', data[at + 2:at + 4])[0]
        return data[at + 33:at + 2 + struct.unpack('>H', data[at + 2:at + 4])[0]]

    def test_recipe(self):
        self.generate('--network=' + SMALL, '--trunc=0.7')
        png = os.path.join(self.dir, 'seed0003.png')
        first = pixels(png)
        for kind, ending in (('jpg', 'jpg'), ('webp', 'webp'), ('webp-lossless', 'webp')):
            self.generate('--network=' + SMALL, '--trunc=0.7', '--format=' + kind)
            path = os.path.join(self.dir, 'seed0003.' + ending)
            root = ElementTree.fromstring(self.packet(path).decode())
            said = root.find('.//{urn:vitrine:picture}Recipe').text
            self.assertEqual(json.loads(said), recipe(png))
            self.assertNotIn(os.path.dirname(SMALL), said)
            mark = root.find('.//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description')
            self.assertTrue(mark.get('{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType').endswith('/trainedAlgorithmicMedia'))
            os.remove(png)
            self.generate('--network=' + SMALL, '--recipe=' + path)
            self.assertEqual(pixels(png), first)

    def test_without(self):
        self.generate('--network=' + SMALL, '--format=jpg', '--no-recipe')
        self.assertNotIn(b'seed', read(os.path.join(self.dir, 'seed0003.jpg')))
        said = self.generate('--network=' + SMALL, '--recipe=' + os.path.join(self.dir, 'seed0003.jpg'), ok=False).stderr
        self.assertIn('this picture has no recipe inside', said)

    def test_larger(self):
        self.generate('--network=' + SMALL)
        width = struct.unpack('>I', dict(chunks(read(os.path.join(self.dir, 'seed0003.png'))))[b'IHDR'][:4])[0]
        self.generate('--network=' + SMALL, '--enlarge=3', '--sharp', '--grid')
        head = dict(chunks(read(os.path.join(self.dir, 'seed0003.png'))))[b'IHDR']
        self.assertEqual(struct.unpack('>II', head[:8]), (3 * width, 3 * width))
        self.assertEqual(dict(chunks(read(os.path.join(self.dir, 'grid.png'))))[b'IHDR'], head)

    def test_refused(self):
        for option, word in (('--format=gif', 'webp-lossless'), ('--quality=101', '1 to 100'), ('--enlarge=33', '1 to 32')):
            self.assertIn(word, self.generate('--network=' + SMALL, option, ok=False).stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
