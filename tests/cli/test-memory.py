"""Memory that is short once, at any of a command's allocations: an error in one sentence, or the same result; never a
crash, and never a result that lacks something.

usage: test-memory.py PROGRAM SOURCE_ROOT FAIL_ALLOC      standard library only
"""
import glob
import hashlib
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, ROOT, FAIL_ALLOC = sys.argv[1:4]
del sys.argv[1:4]
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')
LARGE = 65536  # bytes
# Networks of a few thousand weights; a snapshot at every step.
LEARN = ['--resolution=8', '--batch=4', '--mbstd-group=2', '--channel-base=32', '--channel-max=4', '--z-dim=4', '--w-dim=4',
         '--mapping-layers=1', '--threads=1', '--workers=1', '--metrics=none', '--tick=0.004', '--snap=1', '--kimg=0.012',
         '--tick-seconds=0', '--snap-minutes=0']
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

    def run_once(self, args, at=None, least=None):
        """`least`: allocations of so many bytes or more are counted, GLib's too."""
        env = dict(os.environ, LD_PRELOAD=FAIL_ALLOC, OMP_NUM_THREADS='1', FAIL_COUNT=self.tmp + '/count',
                   GOMP_SPINCOUNT='2000')
        if at:
            env['FAIL_AT'] = str(at)
        if least is not None:
            env['FAIL_MIN'] = str(least)
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
        args = ['train', '--data=' + pictures, *LEARN]
        self.assertEqual(self.run_once([*args, f'--outdir={self.tmp}/good']).returncode, 0)
        made = self.count()
        ends = {0: 0, 1: 0, 'log': 0}
        for at in sorted({1 + made * k // 8 for k in range(8)} | {made}):
            p = self.run_once([*args, f'--outdir={self.tmp}/{at}'], at)
            what = f'allocation {at} of {made}: {p.returncode}, {p.stderr}'
            self.assertIn(p.returncode, (0, 1), what)
            ends[p.returncode] += 1
            if p.returncode == 1:
                self.assertTrue(p.stderr.startswith('vitrine'), what)
                self.assertEqual(p.stderr.count('\n'), 1, what)
            else:
                run = self.run_of(f'{self.tmp}/{at}')
                self.assertIn('network-snapshot-000000.safetensors', os.listdir(run), what)
                with open(run + '/log.txt') as f:
                    ends['log'] += 'memory' in f.read()
        print(f'train: {made} allocations, {sum(ends.values())} failed once: {ends}', file=sys.stderr)

    def count(self):
        with open(self.tmp + '/count') as f:
            return int(f.read())

    def run_of(self, outdir):
        run, = (os.path.join(outdir, name) for name in os.listdir(outdir))
        return run

    def weights(self, run):
        """The last snapshot's tensors as bytes, and what it says of the training but for when and where."""
        with open(max(glob.glob(run + '/network-snapshot-*.safetensors')), 'rb') as f:
            n, = struct.unpack('<Q', f.read(8))
            head, data = json.loads(f.read(n)), f.read()
        meta = head.pop('__metadata__')
        state = {key: meta[key] for key in meta if key.startswith('train.') and key not in ('train.options', 'train.note')}
        return {name: data[slice(*t['data_offsets'])] for name, t in head.items()}, state

    def test_large(self):
        """What a picture, a network or a batch makes large (64 KiB or more), whoever asks for it: never the end by a signal. In a
        training with everything: rounds, augmentation, a metric."""
        pictures = self.tmp + '/pictures'
        os.mkdir(pictures)
        for i in range(8):
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed', '0.png'), f'{pictures}/{i}.png')
        commands = [
            ('train', '--data=' + pictures, *LEARN, '--resolution=16', '--batch=8', '--batch-gpu=4', '--channel-base=256',
             '--channel-max=32', '--z-dim=64', '--w-dim=64', '--p=0.5', '--pl-interval=2', '--metrics=swd', '--metric-images=4',
             '--kimg=0.016', '--tick=0.008', '--outdir=OUT'),
            ('generate', '--network=' + os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors'), '--seeds=0', '--outdir=OUT'),
            ('inspect', os.path.join(FIXTURES, 'sg2_ada_p4.pkl')),
            ('metrics', '--data=' + pictures, '--reference=' + pictures, '--metrics=swd', '--images=4'),
            ('dataset', '--source=' + pictures, '--dest=OUT')]
        self.large(commands, 10)

    def test_large_pictures(self):
        """Grids, arrays, what layers compute, a projection: the last two thirds of what such commands ask for, since opening
        and drawing are those of every command."""
        network = '--network=' + os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')
        target = os.path.join(ROOT, 'tests', 'cases', 'pictures', '14_exif6.png')
        self.large([
            ('mix', network, '--rows=0', '--cols=3', '--npy', '--outdir=OUT'),
            ('layers', network, '--seed=0', '--layer=b64.conv1,b64.torgb', '--outdir=OUT'),
            ('prune', network, '--to=0.02', '--step=0.01', '--images=2', '--pictures=1', '--outdir=OUT'),
            ('project', network, '--target=' + target, '--steps=2', '--outdir=OUT'),
            ('convert', network[10:], 'OUT.onnx', '--dtype=float16')], 7, 1 / 3)

    def large(self, commands, runs, begin=0):
        for command in commands:
            def words(k):
                return [a.replace('OUT', f'{self.tmp}/{k}') for a in command]
            p = self.run_once(words(command[0] + '-good'), least=LARGE)
            self.assertEqual((p.returncode, p.stderr), (0, ''), command)
            made, ends = self.count(), {0: 0, 1: 0}
            self.assertGreater(made, 0, command)
            first = 1 + int(made * begin)
            for at in sorted({first + (made - first) * k // runs for k in range(runs)} | {made}):
                p = self.run_once(words(f'{command[0]}-{at}'), at, LARGE)
                what = f'{command}, allocation {at} of {made}: {p.returncode}, {p.stderr}'
                self.assertIn(p.returncode, (0, 1), what)
                said = [line for line in p.stderr.splitlines() if line and ' left' not in line]
                self.assertEqual(len(said), p.returncode, what)
                ends[p.returncode] += 1
            print(f'{command[0]}: {made} of {LARGE} bytes or more, {sum(ends.values())} failed once: {ends}', file=sys.stderr)

    def test_half_an_iteration(self):
        """A phase finds no memory after others of its iteration are done: what is saved then goes on behind those."""
        pictures = self.tmp + '/pictures'
        os.mkdir(pictures)
        for i in range(8):
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed', '0.png'), f'{pictures}/{i}.png')
        args = ['train', '--data=' + pictures, *LEARN]
        self.assertEqual(self.run_once([*args, f'--outdir={self.tmp}/good'], least=512).returncode, 0)
        good, made, halves = self.weights(self.run_of(self.tmp + '/good')), self.count(), 0
        # Where phases ask for memory differs from processor to processor: coarse steps first, then between them, until found.
        for k in range(256):
            at = made // 8 + int(made * int(f'{k:08b}'[::-1], 2) / 256 * 5 / 8)
            outdir = f'{self.tmp}/{at}'
            p = self.run_once([*args, '--outdir=' + outdir], at, 512)
            if p.returncode != 1 or not glob.glob(outdir + '/*/network-snapshot-*.safetensors'):
                continue
            state = self.weights(self.run_of(outdir))[1]
            if 'train.phases_done' not in state:
                continue
            what = f'allocation {at} of {made}: {p.stderr} {state}'
            halves += 1
            p = self.run_once(['train', '--resume=' + self.run_of(outdir)])
            self.assertEqual(p.returncode, 0, what + p.stderr)
            self.assertTrue(self.weights(self.run_of(outdir)) == good, what)
            if halves == 2:
                break
        self.assertEqual(halves, 2)
        print(f'train: {halves} ended within an iteration', file=sys.stderr)

    def test_any(self):
        """Any allocation of a training, GLib's smallest too, where the end may be GLib's: what is in the run directory then is
        whole, and the run resumed ends with the bits of one that was not disturbed."""
        pictures = self.tmp + '/pictures'
        os.mkdir(pictures)
        for i in range(8):
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed', '0.png'), f'{pictures}/{i}.png')
        args = ['train', '--data=' + pictures, *LEARN]
        p = self.run_once([*args, f'--outdir={self.tmp}/good'], least=0)
        self.assertEqual(p.returncode, 0, p.stderr)
        good, made = self.weights(self.run_of(self.tmp + '/good')), self.count()
        ends = {}
        for k in range(10):
            at = made * (2 * k + 1) // 20
            outdir = f'{self.tmp}/{at}'
            p = self.run_once([*args, '--outdir=' + outdir], at, 0)
            ends[p.returncode] = ends.get(p.returncode, 0) + 1
            what = f'allocation {at} of {made}: {p.returncode}, {p.stderr}'
            self.assertIn(p.returncode, (0, 1, -signal.SIGTRAP, -signal.SIGABRT), what)
            if p.returncode < 0:
                self.assertRegex(p.stderr, 'failed to allocate|memory', what)
            for path in glob.glob(outdir + '/*/*.png') + glob.glob(outdir + '/*/*.json') + glob.glob(outdir + '/*/*.safetensors'):
                self.check_whole(path, what)
            if not glob.glob(outdir + '/*/training_options.json'):
                continue  # it had not begun
            p = self.run_once(['train', '--resume=' + self.run_of(outdir)])
            self.assertEqual(p.returncode, 0, what + p.stderr)
            self.assertEqual(self.weights(self.run_of(outdir)) == good, True, what)
        print(f'train: {made} allocations of any size, {sum(ends.values())} failed once: {ends}', file=sys.stderr)

    def check_whole(self, path, what):
        with open(path, 'rb') as f:
            data = f.read()
        if path.endswith('.json'):
            json.loads(data)
        elif path.endswith('.png'):
            self.assertTrue(data.endswith(b'IEND\xaeB`\x82'), (path, what))
        else:
            n, = struct.unpack('<Q', data[:8])
            ends = [t['data_offsets'][1] for name, t in json.loads(data[8:8 + n]).items() if name != '__metadata__']
            self.assertEqual(len(data), 8 + n + max(ends), (path, what))

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
