"""convert --to=onnx: one network as a graph that other programs run.

usage: test-onnx.py PROGRAM SOURCE_ROOT [--record]

Where onnxruntime, onnx and NumPy are, each graph is run and its pictures, w and logits are compared with the program's own. Where
they are not, the graphs are compared with those that were run so: tests/cli/onnx/graphs.json has their SHA-256, written with --record,
which refuses to without onnxruntime.
"""
import glob
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest

RECORD = '--record' in sys.argv
PROGRAM, ROOT = sys.argv[1:3]
del sys.argv[1:]
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')
OURS = os.path.join(ROOT, 'tests', 'cli', 'onnx')  # two networks of 16×16 after four steps of training, and hashes
HASHES = os.path.join(OURS, 'graphs.json')
try:
    import numpy
    import onnx
    import onnx.checker
    import onnxruntime
    onnxruntime.set_default_logger_severity(3)
except ImportError:
    onnxruntime = None
# All families, every kind of layer: two architectures of StyleGAN2, tall pictures, four channels, classes, unfinished and fused
# progressive networks, Fourier features, radial filters.
MODELS = ['sg2.safetensors', 'sg2_rosinality_zip.pt', 'sg2_tall.pt', 'sg2_wide_rgba.pt', 'orig.safetensors',
          'resnet.safetensors', 'sg1_cond32.pkl', 'sg1_fusedT32.pkl', 'sg1_lod035_128.pkl', 'sg1_genforce_lod.pth',
          'sg1_rosinality.pt', 'sg3_c32.pkl', 'sg3_n64.pkl', 'sg3_r64.pkl', 'simplerick_zip.pt']
PARTS = 'picture', 'synthesis', 'mapping', 'discriminator'
# Of the range. StyleGAN3: its sines magnify what float rounds, and the program's own pictures of sg3_n64 are 1.3e-5 from those in double.
TOLERANCE = {'sg3': 3e-5}


