#!/usr/bin/env python3
"""What sharing a step among processes costs: mpirun -n 2 with a thread each against one process with two threads.

usage: processes.py PROGRAM DATA [--rounds 3] [--resolution 64] [--batch 32] [--iterations 16] [--device cpu]

Trains a network of the bundled model's size, in turns, and prints rows for RESULTS.md: milliseconds of each phase (with the
waiting for the sums of gradients in it), min/median/max over all its runs, and what a cycle of 16 iterations takes by the
minima and by the medians, as images per second. What others did meanwhile is printed, in processors: on a machine that is
not quiet only the minima say something.
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
CYCLE = {'Gmain': 16, 'Greg': 4, 'Dmain': 16, 'Dreg': 1}


def used():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def busy():
    """Seconds of work of all processors, since the start of the machine."""
    with open('/proc/stat') as f:
        v = [int(x) for x in f.readline().split()[1:]]
    return (sum(v[:8]) - v[3] - v[4]) / os.sysconf('SC_CLK_TCK')


def train(o, processes, threads, times):
    """Adds the milliseconds of the phases to `times`; returns the processors that others took."""
    command = ['mpirun', '-n', str(processes)] if processes > 1 else []
    own, everyone, start = used(), busy(), time.monotonic()
    with tempfile.TemporaryDirectory() as outdir:
        subprocess.run(command + [o.program, 'train', '--data=' + o.data, '--outdir=' + outdir, f'--resolution={o.resolution}',
                                  f'--batch={o.batch}', f'--threads={threads}', '--workers=1', '--channel-base=2048',
                                  '--channel-max=128', '--aug=noaug', '--metrics=none', '--r1-interval=4', '--pl-interval=4',
                                  f'--tick={o.batch / 1000}', '--snap=1000000', f'--kimg={o.iterations * o.batch / 1000}',
                                  '--device=' + o.device],
                       check=True, stdout=subprocess.DEVNULL, env=dict(os.environ, **QUIET))
        with open(glob.glob(outdir + '/0*/stats.jsonl')[0]) as f:
            lines = [json.loads(line) for line in f]
    for line in lines[1:]:
        for phase in CYCLE:
            if line[f'Timing/{phase}']['mean'] > 0:
                times[phase].append(line[f'Timing/{phase}']['mean'] * 1000)
    return (busy() - everyone - used() + own) / (time.monotonic() - start)


def speed(o, times, which):
    return 16 * o.batch * 1000 / sum(n * which(times[phase]) for phase, n in CYCLE.items())


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('program')
    p.add_argument('data')
    p.add_argument('--rounds', type=int, default=3)
    p.add_argument('--resolution', type=int, default=64)
    p.add_argument('--batch', type=int, default=32)
    p.add_argument('--iterations', type=int, default=16)
    p.add_argument('--device', default='cpu')
    o = p.parse_args()
    ways = {'1 process, 1 thread': (1, 1), '1 process, 2 threads': (1, 2), '2 processes, 1 thread each': (2, 1)}
    times = {name: {phase: [] for phase in CYCLE} for name in ways}
    for i in range(o.rounds):
        for name, way in ways.items():
            others = train(o, *way, times[name])
            print(f'round {i + 1}: {name}: others took {others:.2f} processors', flush=True)
    print('| ms | ' + ' | '.join(CYCLE) + ' | images/s, minima | images/s, medians |')
    for name, found in times.items():
        spread = ' | '.join(f'{min(v):.0f}/{statistics.median(v):.0f}/{max(v):.0f}' for v in found.values())
        print(f'| {name} | {spread} | {speed(o, found, min):.1f} | {speed(o, found, statistics.median):.1f} |')


if __name__ == '__main__':
    main()
