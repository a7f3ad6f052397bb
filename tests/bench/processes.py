#!/usr/bin/env python3
"""What sharing a step among processes costs: mpirun -n 2 with a thread each against one process with two threads.

usage: processes.py PROGRAM DATA [--rounds 3] [--resolution 64] [--batch 32] [--cycles 2] [--device cpu] [--quiet 0.1]

Trains a network of the bundled model's size, in turns, and prints seconds per kimg by wall clock and the seconds of processor
time per kimg of all processes (user and system; waiting processes give way, but count), min/median/max over the rounds.
A cycle is 16 iterations, so that R1 comes once and path length four times in each; the first cycle does not count. What
others do is measured meanwhile, in processors; a training beside which they took more than --quiet is repeated.
"""
import argparse
import glob
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time

QUIET = dict(OMPI_ALLOW_RUN_AS_ROOT='1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM='1', OMPI_MCA_rmaps_base_oversubscribe='1',
             OMPI_MCA_hwloc_base_binding_policy='none', OMPI_MCA_btl_base_warn_component_unused='0')


def spread(values):
    return f'{min(values):.1f}/{statistics.median(values):.1f}/{max(values):.1f}'


def used():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def busy():
    """Seconds of work of all processors, since the start of the machine."""
    with open('/proc/stat') as f:
        v = [int(x) for x in f.readline().split()[1:]]
    return (sum(v[:8]) - v[3] - v[4]) / os.sysconf('SC_CLK_TCK')


def wait_for_quiet(limit):
    while True:
        before, start = busy(), time.monotonic()
        time.sleep(3)
        if (busy() - before) / (time.monotonic() - start) < limit:
            return


def train(o, processes, threads):
    """(seconds per kimg by the clock, of processor time; processors that others took)"""
    cycle = 16 * o.batch / 1000
    command = ['mpirun', '-n', str(processes)] if processes > 1 else []
    with tempfile.TemporaryDirectory() as outdir:
        before, all_before, start = used(), busy(), time.monotonic()
        subprocess.run(command + [o.program, 'train', '--data=' + o.data, '--outdir=' + outdir, f'--resolution={o.resolution}',
                                  f'--batch={o.batch}', f'--threads={threads}', '--workers=1', '--channel-base=2048',
                                  '--channel-max=128', '--aug=noaug', '--metrics=none', f'--tick={cycle}', '--snap=1000000',
                                  f'--kimg={cycle * (o.cycles + 1)}', '--device=' + o.device],
                       check=True, stdout=subprocess.DEVNULL, env=dict(os.environ, **QUIET))
        others = (busy() - all_before - used() + before) / (time.monotonic() - start)
        total = (used() - before) / (cycle * (o.cycles + 1))
        with open(glob.glob(outdir + '/0*/stats.jsonl')[0]) as f:
            times = [json.loads(line)['Timing/sec_per_kimg']['mean'] for line in f]
    return statistics.median(times[1:]), total, others


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('program')
    p.add_argument('data')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--resolution', type=int, default=64)
    p.add_argument('--batch', type=int, default=32)
    p.add_argument('--cycles', type=int, default=2)
    p.add_argument('--device', default='cpu')
    p.add_argument('--quiet', type=float, default=0.1)
    o = p.parse_args()
    ways = {'1 process, 1 thread': (1, 1), '1 process, 2 threads': (1, 2), '2 processes, 1 thread each': (2, 1)}
    wall, processor = {w: [] for w in ways}, {w: [] for w in ways}
    for i in range(o.rounds):
        for name, way in ways.items():
            others = 1e9
            while others > o.quiet:
                wait_for_quiet(o.quiet)
                a, b, others = train(o, *way)
                print(f'round {i + 1}: {name}: {a:.1f} s/kimg, {b:.1f} s of processor time; others {others:.2f}', flush=True)
            wall[name].append(a)
            processor[name].append(b)
    for name in ways:
        print(f'| {name} | {spread(wall[name])} | {spread(processor[name])} |')
    one, two = (statistics.median(wall[name]) for name in list(ways)[1:])
    print(f'two processes take {two / one:.2f} times as long as two threads')


if __name__ == '__main__':
    main()
