"""The commands as a person or a script runs them: files, exit codes, one line that says what is wrong.

usage: test-cli.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only
"""
import csv
import glob
import hashlib
import io
import json
import math
import os
import pickle
import random
import re
import resource
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import zipfile
import zlib

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')
BUNDLED = os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')


def fixture(name):
    return os.path.join(FIXTURES, name)


def vitrine(*args, limit=None):
    """(exit code, standard output, standard error)"""
    def before():
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            import signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60, preexec_fn=before)
    return p.returncode, p.stdout, p.stderr


def children_seconds():
    """Processor time: what else the machine does must not fail a test."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def chunks(png):
    """[(type, data)] of a PNG, checksums verified."""
    assert png[:8] == b'\x89PNG\r\n\x1a\n'
    at, found = 8, []
    while at < len(png):
        n, kind = struct.unpack('>I4s', png[at:at + 8])
        data = png[at + 8:at + 8 + n]
        assert struct.unpack('>I', png[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + data)
        found.append((kind, data))
        at += 12 + n
    return found


def pixels(path):
    """Filtered scan lines, decompressed: equal pictures by the same writer have equal ones."""
    png = chunks(read(path))
    return png[0][1], zlib.decompress(b''.join(d for k, d in png if k == b'IDAT'))


def rgb(path, n=3):
    """(width, bytes) of an 8-bit PNG of n channels: grey, grey and alpha, RGB, RGB and alpha."""
    head, lines = pixels(path)
    width, height = struct.unpack('>II', head[:8])
    assert head[8:10] == bytes((8, (0, 4, 2, 6)[n - 1])), head
    stride, out, above = n * width, bytearray(), bytes(n * width)
    for y in range(height):
        kind, line = lines[y * (stride + 1)], bytearray(lines[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            a, b, c = (line[x - n], above[x], above[x - n]) if x >= n else (0, above[x], 0)
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[x] = (line[x] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        out += line
        above = line
    return width, bytes(out)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def npy(path):
    """(shape, floats) of a '<f4' file in C order."""
    data = read(path)
    n = struct.unpack('<H', data[8:10])[0]
    head = eval(data[10:10 + n], {'__builtins__': {}})  # written by the program under test, a literal
    assert head['descr'] == '<f4' and not head['fortran_order'], head
    body = data[10 + n:]
    return head['shape'], struct.unpack(f'<{len(body) // 4}f', body)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = self.folder.name

    def tearDown(self):
        self.folder.cleanup()

    def run_ok(self, *args):
        code, out, err = vitrine(*args)
        # A slow machine is told how far it is.
        err = re.sub(r'(?m)^\d+ of \d+ .*, \d+ s left\n', '', err)
        self.assertEqual((code, err), (0, ''), args)
        return out

    def run_bad(self, code, *args, says=(), **kw):
        found, out, err = vitrine(*args, **kw)
        self.assertEqual(found, code, (args, err))
        self.assertEqual(err.count('\n'), 1, err)
        self.assertTrue(err.startswith('vitrine'), err)
        for text in says:
            self.assertIn(text, err)
        return err

    def generate(self, folder, *args, network=fixture('sg2.safetensors')):
        path = os.path.join(self.out, folder)
        self.run_ok('generate', '--network=' + network, '--outdir=' + path, *args)
        return path


class Generate(Case):
    def test_oracle(self):
        """The independent numbers, through the whole program."""
        for name, network, options in (
                ('sg2_seed0_psi1', 'sg2_ada_p3.pkl', []), ('sg2_seed0_psi07', 'sg2_rosinality_zip.pt', ['--trunc=0.7']),
                ('sg2_seed0_psi05c4', 'sg2_tf_v5_p3.pkl', ['--trunc', '0.5', '--trunc-cutoff', '4']),
                ('sg2_seed0_psi07', 'sg2_ada_p3.pkl', ['--trunc=0.7', '--trunc-cutoff=100']),
                ('sg2_seed0_nonoise', 'sg2.safetensors', ['--noise-mode=none']),
                ('simplerick_seed0', 'simplerick_legacy.pt', [])):
            path = self.generate(name, '--seeds=0', '--npy', *options, network=fixture(network))
            shape, found = npy(os.path.join(path, 'seed0000.npy'))
            expected = struct.unpack(f'<{len(found)}f', read(fixture(f'oracle_{name}.f32')))
            span = max(expected) - min(expected)
            self.assertLess(max(abs(a - b) for a, b in zip(found, expected)), 1e-4 * span, name)

    def test_seeds(self):
        path = self.generate('a', '--seeds=0-2,7,4294967295', '--npy')
        self.assertEqual(sorted(os.listdir(path)), sorted(
            f'seed{n}.{e}' for n in ('0000', '0001', '0002', '0007', '4294967295') for e in ('png', 'npy')))
        one = self.generate('b', '--seeds=2')
        self.assertEqual(pixels(f'{path}/seed0002.png'), pixels(f'{one}/seed0002.png'))
        self.assertNotEqual(pixels(f'{path}/seed0001.png'), pixels(f'{path}/seed0002.png'))
        for seeds in ('', '1-', '3-1', 'x', '1,,2', '-1', '4294967296', '0-99999999999'):
            self.run_bad(2, 'generate', '--network=' + BUNDLED, '--outdir=' + self.out, '--seeds=' + seeds)

    def test_recipe(self):
        """A picture holds what made it, and makes it again."""
        first = self.generate('a', '--seeds=5', '--trunc=0.8', '--scale=1.5', '--set=z3=+2.5,w1=-0.25',
                              '--noise-mode=random', '--noise-seed=9')
        png = chunks(read(f'{first}/seed0005.png'))
        text = {d.split(b'\0', 1)[0]: d for k, d in png if k == b'iTXt'}
        recipe = json.loads(text[b'vitrine'].split(b'\0')[-1])
        self.assertEqual((recipe['seed'], recipe['psi'], recipe['scale'], recipe['z_offset']), (5, 0.8, 1.5, {'3': 2.5}))
        self.assertIn(b'trainedAlgorithmicMedia', text[b'XML:com.adobe.xmp'])
        again = self.generate('b', f'--recipe={first}/seed0005.png')
        self.assertEqual(pixels(f'{first}/seed0005.png'), pixels(f'{again}/seed0005.png'))
        plain = self.generate('c', '--seeds=5')
        self.assertNotEqual(pixels(f'{first}/seed0005.png'), pixels(f'{plain}/seed0005.png'))

    def test_scale(self):
        plain, w, z = (self.generate(n, '--seeds=1', '--npy', *o) for n, o in (
            ('a', []), ('b', ['--scale=2']), ('c', ['--scale=2', '--scale-space=z'])))
        a, b, c = (npy(f'{p}/seed0001.npy')[1] for p in (plain, w, z))
        self.assertGreater(max(abs(x - y) for x, y in zip(a, b)), 1e-2)
        # The mapping network normalises z but for an epsilon.
        self.assertLess(max(abs(x - y) for x, y in zip(a, c)), 1e-4)

    def test_latent(self):
        values = [((i * 37) % 19 - 9) / 5 for i in range(8)]
        head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 8), }"
        head += b' ' * (-(len(head) + 11) % 64) + b'\n'
        path = os.path.join(self.out, 'z.npy')
        with open(path, 'wb') as f:
            f.write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head + struct.pack('<8d', *values))
        a = self.generate('a', '--latent=' + path, '--space=z', '--npy')
        b = self.generate('b', '--latent=' + path, '--space=w', '--npy')
        files = [[n for n in os.listdir(p) if n.endswith('.npy')] for p in (a, b)]
        self.assertEqual([len(n) for n in files], [1, 1])
        self.assertNotEqual(read(os.path.join(a, files[0][0])), read(os.path.join(b, files[1][0])))
        self.run_bad(1, 'generate', '--network=' + BUNDLED, '--outdir=' + self.out, '--latent=' + path,
                     '--space=z', says=('z.npy', '512'))

    def test_usage(self):
        base = ['generate', '--network=' + BUNDLED, '--outdir=' + self.out, '--seeds=0']
        for bad in ('--trunc=nan', '--trunc=x', '--scale=inf', '--noise-mode=loud', '--trunc-cutoff=-2', '--set=z999=1',
                    '--set=q1=1', '--set=z1', '--frobnicate', '--class=1', '--scale-space=x', '--device=abacus'):
            self.run_bad(2, *base, bad)
        self.run_bad(2, 'generate', '--seeds=0', says=('--',))
        self.run_bad(2, 'frobnicate', 'x')
        self.assertIn('generate', self.run_ok('--help'))
        self.assertIn('--seeds', self.run_ok('generate', '--help'))

    def test_device(self):
        """A device that was named is used or refused; no machine has a thousand."""
        base = ['generate', '--network=' + BUNDLED, '--outdir=' + self.out, '--seeds=0']
        self.run_bad(1, *base, '--device=cuda:999', says=('cuda:999',))
        self.assertEqual(os.listdir(self.out), [])
        self.run_bad(1, 'inspect', BUNDLED, '--device=cuda:999', says=('cuda:999',))
        self.run_bad(2, 'inspect', BUNDLED, '--device=abacus', says=('abacus', 'cuda'))
        self.assertEqual(self.run_ok('inspect', '--device=cpu', BUNDLED), self.run_ok('inspect', BUNDLED))
        self.assertEqual(json.loads(self.run_ok(*base, '--device=cpu', '--json'))['device'], 'cpu')

    def test_precision(self):
        """float32 if nothing is said. In bf16 a picture is a little different, or a CPU without AMX says a sentence."""
        exact = read(f"{self.generate('a', '--seeds=0', '--device=cpu', network=BUNDLED)}/seed0000.png")
        said = read(f"{self.generate('b', '--seeds=0', '--device=cpu', '--precision=fp32', network=BUNDLED)}/seed0000.png")
        self.assertEqual(exact, said)
        rest = ['generate', '--network=' + BUNDLED, '--outdir=' + self.out, '--seeds=0', '--device=cpu']
        self.run_bad(1, *rest, '--precision=fp16', says=('fp16', 'CUDA'))
        with open('/proc/cpuinfo') as f:
            amx = 'amx_bf16' in f.read()
        if amx:
            self.run_ok(*rest, '--precision=bf16')
            self.assertNotEqual(read(f'{self.out}/seed0000.png'), exact)
        with unittest.mock.patch.dict(os.environ, VITRINE_ISA='avx2'):  # as on another processor
            self.run_bad(1, *rest, '--precision=bf16', says=('bf16', 'AMX'))

    def test_where(self):
        inside = os.path.join(self.out, 'deep', 'er')
        self.generate(os.path.join('deep', 'er'), '--seeds=0')
        self.assertEqual(os.listdir(inside), ['seed0000.png'])
        blocked = os.path.join(self.out, 'file')
        open(blocked, 'w').close()
        self.run_bad(1, 'generate', '--network=' + BUNDLED, '--outdir=' + blocked, '--seeds=0', says=('file',))

    def test_full_disk(self):
        """The picture that was there survives, nothing half-written stays."""
        path = self.generate('a', '--seeds=0', network=BUNDLED)
        before = read(f'{path}/seed0000.png')
        self.run_bad(1, 'generate', '--network=' + BUNDLED, '--outdir=' + path, '--seeds=0', '--trunc=0.5',
                     limit=2000, says=('seed0000.png',))
        self.assertEqual(os.listdir(path), ['seed0000.png'])
        self.assertEqual(read(f'{path}/seed0000.png'), before)

    def test_json(self):
        out = json.loads(self.run_ok('generate', '--network=' + BUNDLED, '--seeds=0-1', '--json', '--outdir=' + self.out))
        self.assertEqual(len(out['pictures']), 2)


class Classes(Case):
    def test_classes(self):
        """A conditional model: every class its own picture, and none unasked."""
        model = os.path.join(self.out, 'classes.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--c-dim=3', '--resolution=16', '--channel-base=256', '--z-dim=16',
                        '--w-dim=16', model], check=True, timeout=60)
        found = set()
        for c in range(3):
            path = self.generate(str(c), '--seeds=0', f'--class={c}', network=model)
            found.add(pixels(f'{path}/seed0000.png'))
        self.assertEqual(len(found), 3)
        again = self.generate('again', f'--recipe={self.out}/1/seed0000.png', network=model)
        self.assertEqual(pixels(f'{again}/seed0000.png'), pixels(f'{self.out}/1/seed0000.png'))
        for bad in ('3', '-2', 'x'):
            self.run_bad(2, 'generate', '--network=' + model, '--outdir=' + self.out, '--seeds=0', '--class=' + bad)
        scores = {self.run_ok('score', '--network=' + model, f'--class={c}', f'{self.out}/1/seed0000.png') for c in range(3)}
        self.assertEqual(len(scores), 3)


class Mix(Case):
    ROWS, COLS = (3, 5), (0, 7, 3)  # as tests/golden/make-mix.py

    def mix(self, folder, *args, network=fixture('sg2.safetensors')):
        path = os.path.join(self.out, folder)
        out = self.run_ok('mix', '--network=' + network, '--rows=3,5', '--cols=0,7,3', '--outdir=' + path, *args)
        return path, out

    def test_oracle(self):
        """The independent numbers (NumPy), and the picture within 1/255 of them."""
        for name, network, options in (
                ('coarse', 'sg2.safetensors', ['--styles=0-2']),
                ('fine-psi07c4', 'sg2_ada_p3.pkl', ['--styles', '3,5', '--trunc=0.7', '--trunc-cutoff=4']),
                ('mystylegan', 'simplerick_zip.pt', ['--styles=1'])):
            path, _ = self.mix(name, '--npy', *options, network=fixture(network))
            data = read(os.path.join(ROOT, 'tests', 'golden', 'expected', f'mix-{name}.f32'))
            expected = struct.unpack(f'<{len(data) // 4}f', data)
            n, span = len(expected) // 6, max(expected) - min(expected)
            for i, (r, c) in enumerate((r, c) for r in self.ROWS for c in self.COLS):
                shape, found = npy(f'{path}/{r}-{c}.npy')
                part = expected[i * n:(i + 1) * n]
                self.assertEqual(len(found), n)
                self.assertLess(max(abs(a - b) for a, b in zip(found, part)), 1e-4 * span, (name, r, c))
                _, rows = rgb(f'{path}/{r}-{c}.png', shape[0])
                h, w = shape[1:]
                for k in range(shape[0]):
                    for at in range(h * w):
                        want = int(min(max(part[k * h * w + at] * 127.5 + 128, 0), 255))
                        self.assertLessEqual(abs(rows[at * shape[0] + k] - want), 1, (name, r, c, k, at))

    def test_grid(self):
        """Pure faces head rows and columns, the corner is black, and a face mixed with itself is itself."""
        path, out = self.mix('a', '--styles=0-2', '--json')
        self.assertEqual(sorted(os.listdir(path)), sorted(
            ['grid.png'] + [f'{r}-{c}.png' for r in (3, 5) for c in (0, 7, 3)] + ['0-0.png', '7-7.png', '5-5.png']))
        width, grid = rgb(f'{path}/grid.png')
        self.assertEqual((width, len(grid)), (4 * 16, 4 * 16 * 3 * 16 * 3))

        def cell(i, j):
            return b''.join(grid[((i * 16 + y) * 64 + j * 16) * 3:][:48] for y in range(16))
        self.assertEqual(cell(0, 0), bytes(768))
        for i, r in enumerate((None, 3, 5)):
            for j, c in enumerate((None, 0, 7, 3)):
                if i or j:
                    name = f'{c if r is None else r}-{r if c is None else c}'
                    self.assertEqual(cell(i, j), rgb(f'{path}/{name}.png')[1])
        said = json.loads(out)
        self.assertEqual((said['styles'], len(said['pictures']), said['grid']), ([0, 1, 2], 9, f'{path}/grid.png'))
        plain = self.generate('b', '--seeds=3,7')
        self.assertEqual(pixels(f'{path}/3-3.png'), pixels(f'{plain}/seed0003.png'))
        self.assertEqual(pixels(f'{path}/7-7.png'), pixels(f'{plain}/seed0007.png'))

    def test_recipe(self):
        """A pair's picture makes itself again."""
        path, _ = self.mix('a', '--styles=2-4', '--trunc=0.6', '--noise-mode=none')
        again = self.generate('b', f'--recipe={path}/5-7.png')
        self.assertEqual(pixels(f'{path}/5-7.png'), pixels(f'{again}/seed0005.png'))
        self.assertNotEqual(pixels(f'{path}/5-7.png'), pixels(f'{path}/5-5.png'))

    def test_defaults(self):
        """Styles 0 to 6, here all six: the column's face."""
        path, _ = self.mix('a', '--noise-mode=none')
        self.assertEqual(pixels(f'{path}/3-7.png'), pixels(f'{path}/7-7.png'))

    def test_refused(self):
        net, out = '--network=' + fixture('sg2.safetensors'), '--outdir=' + self.out
        for args, says in (
                ([], '--network'), ([net], '--rows'), ([net, '--rows=1'], '--cols'),
                ([net, '--rows=1', '--cols=2'], '--outdir'), ([net, '--rows=x', '--cols=2', out], '--rows'),
                ([net, '--rows=1', '--cols=4-2', out], '--cols'),
                ([net, '--rows=1', '--cols=2', '--styles=4-6', out], 'layers 0 to 5, found 6'),
                ([net, '--rows=1', '--cols=2', '--styles=', out], '--styles'),
                ([net, '--rows=1', '--cols=2', '--class=1', out], 'no classes'),
                ([net, '--rows=1', '--cols=2', '--trunc=nan', out], '--trunc'),
                ([net, '--rows=1', '--cols=2', '--trunc-cutoff=x', out], '--trunc-cutoff'),
                ([net, '--rows=1', '--cols=2', '--noise-mode=loud', out], 'loud'),
                ([net, '--rows=0-9999', '--cols=0-9999', out], '10000 rows')):
            self.run_bad(2, 'mix', *args, says=[says])
        self.run_bad(1, 'mix', '--network=' + fixture('none.pkl'), '--rows=1', '--cols=2', out, says=['none.pkl'])


