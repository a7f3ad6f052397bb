#!/usr/bin/env python3
"""Explore while training, measured: issue 5's 50 ms and 10 %.

    follow.py BUILD DATA.zip [ROUNDS]

Starts a training as the window does (nice 19, two threads, the bundled model's options at batch 16), then, in turn,
lets it run alone, watched by a window, beside a window whose slider is dragged, and followed by one whose slider is
dragged. Throughput comes from the control socket's count of images. Prints the rows for RESULTS.md.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS = 30.0
# As the bundled model was trained (data/models/README.md).
BUNDLED = ('--resolution=64', '--batch=16', '--channel-base=2048', '--channel-max=128', '--pl-weight=0', '--aug=noaug',
           '--gamma=3', '--mixing=0.5', '--seed=1')


def status(program, run):
    out = subprocess.run([program, 'control', '--json', run, 'status'], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def pace(program, run, seconds):
    """Images a second over so many seconds."""
    a, ta = status(program, run)['kimg'], time.monotonic()
    time.sleep(seconds)
    b, tb = status(program, run)['kimg'], time.monotonic()
    return (b - a) * 1000 / (tb - ta)


class Window:
    def __init__(self, build, *args):
        env = dict(os.environ, GOMP_SPINCOUNT='2000')
        self.process = subprocess.Popen(
            [os.path.join(ROOT, 'tests/ui/run-under-xvfb'), os.path.join(build, 'tests/bench/bench-follow'), *args],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)

    def until(self, word):
        lines = []
        for line in self.process.stdout:
            lines.append(line.strip())
            if line.startswith(word):
                return lines
        return lines

    def finish(self):
        rest = self.process.stdout.read().split('\n')
        self.process.wait()
        return [line for line in rest if not line.startswith('#')]


def train(program, data, folder):
    process = subprocess.Popen(
        [program, 'train', f'--data={data}', f'--outdir={folder}', *BUNDLED, '--threads=2', '--nice=19', '--metrics=none',
         '--snap=1000', '--tick=1', '--kimg=1000'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    for line in process.stdout:
        if line.startswith('Run directory: '):
            break
    else:
        sys.exit('the training did not begin')
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process, line.split(': ', 1)[1].strip()


def row(name, values):
    v = sorted(values)
    at95 = v[min(len(v) - 1, len(v) * 95 // 100)]
    return f'| {name} | {v[0]:.1f}/{statistics.median(v):.1f}/{at95:.1f}/{v[-1]:.1f} |'


def main():
    build, data, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 3
    program = os.path.join(build, 'ui/vitrine')
    with tempfile.TemporaryDirectory() as folder:
        process, run = train(program, data, folder)
        try:
            while status(program, run)['kimg'] < 0.3:
                time.sleep(1)
            measure(build, program, run, rounds)
        finally:
            subprocess.run([program, 'control', run, 'stop'], capture_output=True)
            process.wait()


def measure(build, program, run, rounds):
    alone, watched, cost, drags, loads = [], [], [], [], []
    for _ in range(rounds):
        loads.append(os.getloadavg()[0])
        before = pace(program, run, SECONDS)
        window = Window(build, 'watch', str(SECONDS), run)
        window.until('ready')
        watched.append(pace(program, run, SECONDS - 1))
        cost += window.finish()
        after = pace(program, run, SECONDS)
        alone += [before, after]
        drags += [f'loss {100 * (1 - watched[-1] / ((before + after) / 2)):.1f} %']
        for args in (('drag', '300'), ('follow', '300', run)):
            drags += Window(build, *args).finish()
    print(f'load at the begin of each round: {", ".join(f"{x:.1f}" for x in loads)}')
    print(row('images a second, alone', alone))
    print(row('images a second, watched', watched))
    print('\n'.join(line for line in cost + drags if line))


if __name__ == '__main__':
    main()