def fields(data):
    """(number, value) of each field of a message of Protocol Buffers: ints, and bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        n = 4 if key & 7 == 5 else varint()
        yield key >> 3, data[at:at + n]
        at += n


def part_of(message, number):
    return [value for key, value in fields(message) if key == number]


def shape_of(value_info):
    """(name, sizes): whole numbers, and names."""
    shape = part_of(part_of(part_of(value_info, 2)[0], 1)[0], 2)[0]
    sizes = [part_of(dim, 1)[0] if part_of(dim, 1) else part_of(dim, 2)[0].decode() for dim in part_of(shape, 1)]
    return part_of(value_info, 1)[0].decode(), sizes


class Onnx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.recorded = {}
        with open(HASHES) as f:
            cls.hashes = json.load(f)

    @classmethod
    def tearDownClass(cls):
        if RECORD and onnxruntime and cls.recorded:
            with open(HASHES, 'w') as f:
                json.dump(cls.recorded, f, indent=1, sort_keys=True)
                f.write('\n')

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tmp = folder.name

    def run_ok(self, *args):
        p = self.run_program(*args)
        self.assertEqual(p.returncode, 0, (args, p.stderr))
        return p

    def run_program(self, *args):
        return subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60, env=dict(os.environ, OMP_NUM_THREADS='1'))

    def export(self, model, part, *args):
        """The file, and the options of noise that it needed."""
        out, noise = f'{self.tmp}/{part}.onnx', []
        command = ['convert', model, out, '--part=' + part, *args]
        p = self.run_program(*command)
        if 'stores no noise' in p.stderr:
            noise = ['--noise-mode=none']
            p = self.run_program(*command, '--noise=none')
        if part == 'discriminator' and 'no discriminator' in p.stderr:
            return None, noise
        self.assertEqual(p.returncode, 0, p.stderr)
        return out, noise

    def check_graph(self, path, key):
        """What every reader of ONNX asks of a graph: each value is there before it is used, and once."""
        with open(path, 'rb') as f:
            model = f.read()
        self.assertEqual(part_of(model, 1), [8])
        self.assertEqual([part_of(o, 2) for o in part_of(model, 8)], [[17]])
        graph, = part_of(model, 7)
        known = {part_of(t, 8)[0] for t in part_of(graph, 5)} | {part_of(i, 1)[0] for i in part_of(graph, 11)}
        for node in part_of(graph, 1):
            for name in part_of(node, 1):
                self.assertIn(name, known, key)
            output, = part_of(node, 2)
            self.assertNotIn(output, known, key)
            known.add(output)
        for output in part_of(graph, 12):
            self.assertIn(part_of(output, 1)[0], known)
        digest = hashlib.sha256(graph).hexdigest()
        self.recorded[key] = digest
        if not RECORD:
            self.assertEqual(digest, self.hashes.get(key), f'{key}: another graph than the one that was compared with pictures; '
                             'python3 tests/cli/test-onnx.py PROGRAM SOURCE_ROOT --record compares it, with onnxruntime')
        return graph

    def session(self, path):
        onnx.checker.check_model(onnx.load(path), full_check=True)
        return onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])

    def near(self, found, expected, what):
        self.assertEqual(found.shape, expected.shape, what)
        error = abs(found - expected).max() / max(numpy.ptp(expected), 1e-6)
        self.assertLess(error, TOLERANCE.get(what[0][:3], 1e-5), what)

    def compare(self, model, name, paths, noise):
        sessions = {part: self.session(path) for part, path in paths.items() if path}
        sizes = {i.name: i.shape for i in sessions['picture'].get_inputs()}
        classes = sizes.get('label', [0, 0])[1]
        feeds = {}
        if 'z' in sizes:
            feeds['z'] = numpy.concatenate([numpy.random.RandomState(seed).randn(1, sizes['z'][1]) for seed in range(4)])
        feeds = {key: value.astype(numpy.float32) for key, value in feeds.items()}
        label = numpy.eye(classes, dtype=numpy.float32)[[1] * 4] if classes else None
        if classes:
            feeds['label'] = label
        args = ['--network=' + model, '--seeds=0-3', *noise, *(['--class=1'] if classes else [])]
        for psi in ('1', '0.5') if 'psi' in sizes else ('1',):
            out = f'{self.tmp}/{psi}'
            self.run_ok('generate', *args, '--trunc=' + psi, '--npy', '--save-latent=w', '--outdir=' + out)
            pictures = numpy.stack([numpy.load(path) for path in sorted(glob.glob(out + '/seed*.npy'))])
            ws = numpy.concatenate([numpy.load(path)['w'] for path in sorted(glob.glob(out + '/seed*-w.npz'))]).astype('float32')
            more = {'psi': numpy.float32(psi)} if 'psi' in sizes else {}
            self.near(sessions['picture'].run(['picture'], {**feeds, **more})[0], pictures, (name, 'picture', psi))
            self.near(sessions['synthesis'].run(['picture'], {'ws': ws})[0], pictures, (name, 'synthesis', psi))
            if psi == '1':
                self.near(sessions['mapping'].run(['w'], feeds)[0], ws[:, 0], (name, 'mapping'))
                self.compare_logits(sessions.get('discriminator'), model, out, pictures, label, name)

    def compare_logits(self, session, model, out, pictures, label, name):
        """Alone and together."""
        if not session:
            return
        for batch in 1, 4:
            p = self.run_ok('score', '--network=' + model, f'--batch={batch}', '--json', *(['--class=1'] if label is not None else []),
                            *sorted(glob.glob(out + '/seed*.npy')))
            expected = numpy.array([s['logit'] for s in json.loads(p.stdout)['scores']])
            found = []
            for i in range(0, 4, batch):
                feeds = {'picture': pictures[i:i + batch]}
                if label is not None:
                    feeds['label'] = label[i:i + batch]
                found.append(session.run(['logit'], feeds)[0][:, 0])
            found = numpy.concatenate(found)
            self.assertLess(abs(found - expected).max(), 1e-4 * max(1, abs(expected).max()), (name, batch, found, expected))

    def test_graphs(self):
        if RECORD and not onnxruntime:
            self.fail('--record wants onnxruntime')
        for name in MODELS:
            with self.subTest(model=name):
                model, paths, noise = os.path.join(FIXTURES if name[0] == 's' else OURS, name), {}, []
                for part in PARTS:
                    paths[part], silent = self.export(model, part)
                    noise = noise or silent
                    if paths[part]:
                        self.check_graph(paths[part], f'{name} {part}')
                if onnxruntime:
                    self.compare(model, name, paths, noise)

    def test_ends(self):
        graph = self.check_graph(self.export(os.path.join(FIXTURES, 'sg2.safetensors'), 'picture', '--noise=input')[0],
                                 'sg2.safetensors picture noise')
        inputs = dict(shape_of(i) for i in part_of(graph, 11))
        self.assertEqual(inputs['z'][0], 'N')
        self.assertEqual(inputs['psi'], [])
        self.assertEqual(inputs['noise.b8.conv0'], ['N', 1, 8, 8])
        self.assertEqual([shape_of(o) for o in part_of(graph, 12)], [('picture', ['N', 3, 16, 16])])

    def test_half(self):
        """Half as large, and nearly the same picture."""
        model = os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')
        whole = self.export(model, 'picture')[0]
        size = os.path.getsize(whole)
        if onnxruntime:
            z = {'z': numpy.random.RandomState(0).randn(1, 512).astype(numpy.float32)}
            expected = self.session(whole).run(['picture'], z)[0]
        half = self.export(model, 'picture', '--dtype=float16')[0]
        self.assertLess(os.path.getsize(half), 0.52 * size)
        if onnxruntime:
            self.assertLess(abs(self.session(half).run(['picture'], z)[0] - expected).max(), 0.05)

    def test_refused(self):
        model = os.path.join(FIXTURES, 'sg2.safetensors')
        for args, word in ((['x.safetensors', '--to=onnx'], '.onnx'), (['x.pt', '--part=mapping'], '--part'),
                           (['x.onnx', '--part=head'], 'one of'), (['x.onnx', '--noise=loud'], 'one of')):
            p = self.run_program('convert', model, f'{self.tmp}/{args[0]}', *args[1:])
            self.assertNotEqual(p.returncode, 0, args)
            self.assertIn(word, p.stderr, args)
            self.assertEqual(os.listdir(self.tmp), [], args)


if __name__ == '__main__':
    if not onnxruntime:
        print('onnxruntime is not here: graphs are compared with those that ran', file=sys.stderr)
    unittest.main(verbosity=2)