class Score(Case):
    def test_pictures(self):
        """The numbers themselves are tests/golden's."""
        path = self.generate('a', '--seeds=0-3', network=BUNDLED)
        pictures = [f'{path}/seed000{i}.png' for i in range(4)]
        out = json.loads(self.run_ok('score', '--network=' + BUNDLED, '--json', *pictures))
        scores = out['scores']
        self.assertEqual(len(scores), 4)
        for s in scores:
            self.assertAlmostEqual(s['sigmoid'], 1 / (1 + 2.718281828459045 ** -s['logit']), places=5)
        lines = self.run_ok('score', '--network=' + BUNDLED, *pictures).splitlines()
        self.assertEqual(len(lines), 5)
        alone = self.run_ok('score', '--network=' + BUNDLED, pictures[2]).splitlines()[1]
        self.assertEqual(alone, lines[3])
        together = self.run_ok('score', '--network=' + BUNDLED, '--batch=4', *pictures).splitlines()
        self.assertNotEqual(together[3], lines[3])

    def test_refusals(self):
        small = self.generate('a', '--seeds=0')
        self.run_bad(1, 'score', '--network=' + BUNDLED, f'{small}/seed0000.png', says=('16', '64'))
        self.run_bad(1, 'score', '--network=' + fixture('sg2.safetensors'), f'{small}/seed0000.png', says=('discriminator',))
        self.run_bad(1, 'score', '--network=' + BUNDLED, '/nonexistent.png', says=('/nonexistent.png',))
        self.run_bad(2, 'score', '--network=' + BUNDLED)


