"""The commands that find and use directions: what they write, and what they refuse.

usage: test-directions.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only; skipped without LAPACK
"""
import csv
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]


def vitrine(*args, **env):
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=120, env={**os.environ, **env})
    return p.returncode, p.stdout, p.stderr


def header(path):
    with open(path, 'rb') as f:
        return json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))


def npy_bytes(shape, values):
    head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({', '.join(map(str, shape))},), }}"
    head += ' ' * (-(len(head) + 11) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head.encode() + struct.pack(f'<{len(values)}f', *values)


def npy(path, shape, values):
    with open(path, 'wb') as f:
        f.write(npy_bytes(shape, values))


def pixels(png):
    """The compressed pixels of a PNG, without what is written about it."""
    at, found = 8, b''
    while at < len(png):
        length, kind = struct.unpack('>I4s', png[at:at + 8])
        found += png[at + 8:at + 8 + length] if kind == b'IDAT' else b''
        at += 12 + length
    return found


def told(err):
    """What is said beside how far a job is, which only slow machines say."""
    return ''.join(line + '\n' for line in err.splitlines() if not re.fullmatch(r'\d+ of \d+ [a-z ]+, \d+ s left', line))


class Directions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = os.path.join(cls.folder.name, 'm.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--resolution=16', '--channel-base=128', '--channel-max=16', '--z-dim=24',
                        '--w-dim=32', '--c-dim=3', cls.model], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def out(self, name):
        return os.path.join(self.folder.name, name)

    def pca(self, name, *args, **env):
        code, said, err = vitrine('pca', f'--network={self.model}', f'--outdir={self.out(name)}', '--samples=700', *args, **env)
        self.assertEqual(code, 0, err)
        with open(os.path.join(self.out(name), 'pca.csv')) as f:
            return said, list(csv.DictReader(f))

    def test_pca_writes_both_views(self):
        said, rows = self.pca('a', '--components=7', '--extremes=2', '--json')
        self.assertEqual(len(rows), 32)
        for view in 'ws':
            variance = [float(r[f'{view}_variance']) for r in rows]
            self.assertEqual(variance, sorted(variance, reverse=True))
            self.assertAlmostEqual(float(rows[-1][f'{view}_cumulative']), 1, 6)
            head = header(os.path.join(self.out('a'), f'pca-{view}.safetensors'))
            names = json.loads(head['__metadata__']['directions'])
            self.assertEqual([d['name'] for d in names], [f'pc{i}' for i in range(1, 8)])
            self.assertEqual(head['direction.0']['shape'], [32])
            self.assertEqual(head['__metadata__']['model'], json.loads(said)['hash'])
            for kind in ('extremes-{}.png', 'scatter-{}.svg'):
                self.assertTrue(os.path.getsize(os.path.join(self.out('a'), kind.format(view))))
        self.assertEqual(json.loads(said)['samples'], 700)

    def test_pca_does_not_depend_on_threads_and_follows_seed_and_class(self):
        one, two = (self.pca(f't{n}', '--extremes=0', OMP_NUM_THREADS=str(n))[1] for n in (1, 2))
        self.assertEqual(one, two)
        self.assertNotEqual(self.pca('s', '--extremes=0', '--seed=1')[1], one)
        self.assertNotEqual(self.pca('c', '--extremes=0', '--class=1')[1], one)

    def test_sefa_knows_training_from_chance(self):
        code, said, err = vitrine('sefa', f'--network={self.model}', f'--outdir={self.out("f")}', '--layers=1-3', '--json')
        self.assertEqual(code, 0, err)
        found = json.loads(said)
        with open(os.path.join(self.out('f'), 'sefa.csv')) as f:
            rows = list(csv.DictReader(f))
        # Rows have length 1, so the eigenvalues sum to the number of channels, trained or not.
        for column in ('eigenvalue', 'untrained'):
            self.assertAlmostEqual(sum(float(r[column]) for r in rows), found['channels'], 4)
        facts = json.loads(header(os.path.join(self.out('f'), 'sefa.safetensors'))['__metadata__']['directions'])
        self.assertEqual(facts[0]['layers'], [1, 3])
        # In the model they were found in they are used without a word, in another one with a warning.
        file = os.path.join(self.out('f'), 'sefa.safetensors')
        code, _, err = vitrine('generate', f'--network={self.model}', '--seeds=0', f'--direction={file}', f'--outdir={self.out("g")}')
        self.assertEqual((code, told(err)), (0, ''))
        with open(file, 'rb') as f:
            raw = f.read()
        model = header(file)['__metadata__']['model'].encode()
        with open(self.out('other.safetensors'), 'wb') as f:
            f.write(raw.replace(model, b'0' * len(model)))
        code, _, err = vitrine('generate', f'--network={self.model}', '--seeds=0', f'--direction={self.out("other.safetensors")}',
                               f'--outdir={self.out("g")}')
        self.assertEqual(code, 0)
        self.assertIn('another model', err)

    def directions_of(self, name):
        """Two directions in a file of their own: brightness and warmth by 200 faces."""
        file = os.path.join(self.out('attributes'), 'attributes.safetensors')
        if not os.path.exists(file):
            code, _, err = vitrine('attribute', f'--network={self.model}', '--measure=brightness,warmth', '--samples=200', '--folds=3',
                                   '--c=10', f'--outdir={self.out("attributes")}')
            self.assertEqual(code, 0, err)
        return file if not name else f'{file}#{name}'

    def drawn(self, name, *args):
        """The floats of seed 0's picture."""
        code, _, err = vitrine('generate', f'--network={self.model}', '--seeds=0', '--npy', f'--outdir={self.out(name)}', *args)
        self.assertEqual((code, told(err)), (0, ''))
        with open(os.path.join(self.out(name), 'seed0000.npy'), 'rb') as f:
            return f.read()

    def test_layers_and_strengths_of_a_direction(self):
        warm, bright = self.directions_of('warmth'), self.directions_of('brightness')
        some = self.drawn('l1', f'--direction={warm}=2:0-1')
        self.assertEqual(some, self.drawn('l2', f'--direction={warm}=2', '--set=d1:0-1=2'))
        self.assertEqual(some, self.drawn('l3', f'--direction={warm}:+2:0,1'))
        self.assertNotEqual(some, self.drawn('l4', f'--direction={warm}:2'))
        self.assertEqual(self.drawn('l5', f'--direction={warm}:2-3'), self.drawn('l6', f'--direction={warm}=1:2-3'))
        self.assertEqual(self.drawn('l7', f'--direction={warm}=2:0-1', f'--direction={bright}=-1'),
                         self.drawn('l8', f'--direction={warm}=2:0-1', f'--direction={bright}', '--set=d2=-1'))
        for option, says in (('=2:0-9', 'layers 0 to'), ('=1e9', 'strength'), ('=inf', 'strength')):
            code, _, err = vitrine('generate', f'--network={self.model}', '--seeds=0', f'--direction={warm}{option}',
                                   f'--outdir={self.out("bad")}')
            self.assertEqual((code, told(err).count('\n')), (2, 1), err)
            self.assertIn(says, err)

    def test_files_of_other_tools(self):
        """InterFaceGAN's boundary, one w a layer, GANSpace's components; what is of z is refused."""
        layers = json.loads(vitrine('inspect', self.model, '--json')[1])['architecture']['num_ws']
        unit = [0.0] * 32
        unit[5] = 0.75
        npy(self.out('a_w_boundary.npy'), (1, 32), unit)
        moved = self.drawn('f1', '--set=w5=1.5')
        self.assertEqual(moved, self.drawn('f2', f'--direction={self.out("a_w_boundary.npy")}=2'))
        rows = [0.0] * (32 * layers)
        rows[3], rows[32 * 2 + 7] = 0.5, -1.25
        wanted = self.drawn('f3', '--set=w0:3=1,w2:7=-2.5')
        for name, shape in (('p.npy', (layers, 32)), ('p3.npy', (1, layers, 32))):
            npy(self.out(name), shape, rows)
            self.assertEqual(wanted, self.drawn('f4', f'--direction={self.out(name)}=2'))
        self.assertEqual(self.drawn('f5', '--set=w0:3=1'), self.drawn('f6', f'--direction={self.out("p.npy")}=2:0-1'))
        component = [0.0] * 64
        component[1], component[32 + 9] = 1.0, 1.0
        with zipfile.ZipFile(self.out('c_w.npz'), 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('lat_comp.npy', npy_bytes((2, 1, 32), component))
            z.writestr('lat_stdev.npy', npy_bytes((2,), [0.5, 2.0]))
            z.writestr('act_mean.npy', npy_bytes((1, 32), unit))
        self.assertEqual(self.drawn('f7', '--set=w9=3'), self.drawn('f8', f'--direction={self.out("c_w.npz")}#pc2=1.5'))
        with zipfile.ZipFile(self.out('c.npz'), 'w') as z:
            z.writestr('lat_comp.npy', npy_bytes((2, 1, 32), component))
            z.writestr('lat_stdev.npy', npy_bytes((2,), [1.0, 1.0]))
        npy(self.out('stylegan_smile_boundary.npy'), (1, 32), unit)
        npy(self.out('nan.npy'), (32,), [float('nan')] * 32)
        npy(self.out('short.npy'), (31,), [1.0] * 31)
        npy(self.out('zero.npy'), (2, 32), [0.0] * 64)
        npy(self.out('deep.npy'), (2, 2, 32), [1.0] * 128)
        npy(self.out('other.npy'), (1, layers + 1, 32), [1.0] * 32 * (layers + 1))
        for name, status, says in (('c.npz', 1, 'are of z'), ('stylegan_smile_boundary.npy', 1, 'one of z'), ('nan.npy', 1, 'finite'),
                                   ('short.npy', 2, '31 numbers'), ('zero.npy', 1, 'every number is 0'), ('deep.npy', 1, '[2, 2, 32]'),
                                   ('other.npy', 2, f'{layers + 1} layers')):
            code, _, err = vitrine('generate', f'--network={self.model}', '--seeds=0', f'--direction={self.out(name)}',
                                   f'--outdir={self.out("bad")}')
            self.assertEqual(code, status, err)
            self.assertIn(says, err.splitlines()[-1])
            self.assertIn(name, err) if status == 1 else None

    def table(self, folder, name):
        with open(os.path.join(self.out(folder), name)) as f:
            return list(csv.DictReader(f))

    def test_matrices(self):
        code, said, err = vitrine('directions', f'--network={self.model}', f'--outdir={self.out("m")}', '--faces=6', '--without=warmth',
                                  '--json', self.directions_of(''))
        self.assertEqual((code, told(err)), (0, ''))
        found = json.loads(said)
        self.assertEqual(found['directions'], ['brightness', 'warmth'])
        rows = self.table('m', 'cosines.csv')
        self.assertEqual([r['direction'] for r in rows], found['directions'])
        self.assertEqual([float(r[r['direction']]) for r in rows], [1, 1])
        self.assertAlmostEqual(found['cosines'][0][1], found['cosines'][1][0])
        # A direction moves its own attribute, in the pictures too.
        self.assertGreater(found['measures'][0][0], 0.2)
        for name in ('cosines', 'effects', 'measures'):
            self.assertTrue(os.path.getsize(os.path.join(self.out('m'), f'{name}.svg')))
        # What is left of brightness has nothing of warmth.
        rest = os.path.join(self.out('m'), 'conditional.safetensors')
        code, said, err = vitrine('directions', f'--network={self.model}', f'--outdir={self.out("m2")}', '--faces=0', '--json',
                                  self.directions_of(''), rest)
        self.assertEqual((code, told(err)), (0, ''))
        found = json.loads(said)
        self.assertEqual(found['directions'][2], 'brightness without warmth')
        self.assertLess(abs(found['cosines'][2][1]), 1e-6)
        for args, says in ((['--without=beauty'], 'no direction "beauty"'), (['--only=x'], 'none of "x"'),
                           (['--without=brightness,warmth'], 'none is left')):
            code, _, err = vitrine('directions', f'--network={self.model}', f'--outdir={self.out("m3")}', '--faces=0', *args,
                                   self.directions_of(''))
            self.assertEqual((code, told(err).count('\n')), (2, 1), err)
            self.assertIn(says, err)

    def test_resampled_faces_keep_what_they_should(self):
        def run(*args):
            code, said, err = vitrine('resample', f'--network={self.model}', f'--direction={self.directions_of("brightness")}', '--seed=3',
                                      '--samples=20', '--shown=2', '--json', *args)
            self.assertEqual((code, told(err)), (0, ''))
            return json.loads(said)

        found = run('--top=9', f'--outdir={self.out("r")}')
        self.assertEqual([w['way'] for w in found['ways']], ['free', 'coordinates', 'projection', 'conditional'])
        self.assertEqual((found['coordinates'], found['ways'][2]['keep']), (9, 1))
        self.assertTrue(os.path.getsize(os.path.join(self.out('r'), 'resample.png')))
        self.assertEqual(len(self.table('r', 'resample.csv')), 80)
        # What is kept has the bits of the first face's w in all of them; the rest differs.
        with open(os.path.join(self.out('r'), 'coordinates-w.npy'), 'rb') as f:
            raw = f.read()[-20 * 32 * 4:]
        with open(os.path.join(self.out('r'), 'conditional-w.npy'), 'rb') as f:
            other = f.read()[-20 * 32 * 4:]
        same = [j for j in range(32) if len({raw[(i * 32 + j) * 4:(i * 32 + j) * 4 + 4] for i in range(20)}) == 1]
        self.assertEqual(len(same), 9)
        for j in same:
            self.assertEqual(raw[j * 4:j * 4 + 4], other[j * 4:j * 4 + 4])
        # The same again is the same; other seeds are not.
        files = ('resample.csv', 'resample.png', 'conditional-w.npy')
        def contents():
            found = []
            for name in files:
                with open(os.path.join(self.out('r'), name), 'rb') as f:
                    found.append(f.read())
            return found

        before = contents()
        run('--top=9', f'--outdir={self.out("r")}')
        self.assertEqual(contents(), before)
        run('--top=9', '--from=5', f'--outdir={self.out("r")}')
        self.assertNotEqual(contents()[2], before[2])
        self.assertEqual(run('--top=9', '--ways=projection', '--measure=brightness', f'--outdir={self.out("r2")}')['judge'], 'brightness')
        npy(self.out('ones.npy'), (32,), [1.0] * 32)
        for args, says in ((['--ways=magic'], 'coordinates, projection, conditional'), (['--measure=beauty'], 'expected brightness'),
                           ([f'--direction={self.out("ones.npy")}'], 'nothing is left'), (['--attribute=x'], '--data')):
            code, _, err = vitrine('resample', f'--network={self.model}', f'--direction={self.directions_of("brightness")}',
                                   f'--outdir={self.out("r3")}', *args)
            self.assertEqual(code, 2, err)
            self.assertIn(says, err.splitlines()[-1])

    def test_influence_predicts_what_moving_gives(self):
        code, said, err = vitrine('influence', f'--network={self.model}', '--seed=2', '--class=1', '--region=4,4,6,6', '--probes=64',
                                  '--top=6', '--json', f'--csv={self.out("i.csv")}')
        self.assertEqual(code, 0, err)
        strongest = json.loads(said)['strongest']
        with open(self.out('i.csv')) as f:
            rows = list(csv.DictReader(f))
        predicted = [float(r['predicted']) for r in rows]
        self.assertEqual(predicted, sorted(predicted, reverse=True))
        self.assertEqual([r['name'] for r in rows[:6]], [s['name'] for s in strongest])
        # All of w and one line for each style channel of the convolutions.
        self.assertEqual(sum(r['name'].startswith('w') for r in rows), 32)
        self.assertTrue(all(s['measured'] > 0 for s in strongest))

    def test_attribute_by_table_and_measure(self):
        with open(self.out('labels.csv'), 'w') as f:
            f.write('seed,odd,same\n' + ''.join(f'{i},{i % 2},1\n' for i in range(120)))
        code, said, err = vitrine('attribute', f'--network={self.model}', f'--labels={self.out("labels.csv")}', '--folds=3',
                                  '--c=10', '--samples=120', f'--outdir={self.out("t")}', '--json')
        self.assertEqual(code, 0, err)
        odd, same = json.loads(said)['attributes']
        # Some seeds only, as people label them: the same faces give the same numbers, in whatever order they are told.
        with open(self.out('labels.csv'), 'w') as f:
            f.write('seed,odd\n' + ''.join(f'{i},{i % 2}\n' for i in [400, 900] + list(reversed(range(0, 120)))))
        some, few = (json.loads(vitrine('attribute', f'--network={self.model}', f'--labels={self.out("labels.csv")}', '--folds=3',
                                        '--c=10', f'--samples={n}', f'--outdir={self.out("s")}', '--json')[1])['attributes'][0]
                     for n in (4000, 120))
        self.assertEqual(few['w'], odd['w'])
        self.assertNotEqual(some['w'], odd['w'])
        self.assertIn('nothing to tell apart', same['refused'])
        self.assertLess(abs(odd['w']['auc'] - 0.5), 0.3)  # the parity of a seed is in no picture
        code, said, err = vitrine('attribute', f'--network={self.model}', '--measure=brightness', '--folds=3', '--c=10', '--path',
                                  '--samples=200', f'--outdir={self.out("b")}', '--json')
        self.assertEqual(code, 0, err)
        self.assertGreater(json.loads(said)['attributes'][0]['w']['auc'], 0.8)
        for name in ('brightness.png', 'table.svg', 'path.svg', 'path-auc.svg', 'brightness-sparse.png'):
            self.assertTrue(os.path.getsize(os.path.join(self.out('b'), name)))
        left = [int(r['nonzero']) for r in self.table('b', 'path.csv')]
        self.assertEqual((left[0], left[-1]), (0, json.loads(said)['attributes'][0]['nonzero']))

    def test_refusals_say_what_is_wrong(self):
        for command, args, says in (('pca', ['--samples=5'], '100 to'), ('pca', ['--layers=0-99'], 'layers 0 to'),
                                    ('pca', ['--layers=0,2'], 'one range'), ('pca', ['--class=3'], 'classes 0 to 2'),
                                    ('sefa', ['--components=0'], '1 to'), ('attribute', [], 'one source of labels'),
                                    ('attribute', ['--measure=beauty'], 'expected brightness'), ('sefa', ['--layers=x'], 'numbers')):
            code, _, err = vitrine(command, f'--network={self.model}', f'--outdir={self.out("bad")}', *args)
            self.assertEqual((code, err.count('\n')), (2, 1), (args, err))
            self.assertIn(says, err)

    def test_where_it_acts(self):
        file = self.directions_of('')
        for faces in (1, 3):
            code, said, err = vitrine('influence', f'--network={self.model}', '--where=w3,s0.2,warmth', f'--directions={file}',
                                      f'--faces={faces}', f'--outdir={self.out("w")}', '--json')
            self.assertEqual((code, told(err)), (0, ''))
            rows = self.table('w', 'where.csv')
            self.assertEqual([r['name'] for r in rows], ['w3', 's0.2', 'warmth'])
            self.assertTrue(all(0 < float(r['mean']) < float(r['most']) for r in rows))
            with open(os.path.join(self.out('w'), 'where-w3.npy'), 'rb') as f:
                levels = struct.unpack('<256f', f.read()[-1024:])
            at = int(rows[0]['y']) * 16 + int(rows[0]['x'])
            self.assertEqual(max(levels), levels[at])
            self.assertAlmostEqual(levels[at], float(rows[0]['most']), 3)
            self.assertTrue(os.path.getsize(os.path.join(self.out('w'), 'where.png')))
        for args, says in ((['--where=w99', f'--outdir={self.out("w")}'], 'found "w99"'), (['--where=w3'], '--outdir'), ([], 'one of both'),
                           (['--where=w3', '--region=1,1,2,2', f'--outdir={self.out("w")}'], 'one of both')):
            code, _, err = vitrine('influence', f'--network={self.model}', *args)
            self.assertEqual((code, told(err).count('\n')), (2, 1), err)
            self.assertIn(says, err)

    def test_influence_over_faces(self):
        code, said, err = vitrine('influence', f'--network={self.model}', '--region=4,4,6,6', '--probes=8', '--top=2', '--faces=3', '--json')
        self.assertEqual((code, told(err)), (0, ''))
        self.assertTrue(all(s['measured'] > 0 for s in json.loads(said)['strongest']))

    def test_gauge_and_nearest_z(self):
        code, said, err = vitrine('generate', f'--network={self.model}', '--seeds=0-1', '--gauge', '--json', f'--outdir={self.out("e")}')
        self.assertEqual((code, told(err)), (0, ''))
        for face in json.loads(said)['pictures']:
            self.assertTrue(0 <= face['percentile'] < 99.9 and face['distance'] > 0)
        code, said, err = vitrine('generate', f'--network={self.model}', '--seeds=0', '--nearest-z', '--json', '--npy', '--set=w2=40',
                                  f'--outdir={self.out("e")}')
        self.assertEqual(code, 0, err)
        self.assertIn('farther out than 100 % of sampled w', err)
        face = json.loads(said)['pictures'][0]
        self.assertGreater(face['nearest']['distance'], 1)
        # Its z is one that can be drawn, and its picture is drawn with it.
        code, _, err = vitrine('generate', f'--network={self.model}', f'--latent={face["nearest"]["z"]}', '--latent-space=z',
                               f'--outdir={self.out("e2")}')
        self.assertEqual((code, err), (0, ''))
        with open(face['nearest']['png'], 'rb') as a, open(os.path.join(self.out('e2'), 'vector.png'), 'rb') as b:
            self.assertEqual(pixels(a.read()), pixels(b.read()))

    def test_noise_writes_pictures_and_shares(self):
        args = ['noise', f'--network={self.model}', '--seeds=2,5', '--draws=6', '--layer-draws=3', f'--outdir={self.out("no")}']
        code, said, err = vitrine(*args, '--json')
        self.assertEqual((code, told(err)), (0, ''))
        found = json.loads(said)
        self.assertEqual([f['seed'] for f in found['faces']], [2, 5])
        rows = [r for r in self.table('no', 'noise.csv') if r['seed'] == '5']
        layers = found['faces'][1]['layers']
        self.assertEqual([r['layer'] for r in rows], [x['layer'] for x in layers] + ['all'])
        self.assertAlmostEqual(sum(x['share'] for x in layers), 1, 6)
        for row, layer in zip(rows, layers):
            self.assertAlmostEqual(float(row['variance']), layer['variance'], delta=1e-5 * layer['variance'])
        for name in ('noise.png', 'draws.png'):
            self.assertTrue(os.path.getsize(os.path.join(self.out('no'), name)))
        self.assertEqual(vitrine(*args, '--json')[1], said)
        for bad, says in (('--draws=1', '2'), ('--gain=0', 'gain'), ('--seeds=x', 'seeds')):
            code, _, err = vitrine(*args, bad)
            self.assertEqual((code, err.count('\n')), (2, 1), err)
            self.assertIn(says, err)

    def test_truncation_compares_three(self):
        args = ['truncation', f'--network={self.model}', '--faces=8', f'--outdir={self.out("tr")}', '--json']
        code, said, err = vitrine(*args)
        self.assertEqual((code, told(err)), (0, ''))
        points = {(p['kind'], p['value']): p for p in json.loads(said)['points']}
        self.assertEqual(len(points), 18)
        # The average is one face, clusters are several; without truncation all are the same faces.
        self.assertAlmostEqual(points['average', 0]['spread'], 0, 6)
        self.assertGreater(points['cluster', 0]['spread'], 0)
        for kind, whole in (('average', 1), ('cluster', 1), ('z', 8)):
            self.assertEqual(points[kind, whole]['spread'], 1)
            self.assertEqual(points[kind, whole]['score'], points['average', 1]['score'])
        rows = self.table('tr', 'truncation.csv')
        self.assertEqual({(r['kind'], float(r['value'])) for r in rows}, set(points))
        for name in ('truncation.svg', 'truncation.png'):
            self.assertTrue(os.path.getsize(os.path.join(self.out('tr'), name)))
        code, _, err = vitrine(*args, '--faces=2')
        self.assertEqual((code, err.count('\n')), (2, 1), err)

    def test_channels_and_their_cache(self):
        cache = {'XDG_CACHE_HOME': self.out('cache')}
        args = ['channels', f'--network={self.model}', '--samples=30', '--count=3', '--layer=b8.conv0', '--channels=0,2', '--json',
                f'--outdir={self.out("ch")}']
        code, said, err = vitrine(*args, **cache)
        self.assertEqual((code, told(err)), (0, ''))
        first = json.loads(said)
        self.assertFalse(first['cached'])
        again = json.loads(vitrine(*args, **cache)[1])
        self.assertTrue(again['cached'])
        self.assertEqual(first['channels'], again['channels'])
        self.assertTrue(os.path.getsize(os.path.join(self.out('ch'), 'b8.conv0-2.png')))
        row = self.table('ch', 'channels.csv')[2]
        self.assertEqual((row['layer'], row['channel']), ('b8.conv0', '2'))
        self.assertEqual([int(v) for v in row['most'].split()], first['channels'][1]['most'])
        # A cache that is broken is made anew.
        folder = os.path.join(self.out('cache'), 'vitrine', 'channels')
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), 'wb') as f:
                f.write(b'nonsense')
        self.assertEqual(json.loads(vitrine(*args, **cache)[1]), first)
        for bad, says in (('--layer=b9', 'b8.conv0'), ('--channels=999', 'channels 0 to'), ('--samples=3', '10')):
            code, _, err = vitrine(*args, bad, **cache)
            self.assertEqual((code, err.count('\n')), (2, 1), err)
            self.assertIn(says, err)

    def test_dissection(self):
        args = ['dissect', f'--network={self.model}', '--seed=1', '--layer=b8.conv1', f'--outdir={self.out("di")}']
        code, said, err = vitrine(*args, '--mute=0-3', '--solo=1', '--add=2:+3,4:-1', '--region=4,4,5,5', '--each', '--json')
        self.assertEqual((code, told(err)), (0, ''))
        edits = json.loads(said)['edits']
        self.assertEqual([e['edit'] for e in edits], ['mute 0-3', 'solo 1', 'add 2:+3', 'add 4:-1'])
        self.assertTrue(all(e['inside'] > e['outside'] for e in edits))
        self.assertEqual(len(self.table('di', 'each.csv')), 16)
        self.assertEqual(len(self.table('di', 'dissect.csv')), 4)
        self.assertTrue(os.path.getsize(os.path.join(self.out('di'), 'dissect.png')))
        for more, status, says in ((['--mute=99'], 2, 'channels 0 to'), (['--add=1'], 2, 'CHANNEL:AMOUNT'), ([], 2, 'what is to be done'),
                                   (['--mute=1', '--region=9,9,9,9'], 2, 'does not lie'), (['--mute=1', '--region=1'], 2, 'X,Y,WIDTH'),
                                   (['--mute=1', f'--mask={os.path.join(self.out("di"), "dissect.png")}'], 1, 'as large as the pictures')):
            code, _, err = vitrine(*args, *more)
            self.assertEqual((code, told(err).count('\n')), (status, 1), err)
            self.assertIn(says, err)

    def test_a_table_that_is_none_says_where(self):
        for text, says in (('seed,odd\n1,0\n1,1\n', 'seed 1 has two lines'), ('seed,odd\nx,0\n', 'a seed in line 2')):
            with open(self.out('bad.csv'), 'w') as f:
                f.write(text)
            code, _, err = vitrine('attribute', f'--network={self.model}', f'--labels={self.out("bad.csv")}', f'--outdir={self.out("b2")}')
            self.assertEqual((code, err.count('\n')), (1, 1), err)
            self.assertIn(says, err)

    def test_regions_lie_in_the_picture(self):
        for region, status, says in (('1,2,3', 2, 'X,Y,WIDTH,HEIGHT'), ('12,0,6,2', 1, 'does not lie in pictures of 16')):
            code, _, err = vitrine('influence', f'--network={self.model}', f'--region={region}')
            self.assertEqual((code, err.count('\n')), (status, 1), err)
            self.assertIn(says, err)

    def test_without_lapack_a_sentence(self):
        code, _, err = vitrine('pca', f'--network={self.model}', f'--outdir={self.out("no")}', '--samples=200',
                               VITRINE_LAPACK_MODULE='/nowhere/module.so')
        self.assertEqual((code, err.count('\n')), (1, 1))
        self.assertIn('LAPACK', err)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
