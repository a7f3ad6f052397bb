"""Vitrine against PyTorch: both sides in one run, in turns, on the same weights.

usage: bench.py --build=DIR [--window=PROGRAM] [--commit=HASH] [--append=RESULTS.md] [--note=TEXT] [--seconds=S] [--rounds=N]
DIR is a build directory of this project (bench-render and the command line are taken from there), PROGRAM the
`vitrine` with the window. For each model and batch size every way PyTorch has of computing the same picture is tried,
the fastest compiled and the fastest eager one race against us: a round each, in turns, a process each; the faster of the
two is the rival. A round that another program disturbed is thrown away and repeated. Pictures of both sides are compared on the way.
"""
import argparse
import datetime
import json
import math
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'golden'))
VARIANTS = ['fused', 'fused-cl', 'unfused', 'unfused-cl', 'fused-compile', 'unfused-compile', 'unfused-cl-compile']
QUIET = 0.15     # of one core: what others may use during a round
PATIENCE = 60    # seconds of thrown-away rounds and of waiting, per race
TICK = os.sysconf('SC_CLK_TCK')


# ---------------------------------------------------------------- who else is using the machine

def busy_seconds():
    """Of all cores together, stolen time included."""
    with open('/proc/stat') as f:
        t = [int(x) for x in f.readline().split()[1:]]
    return (sum(t[:3]) + sum(t[5:8])) / TICK


def own_seconds(pid):
    with open(f'/proc/{pid}/stat') as f:
        t = f.read().rpartition(')')[2].split()
    return (int(t[11]) + int(t[12])) / TICK


def wait_for_quiet(limit):
    """Seconds waited, at most `limit`, until others use little for half a second."""
    start = time.time()
    while time.time() - start < limit:
        a = busy_seconds()
        time.sleep(0.5)
        if (busy_seconds() - a) / 0.5 < QUIET:
            break
    return time.time() - start


# ---------------------------------------------------------------- the two sides

class Side:
    """A process that measures a round when it is told to."""

    def __init__(self, name, command):
        env = dict(os.environ)
        if name == 'vitrine':
            env['GOMP_SPINCOUNT'] = '2000'  # as app/cli/program.c has it
        self.name, self.times, self.foreign, self.medians = name, {}, [], []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=env)
        if self.process.stdout.readline().strip() != 'ready':
            raise RuntimeError(f'{name}: ' + (self.process.stderr.read().strip().splitlines() or ['no answer'])[-1])

    def round(self, seconds):
        """Times of a round by kind, and the cores others used meanwhile."""
        busy, own, start = busy_seconds(), own_seconds(self.process.pid), time.time()
        print(seconds, file=self.process.stdin, flush=True)
        times = json.loads(self.process.stdout.readline())
        others = busy_seconds() - busy - own_seconds(self.process.pid) + own
        return times, max(0.0, others / (time.time() - start))

    def add(self, times, foreign):
        self.foreign.append(foreign)
        self.medians.append(statistics.median(times['full']))
        for kind, t in times.items():
            self.times.setdefault(kind, []).extend(t)

    def close(self):
        out = self.process.communicate()[0]
        return json.loads(out.strip().splitlines()[-1])


def ours(build, model, batch, *more):
    return Side('vitrine', [os.path.join(build, 'tests/bench/bench-render'), f'--batch={batch}', '--rounds', *more, model])


def theirs(model, batch, variant, *more):
    return Side(variant, [sys.executable, os.path.join(HERE, 'torch_side.py'), model, str(batch), variant, *more])


def random_model(path):
    """The paper's 256×256 widths with a mapping network of eight layers, generator only."""
    import stylegan2 as sg
    spec = sg.Spec(256, sg.auto_widths(256), mapping_layers=8)
    params = sg.random_params(sg.generator_tensors(spec), 1)
    header, at = {'__metadata__': {
        'format': 'stylegan2', 'img_resolution': '256', 'img_channels': '3', 'z_dim': '512', 'w_dim': '512',
        'c_dim': '0', 'mapping_layers': '8', 'num_ws': str(spec.num_ws), 'g_architecture': 'skip',
        'd_architecture': 'resnet', 'mbstd_group_size': '4', 'mbstd_num_channels': '1',
        'channels': ','.join(f'{r}:{c}' for r, c in spec.widths.items())}}, 0
    for name, p in params.items():
        header['G_ema.' + name] = {'dtype': 'F32', 'shape': list(p.shape), 'data_offsets': [at, at + p.nbytes]}
        at += p.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for p in params.values():
            f.write(p.tobytes())


