#!/usr/bin/env python3
"""Metrics that a process of its own measures beside a training, and of a run that has ended.

usage: test-beside.py PROGRAM SOURCE_ROOT [TEST…]      standard library only
"""
import json
import os
import signal
import sys
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
from support import SMALL, Begun, make_folder, parse_all, read, vitrine


def results(run, name):
    """The lines of metric-NAME.jsonl; one that is being written is none yet."""
    path = os.path.join(run, f'metric-{name}.jsonl')
    text = read(path).decode() if os.path.exists(path) else ''
    return [json.loads(line) for line in text[:text.rfind('\n') + 1].splitlines()]


class Beside(Begun):
    def set_up(self):
        data = os.path.join(self.tmp, 'faces')
        make_folder(data, 24, 8)
        return '--data=' + data

    def test_training(self):
        """Every snapshot gets its line, the training is as it is without, and it can be shown."""
        data, kimg = self.set_up(), ('--kimg=0.2', '--snap=4')
        plain = self.train(*SMALL, data, *kimg)
        run = self.train(*SMALL, data, *kimg, '--metrics=kid-d8,pr-d8,ppl-d8')
        self.assert_same(plain, run)
        names = sorted(n for n in os.listdir(run) if n.startswith('network-snapshot'))
        self.wait('the last line', lambda: names[-1] in [r['snapshot_pkl'] for r in results(run, 'ppl-d8')])
        for name in ('kid-d8', 'pr-d8', 'ppl-d8'):
            lines = results(run, name)
            found = [r['snapshot_pkl'] for r in lines]
            self.assertEqual(sorted(set(found)), sorted(found), 'each once')
            self.assertEqual(lines[-1]['metric'], name)
        shares = results(run, 'pr-d8')[-1]['results']
        self.assertEqual(sorted(shares), ['pr-d8', 'pr-d8/precision', 'pr-d8/recall'])
        code, out, err = vitrine('stats', run)
        self.assertEqual((code, err), (0, ''))
        for tag in ('Metrics/kid-d8 ', 'Metrics/pr-d8/recall ', 'Metrics/ppl-d8 '):
            self.assertIn(tag, out)
        # Afterwards, by others; what has been measured is left alone.
        before = len(results(run, 'kid-d8'))
        code, out, err = vitrine('metrics', '--run=' + run, '--metrics=kid-d8,mind-d8')
        self.assertEqual(code, 0, err)
        self.assertEqual(len(results(run, 'mind-d8')), len(names))
        self.assertGreaterEqual(len(results(run, 'kid-d8')), before)
        code, again, err = vitrine('metrics', '--run=' + run, '--metrics=kid-d8,mind-d8')
        self.assertEqual((code, again), (0, ''))

    def test_unwritable(self):
        """A result that cannot be kept is one sentence with the file's name; what is there stays."""
        run = self.train(*SMALL, self.set_up(), '--kimg=0.1', '--snap=4')
        taken = os.path.join(run, 'metric-mind-d8.jsonl')
        os.mkdir(taken)
        code, out, err = vitrine('metrics', '--run=' + run, '--metrics=mind-d8')
        self.assertEqual((code, out, err.count('\n')), (1, '', 1), err)
        self.assertIn('metric-mind-d8.jsonl', err)
        os.rmdir(taken)
        code, out, err = vitrine('metrics', '--run=' + run, '--metrics=mind-d8')
        self.assertEqual((code, err), (0, ''))
        self.assertGreater(len(results(run, 'mind-d8')), 0)

    def test_killed(self):
        """Whatever happens to it, lines are whole and the training goes on."""
        p, run = self.begin(self.set_up(), '--snap=1', '--metrics=kid-d16', kimg=2000)
        self.wait('a line', lambda: results(run, 'kid-d16'), p)
        p.send_signal(signal.SIGTERM)
        self.end(p)
        parse_all(run)
        for line in read(os.path.join(run, 'metric-kid-d16.jsonl')).decode().splitlines():
            json.loads(line)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
