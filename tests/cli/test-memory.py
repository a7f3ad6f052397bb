"""Memory that is short once, at any of a command's allocations: an error in one sentence, or the same result; never a
crash, and never a result that lacks something.

usage: test-memory.py PROGRAM SOURCE_ROOT FAIL_ALLOC      standard library only
"""
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM, ROOT, FAIL_ALLOC = sys.argv[1:4]
del sys.argv[1:4]
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')
RUNS = 40  # of each command: as many allocations of it, spread over all


def contents(path):
    """{name: hash} of a folder, or of a file."""
    if os.path.isfile(path):
        with open(path, 'rb') as f:
            return {'': hashlib.sha256(f.read()).hexdigest()}
    return {os.path.relpath(os.path.join(folder, name), path): contents(os.path.join(folder, name))['']
            for folder, _, names in os.walk(path) for name in names}


class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tmp = self.folder.name
        self.addCleanup(self.folder.cleanup)

    def run_once(self, args, at=None):
        env = dict(os.environ, LD_PRELOAD=FAIL_ALLOC, OMP_NUM_THREADS='1', FAIL_COUNT=self.tmp + '/count',
                   GOMP_SPINCOUNT='2000')
        if at:
            env['FAIL_AT'] = str(at)
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, env=env, timeout=60)

    def every(self, *args, out=None):
        """`out`: what the command writes, a name in a new folder for each run."""
        def command(k):
            shutil.rmtree(f'{self.tmp}/{k}', ignore_errors=True)
            os.mkdir(f'{self.tmp}/{k}')
            return [a.replace('OUT', f'{self.tmp}/{k}/{out}') for a in args]
        good = self.run_once(command('good'))
        self.assertEqual((good.returncode, good.stderr), (0, ''), args)
        with open(self.tmp + '/count') as f:
            made = int(f.read())
        self.assertGreater(made, 5)
        ends = [0, 0]
        for at in sorted({1 + made * k // RUNS for k in range(RUNS)} | set(range(1, 6)) | {made}):
            p = self.run_once(command(at), at)
            what = f'{args}, allocation {at} of {made}: {p.returncode}, {p.stderr}'
            if p.returncode == -signal.SIGTRAP and 'not enough memory for ' in p.stderr:
                continue  # sg_tensor_new and cpu_scratch end the program as g_malloc does
            self.assertIn(p.returncode, (0, 1), what)
            ends[p.returncode] += 1
            if p.returncode == 0:
                self.assertEqual(p.stdout.replace(f'/{at}/', '/good/'), good.stdout, what)
                if out:
                    self.assertEqual(contents(f'{self.tmp}/{at}/{out}'), contents(f'{self.tmp}/good/{out}'), what)
            else:
                self.assertTrue(p.stderr.startswith('vitrine'), what)
                self.assertEqual(p.stderr.count('\n'), 1, what)
        print(f'{args[0]}: {made} allocations, {sum(ends)} failed once: {ends[1]} ended with a sentence', file=sys.stderr)

    def test_inspect(self):
        for name in 'sg2.safetensors', 'sg2_ada_p4.pkl', 'sg2_rosinality_zip.pt':
            self.every('inspect', os.path.join(FIXTURES, name))

    def test_generate(self):
        self.every('generate', '--network=' + os.path.join(FIXTURES, 'sg2.safetensors'), '--seeds=0-1', '--outdir=OUT', out='out')

    def test_dataset(self):
        pictures = self.tmp + '/pictures'
        os.mkdir(pictures)
        for name in '13_exif3.jpg', '14_exif6.png', 'exif-5.webp', 'mixed/0.png':
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', name), pictures)
        for out in 'set', 'set.zip':
            self.every('dataset', '--source=' + pictures, '--dest=OUT', out=out)

    def test_train(self):
        """A training's own large buffers, failing one at a time: it ends with a sentence, or with a word in the log it goes on
        and leaves what it would have left."""
        pictures = self.tmp + '/pictures'
        os.mkdir(pictures)
        for i in range(8):
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed', '0.png'), f'{pictures}/{i}.png')
        args = ['train', '--data=' + pictures, '--resolution=8', '--batch=4', '--mbstd-group=2', '--channel-base=32',
                '--channel-max=4', '--z-dim=4', '--w-dim=4', '--mapping-layers=1', '--threads=1', '--workers=1', '--metrics=none',
                '--tick=0.004', '--snap=1', '--kimg=0.012', '--tick-seconds=0', '--snap-minutes=0']
        self.assertEqual(self.run_once([*args, f'--outdir={self.tmp}/good']).returncode, 0)
        with open(self.tmp + '/count') as f:
            made = int(f.read())
        ends = {0: 0, 1: 0, 'log': 0}
        for at in sorted({1 + made * k // 8 for k in range(8)} | {made}):
            p = self.run_once([*args, f'--outdir={self.tmp}/{at}'], at)
            what = f'allocation {at} of {made}: {p.returncode}, {p.stderr}'
            if p.returncode == -signal.SIGTRAP and 'not enough memory for ' in p.stderr:
                continue  # cpu_scratch ends the program as g_malloc does
            self.assertIn(p.returncode, (0, 1), what)
            ends[p.returncode] += 1
            if p.returncode == 1:
                self.assertTrue(p.stderr.startswith('vitrine'), what)
                self.assertEqual(p.stderr.count('\n'), 1, what)
            else:
                run, = (os.path.join(self.tmp, str(at), name) for name in os.listdir(f'{self.tmp}/{at}'))
                self.assertIn('network-snapshot-000000.safetensors', os.listdir(run), what)
                with open(run + '/log.txt') as f:
                    ends['log'] += 'memory' in f.read()
        print(f'train: {made} allocations, {sum(ends.values())} failed once: {ends}', file=sys.stderr)

    def test_threads(self):
        """More threads than a system gives are not asked for."""
        p = subprocess.run([PROGRAM, 'generate', '--network=' + os.path.join(FIXTURES, 'sg2.safetensors'), '--seeds=0',
                            '--outdir=' + self.tmp], capture_output=True, text=True, timeout=60,
                           env=dict(os.environ, OMP_NUM_THREADS='99999', GOMP_SPINCOUNT='2000'))
        self.assertEqual((p.returncode, p.stderr), (0, ''))

    def test_descriptors(self):
        """Pictures that cannot be opened for want of descriptors are not called bad ones."""
        pictures = self.tmp + '/pictures'
        os.mkdir(pictures)
        shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', '13_exif3.jpg'), pictures)
        for room in range(3, 12):
            p = subprocess.run([PROGRAM, 'dataset', '--source=' + pictures, f'--dest={self.tmp}/set{room}'], capture_output=True,
                               text=True, timeout=60, env=dict(os.environ, GOMP_SPINCOUNT='2000'),
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (room, room)))
            if p.returncode == 127:  # not even the libraries
                continue
            self.assertIn(p.returncode, (0, 1), p.stderr)
            for wrong in 'can be used', 'can be read', 'not used':
                self.assertNotIn(wrong, p.stderr + p.stdout)


if __name__ == '__main__':
    unittest.main(verbosity=2)
