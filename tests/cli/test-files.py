"""Model files as people have them: in a training's folder, packed, beside their pictures.

usage: test-files.py PROGRAM SOURCE_ROOT      standard library only
"""
import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

PROGRAM, ROOT = (os.path.abspath(p) for p in sys.argv[1:3])
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')


def fixture(name):
    return os.path.join(FIXTURES, name)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def pixels(path):
    """The compressed lines of a PNG: equal pictures by the same writer have equal ones."""
    data = read(path)
    start = data.index(b'IDAT')
    return data[start:start + int.from_bytes(data[start - 4:start], 'big')]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = self.folder.name

    def tearDown(self):
        self.folder.cleanup()

    def vitrine(self, *args):
        p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60, cwd=self.out)
        return p.returncode, p.stdout, p.stderr

    def run_ok(self, *args):
        code, out, err = self.vitrine(*args)
        self.assertEqual((code, err), (0, ''), args)
        return out

    def run_bad(self, *args, says=()):
        code, _, err = self.vitrine(*args)
        self.assertEqual(code, 1, (args, err))
        for text in says:
            self.assertIn(text, err)

    def hash_of(self, path):
        return json.loads(self.run_ok('inspect', '--json', path))['hash']

    def path(self, *names):
        return os.path.join(self.out, *names)


class RunFolder(Case):
    def test_every_command(self):
        run = self.path('run')
        os.mkdir(run)
        self.run_bad('inspect', run, says=('network-snapshot', run))
        shutil.copy(fixture('sg2_rosinality_zip.pt'), self.path('run', 'network-snapshot-000002.safetensors'))
        shutil.copy(fixture('sg2_tf_v4_p4.pkl'), self.path('run', 'network-snapshot-9.pkl'))
        shutil.copy(fixture('sg2_ada_p3.pkl'), self.path('run', 'network-snapshot-000010.pkl'))
        shutil.copy(fixture('sg2.safetensors'), self.path('run', 'network-snapshot-000099x.pkl'))  # no number
        newest = self.hash_of(fixture('sg2_ada_p3.pkl'))
        self.assertEqual(self.hash_of(run), newest)
        network = '--network=' + run
        found = json.loads(self.run_ok('convert', '--json', run, self.path('c.safetensors')))
        self.assertEqual(found['hash'], newest)
        for command in (['generate', '--seeds=0'], ['mix', '--rows=0', '--cols=1'],
                        ['strip', '--seed=0', '--parameter=psi', '--values=0,1'], ['layers', '--seed=0']):
            outdir = self.path('of-' + command[0])
            target = ['--out=' + outdir + '.png'] if command[0] == 'strip' else ['--outdir=' + outdir]
            self.run_ok(*command, network, *target)
        picture = self.path('of-generate', 'seed0000.png')
        self.run_ok('score', network, *[picture] * 4)


