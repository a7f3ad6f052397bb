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
