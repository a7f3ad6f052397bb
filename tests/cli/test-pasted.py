"""Command lines of other trainers, pasted: understood, passed over with a word, or asked about.

usage: test-pasted.py PROGRAM SOURCE_ROOT      standard library only
"""
import glob
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = os.path.abspath(sys.argv[1])
SMALL = ('--resolution=8', '--batch=4', '--mbstd-group=2', '--z-dim=8', '--w-dim=8', '--threads=1', '--metrics=none', '--kimg=0.02',
         '--tick=0.01', '--snap=1', '--tick-seconds=0', '--snap-minutes=0')


def png(size, seed):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\0' + bytes((seed * 37 + 11 * x * y + c) % 256 for x in range(size) for c in range(3)) for y in range(size))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', size, size, 8, 2, 0, 0, 0)) + \
        chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


class Pasted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.tmp = cls.folder.name
        os.mkdir(cls.tmp + '/set')
        for i in range(12):
            with open(f'{cls.tmp}/set/{i:02}.png', 'wb') as f:
                f.write(png(8, i))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def vitrine(self, *args):
        p = subprocess.run([PROGRAM, 'train', f'--data={self.tmp}/set', f'--outdir={self.tmp}/out', *SMALL, *args],
                           capture_output=True, text=True, timeout=120)
        return p.returncode, p.stdout, p.stderr

    def options(self, *args, says=''):
        """What the options become; the trial ends before anything is written."""
        code, out, err = self.vitrine('--channel-base=64', '--channel-max=8', '--mapping-layers=2', *args, '-n')
        self.assertEqual(code, 0, err)
        self.assertIn(says, err)
        if not says:
            self.assertEqual(err, '')
        return json.JSONDecoder().raw_decode(out)[0]

    def refused(self, *args, says, code=2):
        found, out, err = self.vitrine(*args)
        self.assertEqual((found, err.count('\n')), (code, 1), (args, err))
        for text in says:
            self.assertIn(text, err)

    def test_names(self):
        o = self.options('--glr=0.001', '--dlr', '0.003', '--cbase=128', '--cmax', '4', '--map-depth=3', '--gpus=1', '--desc=try',
                         '--fp32=1', '--mirrory=1', '--resume=noresume')
        self.assertEqual((o['lr-g'], o['lr-d'], o['channel-base'], o['channel-max'], o['mapping-layers'], o['desc'], o['precision'],
                          o['mirror-y'], o['resume']), (0.001, 0.003, 128, 4, 3, 'try', 'fp32', True, None))
        self.refused('--allow-tf32=1', '--device=cpu', says=('precision tf32',), code=1)  # understood, and not had by a CPU
        self.assertEqual(self.options('--allow-tf32', 'false')['precision'], 'fp32')
        for name in ('nobench', 'nhwc', 'img-snap'):
            self.options(f'--{name}=1', says=f'--{name} passed over')
            self.options(f'--{name}', 'true', says=f'--{name} passed over')

    def test_widths(self):
        """Without --cfg a processor gets widths that it can train, and is told so and how to ask for others."""
        code, out, err = self.vitrine('--device=cpu', '-n')
        self.assertEqual((code, err), (0, ''))
        o, said = json.JSONDecoder().raw_decode(out)
        self.assertEqual((o['cfg'], o['channel-base'], o['channel-max']), ('narrow', 256, 128))
        self.assertRegex(out[said:], r'Preset: +narrow.*--cfg=auto')
        for args in (('--cfg=narrow',), ('--cfg=auto', '--channel-base=64'), ('--channel-base=64', '--channel-max=8')):
            code, out, err = self.vitrine('--device=cpu', *args, '-n')
            self.assertEqual((code, err), (0, ''))
            self.assertNotIn('Preset:', out)

    def test_questions(self):
        self.refused('--gama=3', says=('no option --gama', '--gamma'))
        self.refused('--batchsize=3', says=('no option --batchsize',))
        self.refused('--kmig=3', says=('did you mean --kimg?',))
        self.refused('--mirrror=1', says=('did you mean --mirror?',))
        self.refused('--dryrun', says=('did you mean --dry-run?',))
        self.refused('--xyzzy-plugh=1', says=('no option --xyzzy-plugh',))
        self.refused('--label-dim=3', says=('no option --label-dim',))
        self.refused('--gpus=8', says=('mpirun -n 8',))
        self.refused('--resolution=64x32', says=('draw squares', 'center-crop-wide'))
        self.assertEqual(self.options('--resolution=8x8')['resolution'], 8)
        self.refused('--cfg=stylegan3-t', says=('StyleGAN3', '--cfg=stylegan2'))
        self.refused('--resume=ffhq256', says=('nothing is downloaded',))
        self.refused('--resume=https://example.org/x.pkl', says=('nothing is downloaded',))
        self.refused('--metrics=fid50k_full', says=('Inception',))
        self.refused('--metrics=kid50k_full,swd', says=('Inception',))

    def test_contradictions(self):
        for aug, name, value in (('noaug', 'p', '0.2'), ('noaug', 'target', '0.6'), ('fixed', 'target', '0.6'), ('noaug', 'augpipe', 'bgc'),
                                 ('fixed', 'ada-kimg', '100'), ('noaug', 'ada-interval', '4')):
            self.refused(f'--aug={aug}', f'--{name}={value}', *(['--p=0.1'] if aug == 'fixed' else []),
                         says=(f'--{name}={value} has no effect with --aug={aug}',))
        self.assertEqual(self.options('--aug=fixed', '--p=0.2', '--augpipe=blit')['p'], 0.2)
        self.assertEqual(self.options('--p=0.2', '--target=0.5')['aug'], 'ada')

    def tensors(self, run):
        with open(run + '/network-snapshot-000000.safetensors', 'rb') as f:
            n, = struct.unpack('<Q', f.read(8))
            head, data = json.loads(f.read(n)), f.read()
        head.pop('__metadata__')
        return {name: data[slice(*t['data_offsets'])] for name, t in head.items()}

    def train(self, *args):
        code, out, err = self.vitrine('--channel-base=64', '--channel-max=8', '--mapping-layers=2', *args)
        self.assertEqual((code, err), (0, ''))
        return max(glob.glob(self.tmp + '/out/0*')), out

    def test_what_they_do(self):
        """freezed: the layers nearest to the picture keep their weights; subset, desc; mirror-y changes what is seen."""
        plain, _ = self.train()
        frozen, _ = self.train('--freezed=2', '--desc=fr/ozen')
        self.assertTrue(frozen.endswith('-fr_ozen'), frozen)
        start, _ = self.train('--lr=0')
        a, b, zero = self.tensors(plain), self.tensors(frozen), self.tensors(start)
        first = [name for name in a if name.startswith(('D.b8.fromrgb', 'D.b8.conv0'))]
        self.assertEqual(len(first), 4)
        for name in (name for name in a if name.startswith('D.')):
            self.assertNotEqual(a[name], zero[name], name)
            (self.assertEqual if name in first else self.assertNotEqual)(b[name], zero[name], name)
        few, out = self.train('--subset=5')
        self.assertIn(': 5 images', out)
        drawn, out = self.train('--subset=5', '--subset-seed=3')
        self.assertIn(': 5 images', out)
        self.assertNotEqual(self.tensors(few)['D.b4.out.weight'], self.tensors(drawn)['D.b4.out.weight'])
        self.assertNotEqual(self.tensors(self.train('--mirror-y=1')[0])['G.synthesis.b8.conv1.weight'], a['G.synthesis.b8.conv1.weight'])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