class OddNames(Case):
    """Names of files are bytes: what is no UTF-8 works, and is shown escaped."""

    def json_of(self, *args):
        p = subprocess.run([PROGRAM, *args], capture_output=True, timeout=120)
        self.assertEqual((p.returncode, p.stderr), (0, b''), args)
        p.stdout.decode()
        return json.loads(p.stdout) if '--json' in args else p.stdout.decode()

    def test_every_command(self):
        folder = os.fsencode(self.out) + b'/caf\xe9'
        os.mkdir(folder)
        model, data = folder + b'/m\xff.pkl', folder + b'/set'
        shutil.copy(fixture('sg2_ada_p3.pkl'), model)
        os.mkdir(data)
        for i in range(8):
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed', '0.png'), data + b'/%d\xfe.png' % i)
        network = b'--network=' + model
        self.assertIn('m\\xff', self.json_of('inspect', '--json', model)['path'])
        self.assertIn('m\\xff', self.json_of('generate', '--json', network, '--seeds=0', b'--outdir=' + folder + b'/g')['network'])
        self.json_of('mix', '--json', network, '--rows=0', '--cols=1', b'--outdir=' + folder + b'/x')
        self.json_of('strip', network, '--seed=0', '--parameter=psi', '--values=0,1', b'--out=' + folder + b'/s.png')
        self.json_of('layers', network, '--seed=0', b'--outdir=' + folder + b'/l')
        self.json_of('score', '--json', network, *[folder + b'/g/seed0000.png'] * 4)
        found = self.json_of('prune', '--json', network, '--from=0', '--to=0.1', '--step=0.1', '--images=4', '--threshold=0.1',
                             b'--outdir=' + folder + b'/p', b'--save=' + folder + b'/pr\xe9.safetensors')
        self.assertIn('caf\\xe9', found['outdir'])
        self.json_of('convert', '--json', model, folder + b'/c\xe9.safetensors')
        report = self.json_of('dataset', '--json', b'--source=' + data, b'--dest=' + folder + b'/d\xe9.zip', '--resolution=8')
        self.assertIn('d\\xe9.zip', report['dest'])
        self.assertIn('e\\xe9.zip', self.json_of('dataset', b'--source=' + data, b'--dest=' + folder + b'/e\xe9.zip'))

    def train(self, *args):
        return subprocess.run([PROGRAM, 'train', *args], capture_output=True, timeout=120)

    def test_train(self):
        """Set, folder and model to start from; resumed; the log and the list of runs show names escaped."""
        folder = os.fsencode(self.out) + b'/caf\xe9\x1b'
        os.mkdir(folder)
        data = folder + b'/s\xe9t'
        os.mkdir(data)
        for i in range(8):
            shutil.copy(os.path.join(ROOT, 'tests', 'cases', 'pictures', 'mixed', '0.png'), data + b'/%d.png' % i)
        with open(data + b'/br\x1bok\xe9n.png', 'wb') as f:
            f.write(b'none')
        small = ['--resolution=8', '--batch=4', '--mbstd-group=2', '--channel-base=32', '--channel-max=4', '--z-dim=4', '--w-dim=4',
                 '--mapping-layers=1', '--threads=1', '--metrics=none', '--tick=0.008', '--snap=1', '--tick-seconds=0',
                 '--snap-minutes=0']
        first = self.train(b'--data=' + data, b'--outdir=' + folder, '--kimg=0.016', *small)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertIn('br\\x1bok\\xe9n.png', first.stderr.decode())
        run, = (os.path.join(folder, name) for name in os.listdir(folder) if name.startswith(b'00000'))
        log = read(run + b'/log.txt')
        self.assertIn('caf\\xe9\\x1b', log.decode())
        self.assertNotIn(b'\x1b', log + first.stdout + first.stderr)
        with open(run + b'/training_options.json') as f:
            self.assertEqual(json.load(f)['outdir'], 'file://' + self.out + '/caf%E9%1B')
        again = self.train(b'--resume=' + run, '--kimg=0.024')
        self.assertEqual(again.returncode, 0, again.stderr)
        snapshot = run + b'/network-snapshot-000000.safetensors'
        tuned = self.train(b'--resume=' + snapshot, b'--data=' + data, b'--outdir=' + folder, '--kimg=0.008', *small[:3], *small[8:])
        self.assertEqual(tuned.returncode, 0, tuned.stderr)
        listed = self.json_of('runs', folder)
        self.assertNotIn('\x1b', listed)
        self.assertEqual(len(self.json_of('runs', '--json', folder)), 2)