class Inspect(Case):
    def test_hashes(self):
        with open(fixture('expected.json')) as f:
            expected = json.load(f)
        found = json.loads(self.run_ok('inspect', '--json', '--hashes', fixture('sg2_ada_p3.pkl')))
        hashes = {t['name']: t['sha256'] for t in found['tensors']}
        self.assertGreater(len(expected['sg2_ada_p3.pkl']), 100)
        for name, want in expected['sg2_ada_p3.pkl'].items():
            self.assertEqual(hashes[name], want[1], name)

    def test_any_container(self):
        found = json.loads(self.run_ok('inspect', '--json', '--hashes', fixture('torch_views_zip.pt')))
        self.assertIsNone(found['architecture'])
        self.assertEqual(len(found['tensors']), 13)
        t = next(t for t in found['tensors'] if t['name'] == 'e')
        self.assertEqual(t['sha256'], hashlib.sha256(b'').hexdigest())
        self.assertIn('StyleGAN2', self.run_ok('inspect', BUNDLED))

    def test_csv(self):
        path = os.path.join(self.out, 'w.csv')
        os.makedirs(self.out, exist_ok=True)
        self.assertEqual(self.run_ok('inspect', fixture('sg2.safetensors'), '--csv=' + path, '--histogram=16'), '')
        with open(path, newline='') as f:
            rows = {row['tensor']: row for row in csv.DictReader(f)}
        with open(fixture('sg2.safetensors'), 'rb') as f:
            header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
            body = f.read()
        header.pop('__metadata__')
        self.assertEqual(set(rows), set(header))
        for name, t in header.items():
            first, end = t['data_offsets']
            v = struct.unpack(f'<{(end - first) // 4}f', body[first:end])
            row, mean = rows[name], math.fsum(v) / len(v)
            self.assertEqual(row['shape'], 'x'.join(map(str, t['shape'])))
            self.assertEqual((int(row['count']), int(row['zeros'])), (len(v), v.count(0)), name)
            self.assertEqual((float(row['min']), float(row['max'])), (min(v), max(v)), name)
            self.assertAlmostEqual(float(row['mean']), mean, 12, name)
            self.assertAlmostEqual(float(row['std']), math.sqrt(math.fsum((x - mean) ** 2 for x in v) / len(v)), 10, name)
            self.assertAlmostEqual(float(row['beyond_2']), sum(abs(x) > 2 for x in v) / len(v), 12, name)
            self.assertEqual(sum(int(row[f'bin_{i}']) for i in range(16)), len(v), name)
        self.assertAlmostEqual(float(row['normal_beyond_2']), 0.0455002638963584, 12)
        self.run_bad(2, 'inspect', BUNDLED, '--histogram=16', says=('--csv',))
        self.run_bad(2, 'inspect', BUNDLED, '--csv=' + path, '--histogram=-1', says=('-1',))
        self.run_bad(1, 'inspect', BUNDLED, '--csv=/nonexistent/w.csv', says=('/nonexistent/w.csv',))

    def test_hostile(self):
        folder = fixture('hostile')
        for name in sorted(os.listdir(folder)):
            for command in (['inspect'], ['convert'], ['generate', '--seeds=0', '--outdir=' + self.out]):
                path = os.path.join(folder, name)
                args = [command[0], path, os.path.join(self.out, 'x')] if command[0] == 'convert' else \
                    [command[0], path] if command[0] == 'inspect' else [*command, '--network=' + path]
                start = children_seconds()
                self.run_bad(1, *args, says=(name,))
                self.assertLess(children_seconds() - start, 1, name)
        self.assertEqual(os.listdir(self.out), [])


class Unpickler(pickle.Unpickler):
    """As torch.load(weights_only=True): three globals, and storages by their names."""
    def __init__(self, archive):
        super().__init__(io.BytesIO(archive.read('archive/data.pkl')))
        self.archive = archive

    def find_class(self, module, name):
        known = {('torch._utils', '_rebuild_tensor_v2'): lambda storage, offset, size, stride, grad, hooks: (storage, size, stride),
                 ('torch', 'FloatStorage'): 'f', ('torch', 'HalfStorage'): 'e', ('collections', 'OrderedDict'): dict}
        return known[module, name]

    def persistent_load(self, what):
        kind, code, key, location, numel = what
        assert (kind, location) == ('storage', 'cpu')
        return struct.unpack(f'<{numel}{code}', self.archive.read('archive/data/' + key))


def safetensors(path):
    data = read(path)
    n, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + n])
    meta = header.pop('__metadata__')
    code = {'F32': ('f', 4), 'F16': ('e', 2)}
    tensors = {}
    for name, t in header.items():
        a, b = t['data_offsets']
        letter, size = code[t['dtype']]
        tensors[name] = (tuple(t['shape']), struct.unpack(f'<{(b - a) // size}{letter}', data[8 + n + a:8 + n + b]))
    return tensors, meta


