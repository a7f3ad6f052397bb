"""pca and sefa as commands: what they write, and what they refuse.

usage: test-directions.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only; skipped without LAPACK
"""
import csv
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]


def vitrine(*args, **env):
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=120, env={**os.environ, **env})
    return p.returncode, p.stdout, p.stderr


def header(path):
    with open(path, 'rb') as f:
        return json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))


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
        self.assertEqual((code, err), (0, ''))
        with open(file, 'rb') as f:
            raw = f.read()
        model = header(file)['__metadata__']['model'].encode()
        with open(self.out('other.safetensors'), 'wb') as f:
            f.write(raw.replace(model, b'0' * len(model)))
        code, _, err = vitrine('generate', f'--network={self.model}', '--seeds=0', f'--direction={self.out("other.safetensors")}',
                               f'--outdir={self.out("g")}')
        self.assertEqual(code, 0)
        self.assertIn('another model', err)

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
        self.assertIn('nothing to tell apart', same['refused'])
        self.assertLess(abs(odd['w']['auc'] - 0.5), 0.3)  # the parity of a seed is in no picture
        code, said, err = vitrine('attribute', f'--network={self.model}', '--measure=brightness', '--folds=3', '--c=10',
                                  '--samples=200', f'--outdir={self.out("b")}', '--json')
        self.assertEqual(code, 0, err)
        self.assertGreater(json.loads(said)['attributes'][0]['w']['auc'], 0.8)
        self.assertTrue(os.path.getsize(os.path.join(self.out('b'), 'brightness.png')))

    def test_refusals_say_what_is_wrong(self):
        for command, args, says in (('pca', ['--samples=5'], '100 to'), ('pca', ['--layers=0-99'], 'layers 0 to'),
                                    ('pca', ['--layers=0,2'], 'one range'), ('pca', ['--class=3'], 'classes 0 to 2'),
                                    ('sefa', ['--components=0'], '1 to'), ('attribute', [], 'one source of labels'),
                                    ('attribute', ['--measure=beauty'], 'expected brightness'), ('sefa', ['--layers=x'], 'numbers')):
            code, _, err = vitrine(command, f'--network={self.model}', f'--outdir={self.out("bad")}', *args)
            self.assertEqual((code, err.count('\n')), (2, 1), (args, err))
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