class Packed(Case):
    def pack(self, name, source='sg2_ada_p3.pkl'):
        """The fixture, packed as the name says; the path."""
        path, inner = self.path(name), fixture(source)
        openers = {'gz': gzip.open, 'bz2': bz2.open, 'xz': lzma.open}
        kind = name.rsplit('.', 1)[1]
        if name.endswith('.zip'):
            with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as z:
                z.writestr('notes/README.txt', 'weights')
                z.write(inner, 'run/network.pkl')
                z.writestr('__MACOSX/run/._network.pkl', b'\0\5\x16\7')  # as macOS packs
        elif '.tar' in name:
            with tarfile.open(path, 'w:' + ('' if kind == 'tar' else kind)) as t:
                t.add(inner, 'run/network.pkl')
        else:
            with openers[kind](path, 'wb') as f:
                f.write(read(inner))
        return path

    def test_one(self):
        expected = self.hash_of(fixture('sg2_ada_p3.pkl'))
        for name in ('n.pkl.gz', 'n.pkl.bz2', 'n.pkl.xz', 'n.zip', 'n.tar', 'n.tar.gz', 'n.tar.bz2', 'n.tar.xz'):
            self.assertEqual(self.hash_of(self.pack(name)), expected, name)
        kind = json.loads(self.run_ok('inspect', '--json', self.path('n.zip')))['kind']
        self.assertIn('run/network.pkl in a zip archive', kind)
        # PyTorch's own files are zip archives, compressed or not.
        self.assertEqual(self.hash_of(self.pack('n.pt.gz', 'sg2_rosinality_zip.pt')),
                         self.hash_of(fixture('sg2_rosinality_zip.pt')))
        self.assertEqual(self.hash_of(self.pack('n.safetensors.xz', 'sg2.safetensors')),
                         self.hash_of(fixture('sg2.safetensors')))
        # An archive of compressed files, and one within another.
        with zipfile.ZipFile(self.path('twice.zip'), 'w') as z:
            z.write(self.path('n.pkl.gz'), 'run/network.pkl.gz')
        self.assertEqual(self.hash_of(self.path('twice.zip')), expected)
        kind = json.loads(self.run_ok('inspect', '--json', self.path('twice.zip')))['kind']
        self.assertIn('gzip, run/network.pkl.gz in a zip archive', kind)
        self.assertEqual([n for n in os.listdir(tempfile.gettempdir()) if n.startswith('vitrine-unpack')], [])

    def test_refused(self):
        with zipfile.ZipFile(self.path('two.zip'), 'w') as z:
            z.write(fixture('sg2_ada_p3.pkl'), 'a.pkl')
            z.write(fixture('sg2_ada_p3.pkl'), 'b.pkl')
        self.run_bad('inspect', self.path('two.zip'), says=('2 models', 'a.pkl, b.pkl'))
        with zipfile.ZipFile(self.path('none.zip'), 'w') as z:
            z.writestr('00000/img.png', b'x')
        self.run_bad('inspect', self.path('none.zip'), says=('without a model', 'img.png'))
        with open(self.path('cut.pkl.gz'), 'wb') as f:
            f.write(read(self.pack('n.pkl.gz'))[:-4000])
        self.run_bad('inspect', self.path('cut.pkl.gz'), says=('cannot be unpacked',))
        for name, opener in (('bomb.pkl.gz', gzip.open), ('bomb.pkl.xz', lzma.open)):
            with opener(self.path(name), 'wb') as f:
                f.write(b'a' * (8 << 20))
            self.run_bad('inspect', self.path(name), says=('64 times its size',))
        # However often it is packed: what it unpacks to is measured by the file that was given.
        packed = gzip.compress(gzip.compress(b'a' * (8 << 20)))
        with open(self.path('bombs.pkl.gz'), 'wb') as f:
            f.write(packed)
        self.run_bad('inspect', self.path('bombs.pkl.gz'), says=('64 times its size',))
        inner = fixture('sg2_ada_p3.pkl')
        for depth in range(4):
            with zipfile.ZipFile(self.path(f'deep{depth}.zip'), 'w') as z:
                z.write(inner, 'n.pkl')
            inner = self.path(f'deep{depth}.zip')
        self.assertEqual(self.hash_of(self.path('deep2.zip')), self.hash_of(fixture('sg2_ada_p3.pkl')))
        self.run_bad('inspect', inner, says=('packed more than 3 times',))
        with gzip.open(self.path('inner.pkl.gz'), 'wb') as f:
            f.write(read(fixture('hostile/reduce_os_system.pkl')))
        self.run_bad('inspect', self.path('inner.pkl.gz'), says=('inner.pkl.gz', 'tries to run'))


