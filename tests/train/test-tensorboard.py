"""What TensorBoard itself reads in a run's event files, against stats.jsonl.

usage: test-tensorboard.py PROGRAM SOURCE_ROOT [TEST…]      needs "tensorboard" from PyPI; exit status 77 without it
"""
import glob
import json
import os
import sys
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as e:
    print(f'SKIP: {e} (pip install tensorboard)')
    sys.exit(77)
from support import EVERYTHING, SMALL, Case, make_folder, parse_all, read


class TensorBoard(Case):
    def load(self, run):
        """Everything, as the program "tensorboard --logdir" would keep it."""
        found = EventAccumulator(run, size_guidance={'scalars': 0, 'histograms': 0, 'tensors': 0})
        found.Reload()
        return found

    def compare(self, run):
        """Every number of every line; and nothing else."""
        lines, board = parse_all(run)['stats.jsonl'], self.load(run)
        tags = {tag for line in lines for tag, v in line.items() if tag != 'timestamp' and 'mean' in v}
        shapes = {tag for line in lines for tag, v in line.items() if tag != 'timestamp' and 'counts' in v}
        self.assertEqual(set(board.Tags()['scalars']), tags)
        self.assertEqual(set(board.Tags()['histograms']), shapes)
        self.assertGreater(len(tags), 20)
        for tag in tags:
            # The step counts images, kimg by thousandths.
            rows = [line for line in lines if tag in line]
            self.assertEqual([e.step for e in board.Scalars(tag)],
                             [round(line['Progress/kimg']['mean'] * 1000) for line in rows], tag)
            for event, line in zip(board.Scalars(tag), rows):
                # A float32, as near as one gets; stats.jsonl has 15 digits.
                exact = line[tag]['mean']
                self.assertLessEqual(abs(event.value - exact), abs(exact) * 2**-24 * 1.000001, tag)
                self.assertAlmostEqual(event.wall_time, line['timestamp'], places=4)
        for tag in shapes:
            rows = [line for line in lines if tag in line]
            self.assertEqual(len(board.Histograms(tag)), len(rows))
            for event, line in zip(board.Histograms(tag), rows):
                h, value = line[tag], event.histogram_value
                self.assertEqual(event.step, round(line['Progress/kimg']['mean'] * 1000))
                self.assertEqual(list(value.bucket), h['counts'])
                self.assertEqual(value.num, sum(h['counts']))
                step = (h['hi'] - h['lo']) / len(h['counts'])
                for i, limit in enumerate(value.bucket_limit):
                    self.assertAlmostEqual(limit, h['lo'] + (i + 1) * step, places=9)
                self.assertTrue(h['lo'] <= value.min <= value.max <= h['hi'])
                self.assertTrue(value.min * value.num - 1e-6 <= value.sum <= value.max * value.num + 1e-6)
        return lines, board

    def args(self, *more):
        if not os.path.exists(self.tmp + '/set'):
            make_folder(self.tmp + '/set')
        return ['--data=' + self.tmp + '/set', *SMALL, *EVERYTHING, '--metrics=swd', '--metric-images=8', *more]

    def test_same_numbers(self):
        run = self.train(*self.args('--snap=4', '--kimg=0.4'))
        lines, board = self.compare(run)
        self.assertEqual([e.step for e in board.Scalars('Progress/kimg')], list(range(20, 401, 20)))
        self.assertEqual(set(board.Tags()['histograms']), {'Scores/fake', 'Scores/real'})
        for tag in ('Loss/G/loss', 'Timing/images_per_sec', 'Samples/variance', 'Progress/lr_g', 'Metrics/swd'):
            self.assertIn(tag, board.Tags()['scalars'])

    def test_uneven_steps(self):
        """Ticks that are no multiple of a batch, and an end within a tick."""
        run = self.train(*self.args('--tick=0.027', '--kimg=0.13', '--batch=6', '--mbstd-group=2'))
        lines, board = self.compare(run)
        self.assertEqual([e.step for e in board.Scalars('Loss/D/loss')], [30, 60, 90, 120, 132])

    def test_resumed(self):
        """Two files, one run."""
        run = self.train(*self.args('--kimg=0.1', '--snap=1000'))
        self.resume(run, '--kimg=0.2')
        self.assertEqual(len(glob.glob(run + '/events.*')), 2)
        self.compare(run)

    def test_killed_within(self):
        """Ticks after the snapshot that is gone on from are written a second time, and count once."""
        outdir = self.new_outdir()
        p = self.start('--outdir=' + outdir, *self.args('--kimg=1000', '--snap=10'))
        run = self.wait('the run', lambda: self.run_dir(outdir), p)

        def ready():
            path = run + '/stats.jsonl'
            text = read(path) if os.path.exists(path) else b''
            return glob.glob(run + '/network-snapshot-*.safetensors') and text.count(b'\n') % 10 in range(2, 6)
        self.wait('a tick between snapshots', ready, p)
        p.kill()
        p.wait()
        lines = read(run + '/stats.jsonl').splitlines(keepends=True)
        at = max(json.loads(line)['Progress/kimg']['mean'] for line in lines if line.endswith(b'\n'))
        self.resume(run, f'--kimg={at + 0.2}')
        self.compare(run)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