# ---------------------------------------------------------------- one case

def finalists(found):
    """The fastest of each kind; `found` is sorted."""
    kinds = {}
    for _, variant, side in found:
        kinds.setdefault(variant.endswith('compile'), side)
    return list(kinds.values())


def heats(model, batch, variants, folder, seconds):
    """All ways of PyTorch, the finalists (the fastest compiled and the fastest eager one) still running, and what failed."""
    found, failed = [], []
    for variant in variants:
        try:
            side = theirs(model, batch, variant, f'--npy={folder}/{variant}.npy')
        except RuntimeError as e:
            failed.append(str(e))
            continue
        wait_for_quiet(10)
        best = min(statistics.median(side.round(seconds)[0]['full']) for _ in range(2))
        found.append((best, variant, side))
        print(f'  heat {variant}: {found[-1][0]:.2f} ms', file=sys.stderr, flush=True)
        found.sort(key=lambda x: x[0])
        kept = finalists(found)
        for _, _, side in found:
            if side not in kept and side.process.poll() is None:
                side.memory = side.close()['peak_rss_mib']
    return found, failed


def take_turns(sides, rounds, seconds):
    """Rounds in turns; (rounds thrown away, rounds kept although disturbed)."""
    thrown, disturbed, spent = 0, 0, 0.0
    for _ in range(rounds):
        for side in sides:
            while True:
                spent += max(0, wait_for_quiet(PATIENCE - spent) - 0.5)
                start = time.time()
                times, foreign = side.round(seconds)
                if foreign <= QUIET or spent > PATIENCE:
                    break
                thrown += 1
                spent += time.time() - start
            disturbed += foreign > QUIET
            side.add(times, foreign)
    return thrown, disturbed


def difference(a, b):
    """Largest difference of two sides' pictures, and that as a part of the pictures' range."""
    x, y = np.load(a), np.load(b)
    assert x.shape == y.shape, (x.shape, y.shape)
    most = float(np.abs(x - y).max())
    return most, most / float(y.max() - y.min())


def race(name, model, batch, opt, folder):
    print(f'{name}, batch {batch}', file=sys.stderr, flush=True)
    found, failed = heats(model, batch, opt.variants.split(','), folder, opt.seconds / 2)
    us = ours(opt.build, model, batch, f'--npy={folder}/ours.npy')
    rivals = finalists(found)
    thrown, disturbed = take_turns([us] + rivals, opt.rounds, opt.seconds)
    rival = min(rivals, key=lambda s: statistics.median(s.times['full']))
    memory = {s.name: s.close()['peak_rss_mib'] for s in [us] + rivals}
    memory.update({v: s.memory for _, v, s in found if s not in rivals})
    least = min((v for v in memory if v != 'vitrine'), key=memory.get)
    most, relative = difference(f'{folder}/ours.npy', f'{folder}/{rival.name}.npy')
    result = {'model': name, 'batch': batch, 'vitrine_ms': us.times['full'], 'pytorch_ms': rival.times['full'],
              'ratios': [b / a for a, b in zip(us.medians, rival.medians)], 'variant': rival.name, 'heats': {v: ms for ms, v, _ in found}, 'failed': failed,
              'other': {s.name: s.times['full'] for s in rivals if s is not rival},
              'memory_mib': memory, 'least_memory': least, 'difference': most, 'difference_of_range': relative,
              'thrown_away': thrown, 'disturbed': disturbed, 'foreign_cores': max(us.foreign + rival.foreign)}
    print(json.dumps({k: v for k, v in result.items() if k != 'other' and not k.endswith('_ms')}), file=sys.stderr, flush=True)
    return result


def restyle(name, model, opt):
    side = ours(opt.build, model, 1, '--fine')
    thrown, disturbed = take_turns([side], opt.rounds, opt.seconds)
    side.close()
    return {'model': name, 'times': side.times, 'thrown_away': thrown, 'disturbed': disturbed,
            'foreign_cores': max(side.foreign)}


# ---------------------------------------------------------------- from the start of the process

def private_env(folder, **more):
    return dict(os.environ, **{f'XDG_{d}_HOME': folder for d in ('CACHE', 'CONFIG', 'DATA', 'STATE')}, **more)