class FoundByHash(Case):
    def test_beside(self):
        """Pictures name the weights and the file, not the folder; the model is found beside them, renamed or not."""
        os.mkdir(self.path('models'))
        shutil.copy(fixture('sg2_ada_p3.pkl'), self.path('models', 'face.pkl'))
        for command in (['generate', '--seeds=3'], ['mix', '--rows=0', '--cols=1']):
            self.run_ok(*command, '--network=models/face.pkl', '--outdir=out')
        picture = self.path('out', 'seed0003.png')
        for name in os.listdir(self.path('out')):
            if name.endswith('.png'):
                self.assertNotIn(b'models/', read(self.path('out', name)), name)
        self.run_bad('generate', '--recipe=' + picture, '--outdir=again', says=('face.pkl', '--network'))
        for name in ('face.pkl', 'another.pkl'):
            shutil.copy(fixture('sg2.safetensors'), self.path('out', 'other.safetensors'))  # not these weights
            shutil.copy(fixture('sg2_ada_p3.pkl'), self.path('out', name))
            self.run_ok('generate', '--recipe=' + picture, '--outdir=again-' + name)
            self.assertEqual(pixels(self.path('again-' + name, 'seed0003.png')), pixels(picture))
            os.remove(self.path('out', name))
        self.run_bad('generate', '--recipe=' + picture, '--outdir=again', says=('not beside it',))


class Warnings(Case):
    def test_discriminator(self):
        """Said by every command that opens the model, which runs all the same."""
        whole = self.path('whole.safetensors')
        self.run_ok('convert', fixture('sg2_ada_p3.pkl'), whole)
        data = read(whole)
        broken = self.path('broken.safetensors')
        with open(broken, 'wb') as f:
            f.write(data.replace(b'"D.b4.fc.bias"', b'"D.b4.fc.buzz"'))
        found = json.loads(self.run_ok('inspect', '--json', broken))
        self.assertIn('nothing can be scored', found['warnings'][0])
        self.assertFalse(found['architecture']['has_d'])
        self.assertIn('warning: ', self.run_ok('inspect', broken))
        code, _, err = self.vitrine('generate', '--network=' + broken, '--seeds=0', '--outdir=' + self.path('g'))
        self.assertEqual(code, 0)
        self.assertIn('D.b4.fc.b', err)
        self.run_bad('score', '--network=' + broken, self.path('g', 'seed0000.png'), says=('discriminator',))
        self.assertEqual(json.loads(self.run_ok('inspect', '--json', whole))['warnings'], [])


class Escapes(Case):
    def test_arguments(self):
        """What is no command, device or number is told as what it is."""
        for args in (['\x1b[31mred'], ['--device=\x1b[31mred', 'inspect', 'x'], ['--network-resolution=\x1b[31mred', 'inspect', 'x'],
                     ['generate', b'--set=\xff', '--network=x', '--outdir=x']):
            code, out, err = self.vitrine(*args)
            self.assertEqual((code, out), (2, ''), args)
            self.assertNotIn('\x1b', err)
            self.assertIn('--set=\\xff' if len(args) == 4 else '\\x1b[31mred', err)

    def test_names(self):
        """What a file calls its tensors and says about itself does nothing to a terminal."""
        evil = '\x1b]0;title\x07'
        header = json.dumps({'__metadata__': {'licence' + evil: evil + '\n'}, evil + 'b.weight': {
            'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}}).encode()
        with open(self.path('evil\x1b.safetensors'), 'wb') as f:
            f.write(len(header).to_bytes(8, 'little') + header + bytes(4))
        path = self.path('evil\x1b.safetensors')
        out = self.run_ok('inspect', path)
        self.assertEqual({c for c in out if ord(c) < 32 or ord(c) == 127}, {'\n'})
        self.assertIn('\\x1b]0;title\\x07b.weight', out)
        self.assertIn('licence\\x1b', out)
        _, _, err = self.vitrine('generate', '--network=' + path, '--seeds=0', '--outdir=' + self.path('g'))
        self.assertEqual({c for c in err if ord(c) < 32}, {'\n'})
        self.assertIn('evil\\x1b.safetensors', err)


class Desktop(unittest.TestCase):
    def test_types(self):
        """Pictures and folders can be opened with Vitrine from a file manager, too."""
        with open(os.path.join(ROOT, 'data', 'io.github.vitrine.Vitrine.desktop'), encoding='utf-8') as f:
            types = next(line for line in f if line.startswith('MimeType='))[9:].strip().split(';')
        for kind in ('application/x-safetensors', 'image/png', 'inode/directory'):
            self.assertIn(kind, types)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=1)
