"""vitrine compare: two models' weights and faces, and models between them.

usage: test-compare.py PROGRAM SOURCE_ROOT     standard library only
"""
import csv
import glob
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, ROOT = sys.argv[1:3]
del sys.argv[1:3]
OURS = os.path.join(ROOT, 'tests', 'cli', 'onnx')
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')


def tensors(path):
    """{name: numbers} of safetensors in float32, and its metadata."""
    with open(path, 'rb') as f:
        n, = struct.unpack('<Q', f.read(8))
        head, data = json.loads(f.read(n)), f.read()
    meta = head.pop('__metadata__')
    return {name: struct.unpack(f'<{(t["data_offsets"][1] - t["data_offsets"][0]) // 4}f', data[slice(*t['data_offsets'])])
            for name, t in head.items()}, meta


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tmp = folder.name
        self.a = os.path.join(OURS, 'orig.safetensors')
        self.b = self.tmp + '/pruned.safetensors'
        self.run_ok('prune', '--network=' + self.a, '--threshold=0.5', '--save=' + self.b)

    def run_program(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60, env=dict(os.environ, OMP_NUM_THREADS='1'))

    def run_ok(self, *args):
        p = self.run_program(*args)
        self.assertEqual((p.returncode, p.stderr), (0, ''), args)
        return p.stdout

    def test_changes(self):
        found = json.loads(self.run_ok('compare', self.a, self.b, '--outdir=' + self.tmp, '--seeds=0,3', '--json'))
        ours, theirs = tensors(self.a)[0], tensors(self.b)[0]
        with open(self.tmp + '/compare.csv') as f:
            rows = list(csv.DictReader(f))
        self.assertGreater(len(rows), 20)
        weighted = [0, 0]
        for row in rows:
            name = {'G': 'G_ema.', 'D': 'D.'}[row['network']] + row['tensor']
            x, y = ours[name], theirs[name]
            moved, size = math.dist(x, y), math.hypot(*x)
            change = moved / size if size else 0
            self.assertAlmostEqual(float(row['change']), change, delta=1e-5 * (1 + change), msg=name)
            if size and math.hypot(*y):
                cosine = sum(a * b for a, b in zip(x, y)) / size / math.hypot(*y)
                self.assertAlmostEqual(float(row['cosine']), cosine, delta=1e-7, msg=name)
            if row['network'] == 'G':
                weighted[0] += change * len(x)
                weighted[1] += len(x)
        self.assertAlmostEqual(found['generator'], weighted[0] / weighted[1], delta=1e-5)
        self.assertGreater(found['generator'], 0.05)
        self.assertEqual(found['discriminator'], 0)
        self.assertGreater(found['pixels'], 0)
        for name in 'compare.png', 'faces.png':
            with open(f'{self.tmp}/{name}', 'rb') as f:
                self.assertTrue(f.read().endswith(b'IEND\xaeB`\x82'), name)

    def test_between(self):
        out = self.tmp + '/between.safetensors'
        self.run_ok('compare', self.a, self.b, '--outdir=' + self.tmp, '--seeds=0', '--between=0', '--at=0.25', '--save=' + out)
        ours, theirs, (mixed, meta) = tensors(self.a)[0], tensors(self.b)[0], tensors(out)
        self.assertEqual(set(mixed), set(ours))
        for name, numbers in mixed.items():
            for m, x, y in zip(numbers, ours[name], theirs[name]):
                self.assertAlmostEqual(m, 0.75 * x + 0.25 * y, delta=1e-6 * (1 + abs(m)), msg=name)
        self.assertTrue(meta['blend'].startswith('0.75 of '), meta)
        self.run_ok('generate', '--network=' + out, '--seeds=0', '--outdir=' + self.tmp)

    def test_same(self):
        said = self.run_ok('compare', self.a, self.a, '--outdir=' + self.tmp, '--seeds=0')
        self.assertIn('The same weights.', said)
        self.assertIn('Faces: 0 of 255', said)

    def test_other_shapes(self):
        """Numbers all the same, faces where z is the same, and nothing between."""
        resnet = os.path.join(OURS, 'resnet.safetensors')
        said = self.run_ok('compare', self.a, resnet, '--outdir=' + self.tmp, '--seeds=0')
        self.assertIn('Nothing lies between them', said)
        self.assertTrue(os.path.exists(self.tmp + '/faces.png'))
        p = self.run_program('compare', self.a, resnet, '--outdir=' + self.tmp, '--save=' + self.tmp + '/x.safetensors')
        self.assertEqual(p.returncode, 1)
        self.assertFalse(os.path.exists(self.tmp + '/x.safetensors'))
        other = os.path.join(FIXTURES, 'sg3_n64.pkl')
        said = self.run_ok('compare', self.a, other, '--outdir=' + self.tmp + '/other', '--seeds=0')
        self.assertIn('Faces are not compared', said)

    def test_card(self):
        """What a card is told stays, in every form of file, and the weights with it."""
        said = {'licence': 'CC0 1.0', 'metric': 'swd 13.4 at 253 kimg', 'description': 'faces = drawn'}
        fields = [f'--card={key}={value}' for key, value in said.items()]
        hashes = set()
        for name in 'x.safetensors', 'x.pt', 'y.safetensors':
            path = f'{self.tmp}/{name}'
            source = self.tmp + '/x.pt' if name[0] == 'y' else self.a
            hashes.add(json.loads(self.run_ok('convert', source, path, '--json', *(fields if name[0] == 'x' else [])))['hash'])
            said_now = self.run_ok('inspect', path)
            for key, value in said.items():
                self.assertIn(f'{key}: {value}', said_now, name)
        self.assertEqual(len(hashes), 1)
        for bad in 'licence', 'hash=1', 'licences=x':
            self.assertEqual(self.run_program('convert', self.a, self.tmp + '/z.safetensors', '--card=' + bad).returncode, 2, bad)
        pictures = os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed')
        self.run_ok('train', '--data=' + pictures, '--outdir=' + self.tmp + '/runs', '--resolution=8', '--batch=4', '--mbstd-group=2',
                    '--channel-base=32', '--channel-max=4', '--z-dim=4', '--w-dim=4', '--mapping-layers=1', '--threads=1',
                    '--workers=1', '--metrics=none', '--kimg=0.004', '--licence=CC BY 4.0')
        self.assertIn('licence: CC BY 4.0', self.run_ok('inspect', *glob.glob(self.tmp + '/runs/*')))

    def test_refused(self):
        for args, word in (((self.a,), 'two models'), ((self.a, self.b), '--outdir'),
                           ((self.a, self.tmp + '/none', '--outdir=' + self.tmp), 'none'),
                           ((self.a, self.b, '--outdir=' + self.tmp, '--class=1'), 'classes'),
                           ((self.a, self.b, '--outdir=' + self.tmp, '--at=nan'), '--at')):
            p = self.run_program('compare', *args)
            self.assertNotEqual(p.returncode, 0, args)
            self.assertIn(word, p.stderr, args)


if __name__ == '__main__':
    unittest.main(verbosity=2)
