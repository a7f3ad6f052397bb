"""Lines and snapshots by time, statistics over a kill, and a data set that is gone for a while.

usage: test-clock.py PROGRAM SOURCE_ROOT [TEST…]      standard library only
"""
import glob
import json
import os
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
from support import (EVERYTHING, SMALL, Begun, Case, curves, make_folder, read, snapshot_of, tell, vitrine, write)

# Background jobs of a shell ignore SIGINT, and so would the trainings.
signal.signal(signal.SIGINT, signal.default_int_handler)


# ---- a data set that is gone for a while ---------------------------------------------------------

class Away(Begun):
    def leave(self, *args, kimg=1000):
        """(process, run, folder) of a training whose pictures have just gone."""
        self.folder_name = make_folder(self.tmp + '/set')
        p, run = self.begin('--data=' + self.folder_name, *EVERYTHING, *args, kimg=kimg)
        self.wait('a tick', lambda: read(run + '/stats.jsonl'), p)
        os.rename(self.folder_name, self.tmp + '/away')
        self.wait('it to wait', lambda: b'Waiting for the data set' in read(run + '/log.txt'), p)
        return p, run

    def test_comes_back(self):
        p, run = self.leave('--snap=1000', kimg=1.2)
        self.assertIn(self.folder_name, self.control(run, 'status')['waiting'])
        snapshot_of(run)  # at once: nobody knows whether it comes back
        time.sleep(0.5)
        os.mkdir(self.folder_name)  # an empty place where the stick was
        time.sleep(0.5)
        os.rmdir(self.folder_name)
        os.rename(self.tmp + '/away', self.folder_name)
        self.end(p)
        log = read(run + '/log.txt').decode()
        self.assertIn('The data set is there again', log)
        self.assertNotIn('Not used', log)
        self.assertNotIn('waiting', str(json.loads(vitrine('runs', '--json', run)[1])[0]['advice']))
        whole = self.train('--data=' + self.folder_name, *SMALL, *EVERYTHING, '--snap=1000', '--kimg=1.2')
        self.assert_same(whole, run)
        self.assertEqual(curves(whole), curves(run))

    def test_stopped(self):
        p, run = self.leave('--snap=1000')
        p.terminate()
        self.end(p)
        os.rename(self.tmp + '/away', self.folder_name)
        kimg = float(snapshot_of(run)[1]['kimg'])
        self.assertIn(f'Stopped at {kimg:.3f} kimg', read(run + '/log.txt').decode())
        more = f'--kimg={kimg + 0.04:.3f}'
        self.resume(run, more)
        self.assert_same(self.train('--data=' + self.folder_name, *SMALL, *EVERYTHING, '--snap=1000', more), run)

    def test_one_picture(self):
        """One that was deleted is replaced, and nothing is waited for."""
        folder = make_folder(self.tmp + '/set')
        p, run = self.begin('--data=' + folder, kimg=1)
        os.remove(folder + '/05.png')
        self.end(p)
        log = read(run + '/log.txt').decode()
        self.assertNotIn('Waiting', log)
        self.assertIn('Not used: 05.png', log)


# ---- the clock -----------------------------------------------------------------------------------

class Clock(Case):
    def setUp(self):
        super().setUp()
        self.data = '--data=' + make_folder(self.tmp + '/set')

    def test_clock(self):
        """Lines and snapshots by time change nothing that is learnt; of the snapshots one is left."""
        args = [self.data, *SMALL, *EVERYTHING, '--kimg=4.1', '--tick=1000', '--batch=8']
        timed = self.train(*args, '--tick-seconds=0.05', '--snap-minutes=0.005')
        plain = self.train(*args)
        self.assert_same(plain, timed)
        lines, grids = curves(timed), glob.glob(timed + '/fakes0*.png')
        self.assertGreater(len(lines), 3)
        self.assertEqual({line['Progress/tick']['mean'] for line in lines}, {0})
        self.assertGreater(len(grids), 1)
        self.assertEqual([os.path.basename(path) for path in glob.glob(timed + '/*.safetensors')],
                         ['network-snapshot-000004.safetensors'])
        self.assertEqual(len(curves(plain)), 1)
        # What is measured is measured once: the lines' numbers add up to the whole run's.
        for tag in ('Loss/G/loss', 'Loss/scores/real', 'Loss/r1_penalty'):
            self.assertEqual(sum(line[tag]['num'] for line in lines if tag in line), curves(plain)[0][tag]['num'], tag)

    def test_kept(self):
        """Snapshots by images stay where the clock asks for others, too."""
        run = self.train(self.data, *SMALL, '--kimg=3.1', '--tick=1', '--batch=8', '--tick-seconds=0.05', '--snap-minutes=0.003')
        self.assertEqual(sorted(os.path.basename(path) for path in glob.glob(run + '/*.safetensors')),
                         [f'network-snapshot-00000{i}.safetensors' for i in (1, 2, 3)])

    def test_lost_line(self):
        """A kill between the last snapshot and its line, and one before its metric."""
        args = [self.data, *SMALL, *EVERYTHING, '--kimg=0.04', '--metrics=swd', '--metric-images=8', '--snap=2']
        run = self.train(*args)
        whole, path = curves(run), run + '/stats.jsonl'
        self.assertIn('Metrics/swd', whole[-1])
        lines = read(path).splitlines(keepends=True)
        write(path, b''.join(lines[:-1]) + lines[-1][:100])
        self.resume(run)
        self.assertEqual(curves(run), whole)
        before = read(path)
        self.resume(run)
        self.assertEqual(read(path), before)

    def test_snapshot_within_a_tick(self):
        """Killed after a snapshot in the middle of a tick: the tick's line is the uninterrupted run's."""
        args = [self.data, *SMALL, *EVERYTHING, '--tick=0.4', '--kimg=0.8']
        whole, outdir = self.train(*args), self.new_outdir()
        p = self.start('--outdir=' + outdir, *args)
        run = self.wait('the run directory', lambda: self.run_dir(outdir), p)
        self.wait('its socket', lambda: os.path.exists(run + '/control.sock'), p)
        while not glob.glob(run + '/network-snapshot-*.safetensors') and p.poll() is None:
            try:
                tell(run, 'snapshot')
            except OSError:
                pass
            time.sleep(0.01)
        p.kill()
        p.wait()
        self.resume(run)
        self.assert_same(whole, run)
        losses = [[{k: v for k, v in line.items() if k.startswith(('Loss/', 'Progress/'))} for line in curves(r)]
                  for r in (whole, run)]
        self.assertEqual(*losses)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
