#!/usr/bin/env python3
"""Races the trainer's phases (bench-train) against PyTorch's (torch_train.py): same networks, same batch, in turns on the same machine.

usage: train_race.py BENCH_TRAIN [--rounds 3] [--resolution 64] [--widths 128,128,128,64,32] [--batch 32] [--threads 2]

Prints a row for RESULTS.md: images per second over whole cycles of 16 iterations and peak memory, min/median/max over the
rounds, and the ratios of the medians. Each round runs either side once, each phase twice after a warm-up.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def spread(values):
    return f'{min(values):.2f}/{statistics.median(values):.2f}/{max(values):.2f}'


def run(command):
    env = dict(os.environ, GOMP_SPINCOUNT='2000')
    env.pop('OPENBLAS_CORETYPE', None)
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout
    return json.loads(text[text.index('{'):])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('bench')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--resolution', default='64')
    p.add_argument('--widths', default='128,128,128,64,32')
    p.add_argument('--batch', default='32')
    p.add_argument('--threads', default='2')
    o = p.parse_args()
    common = ['--resolution', o.resolution, '--widths', o.widths, '--batch', o.batch, '--threads', o.threads,
              '--repeats', '2']
    speed, memory = {'ours': [], 'torch': []}, {'ours': [], 'torch': []}
    for i in range(o.rounds):
        ours = run([o.bench] + common)
        speed['ours'].append(ours['images_per_second'])
        memory['ours'].append(ours['peak_mib'])
        torch = run([sys.executable, os.path.join(HERE, 'torch_train.py')] + common)
        speed['torch'].append(torch['images_per_second']['median'])
        memory['torch'].append(torch['peak_rss_mib'])
        print(f'round {i + 1}: {speed["ours"][-1]:.2f} and {speed["torch"][-1]:.2f} images/s', file=sys.stderr)
    ratio = statistics.median(speed['ours']) / statistics.median(speed['torch'])
    share = statistics.median(memory['ours']) / statistics.median(memory['torch'])
    print(f'| {o.resolution}×{o.resolution}, {o.widths}, batch {o.batch} | {spread(speed["ours"])} | '
          f'{spread(speed["torch"])} | {ratio:.2f}× | {statistics.median(memory["ours"]):.0f} | '
          f'{statistics.median(memory["torch"]):.0f} | {share:.2f} |')


if __name__ == '__main__':
    main()