def window_starts(program, model, folder, renderer, runs):
    """What --exit-after-startup prints: ms from the process's start to the painted picture."""
    env = private_env(folder, GDK_BACKEND='x11', GSK_RENDERER=renderer)
    loop = f'for i in $(seq {runs}); do sleep 1; timeout 20 "$0" --exit-after-startup "$1"; done'
    wait_for_quiet(30)
    out = subprocess.run(['xvfb-run', '-a', '-s', '-screen 0 1280x800x24 -nolisten tcp', 'dbus-run-session', '--',
                          'sh', '-c', loop, program, model], env=env, capture_output=True, text=True).stdout
    return [float(line) for line in out.split('\n') if line.strip().isdigit()]


def wall(command, env):
    wait_for_quiet(20)
    start = time.perf_counter()
    subprocess.run(command, check=True, env=env, capture_output=True)
    return (time.perf_counter() - start) * 1e3


def script_starts(opt, model, folder):
    """`generate --seeds=0` and a Python script doing the same, wall time in turns; the first of each is not counted."""
    env = private_env(folder)
    program = os.path.join(opt.build, 'app/vitrine')
    program = program if os.path.exists(program) else opt.window
    us = [program, 'generate', f'--network={model}', '--seeds=0', f'--outdir={folder}/out']
    them = [sys.executable, os.path.join(HERE, 'torch_side.py'), model, f'--once={folder}/once.png']
    turns = [(wall(us, env), wall(them, env)) for _ in range(1 + opt.rounds)][1:]
    return [list(side) for side in zip(*turns)]


# ---------------------------------------------------------------- what is written down

def down(x, digits=2):
    """A ratio in our favour, never rounded up."""
    return f'{math.floor(x * 10 ** digits) / 10 ** digits:.{digits}f}'


def up(x, digits=2):
    """A ratio that should be small, never rounded down."""
    return f'{math.ceil(x * 10 ** digits) / 10 ** digits:.{digits}f}'


def spread(times, digits=2):
    return f'{min(times):.{digits}f} / {statistics.median(times):.{digits}f} / {max(times):.{digits}f}'


def verdict(met):
    return 'yes' if met else '**no**'


def race_lines(races):
    yield ('| model | batch | Vitrine ms (min / median / max) | PyTorch ms | way | times faster (by round) | goal | met | '
           'largest difference (of range) |')
    yield '| --- | --- | --- | --- | --- | --- | --- | --- | --- |'
    for r in races:
        ratio = statistics.median(r['pytorch_ms']) / statistics.median(r['vitrine_ms'])
        goal = 2 if r['batch'] == 1 else 1.3
        yield (f"| {r['model']} | {r['batch']} | {spread(r['vitrine_ms'])} ({len(r['vitrine_ms'])}) | "
               f"{spread(r['pytorch_ms'])} ({len(r['pytorch_ms'])}) | {r['variant']} | {down(ratio)} ({down(min(r['ratios']))} to {down(max(r['ratios']))}) | {goal} | "
               f"{verdict(ratio >= goal)} | {r['difference']:.1e} ({r['difference_of_range']:.1e}) |")
        for variant, times in r['other'].items():
            ratio = statistics.median(times) / statistics.median(r['vitrine_ms'])
            yield f"| | | | {spread(times)} ({len(times)}) | {variant} | {down(ratio)} | | not the rival | |"


def memory_lines(races):
    yield '| model | batch | Vitrine MiB | PyTorch MiB (rival) | least of all ways | ratio to least | goal | met |'
    yield '| --- | --- | --- | --- | --- | --- | --- | --- |'
    for r in races:
        m = r['memory_mib']
        ratio = m['vitrine'] / m[r['least_memory']]
        yield (f"| {r['model']} | {r['batch']} | {m['vitrine']:.0f} | {m[r['variant']]:.0f} | "
               f"{m[r['least_memory']]:.0f} ({r['least_memory']}) | {up(ratio)} | 0.5 | {verdict(ratio <= 0.5)} |")


def restyle_lines(restyles):
    yield '| model | what changed | full ms (min / median / max) | re-render ms | ratio of medians | goal | met |'
    yield '| --- | --- | --- | --- | --- | --- | --- |'
    for r in restyles:
        full = r['times']['full']
        for kind, what in (('last_two', 'last two styles'), ('last_block', 'all styles of the last block')):
            t = r['times'][kind]
            ratio = statistics.median(t) / statistics.median(full)
            yield (f"| {r['model']} | {what} | {spread(full)} | {spread(t)} ({len(t)}) | {up(ratio)} | 0.4 | "
                   f"{verdict(ratio <= 0.4)} |")