class Convert(Case):
    def as_torch(self, name, *args):
        """Tensors and metadata of a fixture, as PyTorch would read them from what convert writes."""
        path = os.path.join(self.out, 'x.pt')
        self.run_ok('convert', fixture(name), path, *args)
        with zipfile.ZipFile(path) as archive:
            self.assertEqual((archive.read('archive/version'), archive.read('archive/byteorder')), (b'3\n', b'little'))
            self.assertTrue(all(i.compress_type == zipfile.ZIP_STORED for i in archive.infolist()))
            found = Unpickler(archive).load()
        meta = found.pop('__metadata__')
        return {f'{net}.{key}': value for net, tensors in found.items() for key, value in tensors.items()}, meta

    def test_torch(self):
        direct, back = (os.path.join(self.out, n) for n in ('direct.safetensors', 'back.safetensors'))
        for name in ('sg2_ada_p4.pkl', 'sg1_cond32.pkl', 'sg3_r64.pkl', 'simplerick_zip.pt'):
            tensors, meta = self.as_torch(name)
            self.run_ok('convert', fixture(name), direct)
            expected, said = safetensors(direct)
            self.assertEqual(meta, said)
            self.assertEqual(tensors.keys(), expected.keys())
            for key, (numbers, size, stride) in tensors.items():
                self.assertEqual((size, numbers), expected[key])
                steps = [1]
                for n in size[:0:-1]:
                    steps.insert(0, steps[0] * n)
                self.assertEqual(stride, tuple(steps[:len(size)] if size else []))
            # Nothing is lost on the way: the file that comes back is the same.
            self.run_ok('convert', os.path.join(self.out, 'x.pt'), back)
            self.assertEqual(read(back), read(direct), name)

    def test_half(self):
        half = os.path.join(self.out, 'half.safetensors')
        self.run_ok('convert', BUNDLED, half, '--dtype=float16')
        self.assertLess(os.path.getsize(half), 0.51 * os.path.getsize(BUNDLED))
        whole, _ = safetensors(BUNDLED)
        rounded, _ = safetensors(half)
        for key in ('G_ema.synthesis.b4.conv1.weight', 'D.b4.fc.weight', 'G_ema.mapping.w_avg'):
            numbers = struct.unpack(f'<{len(whole[key][1])}e', struct.pack(f'<{len(whole[key][1])}e', *whole[key][1]))
            self.assertEqual(rounded[key], (whole[key][0], numbers))
        a, b = self.generate('a', '--seeds=0', network=BUNDLED), self.generate('b', '--seeds=0', network=half)
        a, b = (rgb(f'{folder}/seed0000.png')[1] for folder in (a, b))
        difference = [abs(x - y) for x, y in zip(a, b)]
        self.assertLessEqual(max(difference), 3)
        whole, rounded = self.as_torch('sg2.safetensors')[0], self.as_torch('sg2.safetensors', '--dtype=float16')[0]
        self.assertEqual(whole.keys(), rounded.keys())
        for key, (numbers, size, stride) in whole.items():
            self.assertEqual(rounded[key], (struct.unpack(f'<{len(numbers)}e', struct.pack(f'<{len(numbers)}e', *numbers)), size, stride))

    def test_form_refused(self):
        self.run_bad(2, 'convert', BUNDLED, os.path.join(self.out, 'x.pt'), '--to=tflite', says=('--to', 'tflite'))
        self.run_bad(2, 'convert', BUNDLED, os.path.join(self.out, 'x.pt'), '--dtype=int8', says=('--dtype', 'int8'))
        self.run_bad(1, 'convert', BUNDLED, os.path.join(self.out, 'x.pt'), '--to=safetensors', says=('x.pt', '.safetensors'))
        self.run_bad(1, 'convert', BUNDLED, os.path.join(self.out, 'x.safetensors'), '--to=torch', says=('.safetensors', '.pt'))
        # A number that float16 does not have; nothing is left behind.
        large = bytearray(read(fixture('sg2.safetensors')))
        n, = struct.unpack('<Q', large[:8])
        header = json.loads(large[8:8 + n])
        at = 8 + n + header['g_ema.synthesis.b4.const']['data_offsets'][0]
        large[at:at + 4] = struct.pack('<f', 70000)
        path = os.path.join(self.out, 'large.safetensors')
        with open(path, 'wb') as f:
            f.write(large)
        for name in ('y.safetensors', 'y.pt'):
            self.run_bad(1, 'convert', path, os.path.join(self.out, name), '--dtype=float16', says=('const', '70000', '65504'))
        self.assertEqual(os.listdir(self.out), ['large.safetensors'])

    def test_round_trip(self):
        for name in ('sg2_ada_p4.pkl', 'sg2_rosinality_legacy.pt', 'simplerick_zip.pt', 'sg2_tf_v4_p2.pkl'):
            native = os.path.join(self.out, name + '.safetensors')
            self.run_ok('convert', fixture(name), native)
            a = self.generate(name + 'a', '--seeds=0-1', network=fixture(name))
            b = self.generate(name + 'b', '--seeds=0-1', network=native)
            for i in range(2):
                self.assertEqual(pixels(f'{a}/seed000{i}.png'), pixels(f'{b}/seed000{i}.png'), name)

    def test_refusals(self):
        target = os.path.join(self.out, 'x.safetensors')
        with open(target, 'w') as f:
            f.write('precious')
        self.run_bad(1, 'convert', fixture('torch_views_zip.pt'), target)
        self.run_bad(1, 'convert', BUNDLED, target, limit=100000, says=('x.safetensors',))
        self.assertEqual(read(target), b'precious')
        self.assertEqual(os.listdir(self.out), ['x.safetensors'])
        self.run_bad(2, 'convert', BUNDLED)
        # A name that would lie about what is inside; what was there stays.
        lie = os.path.join(self.out, 'x.pkl')
        with open(lie, 'w') as f:
            f.write('mine')
        self.run_bad(1, 'convert', BUNDLED, lie, says=('x.pkl', '.safetensors'))
        self.assertEqual(read(lie), b'mine')
        self.run_bad(1, 'strip', '--network=' + fixture('sg2.safetensors'), '--seed=0', '--parameter=psi', '--values=1',
                     '--out=' + os.path.join(self.out, 'x.jpg'), says=('x.jpg', '.png'))
        self.assertEqual(sorted(os.listdir(self.out)), ['x.pkl', 'x.safetensors'])


