"""float32 and bf16 in one run, in turns: ours, and PyTorch's fastest way of each where PyTorch is there.

usage: race_bf16.py --build=DIR [--models=bundled,random128,paper256,random1024] [--batches=1,16] [--train=64,128,256]
                    [--seconds=S] [--rounds=N] [--commit=HASH] [--append=RESULTS.md] [--note=TEXT]
Needs NumPy. Prints a table in Markdown: milliseconds a picture and images a second, min / median / max, how many times
faster bf16 is than PyTorch's fastest in bf16 and in float32, and the largest difference of our two pictures in 255ths. Rounds
that another program disturbed are repeated (bench.py). Training: ours only; torch_train.py is the other side, in float32.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import bench

FULL = ['unfused-cl', 'unfused-cl-compile', 'unfused-compile']
HALF = ['unfused-cl-bf16', 'unfused-cl-bf16-compile']
TRAININGS = {64: ('128,128,128,64,32', 16), 128: ('128,128,128,128,64,32', 16), 256: ('512,512,512,512,256,128,64', 2)}


def random_model(build, path, resolution):
    """NVlabs' widths, those of config-f at 1024."""
    base = 32768 if resolution == 1024 else 16384
    subprocess.run([os.path.join(build, 'tests/golden/make-random-model'), f'--resolution={resolution}', f'--channel-base={base}',
                    '--mapping-layers=8', path], check=True)
    return path


def ours(build, model, batch, precision, npy):
    os.environ['VITRINE_TEST_PRECISION'] = precision
    side = bench.ours(build, model, batch, f'--npy={npy}')
    side.label = 'ours ' + precision
    return side


def theirs(model, batch, variants, label, seconds):
    """The fastest of these still running, or None."""
    best = None
    for variant in variants:
        try:
            side = bench.theirs(model, batch, variant)
        except RuntimeError as e:
            print(f'  {variant}: {e}', file=sys.stderr, flush=True)
            continue
        side.label = f'PyTorch {label} ({variant})'
        side.best = min(statistics.median(side.round(seconds)[0]['full']) for _ in range(2))
        if best and best.best <= side.best:
            side.close()
            continue
        if best:
            best.close()
        best = side
    return best


def three(values, digits=2):
    return ' / '.join(f'{f(values):.{digits}f}' for f in (min, statistics.median, max))


def pictures(name, model, batch, opt, folder):
    npy = [f'{folder}/{p}.npy' for p in ('fp32', 'bf16')]
    sides = [ours(opt.build, model, batch, p, f) for p, f in zip(('fp32', 'bf16'), npy)]
    rivals = [theirs(model, batch, v, p, opt.seconds / 2) for v, p in ((FULL, 'fp32'), (HALF, 'bf16'))]
    sides += [r for r in rivals if r]
    thrown, disturbed = bench.take_turns(sides, opt.rounds, opt.seconds)
    mine = statistics.median(sides[1].times['full'])
    off = float(np.abs(np.clip(np.load(npy[0]), -1, 1) - np.clip(np.load(npy[1]), -1, 1)).max()) * 127.5
    for side in sides:
        median = statistics.median(side.times['full'])
        yield f"| {name}, batch {batch} | {side.label} | {three(side.times['full'])} | {median / mine:.2f}× | " + \
            (f'{off:.1f}/255' if side is sides[1] else '') + ' |'
        side.close()
    yield f'| | | thrown away {thrown}, disturbed {disturbed} | | |'


def training(resolution, opt):
    widths, batch = TRAININGS[resolution]
    found = {}
    for _ in range(max(1, opt.rounds // 3)):
        for precision in ('fp32', 'bf16'):
            bench.wait_for_quiet(bench.PATIENCE / 4)
            env = {**os.environ, 'VITRINE_TEST_PRECISION': precision, 'GOMP_SPINCOUNT': '2000'}
            out = json.loads(subprocess.run([
                os.path.join(opt.build, 'tests/bench/bench-train'), f'--resolution={resolution}', f'--widths={widths}',
                f'--batch={batch}', '--repeats=3'], env=env, capture_output=True, text=True, check=True).stdout)
            found.setdefault(precision, []).append(out)
    base = statistics.median(o['images_per_second'] for o in found['fp32'])
    for precision, rounds in found.items():
        speed = [o['images_per_second'] for o in rounds]
        yield f'| training {resolution}², batch {batch} | ours {precision} | {three(speed)} images/s | ' + \
            f"{statistics.median(speed) / base:.2f}× | {max(o['peak_mib'] for o in rounds):.0f} MiB |"


def lines(opt, folder):
    yield f'## bf16, {datetime.date.today()}, commit {opt.commit}'
    with open('/proc/cpuinfo') as f:
        cpu = next((line.split(':')[1].strip() for line in f if line.startswith('model name')), platform.machine())
    yield f'\n{cpu}, {os.cpu_count()} cores. {opt.note}\n\n| case | side | min / median / max, ms | to our bf16 | |\n| --- | --- | --- | --- | --- |'
    for name in filter(None, opt.models.split(',')):
        model = os.path.join(bench.ROOT, 'data/models/lorelei64.safetensors') if name == 'bundled' else \
            random_model(opt.build, f'{folder}/{name}.safetensors', int(name.lstrip('abcdefghijklmnopqrstuvwxyz')))
        for batch in opt.batches.split(','):
            yield from pictures(name, model, int(batch), opt, folder)
    for resolution in filter(None, opt.train.split(',')):
        yield from training(int(resolution), opt)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--build', required=True)
    p.add_argument('--models', default='bundled,random128,paper256,random1024')
    p.add_argument('--batches', default='1,16')
    p.add_argument('--train', default='64,128,256')
    p.add_argument('--seconds', type=float, default=1.5)
    p.add_argument('--rounds', type=int, default=6)
    p.add_argument('--commit', default='unknown')
    p.add_argument('--append')
    p.add_argument('--note', default='')
    opt = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(opt, folder):
            print(line, flush=True)
            if opt.append:
                with open(opt.append, 'a') as f:
                    f.write(line + '\n')


if __name__ == '__main__':
    main()
