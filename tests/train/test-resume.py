"""Runs that go on, and runs that start from a model: what must fit, what is taken over, what is remembered.

usage: test-resume.py PROGRAM SOURCE_ROOT [TEST…]      standard library only
"""
import glob
import itertools
import json
import os
import re
import shutil
import signal
import struct
import sys
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
from support import (BUNDLED, ROOT, SMALL, Case, curves, make_folder, make_zip, parse_all, parse_safetensors, png,
                     read, snapshot_of, vitrine, write)

# Background jobs of a shell ignore SIGINT, and so would the trainings.
signal.signal(signal.SIGINT, signal.default_int_handler)


# ---- going on ------------------------------------------------------------------------------------

class Resume(Case):
    def setUp(self):
        super().setUp()
        self.data = make_folder(self.tmp + '/set')
        self.base = ['--data=' + self.data, *SMALL, '--kimg=0.04']

    def test_refusals(self):
        run = self.train(*self.base)
        before = {name: read(f'{run}/{name}') for name in os.listdir(run)}
        for option in ('--batch=8', '--gamma=3', '--cond=1', '--resolution=16', '--seed=1', '--mirror=1', '--lr=0.1'):
            name = 'lr-g' if option == '--lr=0.1' else option[2:].split('=')[0]
            self.refuse(2, '--resume=' + run, option, says=(f'--{name} ',))
        for option, said in (('--gamma=3', '--gamma is 0.0032 in'), ('--eps=1e-7', '--eps is 1e-08 in'), ('--beta2=0.9', 'is 0.99 in')):
            self.refuse(2, '--resume=' + run, option, says=(said,))  # numbers as people write them
        write(self.data + '/more.png', png(8, 8, 99))
        self.refuse(1, '--resume=' + run, '--kimg=1', says=('24 images', '25'))
        self.refuse(1, '--resume=' + self.tmp + '/nowhere', says=(self.tmp + '/nowhere',))
        self.refuse(1, '--resume=' + self.data, says=('training_options.json',))
        self.refuse(1, '--resume=' + self.data + '/more.png', '--outdir=' + self.tmp + '/out', *self.base, says=('more.png',))
        # What is said besides must not contradict the model (it was a shape that did not fit before).
        self.refuse(2, '--resume=' + BUNDLED, '--outdir=' + self.tmp + '/out', *self.base, says=(BUNDLED, '--z-dim is 8', ' 512'))
        self.refuse(2, '--resume=' + os.path.join(ROOT, 'tests', 'fixtures', 'sg2.safetensors'), '--outdir=' + self.tmp + '/out',
                    *self.base, says=('--mapping-layers is 2', ' 3'))
        self.refuse(1, '--resume=' + os.path.join(ROOT, 'tests', 'fixtures', 'simplerick_zip.pt'), '--outdir=' + self.tmp + '/out',
                    '--data=' + self.data, says=('StyleGAN2',))
        self.assertEqual({name: read(f'{run}/{name}') for name in os.listdir(run)}, before)
        self.assertFalse(os.path.exists(self.tmp + '/out'))

    def test_pipes(self):
        """What waits for ever when it is opened is refused, whichever of the run's files it is."""
        run = self.train(*self.base)
        for name in 'training_options.json', 'changes.jsonl', 'stats.jsonl', 'log.txt':
            path = f'{run}/{name}'
            before = read(path) if os.path.exists(path) else None
            if before is not None:
                os.remove(path)
            os.mkfifo(path)
            self.refuse(1, '--resume=' + run, '--kimg=1', says=(name, 'not a file but a pipe'))
            os.remove(path)
            if before is not None:
                write(path, before)

    def test_while_alive(self):
        outdir = self.new_outdir()
        p = self.start('--outdir=' + outdir, *self.base, '--kimg=1000')
        self.wait('a snapshot', lambda: glob.glob(outdir + '/0*/network-snapshot-*.safetensors'), p)
        run = self.run_dir(outdir)
        self.refuse(1, '--resume=' + run, says=(run, 'another training'))
        p.terminate()
        self.end(p)
        parse_all(run)
        # Two at once get two directories.
        both = [self.start('--outdir=' + outdir, *self.base) for _ in range(2)]
        for p in both:
            self.end(p)
        self.assertEqual(len({os.path.basename(path)[:5] for path in glob.glob(outdir + '/0*')}), 3)

    def test_without_snapshot(self):
        whole = self.train(*self.base)
        run = self.tmp + '/00000-run'
        os.mkdir(run)
        shutil.copy(whole + '/training_options.json', run)
        self.resume(run)
        self.assert_same(whole, run)
        self.assertIn('fakes_init.png', parse_all(run))

    def test_longer(self):
        """--kimg may change, and a finished run that is resumed changes nothing."""
        run = self.train(*self.base)
        before = read(run + '/network-snapshot-000000.safetensors')
        self.resume(run)
        self.assertEqual(read(run + '/network-snapshot-000000.safetensors'), before)
        self.resume(run, '--kimg=0.1')
        self.assert_same(self.train(*self.base, '--kimg=0.1'), run)

    def test_remembered(self):
        """What the resuming command line says is what the next plain resume goes on with."""
        run = self.train(*self.base)
        self.resume(run, '--kimg=0.06', '--metrics=swd', '--metric-images=8', '--keep=2', '--tick=0.01')
        self.assertEqual(json.loads(vitrine('runs', '--json', run)[1])[0]['total_kimg'], 0.06)
        changes = [json.loads(line) for line in read(run + '/changes.jsonl').splitlines()]
        self.assertEqual({(c['name'], c['from'], c['to'], c['nimg']) for c in changes},
                         {('kimg', 0.04, 0.06, 40), ('metrics', 'none', 'swd', 40), ('metric-images', 2048, 8, 40),
                          ('keep', 0, 2, 40), ('tick', 0.02, 0.01, 40)})
        self.resume(run)  # over at 0.06
        self.assertEqual(float(snapshot_of(run)[1]['kimg']), 0.06)
        options = json.loads(snapshot_of(run)[1]['train.options'])
        self.assertEqual((options['kimg'], options['metrics'], options['keep'], options['tick']), (0.06, 'swd', 2, 0.01))
        self.assertIn('Metrics/swd', curves(run)[-1])
        # Said again it is nothing new; a moved set is found from then on.
        self.resume(run, '--kimg=0.06')
        self.assertEqual(len(read(run + '/changes.jsonl').splitlines()), 5)
        os.rename(self.data, self.data + '-moved')
        self.refuse(1, '--resume=' + run, '--kimg=0.08', says=(self.data,))
        self.resume(run, '--kimg=0.08', '--data=' + self.data + '-moved')
        self.resume(run)
        self.assert_same(self.train('--data=' + self.data + '-moved', *SMALL, '--kimg=0.08', '--name=set', '--metric-images=8'), run)

    def test_rounds(self):
        """Rounds may become smaller or larger when a run is resumed; that is said and remembered."""
        run = self.train(*self.base, '--batch-gpu=2')
        self.resume(run, '--kimg=0.06', '--batch-gpu=4')
        self.assertIn('batch-gpu from 2 to 4', read(run + '/log.txt').decode())
        self.resume(run, '--kimg=0.08')
        self.assertEqual(json.loads(snapshot_of(run)[1]['train.options'])['batch-gpu'], 4)
        self.refuse(2, '--resume=' + run, '--kimg=0.1', '--batch-gpu=3', says=('mbstd-group',))

    def test_void_change(self):
        """A later change of what the command line now says does not come back."""
        run = self.train(*self.base)
        line = {'nimg': 60, 'name': 'kimg', 'from': 0.04, 'to': 0.5, 'timestamp': 1.0}
        write(run + '/changes.jsonl', json.dumps(line).encode() + b'\n')
        self.resume(run, '--kimg=0.08')
        self.resume(run)
        self.assertEqual(float(snapshot_of(run)[1]['kimg']), 0.08)

    def test_transfer(self):
        """A new run from a model's weights, on any set: it counts from 0 and adapts faster."""
        model = self.train(*self.base) + '/network-snapshot-000000.safetensors'
        other = '--data=' + make_folder(self.tmp + '/other', n=10)
        new = self.train(*self.base, other, '--resume=' + model, '--kimg=0.02', '--batch=2')
        meta = snapshot_of(new)[1]
        self.assertEqual((meta['train.nimg'], meta['train.iteration'], meta['train.images']), ('20', '10', '10'))
        options = parse_all(new)['training_options.json']
        self.assertEqual((options['ada-kimg'], options['ema-rampup'], options['resume']), (100, 0, model))
        # Small steps: near where it started.
        near = self.train(*self.base, other, '--resume=' + model, '--kimg=0.02', '--lr=1e-7')
        a, b = parse_safetensors(read(model))[0], snapshot_of(near)[0]
        for name in ('G.synthesis.b8.conv0.weight', 'D.b8.conv0.weight'):
            pairs = [*zip(struct.iter_unpack('<f', a[name]), struct.iter_unpack('<f', b[name]))]
            self.assertLess(max(abs(x - y) for (x,), (y,) in pairs), 1e-4)
        # Killed before its first snapshot it begins with the model again.
        again = self.tmp + '/00000-again'
        os.mkdir(again)
        shutil.copy(new + '/training_options.json', again)
        self.resume(again)
        self.assert_same(new, again)
        # Another shape.
        self.refuse(2, '--outdir=' + self.tmp + '/out', *self.base, '--resume=' + model, '--w-dim=16', says=(model, '--w-dim is 16'))


