"""vitrine runs and vitrine stats, on runs written here and on one as NVlabs leaves it.

usage: test-runs.py PROGRAM SOURCE_ROOT      standard library only
"""
import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM, ROOT = map(os.path.abspath, sys.argv[1:3])
NVLABS = os.path.join(ROOT, 'tests', 'fixtures', 'run-nvlabs')


def vitrine(*args, cwd=None):
    """(exit code, standard output, standard error)"""
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=60, cwd=cwd)
    return p.returncode, p.stdout, p.stderr


def one(value, std=0.0):
    return {'num': 4, 'mean': value, 'std': std}


class Runs(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)
        self.dir = self.tmp.name

    def run_dir(self, name, last_line, rows=3, **options):
        path = os.path.join(self.dir, name)
        os.mkdir(path)
        with open(os.path.join(path, 'training_options.json'), 'w') as f:
            json.dump({'outdir': self.dir, 'data': '/faces', 'kimg': 40, 'batch': 20, 'resolution': 64,
                       'aug': 'noaug', **options}, f)
        with open(os.path.join(path, 'log.txt'), 'w') as f:
            f.write('Data set:      /faces: 5000 images, 64×64, 3 channels\n' + last_line + '\n')
        with open(os.path.join(path, 'stats.jsonl'), 'w') as f:
            for i in range(rows):
                f.write(json.dumps({'Loss/D/loss': one(1 / (i + 3), 0.5), 'Metrics/swd': one(30 - i),
                                    'Progress/kimg': one(4.0 * (i + 1)), 'Timing/sec_per_kimg': one(12.5),
                                    'Timing/total_sec': one(50.0 * (i + 1)), 'timestamp': 1.6e9 + 50 * (i + 1)})
                        + '\n')
        return path

    def test_table(self):
        self.run_dir('00000-a', 'Finished at 12.000 kimg; newest snapshot none')
        self.run_dir('00001-b', 'tick 3')
        self.run_dir('00002-c', 'Failed: the training diverged at 12 kimg')
        os.mkdir(os.path.join(self.dir, 'other'))
        code, out, err = vitrine('runs', self.dir)
        self.assertEqual((code, err), (0, ''))
        lines = [line.split() for line in out.splitlines()[:4]]
        self.assertEqual(lines[0], ['run', 'state', 'kimg', 'left', 'metric', 'advice'])
        self.assertEqual(lines[1], ['00000-a', 'finished', '12.0', 'of', '40', '-', 'swd', '28.00'])
        self.assertEqual(lines[2], ['00001-b', 'died', '12.0', 'of', '40', '-', 'swd', '28.00', 'died'])
        self.assertEqual(lines[3][:2] + lines[3][-1:], ['00002-c', 'diverged', 'diverged'])
        self.assertEqual(out.count('\ndied: '), 1)
        self.assertFalse([line for line in out.splitlines() if line != line.rstrip()])
        # The directory one stands in, and single runs.
        self.assertEqual(vitrine('runs', cwd=self.dir)[1], out)
        self.assertEqual(vitrine('runs', os.path.join(self.dir, '00000-a'))[1].splitlines()[1].split()[0], '00000-a')

    def test_json(self):
        run = self.run_dir('00000-a', 'Stopped at 12.000 kimg; newest snapshot none')
        code, out, err = vitrine('runs', '--json', run, NVLABS)
        self.assertEqual((code, err), (0, ''))
        ours, theirs = json.loads(out)
        self.assertEqual(ours['path'], run)
        self.assertEqual((ours['state'], ours['program'], ours['kimg'], ours['total_kimg'], ours['eta_sec']),
                         ('stopped', 'Vitrine', 12, 40, None))
        self.assertEqual(ours['metric'], {'name': 'swd', 'kimg': 12, 'value': 28})
        self.assertEqual((theirs['state'], theirs['program'], theirs['data']), ('foreign', 'NVlabs', '/data/facés.zip'))
        self.assertEqual(theirs['metric'], {'name': 'fid50k_full', 'kimg': 82, 'value': 60.0625})
        self.assertEqual((theirs['batch'], theirs['resolution'], theirs['bad_lines']), (32, 64, 0))

    def test_running(self):
        """Somebody who answers as a training does."""
        run = self.run_dir('00000-a', 'tick 3')
        server = socket.socket(socket.AF_UNIX)
        self.addCleanup(server.close)
        # The path of a temporary directory may be longer than an address can be.
        here = os.getcwd()
        os.chdir(run)
        server.bind('control.sock')
        os.chdir(here)
        server.listen()

        def answer():
            c = server.accept()[0]
            c.recv(1000)
            c.sendall(b'{"ok": true, "paused": true, "kimg": 13.5, "total_kimg": 50, "pid": 77}\n')
            c.close()
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        status = json.loads(vitrine('runs', '--json', run)[1])[0]
        thread.join()
        self.assertEqual((status['state'], status['kimg'], status['total_kimg'], status['pid']),
                         ('paused', 13.5, 50, 77))
        self.assertEqual(status['eta_sec'], (50 - 13.5) * 12.5)

    def test_hostile_names(self):
        self.run_dir('00000-\x1b[31mred\n', 'Failed: \x1b]0;title\x07')
        code, out, _ = vitrine('runs', self.dir)
        self.assertEqual(code, 0)
        self.assertNotIn('\x1b', out)
        self.assertNotIn('\x07', out)
        self.assertIn('00000-\\x1b[31mred\\x0a', out)

    def test_endless_file(self):
        """Statistics of 20 GB, all of it zeros: as much is read as a training of years writes, and that is told."""
        run = self.run_dir('00000-a', 'Finished at 12.000 kimg; newest snapshot none')
        os.truncate(os.path.join(run, 'stats.jsonl'), 20 << 30)
        code, out, err = vitrine('stats', run)
        self.assertEqual((code, err), (0, ''))
        self.assertRegex(out, r'lines? of stats.jsonl cannot be read')
        self.assertEqual(vitrine('runs', self.dir)[0], 0)

    def test_no_run(self):
        code, out, err = vitrine('runs', self.dir)
        self.assertEqual((code, out), (1, ''))
        self.assertIn('found no run', err)
        self.assertEqual(err.count('\n'), 1)
        self.assertEqual(vitrine('runs', os.path.join(self.dir, 'gone'))[0], 1)
        self.assertEqual(vitrine('runs', '--nonsense')[0], 2)

    def test_stats(self):
        run = self.run_dir('00000-a', 'Finished at 12.000 kimg; newest snapshot none')
        with open(os.path.join(run, 'stats.jsonl'), 'a') as f:
            f.write('not a line\n')
            f.write(json.dumps({'Progress/kimg': one(16.0), 'Timing/total_sec': one(3.0), 'timestamp': 1.7e9}) + '\n')
        code, out, err = vitrine('stats', run)
        self.assertEqual((code, err), (0, ''))
        self.assertIn('1 of 5 lines of stats.jsonl cannot be read', out)
        table = [line.split() for line in out.splitlines()]
        legs = table[table.index(['leg', 'from', 'kimg', 'to', 'kimg', 'iterations', 'time', 'began']) + 1:][:2]
        self.assertEqual(legs[0][:6], ['1', '0.000', '12.000', '600', '2m', '30s'])
        self.assertEqual(legs[1][:5], ['2', '12.000', '16.000', '200', '3s'])
        values = {line[0]: line[1:] for line in table if line and '/' in line[0]}
        self.assertEqual(values['Loss/D/loss'], ['12.000', '0.2', '0.5'])
        self.assertEqual(values['Progress/kimg'], ['16.000', '16', '-'])
        self.assertEqual(values['Timing/images_per_sec'], ['12.000', '80', '-'])

    def test_tags(self):
        run = self.run_dir('00000-a', 'Finished at 12.000 kimg; newest snapshot none')
        out = vitrine('stats', run, '--tags=Metrics/swd')[1]
        self.assertIn('Metrics/swd ', out)
        self.assertNotIn('Loss', out)
        code, out, err = vitrine('stats', run, '--tags=Metrics/swd,wrong')
        self.assertEqual((code, out), (2, ''))
        self.assertIn('found "wrong"', err)
        self.assertIn('Loss/D/loss', err)

    def test_csv(self):
        run = self.run_dir('00000-a', 'Finished at 12.000 kimg; newest snapshot none')
        path = os.path.join(self.dir, 'out.csv')
        self.assertEqual(vitrine('stats', run, '--tags=Metrics/swd,Loss/D/loss', '--csv=' + path), (0, '', ''))
        with open(path, newline='') as f:
            rows = list(csv.reader(f))
        self.assertEqual(rows[0], ['kimg', 'Metrics/swd', 'Loss/D/loss'])
        self.assertEqual([[float(v) for v in row[:2]] for row in rows[1:]], [[4, 30], [8, 29], [12, 28]])
        for i, row in enumerate(rows[1:]):
            self.assertAlmostEqual(float(row[2]), 1 / (i + 3), delta=1e-7)
        self.assertEqual(vitrine('stats', run, '--csv=' + os.path.join(self.dir, 'no', 'out.csv'))[0], 1)
        self.assertEqual(vitrine('stats')[0], 2)
        self.assertEqual(vitrine('stats', self.dir)[0], 1)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