class Metrics(Case):
    def swd(self, *args):
        return json.loads(self.run_ok('metrics', '--json', *args))['swd']

    def test_swd(self):
        a = self.generate('a', '--seeds=500-539', network=BUNDLED)
        b = self.generate('b', '--seeds=600-639', '--trunc=0.3', network=BUNDLED)
        count, network = '--images=40', '--network=' + BUNDLED
        same = self.swd('--data=' + a, '--reference=' + a, count)
        self.assertEqual([(v['resolution'], v['distance']) for v in same['levels']], [(64, 0), (32, 0), (16, 0)])
        near = self.swd(network, '--data=' + a, count)
        far = self.swd(network, '--data=' + a, count, '--trunc=0.3')
        sets = self.swd('--data=' + a, '--reference=' + b, count)
        self.assertLess(near['average'] * 1.3, far['average'])
        self.assertLess(near['average'] * 1.3, sets['average'])
        self.assertEqual(self.swd(network, '--data=' + a, count), near)
        self.assertNotEqual(self.swd(network, '--data=' + a, count, '--seed=1'), near)
        text = self.run_ok('metrics', network, '--data=' + a, count).split('\n')
        self.assertEqual([line.split()[0] for line in text[1:5]], ['64x64', '32x32', '16x16', 'average'])
        self.assertAlmostEqual(float(text[4].split()[1]), near['average'], 3)

    def test_run_directory(self):
        a = self.generate('a', '--seeds=500-507', network=BUNDLED)
        run = os.path.join(self.out, 'run')
        os.mkdir(run)
        self.run_bad(1, 'metrics', '--network=' + run, '--data=' + a, says=('network-snapshot',))
        for kimg, source in (('000002', fixture('sg2.safetensors')), ('000010', BUNDLED)):
            with open(os.path.join(run, f'network-snapshot-{kimg}.safetensors'), 'wb') as f:
                f.write(read(source))
        found = json.loads(self.run_ok('metrics', '--network=' + run, '--data=' + a, '--images=8', '--json'))
        self.assertEqual(found['network'], os.path.join(run, 'network-snapshot-000010.safetensors'))
        self.assertEqual(found['swd'], self.swd('--network=' + BUNDLED, '--data=' + a, '--images=8'))

    def features(self, *args, metrics):
        """Results of metrics of features; what is said of few pictures is no error."""
        code, out, err = vitrine('metrics', '--json', '--metrics=' + metrics, *args)
        if code and 'fd-d' in metrics and 'LAPACK' in err:
            self.skipTest(err)
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def test_features(self):
        """One pass, several metrics of the discriminator's features, each by its own count."""
        a = self.generate('a', '--seeds=500-539', network=BUNDLED)
        b = self.generate('b', '--seeds=600-639', '--trunc=0.3', network=BUNDLED)
        network, features = '--network=' + BUNDLED, '--features=' + BUNDLED
        same = self.features('--data=' + a, '--reference=' + a, features, metrics='FD-D40,kid-d30,mind-d40,pr-d20,swd')
        self.assertAlmostEqual(same['fd-d40']['value'], 0, 4)
        self.assertEqual(same['mind-d40']['value'], 0)
        self.assertEqual(same['swd']['average'], 0)
        self.assertEqual(same['pr-d20'], {'shares': [{'name': 'precision', 'value': 1}, {'name': 'recall', 'value': 1}], 'f1': 1})
        spread = {part['name']: part['value'] for part in same['kid-d30']['spread']}
        self.assertLess(spread['low'], spread['high'])
        names = 'fd-d40,kid-d40,pr-d40,mind-d40'
        near = self.features(network, '--data=' + a, metrics=names)
        far = self.features('--data=' + a, '--reference=' + b, features, metrics=names)
        for name, whole, sign in (('fd-d40', 'value', 1), ('kid-d40', 'value', 1), ('mind-d40', 'value', 1)):
            self.assertLess(sign * near[name][whole] * 1.3, sign * far[name][whole], name)
        # Truncated faces are all good, and few of the others.
        shares = [part['value'] for part in far['pr-d40']['shares']]
        self.assertGreater(shares[0], shares[1] + 0.3)
        self.assertEqual(self.features(network, '--data=' + a, metrics=names), near)
        # More real pictures than there are: all of them, and twice as many with the flipped ones.
        text = self.run_ok('metrics', network, '--data=' + a, '--metrics=kid-d16_full', '--mirror')
        self.assertIn('16 pictures, 80 real ones', text)

    def test_paths(self):
        found = self.features('--network=' + BUNDLED, metrics='ppl-d24,ppl-d24_zfull,ppl-d24_wfull')
        straight, sphere = found['ppl-d24_wfull']['value'], found['ppl-d24_zfull']['value']
        self.assertGreater(sphere, straight)  # the paper's reason for w
        self.assertGreater(found['ppl-d24']['value'], 0)
        self.assertEqual(self.features('--network=' + BUNDLED, metrics='ppl-d24')['ppl-d24'], found['ppl-d24'])
        for part in found['ppl-d24']['spread']:
            self.assertLess(part['value'] if part['name'] == 'low' else -part['value'],
                            found['ppl-d24']['value'] if part['name'] == 'low' else -found['ppl-d24']['value'])

    def test_feature_cache(self):
        """Features of real pictures are kept; a damaged file is as good as none."""
        a = self.generate('a', '--seeds=500-515', network=BUNDLED)
        args, cache = ('--network=' + BUNDLED, '--data=' + a), os.path.join(self.out, 'cache')
        with unittest.mock.patch.dict(os.environ, XDG_CACHE_HOME=cache):
            first = self.features(*args, metrics='kid-d16')
            files = glob.glob(cache + '/vitrine/metrics/*.npy')
            self.assertEqual(len(files), 1)
            self.assertEqual(self.features(*args, metrics='kid-d16'), first)
            whole = read(files[0])
            for damaged in (b'', whole[:-4], b'x' * len(whole)):
                with open(files[0], 'wb') as f:
                    f.write(damaged)
                self.assertEqual(self.features(*args, metrics='kid-d16'), first)
            self.assertEqual(read(files[0]), whole)
            # Other pictures, other features.
            os.remove(os.path.join(a, 'seed0500.png'))
            self.assertNotEqual(self.features(*args, metrics='kid-d15')['kid-d15'], first['kid-d16'])

    def test_random_network(self):
        """Features of random weights see what a person sees, without any file."""
        a = self.generate('a', '--seeds=500-511', network=BUNDLED)
        b = self.generate('b', '--seeds=600-611', '--trunc=0.3', network=BUNDLED)
        names, data = 'kid-rand12,mind-rand12,pr-rand12', '--data=' + a
        same = self.features(data, '--reference=' + a, metrics=names)
        self.assertEqual((same['mind-rand12']['value'], same['pr-rand12']['f1']), (0, 1))
        far = self.features(data, '--reference=' + b, metrics=names)
        self.assertGreater(far['kid-rand12']['value'], same['kid-rand12']['value'])
        self.assertGreater(far['mind-rand12']['value'], 0)

    def test_weights(self):
        """Of networks whose weights a person has to have: where they are looked for, and what is wrong with a file."""
        a = self.generate('a', '--seeds=500-503', network=BUNDLED)
        args = ('--network=' + BUNDLED, '--data=' + a, '--metrics=kid4')
        with unittest.mock.patch.dict(os.environ, VITRINE_WEIGHTS=self.out):
            self.run_bad(1, 'metrics', *args, says=('kid4-tf', self.out + '/pt_inception-2015-12-05-6726825d.pth', '-rand'))
            self.run_bad(1, 'metrics', *args, '--mode=clean', says=('kid4-clean',))
            self.run_bad(2, 'train', '--data=' + a, '--outdir=' + self.out, '--metrics=fid50k_full',
                         says=('fid50k_full', 'pt_inception-2015-12-05-6726825d.pth'))
        self.run_bad(1, 'metrics', *args, '--inception=' + BUNDLED,
                     says=('lorelei64', 'expected Inception weights', 'Conv2d_1a_3x3.conv.weight is missing'))
        self.run_bad(1, 'metrics', *args, '--inception=' + os.path.join(a, 'seed0500.png'), says=('seed0500.png',))
        self.run_bad(2, 'metrics', *args, '--mode=dirty', says=('dirty', 'pytorch'))

    def vgg(self, name, dense=24):
        """VGG16 with a sixteenth of its channels, and LPIPS' factors in the same file."""
        widths = dict(zip((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28), (4, 4, 8, 8, 16, 16, 16, 32, 32, 32, 32, 32, 32)))
        shapes, inputs, rng = {}, 3, random.Random(5)
        for place, o in widths.items():
            shapes[f'features.{place}'], inputs = [o, inputs, 3, 3], o
        shapes['classifier.0'], shapes['classifier.3'] = [24, 32 * 49], [20, dense]
        header, data = {}, b''
        tensors = [(k + '.weight', v) for k, v in shapes.items()] + [(k + '.bias', v[:1]) for k, v in shapes.items()]
        tensors += [(f'lin{k}.model.1.weight', [1, c, 1, 1]) for k, c in enumerate((4, 8, 16, 32, 32))]
        for key, shape in tensors:
            fan_in = math.prod(shape[1:])
            draw = rng.random if key.startswith('lin') else lambda: rng.gauss(0, (2 / fan_in) ** 0.5 if len(shape) > 1 else 0.1)
            raw = struct.pack(f'<{math.prod(shape)}f', *(draw() for _ in range(math.prod(shape))))
            header[key] = {'dtype': 'F32', 'shape': shape, 'data_offsets': [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        with open(os.path.join(self.out, name), 'wb') as f:
            f.write(struct.pack('<Q', len(text)) + text + data)
        return os.path.join(self.out, name)

    def test_vgg(self):
        """Precision and recall, and path length, by VGG16 and LPIPS of a file."""
        a = self.generate('a', '--seeds=500-507', network=BUNDLED)
        vgg, network = '--vgg=' + self.vgg('vgg.safetensors'), '--network=' + BUNDLED
        lpips = '--lpips=' + os.path.join(self.out, 'vgg.safetensors')
        found = self.features(network, '--data=' + a, vgg, lpips, '--images=8', metrics='pr,ppl2_wend,ppl8_wend,ppl8_zfull')
        self.assertGreater(found['ppl2_wend']['value'], 0)
        self.assertNotEqual(found['ppl2_wend'], found['ppl8_wend'])  # of another part of the picture
        self.assertGreater(found['ppl8_zfull']['value'], found['ppl8_wend']['value'])
        same = self.features('--data=' + a, '--reference=' + a, vgg, metrics='pr8_full')
        self.assertEqual(same['pr8_full']['f1'], 1)
        with unittest.mock.patch.dict(os.environ, VITRINE_WEIGHTS=self.out):
            self.run_bad(1, 'metrics', network, '--metrics=ppl2_wend', says=('ppl2_wend', 'vgg16-397923af.pth'))
            self.run_bad(1, 'metrics', network, '--metrics=ppl2_wend', vgg, says=('LPIPS', self.out + '/vgg.pth'))
        other = self.vgg('other.safetensors', dense=23)
        self.run_bad(1, 'metrics', network, '--data=' + a, '--metrics=pr8', '--vgg=' + other, says=('other.safetensors', 'classifier.3.weight'))
        self.run_bad(1, 'metrics', '--data=' + a, '--reference=' + a, '--metrics=ppl2_wend', vgg, lpips, says=('needs --network',))

    def test_features_refused(self):
        a = self.generate('a', '--seeds=500-503', network=BUNDLED)
        both = ('--data=' + a, '--reference=' + a)
        self.run_bad(1, 'metrics', *both, '--metrics=kid-d4', says=('kid-d', 'no network “d”'))
        self.run_bad(1, 'metrics', '--network=' + BUNDLED, '--data=' + a, '--metrics=pr-d', '--images=3',
                     says=('at least 4 are needed of each side, found 3',))
        self.run_bad(1, 'metrics', *both, '--features=' + fixture('sg2.safetensors'), '--metrics=kid-d4', says=('discriminator', '64×64'))
        self.run_bad(2, 'metrics', '--data=' + a, '--reference=' + a, '--metrics=kid-d2x', says=('kid-d2x', 'pr-d'))
        self.run_bad(2, 'metrics', '--network=' + BUNDLED, '--metrics=kid-d0', '--data=' + a, says=('kid-d0',))
        self.run_bad(2, 'metrics', '--network=' + BUNDLED, '--metrics=ppl-d9_full', says=('ppl-d9_full',))
        self.run_bad(2, 'metrics', '--network=' + BUNDLED, '--data=' + a, '--watch', says=('--run',))
        self.run_bad(1, 'metrics', '--run=' + a, says=('training_options.json',))
        self.run_bad(2, 'metrics', '--run=' + a, '--network=' + BUNDLED, says=('--network',))

    def test_refusals(self):
        self.run_bad(2, 'metrics', '--network=' + BUNDLED, says=('--data',))
        self.run_bad(2, 'metrics', '--data=.', says=('--reference',))
        self.run_bad(2, 'metrics', '--data=.', '--reference=.', '--network=' + BUNDLED)
        self.run_bad(2, 'metrics', '--data=.', '--reference=.', '--metrics=eqt50k_int', says=('eqt50k_int', 'StyleGAN3'))
        self.run_bad(2, 'metrics', '--data=.', '--reference=.', '--images=0')
        self.run_bad(1, 'metrics', '--data=' + self.out, '--reference=' + self.out)


def write_npy(path, shape, values):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + '\n'
    with open(path, 'wb') as f:
        f.write(b'\x93NUMPY\1\0' + struct.pack('<H', len(head)) + head.encode() + struct.pack(f'<{len(values)}f', *values))


class FullOutput(Case):
    """Whoever asks for an answer and has no room for it is told: exit 1, and one line."""

    def test_every_command(self):
        model = fixture('sg2.safetensors')
        out = self.out
        for args in (['--help'], ['--version'], ['generate', '--help'], ['inspect', model], ['inspect', model, '--json'],
                     ['generate', f'--network={model}', '--seeds=0', f'--outdir={out}', '--json'],
                     ['mix', f'--network={model}', '--rows=0', '--cols=1', f'--outdir={out}', '--json'],
                     ['score', f'--network={model}', os.path.join(out, 'seed0000.png')]):
            with open('/dev/full', 'w') as full:
                p = subprocess.run([PROGRAM, *args], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual((p.returncode, p.stderr.count('\n')), (1, 1), (args, p.stderr))


class Channels(Case):
    """Networks that draw grey, grey and alpha, or RGB and alpha: pictures keep their kind, and a file is scored as it is."""

    def check(self, n):
        model, size = os.path.join(self.out, f'{n}.safetensors'), 8
        subprocess.run([MAKE_RANDOM_MODEL, f'--channels={n}', '--resolution=8', '--channel-base=64', '--z-dim=16',
                        '--w-dim=16', model], check=True, timeout=60)
        net, out = '--network=' + model, os.path.join(self.out, str(n))
        self.run_ok('generate', net, '--seeds=0-1', '--outdir=' + out, '--npy', '--grid')
        shape, drawn = npy(f'{out}/seed0000.npy')
        self.assertEqual(shape, (n, size, size))
        width, found = rgb(f'{out}/seed0000.png', n)
        planes = [found[k::n] for k in range(n)]
        self.assertEqual(b''.join(planes), bytes(int(min(max(v * 127.5 + 128, 0), 255)) for v in drawn))
        width, grid = rgb(f'{out}/grid.png', n)
        self.assertEqual(grid[:n * size], found[:n * size])
        # Of the file, and of an array of the same values.
        write_npy(f'{out}/again.npy', shape, [v / 127.5 - 1 for p in planes for v in p])
        scores = [self.run_ok('score', net, f'{out}/{f}').split('\n')[1].split('\t')[0] for f in ('seed0000.png', 'again.npy')]
        self.assertEqual(scores[0], scores[1])
        self.run_ok('mix', net, '--rows=0', '--cols=1', '--outdir=' + out)
        rgb(f'{out}/grid.png', n)
        self.assertEqual(rgb(f'{out}/0-0.png', n)[1], found)
        self.run_ok('prune', net, '--outdir=' + out, '--images=2', '--step=0.5')
        for name in os.listdir(out):
            if name.startswith('t0') and name.endswith('.png'):
                rgb(f'{out}/{name}', n)
        self.run_ok('strip', net, '--seed=0', '--parameter=z0', '--values=0,1', f'--out={out}/strip.png')

    def test_grey(self):
        self.check(1)

    def test_grey_alpha(self):
        self.check(2)

    def test_rgb(self):
        self.check(3)

    def test_alpha(self):
        self.check(4)


def png(width, height, rgb):
    """One colour."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = (b'\0' + bytes(rgb) * width) * height
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) + \
        chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


class Dataset(Case):
    def setUp(self):
        super().setUp()
        self.source = os.path.join(self.out, 'source')
        os.makedirs(os.path.join(self.source, 'deep'))
        for name, data in (('a.png', png(40, 20, (1, 2, 3))), ('deep/b.png', png(16, 16, (200, 100, 50))),
                           ('late.png', png(16, 16, (9, 9, 9))[:60]), ('text.png', b'no picture'),
                           ('dataset.json', b'{"labels": [["deep/b.png", 2], ["a.png", 0], ["late.png", 0]]}')):
            with open(os.path.join(self.source, name), 'wb') as f:
                f.write(data)

    def test_layout(self):
        """A zip as dataset_tool writes it, and every file that is not in it named with a reason."""
        dest = os.path.join(self.out, 'set.zip')
        report = json.loads(self.run_ok('dataset', '--source=' + self.source, '--dest=' + dest, '--labels', '--json'))
        self.assertEqual((report['images'], report['resolution'], report['channels'], report['label_dim']), (2, 16, 3, 3))
        self.assertEqual({r['file'] for r in report['refused']}, {'late.png', 'text.png'})
        self.assertNotIn('left out', ' '.join(report['warnings']))
        with zipfile.ZipFile(dest) as z:
            self.assertIsNone(z.testzip())
            names = ['00000/img00000000.png', '00000/img00000001.png']
            self.assertEqual(z.namelist(), names + ['dataset.json'])
            self.assertEqual(json.loads(z.read('dataset.json')), {'labels': [[names[0], 0], [names[1], 2]]})
            path = z.extract(names[0], self.out)
        head, rows = pixels(path)
        self.assertEqual(struct.unpack('>II', head[:8]), (16, 16))

    def test_folder(self):
        dest, twice = os.path.join(self.out, 'made', 'set'), os.path.join(self.out, 'twice.zip')
        text = self.run_ok('dataset', '--source', self.source, '--dest', dest, '--resolution=8', '--max-images=1')
        self.assertIn('1 images of 8×8', text)
        self.assertEqual(os.listdir(os.path.join(self.out, 'made')), ['set'])
        self.assertEqual(os.listdir(os.path.join(dest, '00000')), ['img00000000.png'])
        self.assertEqual(read(os.path.join(dest, 'dataset.json')), b'{"labels": null}\n')
        text = self.run_ok('dataset', '--source', self.source, '--dest', twice)
        for word in ('late.png: ', 'text.png: ', 'not used: 2', 'labels are left out; --labels keeps them'):
            self.assertIn(word, text)
        self.run_bad(1, 'dataset', '--source', self.source, '--dest', dest, says=('empty folder',))

    def test_parts(self):
        """All frames of a moving picture; a part that is drawn, the same each time; sets that other tools made."""
        sets = os.path.join(ROOT, 'tests', 'fixtures', 'sets')
        moving = os.path.join(self.out, 'moving')
        os.mkdir(moving)
        shutil.copy(os.path.join(sets, 'moving-2.gif'), moving)
        self.assertIn(': 1 images', self.run_ok('dataset', '--source=' + moving, '--dest=' + self.out + '/1.zip'))
        text = self.run_ok('dataset', '--source=' + moving, '--dest=' + self.out + '/3.zip', '--frames=all')
        self.assertIn(': 3 images', text)
        self.assertNotIn('first frame', text)
        self.run_bad(2, 'dataset', '--source=' + moving, '--dest=x.zip', '--frames=last', says=('first or all',))
        self.run_bad(2, 'dataset', '--source=' + moving, '--dest=x.zip', '--subset-seed=1', says=('--max-images',))
        drawn = []
        for i, seed in enumerate((1, 1, 2)):
            dest = f'{self.out}/drawn{i}.zip'
            self.run_ok('dataset', '--source=' + os.path.join(sets, 'lsun'), '--dest=' + dest, '--max-images=5', f'--subset-seed={seed}')
            with zipfile.ZipFile(dest) as z:
                drawn.append([z.read(name) for name in z.namelist() if name.endswith('.png')])
        self.assertEqual((drawn[0] == drawn[1], drawn[0] == drawn[2], len(drawn[0])), (True, False, 5))
        report = json.loads(self.run_ok('dataset', '--source=' + os.path.join(sets, 'tfrecords'), '--dest=' + self.out + '/t.zip',
                                        '--labels', '--json'))
        self.assertEqual((report['kind'], report['images'], [c['images'] for c in report['classes']]), ('TFRecords', 5, [1, 1, 3]))

    def test_refusals(self):
        dest = os.path.join(self.out, 'set.zip')
        to = '--dest=' + dest
        with open(dest, 'w') as f:
            f.write('precious')
        self.run_bad(1, 'dataset', '--source=/nonexistent', to, says=('/nonexistent',))
        self.run_bad(1, 'dataset', '--source=' + BUNDLED, to, says=('expected a folder',))
        os.remove(os.path.join(self.source, 'dataset.json'))
        self.run_bad(1, 'dataset', '--source=' + self.source, to, '--labels', says=('dataset.json',))
        self.run_bad(1, 'dataset', '--source=' + self.source, to, says=('set.zip', '--force'))
        self.run_bad(1, 'dataset', '--source=' + self.source, to, '--force', limit=100, says=('set.zip',))
        self.assertEqual(read(dest), b'precious')
        self.assertEqual(sorted(os.listdir(self.out)), ['set.zip', 'source'])
        for bad in ('--resolution=48', '--resolution=64x', '--resolution=64x32', '--transform=left', '--min-size=-1',
                    '--transform=center-crop-wide', '--crop=left', '--max-images=-1', '--frobnicate', 'word'):
            self.run_bad(2, 'dataset', '--source=' + self.source, to, bad)
        self.run_bad(2, 'dataset', to)
        self.run_bad(2, 'dataset', '--source=' + self.source)


    def test_report(self):
        """What was done to the pictures, and which classes there are."""
        cases = os.path.join(ROOT, 'tests', 'cases')
        dest = '--dest=' + os.path.join(self.out, 'mixed.zip')
        text = self.run_ok('dataset', '--source=' + os.path.join(cases, 'pictures', 'mixed'), dest)
        for line in ('2 of 6 were cropped', '2 of 6 were made smaller', '2 of 6 were enlarged, from 32×32 (1), 3×3 (1)'):
            self.assertIn(line + '\n', text)
        report = json.loads(self.run_ok('dataset', '--source=' + os.path.join(cases, 'pictures', 'mixed'), dest, '--force',
                                        '--json', '--min-size=4', '--transform=pad', '--resolution=64x64'))
        self.assertEqual(report['changes'], {
            'first_frames': 0, 'turned': 0, 'cropped': 0, 'padded': 2, 'stretched': 0, 'shrunk': 2, 'enlarged': 1, 'flattened': 0,
            'coloured': 0, 'greyed': 0, 'enlarged_from': {'32×32': 1}})
        self.assertEqual([r['file'] for r in report['refused']], ['5.png'])
        text = self.run_ok('dataset', '--source=' + os.path.join(cases, 'labels', 'l_gap.zip'), dest, '--force', '--labels')
        self.assertIn('class\timages\n0\t0\n1\t4\n2\t0\n', text)
        self.assertIn('warning: 4 of 6 classes have no picture: 0, 2, 3, 4\n', text)
        report = json.loads(self.run_ok('dataset', '--source=' + os.path.join(cases, 'labels', 'classes'), dest, '--force',
                                        '--labels=folders', '--json'))
        self.assertEqual(report['classes'], [{'class': k, 'name': n, 'images': 4} for k, n in enumerate(('cat', 'dog', 'owl'))])


class Layers(Case):
    """Against tests/golden/expected/probe.f32, made with NumPy (tests/golden/make-probe.py)."""

    def table(self, name):
        with open(os.path.join(self.out, name), newline="") as f:
            return list(csv.DictReader(f))

    def test_numbers(self):
        self.run_ok("layers", "--network", fixture("sg2.safetensors"), "--seed", "0",
                    "--layer", "b4.conv1,b4.torgb", "--outdir", self.out)
        with open(os.path.join(ROOT, "tests/golden/expected/probe.f32"), "rb") as f:
            expected = struct.unpack("<%df" % (12 + 12 * 16), f.read(4 * (12 + 12 * 16)))
        rows = self.table("b4.conv1.csv")
        style = [float(r["style"]) for r in rows if r["kind"] == "style"]
        for a, b in zip(style, expected[:12]):
            self.assertAlmostEqual(a, b, delta=1e-4)
        self.assertEqual(len(style), 12)
        channels = [r for r in rows if r["kind"] == "activation"]
        self.assertEqual(len(channels), 12)
        for c, row in enumerate(channels):
            values = expected[12 + 16 * c:12 + 16 * (c + 1)]
            self.assertAlmostEqual(float(row["mean"]), sum(values) / 16, delta=1e-4)
            self.assertAlmostEqual(float(row["maximum"]), max(values), delta=1e-4)
        width, data = rgb(os.path.join(self.out, "b4.conv1-channels.png"))
        self.assertEqual((width, len(data)), (12 * 5 - 1, (12 * 5 - 1) * 4 * 3))
        width, data = rgb(os.path.join(self.out, "b4.torgb-rgb.png"))
        self.assertEqual((width, len(data)), (4, 4 * 4 * 3))
        self.assertFalse(os.path.exists(os.path.join(self.out, "b8.conv0.csv")))

    def test_wrong(self):
        model = fixture("sg2.safetensors")
        self.run_bad(2, "layers", "--network", model, "--seed", "0", "--layer", "b4.conv9",
                     "--outdir", self.out, says=["b4.conv9"])
        self.run_bad(2, "layers", "--network", model, "--outdir", self.out, says=["--seed"])
        self.run_bad(1, "layers", "--network", "/nowhere", "--seed", "0", "--outdir", self.out,
                     says=["/nowhere"])


class Strip(Case):
    def strip(self, *args, network=BUNDLED):
        png, csv = os.path.join(self.out, 'strip.png'), os.path.join(self.out, 'strip.csv')
        # On a busy machine it says how far it is.
        code, _, err = vitrine('strip', '--network=' + network, '--out=' + png, '--csv=' + csv, *args)
        self.assertEqual(code, 0, err)
        with open(csv, encoding='ascii') as f:
            head, *lines = f.read().splitlines()
        self.assertEqual(head, 'face,seed,value,logit,sigmoid,remaining,change')
        return png, [line.split(',') for line in lines]

    def test_table(self):
        png, rows = self.strip('--seed=7', '--faces=2', '--parameter=prune', '--values=0,0.3:0.9:0.3')
        self.assertEqual([r[:3] for r in rows],
                         [[str(f), str(7 + f), v] for f in (0, 1) for v in ('0', '0.3', '0.6', '0.9')])
        left = [float(r[5]) for r in rows]
        self.assertEqual(left[0], 1)
        self.assertEqual(left, sorted(left[:4], reverse=True) * 2)
        self.assertEqual([float(rows[0][6]), float(rows[4][6])], [0, 0])
        # Each score is what `score` says of the picture alone.
        path = self.generate('a', '--seeds=7,8', network=BUNDLED)
        said = self.run_ok('score', '--network=' + BUNDLED, f'{path}/seed0007.png', f'{path}/seed0008.png')
        for row, line in zip((rows[0], rows[4]), said.splitlines()[1:]):
            self.assertEqual(row[3:5], line.split('\t')[:2])
        self.assertIn(b'trainedAlgorithmicMedia', read(png))
        width, height = struct.unpack('>II', pixels(png)[0][:8])
        self.assertGreater(width, 4 * 64)
        self.assertGreater(height, 2 * 64)

    def test_defaults(self):
        for parameter, n, first, last in (('scale', 9, '0.05', '10'), ('z3', 9, '-10', '10'), ('psi', 9, '0', '1')):
            _, rows = self.strip('--seed=0', '--parameter=' + parameter)
            self.assertEqual((len(rows), rows[0][2], rows[-1][2]), (n, first, last))

    def test_recipe(self):
        """The strip is about the face of the recipe, with its edits."""
        path = self.generate('a', '--seeds=5', '--set=w3=+2', '--trunc=0.8', network=BUNDLED)
        _, rows = self.strip(f'--recipe={path}/seed0005.png', '--parameter=scale', '--values=1,2')
        self.assertEqual((rows[0][1], float(rows[0][6])), ('5', 0))
        said = self.run_ok('score', '--network=' + BUNDLED, f'{path}/seed0005.png').splitlines()[1]
        self.assertEqual(rows[0][3], said.split('\t')[0])
        out = self.run_ok('strip', '--network=' + BUNDLED, '--seed=5', '--parameter=psi', '--values=1',
                          '--out=' + os.path.join(self.out, 'a.svg'), '--csv=-')
        self.assertEqual(len(out.splitlines()), 2)
        self.assertTrue(read(os.path.join(self.out, 'a.svg')).startswith(b'<?xml'))

    def test_wrong(self):
        good = {'network': BUNDLED, 'seed': '0', 'parameter': 'scale', 'out': os.path.join(self.out, 'a.png')}
        for change in ({'seed': None}, {'seed': 'x'}, {'seed': '-1'}, {'recipe': 'a.png'}, {'parameter': 'x'},
                       {'parameter': 'z99999'}, {'parameter': 'blend'}, {'parameter': None}, {'out': None},
                       {'network': None}, {'values': '1,x'}, {'values': '0:1:0'}, {'values': ''}, {'faces': '0'},
                       {'parameter': 'prune', 'values': '-1'}, {'class': '1'}, {'trunc': 'nan'}):
            options = [f'--{k}={v}' for k, v in {**good, **change}.items() if v is not None]
            self.run_bad(2, 'strip', *options)
        missing = os.path.join(self.out, 'no', 'a.png')
        self.run_bad(1, 'strip', '--network=' + BUNDLED, '--seed=0', '--parameter=psi', '--out=' + missing, says=[missing])


class Preflight(Case):
    def test_fits(self):
        """What does not fit is said to, with a batch that would, and is no success."""
        pictures = self.generate('a', '--seeds=0-3', network=BUNDLED)
        data = ('train', '--data=' + pictures, '--dry-run', '--batch=4096', '--resolution=256', '--channel-base=4096')
        self.run_bad(1, *data, says=('GiB of memory', 'free', 'would fit'))

    def test_parameters(self):
        """A small network has parameters too."""
        pictures = self.generate('a', '--seeds=0-3', network=fixture('sg2.safetensors'))
        said = self.run_ok('train', '--data=' + pictures, '--dry-run', '--batch=4', '--channel-max=4', '--channel-base=16', '--w-dim=8', '--z-dim=8')
        self.assertIn('Networks:', said)
        self.assertNotIn(' 0.00 M', said)


class Prune(Case):
    def test_sweep(self):
        path = os.path.join(self.out, 'p')
        said = json.loads(self.run_ok('prune', '--network=' + fixture('simplerick_zip.pt'), '--outdir=' + path, '--json',
                                      '--to=0.3', '--step=0.1', '--images=5', '--pictures=2'))
        lines = read(os.path.join(path, 'prune.csv')).decode().splitlines()
        self.assertEqual(lines[0], 'threshold,remaining,removed,score_mean,score_std,logit_mean,logit_std')
        rows = [[float(x) for x in line.split(',')] for line in lines[1:]]
        self.assertEqual([r[0] for r in rows], [0, 0.1, 0.2, 0.3])
        with open(os.path.join(ROOT, 'tests/golden/expected/prune.json')) as f:
            counted = json.load(f)['cases'][2]
        self.assertEqual([r[1] for r in rows], [counted['stored']['total'][i] for i in (0, 100, 200, 300)])
        self.assertTrue(all(r[1] + r[2] == counted['weights'] == said['weights'] for r in rows))
        self.assertEqual(sorted(os.listdir(path)), ['prune.csv', 'prune.svg', 't0.000.png', 't0.300.png'])
        # A grid holds the recipe of its faces.
        again = self.run_ok('generate', '--network=' + fixture('simplerick_zip.pt'), '--outdir=' + self.out, '--json',
                            '--recipe=' + os.path.join(path, 't0.300.png'))
        self.assertEqual(len(json.loads(again)['pictures']), 5)

    def test_real(self):
        """Real pictures are scored as `score` scores the same files: each alone, or as in training 4 at a time."""
        pictures = self.generate('a', '--seeds=3-8', network=BUNDLED)
        files = sorted(os.path.join(pictures, f) for f in os.listdir(pictures) if f.endswith('.png'))
        path = os.path.join(self.out, 'p')
        for option, parts in ['--judge=training', (files[:4], files[4:])], ['--judge=alone', [[f] for f in files]]:
            logits = []
            for part in parts:
                said = self.run_ok('score', '--network=' + BUNDLED, f'--batch={len(part)}', *part)
                logits += [float(line.split('\t')[0]) for line in said.splitlines()[1:]]
            sigmoids = [1 / (1 + math.exp(-x)) for x in logits]
            said = json.loads(self.run_ok('prune', '--network=' + BUNDLED, '--outdir=' + path, '--json', '--to=0.1',
                                          '--step=0.1', '--images=1', '--pictures=0', '--data=' + pictures, option))
            self.assertEqual('--judge=' + said['judge'], option)
            row = read(os.path.join(path, 'real.csv')).decode().splitlines()
            self.assertEqual(row[0], 'images,score_mean,score_std,logit_mean,logit_std')
            found = [float(x) for x in row[1].split(',')]
            for a, b in zip(found, (6, statistics.fmean(sigmoids), statistics.pstdev(sigmoids),
                                    statistics.fmean(logits), statistics.pstdev(logits))):
                self.assertAlmostEqual(a, b, places=5)
        self.assertEqual((said['real']['images'], said['real']['data']), (6, pictures))
        self.assertAlmostEqual(said['real']['score_mean'], found[1])
        self.run_bad(2, 'prune', '--network=' + BUNDLED, '--data=' + pictures, '--threshold=1', '--save=' + path,
                     says=['--outdir'])
        missing = os.path.join(self.out, 'none')
        self.run_bad(1, 'prune', '--network=' + BUNDLED, '--outdir=' + path, '--data=' + missing, says=[missing])

    def test_alone(self):
        """A face's score is that of its file, whatever is scored with it; as in training it is not."""
        pictures = self.generate('a', '--seeds=0-4', network=BUNDLED)
        files = sorted(os.path.join(pictures, f) for f in os.listdir(pictures) if f.endswith('.png'))
        logits = [float(line.split('\t')[0]) for line in
                  self.run_ok('score', '--network=' + BUNDLED, *files).splitlines()[1:]]
        path, found = os.path.join(self.out, 'p'), {}
        for judge in [], ['--judge=training']:
            self.run_ok('prune', '--network=' + BUNDLED, '--outdir=' + path, '--to=0.1', '--step=0.1', '--images=5',
                        '--pictures=0', *judge)
            found[bool(judge)] = [float(x) for x in read(os.path.join(path, 'prune.csv')).decode().splitlines()[1].split(',')]
        self.assertAlmostEqual(found[False][5], statistics.fmean(logits), places=5)
        self.assertAlmostEqual(found[False][6], statistics.pstdev(logits), places=5)
        self.assertGreater(abs(found[True][5] - found[False][5]), 0.05)
        self.run_bad(2, 'prune', '--network=' + BUNDLED, '--outdir=' + path, '--judge=4', says=['alone', '4'])

    def test_layers(self):
        """Everything excluded or zero by name: nothing goes but the layer with a threshold of its own."""
        self.run_ok('prune', '--network=' + fixture('sg2_ada_p3.pkl'), '--outdir=' + self.out, '--from=1', '--images=1',
                    '--pictures=0', '--exclude=mapping,affine,conv,torgb', '--layer=synthesis.b8.conv0=1e9')
        removed = int(read(os.path.join(self.out, 'prune.csv')).decode().splitlines()[1].split(',')[2])
        shapes = {t['name']: t['shape'] for t in json.loads(
            self.run_ok('inspect', '--json', fixture('sg2_ada_p3.pkl')))['tensors']}
        count = 1
        for n in shapes['G_ema.synthesis.b8.conv0.weight']:
            count *= n
        self.assertEqual(removed, count)

    def test_save(self):
        out = os.path.join(self.out, 'pruned.safetensors')
        said = self.run_ok('prune', '--network=' + fixture('sg2_ada_p3.pkl'), '--threshold=0.5', '--save=' + out)
        for words in 'weights are zero', 'compressed', 'zeros are multiplied', 'channels':
            self.assertIn(words, said)
        self.run_ok('inspect', out)

    def test_wrong(self):
        network = '--network=' + fixture('sg2_ada_p3.pkl')
        to = '--outdir=' + self.out
        for options, says in ((['--step=0'], '--step'), (['--from=1', '--to=0'], '--from'), (['--images=0'], '--images'),
                              (['--exclude=nose'], 'nose'), (['--layer=b8'], 'NAME=THRESHOLD'),
                              (['--layer=nose=1'], 'nose'), (['--magnitude=big'], 'big'), (['--threshold=1'], '--save'),
                              (['--seed=-1'], '--seed'), (['--class=0'], 'no classes')):
            self.run_bad(2, 'prune', network, to, *options, says=[says])
        self.run_bad(2, 'prune', network, says=['--outdir'])
        self.run_bad(1, 'prune', network, '--threshold=1', '--save=/no/where.safetensors', says=['/no/where'])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v'])