class FineTune(Case):
    """New runs from a model's weights, which need not fit."""
    REST = ('--batch=4', '--threads=1', '--metrics=none', '--tick=0.02', '--snap=1', '--kimg=0.004', '--lr=1e-9', '--aug=noaug')
    ARCHITECTURE = {'z-dim': 8, 'w-dim': 8, 'mapping-layers': 5, 'channel-base': 64, 'channel-max': 8, 'g-arch': 'orig',
                    'd-arch': 'skip', 'conv-clamp': 77, 'mbstd-channels': 2, 'mapping-lr-mul': 0.02}

    def setUp(self):
        super().setUp()
        self.data = '--data=' + make_folder(self.tmp + '/set')
        odd = [f'--{name}={value}' for name, value in self.ARCHITECTURE.items()]
        self.run = self.train(self.data, *SMALL, *odd, '--kimg=0.04')
        self.model = self.run + '/network-snapshot-000000.safetensors'

    def tune(self, *args, model=None):
        return self.train(self.data, *self.REST, '--resume=' + (model or self.model), *args)

    def table(self, text):
        """{part: (copied, new, left)} of what is said about the weights; the discriminator's parts behind "D."."""
        lines = text[text.index('Weights:       tensors'):].splitlines()[1:]
        rows = itertools.takewhile(bool, (re.fullmatch(r' {15} *(\S+) +(\d+) +(\d+) +(\d+)', line) for line in lines))
        found = {}
        for row in rows:
            name = 'D.' + row[1] if 'discriminator' in found else row[1]
            found[name] = tuple(map(int, row.groups()[1:]))
        return found

    def said(self, run):
        return self.table(read(run + '/log.txt').decode())

    def near(self, a, b, name):
        pairs = [*zip(struct.iter_unpack('<f', a[name]), struct.iter_unpack('<f', b[name]), strict=True)]
        return max(abs(x - y) for (x,), (y,) in pairs) < 1e-4

    def test_architecture(self):
        """Of the model, whatever the preset says; nothing of it is dropped."""
        new = self.tune()
        options = parse_all(new)['training_options.json']
        self.assertEqual({name: options[name] for name in self.ARCHITECTURE}, self.ARCHITECTURE)
        a, b = parse_safetensors(read(self.model))[0], snapshot_of(new)[0]
        self.assertEqual(sorted(a), sorted(b))
        for name in a:
            if not name.startswith('train.') and not name.endswith('w_avg'):  # which follows whatever is drawn
                self.assertTrue(self.near(a, b, name), name)
        found = self.said(new)
        self.assertEqual(sorted(found), ['discriminator', 'generator'])
        self.assertEqual([row[1:] for row in found.values()], [(0, 0)] * 2)
        # Said again it is no contradiction; said otherwise it is.
        self.tune('--mapping-layers=5', '--conv-clamp=77.0', '--cfg=stylegan2', '--mbstd-group=4', '--batch=4')
        for name, value in (('mapping-layers', 2), ('g-arch', 'skip'), ('d-arch', 'resnet'), ('conv-clamp', -1), ('z-dim', 16),
                            ('w-dim', 4), ('channel-base', 32), ('channel-max', 4), ('mbstd-channels', 1), ('mapping-lr-mul', 0.01)):
            for more in ([], ['--dry-run']):
                self.refuse(2, self.data, '--outdir=' + self.tmp + '/no', *self.REST, '--resume=' + self.model, f'--{name}={value}',
                            *more, says=(f'--{name} is {value}', f'{self.ARCHITECTURE[name]}', self.model))
        self.assertFalse(os.path.exists(self.tmp + '/no'))

    def test_sizes(self):
        a = parse_safetensors(read(self.model))[0]
        for size, new, left in ((32, ['b32', 'b16'], []), (16, ['b16'], [])):
            run = self.tune(f'--resolution={size}')
            b, said = snapshot_of(run)[0], self.said(run)
            self.assertEqual(said['generator'][2], 4)  # toRGB of the last block, which orig has there alone
            for r in new:
                self.assertEqual((said[f'synthesis.{r}'][0], said['D.' + r][0]), (0, 0))
            for name in ('G.synthesis.b8.conv0.weight', 'G.mapping.fc0.weight', 'G_ema.synthesis.b4.const', 'D.b8.conv0.weight'):
                self.assertTrue(self.near(a, b, name), name)

    def test_colours_and_classes(self):
        grey = self.tune('--channels=1')
        self.assertEqual(self.said(grey)['generator'][1:], (2, 2))
        self.assertEqual(snapshot_of(grey)[1]['img_channels'], '1')
        labels = '--data=' + make_zip(self.tmp + '/set.zip')
        three = self.train(labels, *self.REST, '--resume=' + self.model, '--cond=1')
        said = self.said(three)
        self.assertEqual((said['mapping'][2], snapshot_of(three)[1]['c_dim']), (1, '3'))
        model = three + '/network-snapshot-000000.safetensors'
        # From there: as it is, with other classes, and without.
        self.assertEqual(sorted(self.said(self.train(labels, *self.REST, '--resume=' + model))), ['discriminator', 'generator'])
        five = self.train('--data=' + make_zip(self.tmp + '/five.zip', classes=5), *self.REST, '--resume=' + model)
        self.assertEqual((self.said(five)['generator'][1:], snapshot_of(five)[1]['c_dim']), ((1, 1), '5'))
        # A run that goes on keeps its classes: the set that has others is named.
        for other, said in ((self.tmp + '/five.zip', 'has 5 classes, but the run that is resumed has 3'),
                            (self.data.split('=')[1], 'expected labels')):
            self.refuse(2 if '5' in said else 1, '--resume=' + three, '--data=' + other, '--kimg=1', says=(other, said))
        none = self.tune(model=model)
        self.assertEqual(snapshot_of(none)[1]['c_dim'], '0')
        self.assertGreater(self.said(none)['generator'][2], 0)
        self.refuse(1, self.data, '--outdir=' + self.tmp + '/no', *self.REST, '--resume=' + model, '--cond=1', says=('labels',))

    def test_generator_alone(self):
        model = os.path.join(ROOT, 'tests', 'fixtures', 'sg2.safetensors')
        said = self.said(self.tune(model=model))
        self.assertEqual((said['generator'][1:], said['discriminator'][0], said['discriminator'][2]), ((0, 0), 0, 0))

    def test_bundled(self):
        code, out, err = vitrine('train', self.data, '--outdir=' + self.tmp + '/no', '--resume=' + BUNDLED, '--batch=4', '--dry-run')
        self.assertEqual((code, err), (0, ''))
        self.assertEqual([row[1:] for row in self.table(out).values()], [(0, 0)] * 2)
        options = json.JSONDecoder().raw_decode(out)[0]
        self.assertEqual((options['resolution'], options['channel-base'], options['channel-max']), (64, 2048, 128))

    def test_pickle_and_folder(self):
        """NVlabs' file, and the folder of their run."""
        fixture = os.path.join(ROOT, 'tests', 'fixtures', 'sg2_ada_p4.pkl')
        folder = self.tmp + '/00012-theirs'
        os.mkdir(folder)
        self.refuse(1, self.data, '--outdir=' + self.tmp + '/no', '--resume=' + folder, says=('training_options.json',))
        write(folder + '/network-snapshot-000200.pkl', read(fixture))
        write(folder + '/network-snapshot-001000.pkl', read(fixture))
        write(folder + '/training_options.json', b'{"num_gpus": 1, "training_set_kwargs": {"path": "x.zip"}}')
        run = self.train(self.data, *self.REST, '--resume=' + folder)
        options = parse_all(run)['training_options.json']
        self.assertEqual((options['resume'], options['mapping-layers'], options['resolution']),
                         (folder + '/network-snapshot-001000.pkl', 3, 16))
        self.assertEqual([row[1:] for row in self.said(run).values()], [(0, 0)] * 2)
        os.remove(folder + '/training_options.json')
        self.train(self.data, *self.REST, '--resume=' + folder)

    def test_latest(self):
        outdir = os.path.dirname(self.run)
        os.mkdir(outdir + '/00900-no-run')
        code, out, err = vitrine('train', '--resume=latest', '--outdir=' + outdir, '--kimg=0.06')
        self.assertEqual((code, err), (0, ''))
        self.assertEqual(snapshot_of(self.run)[1]['kimg'], '0.059999999999999998')
        self.refuse(2, '--resume=latest', says=('--outdir',))
        self.refuse(1, '--resume=latest', '--outdir=' + self.tmp + '/set', says=('none',))

    def test_surplus(self):
        """A snapshot with a tensor more than its options describe is not gone on with."""
        data = read(self.model)
        n, = struct.unpack('<Q', data[:8])
        head = json.loads(data[8:8 + n])
        options = json.loads(head['__metadata__']['train.options'])
        options['mapping-layers'] = 4
        write(self.run + '/training_options.json', json.dumps(options).encode())
        self.refuse(1, '--resume=' + self.run, '--kimg=0.06', says=(self.model, 'mapping'))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
