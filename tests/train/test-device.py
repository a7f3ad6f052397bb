"""Trainings on a CUDA device: what it is called and holds, and what is left when it has no room or stops working. The
device is a pretended one (tests/cuda-on-host), which fails when this test makes a file."""
import glob
import os
import re
import sys

if not os.environ.get('VITRINE_CUDA_MODULE'):
    print('skipped: there is no pretended CUDA device in this build (g++ was not found)')
    sys.exit(77)

from support import *

NAME = 'a device pretended on the CPU'
# An iteration is a tick and takes a third of a second here.
TICKS = ('--tick=0.004', '--snap=1000', '--kimg=0.4', '--device=cuda')


class Device(Case):
    def setUp(self):
        super().setUp()
        self.data = make_zip(self.tmp + '/set.zip')
        self.full, self.lost = self.tmp + '/full', self.tmp + '/lost'
        self.env = {**os.environ, 'VITRINE_ON_HOST_FULL': self.full, 'VITRINE_ON_HOST_LOST': self.lost}

    def start_run(self, *args):
        """(process, run directory) once the first tick is over."""
        outdir = self.new_outdir()
        p = self.start('--data=' + self.data, '--outdir=' + outdir, *SMALL, *TICKS, *args, env=self.env)
        run = self.wait('a run', lambda: self.run_dir(outdir), p)
        self.wait('a tick', lambda: 'tick 0' in self.log(run), p)
        return p, run

    def log(self, run):
        path = run + '/log.txt'
        return read(path).decode() if os.path.exists(path) else ''

    def goes_on(self, run):
        """From what was left, on the CPU."""
        kimg = float(snapshot_of(run)[1]['kimg'])
        self.resume(run, '--device=cpu', f'--kimg={kimg + 0.008}')
        self.assertAlmostEqual(float(snapshot_of(run)[1]['kimg']), kimg + 0.008)
        parse_all(run)

    def test_shown(self):
        """Name and memory before it starts, in each tick and in the statistics."""
        run = self.train('--data=' + self.data, *SMALL, *TICKS, '--kimg=0.012', '--snap=2')
        log = self.log(run)
        self.assertRegex(log, fr'(?m)^Device: +cuda:0, {NAME}, 8\.0 GiB$')
        self.assertRegex(log, r'(?m)^Memory: +about \d+ MiB of 8\.0 GiB free on the GPU$')
        self.assertEqual(len(re.findall(r'(?m)^tick .* cpumem [\d.]+ +gpumem [\d.]+ +augment ', log)), 3)
        tensors, _ = snapshot_of(run)
        learnt = sum(len(t) for t in tensors.values())  # the state is on the device
        for line in parse_lines(read(run + '/stats.jsonl')):
            peak, reserved = (line['Resources/' + tag]['mean'] * 2**30 for tag in ('peak_gpu_mem_gb', 'peak_gpu_mem_reserved_gb'))
            self.assertTrue(learnt < peak <= reserved < 64 << 20, (learnt, peak, reserved))
        code, out, err = vitrine('train', '--data=' + self.data, *SMALL, *TICKS, '--dry-run')
        self.assertRegex(out, f'(?m)^Device: +cuda:0, {NAME}')
        run = self.train('--data=' + self.data, *SMALL, *TICKS, '--kimg=0.004', '--device=cpu')
        self.assertRegex(self.log(run), r'(?m)^Device: +CPU, 1 thread$')
        self.assertNotIn('gpumem', self.log(run))
        self.assertNotIn('gpu', read(run + '/stats.jsonl').decode())

    def test_refused(self):
        """What cannot fit on the device is refused before there is a run, with what would."""
        outdir = self.new_outdir()
        at = ('--data=' + self.data, '--outdir=' + outdir, *SMALL, '--device=cuda', '--batch=4096', '--resolution=64')
        err = self.refuse(1, *at, says=('GPU memory', 'cuda:0', NAME, '--batch'), env={**self.env, 'VITRINE_ON_HOST_MIB': '40'})
        batch = int(re.search(r'a batch of (\d+)', err)[1])
        self.assertTrue(2 <= batch < 4096 and batch % 2 == 0, err)
        self.refuse(1, *at, '--channel-base=16384', '--channel-max=512', says=('networks', 'not enough GPU memory'), env={**self.env, 'VITRINE_ON_HOST_MIB': '9'})
        self.assertEqual(self.run_dir(outdir), None)
        self.assertEqual(vitrine('train', *at, f'--batch={batch}', '--device=cpu', '--dry-run')[0], 0)

    def test_driver(self):
        """A device that was named is used or refused; automatic is the CPU then."""
        old = {**self.env, 'VITRINE_ON_HOST_FAILS': '35'}
        at = ('--data=' + self.data, *SMALL, '--dry-run')
        self.refuse(1, *at, '--device=cuda', says=('too old', 'CUDA 11.4'), env=old)
        self.refuse(1, *at, '--device=cuda', says=('finds no device',), env={**old, 'VITRINE_ON_HOST_FAILS': '100'})
        code, out, err = vitrine('train', *at, '--device=auto', env=old)
        self.assertEqual((code, err), (0, ''))
        self.assertRegex(out, '(?m)^Device: +CPU')
        # The other commands, and the window itself before there is a display.
        for args in (['--device=cuda'], ['--device=cuda:0', BUNDLED], ['inspect', BUNDLED, '--device=cuda'],
                     ['generate', '--network=' + BUNDLED, '--seeds=0', '--outdir=' + self.tmp + '/out', '--device=cuda']):
            code, out, err = vitrine(*args, env={k: v for k, v in old.items() if k not in ('DISPLAY', 'WAYLAND_DISPLAY')})
            self.assertEqual((code, out, err.count('\n')), (1, '', 1), args)
            self.assertIn('too old', err)

    def test_full(self):
        """Others take the memory, and the augmentation begins to need some: what has been learnt is saved."""
        p, run = self.start_run('--aug=ada', '--target=0', '--ada-interval=16', '--ada-kimg=0.01')
        write(self.full, b'')
        err = self.end(p, 1)
        os.remove(self.full)
        self.assertIn('not enough GPU memory', err)
        name = re.search(r'ended at ([\d.]+) kimg, saved as (\S+):', err)
        self.assertEqual(os.path.dirname(name[2]), run)
        self.assertIn('Failed: ' + err[len('vitrine train: '):], self.log(run))
        parse_all(run)
        self.assertEqual(float(snapshot_of(run)[1]['kimg']), float(name[1]))
        self.goes_on(run)

    def test_lost(self):
        """The device stops working: the newest snapshot is named, and is whole."""
        p, run = self.start_run('--snap=1')
        self.wait('a snapshot', lambda: glob.glob(run + '/network-snapshot-*.safetensors'), p)
        write(self.lost, b'')
        err = self.end(p, 1)
        self.assertIn('the CUDA device failed', err)
        name = re.search(r'the newest snapshot is (\S+):', err)[1]
        self.assertEqual(os.path.dirname(name), run)
        tensors, meta = parse_safetensors(read(name))
        self.assertTrue(any(any(t) for t in tensors.values()))
        self.goes_on(run)

    def test_lost_early(self):
        """…before there is one: none is made of what cannot be read."""
        p, run = self.start_run()
        write(self.lost, b'')
        err = self.end(p, 1)
        self.assertIn('before its first snapshot', err)
        self.assertEqual(glob.glob(run + '/network-snapshot-*'), [])
        parse_all(run)

    def test_lost_at_the_end(self):
        """The last snapshot cannot be made any more: no waiting for better times."""
        p, run = self.start_run()
        begun = time.monotonic()
        tell(run, 'pause')
        write(self.lost, b'')
        tell(run, 'stop')
        err = self.end(p, 1)
        self.assertLess(time.monotonic() - begun, 30)
        self.assertIn('before its first snapshot', err)
        self.assertEqual(glob.glob(run + '/network-snapshot-*'), [])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