def start_lines(windows, scripts):
    yield '| from the start of the process | ms (min / median / max) | goal | met |'
    yield '| --- | --- | --- | --- |'
    for renderer, cold, t in windows:
        yield (f'| window, first picture painted, GSK_RENDERER={renderer} | {spread(t, 0)} ({len(t)}); '
               f'very first, caches empty: {cold:.0f} | 500 | {verdict(max(t) <= 500)} |')
    yield f'| `vitrine generate --seeds=0` | {spread(scripts[0], 0)} ({len(scripts[0])}) | | |'
    yield f'| Python and PyTorch (eager), the same picture | {spread(scripts[1], 0)} ({len(scripts[1])}) | | |'


def machine(commit):
    import torch
    with open('/proc/cpuinfo') as f:
        cpu = next(line.split(':')[1].strip() for line in f if line.startswith('model name'))
    dnnl = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', 'libdnnl-dev'], capture_output=True, text=True).stdout
    gcc = subprocess.run(['gcc', '-dumpfullversion'], capture_output=True, text=True).stdout.strip()
    return (f'{cpu}, {os.cpu_count()} cores, Linux {platform.release()}; gcc {gcc}, oneDNN {dnnl}; PyTorch '
            f'{torch.__version__} from PyPI, Python {platform.python_version()}. Commit {commit}.')


def report(opt, races, restyles, windows, scripts):
    lines = [f'## {datetime.date.today()}', '', machine(opt.commit) + (' ' + opt.note if opt.note else ''), '']
    for part in (race_lines(races), memory_lines(races), restyle_lines(restyles),
                 start_lines(windows, scripts) if scripts else []):
        lines += list(part) + ['']
    lines.append('Heats of PyTorch (the lower median ms of two rounds) and how quiet it was:')
    for r in races:
        heats_text = ', '.join(f'{v} {ms:.2f}' for v, ms in sorted(r['heats'].items(), key=lambda x: x[1]))
        lines.append(f"- {r['model']}, batch {r['batch']}: {heats_text}"
                     + ''.join(f'; failed: {f}' for f in r['failed'])
                     + f"; rounds thrown away {r['thrown_away']}, kept although disturbed {r['disturbed']}, "
                     + f"others used at most {r['foreign_cores']:.2f} cores")
    for r in restyles:
        lines.append(f"- {r['model']}, restyle: rounds thrown away {r['thrown_away']}, kept although disturbed "
                     f"{r['disturbed']}, others used at most {r['foreign_cores']:.2f} cores")
    return '\n'.join(lines) + '\n'


def options():
    p = argparse.ArgumentParser()
    p.add_argument('--build', required=True)
    p.add_argument('--window')
    p.add_argument('--append')
    p.add_argument('--commit', default='unknown', help='what DIR was built from')
    p.add_argument('--note', default='')
    p.add_argument('--seconds', type=float, default=1.5)
    p.add_argument('--rounds', type=int, default=8)
    p.add_argument('--models', default='bundled,paper256')
    p.add_argument('--batches', default='1,16')
    p.add_argument('--variants', default=','.join(VARIANTS))
    return p.parse_args()


def main():
    opt = options()
    bundled = os.path.join(ROOT, 'data/models/lorelei64.safetensors')
    with tempfile.TemporaryDirectory() as folder:
        paths = {'bundled': bundled, 'paper256': os.path.join(folder, 'paper256.safetensors')}
        names = opt.models.split(',')
        if 'paper256' in names:
            random_model(paths['paper256'])
        windows, scripts = [], None
        if opt.window:
            for renderer in ('cairo', 'gl'):
                cold, *warm = window_starts(opt.window, bundled, tempfile.mkdtemp(dir=folder), renderer, 11)
                windows.append((renderer, cold, warm))
            scripts = script_starts(opt, bundled, folder)
        restyles = [restyle(name, paths[name], opt) for name in names]
        races = [race(name, paths[name], int(batch), opt, folder)
                 for name in names for batch in opt.batches.split(',')]
    text = report(opt, races, restyles, windows, scripts)
    print(text)
    if opt.append:
        with open(opt.append, 'a') as f:
            f.write('\n' + text)


if __name__ == '__main__':
    main()
