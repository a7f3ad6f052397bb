#!/usr/bin/env python3
"""Did a rearrangement change results? Runs the same commands with two builds of the program and compares what they leave,
bit for bit.

usage: compare.py OLD_PROGRAM NEW_PROGRAM [--models=DIR_WITH_GOLDEN_TOOLS] [--only=WORD] [--json=F]

OLD_PROGRAM and NEW_PROGRAM are two builds of `vitrine`; --models names a build folder's tests/golden, whose
make-random-model makes networks of every architecture (default: beside NEW_PROGRAM). Pictures are compared by their
pixels (the recipe inside may be written differently), arrays and tables byte for byte, models and snapshots by the
SHA-256 of each tensor, trainings by every loss in stats.jsonl as well. Prints a row a case and exits 1 if any differs.
It is not one of ./check's tests: it needs an older build. Standard library only.
"""
import argparse
import glob
import hashlib
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')
BUNDLED = os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')


# ---- what a command left -------------------------------------------------------------------------

def png_pixels(data):
    at, head, body = 8, b'', b''
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            head = data[at + 8:at + 8 + n]
        if kind == b'IDAT':
            body += data[at + 8:at + 8 + n]
        at += 12 + n
    return head + zlib.decompress(body)


def all_tensors(path):
    """Hash of every tensor of a safetensors file, the training's state included, by name."""
    with open(path, 'rb') as f:
        n = struct.unpack('<Q', f.read(8))[0]
        head = json.loads(f.read(n))
        data = f.read()
    return json.dumps({k: hashlib.sha256(data[slice(*v['data_offsets'])]).hexdigest()
                       for k, v in head.items() if k != '__metadata__'}, sort_keys=True).encode()


def losses(path):
    rows = []
    for line in open(path):
        row = json.loads(line)
        rows.append({k: v for k, v in row.items() if k.startswith(('Loss/', 'Progress/augment', 'Metrics/', 'Metric/'))})
    return json.dumps(rows, sort_keys=True).encode()


def content(path):
    data = open(path, 'rb').read()
    name = os.path.basename(path)
    if name.endswith('.png'):
        return png_pixels(data)
    if name.endswith('.safetensors'):
        return all_tensors(path)
    if name == 'stats.jsonl':
        return losses(path)
    return data


# What tells of the machine, the time or the program, not of the results.
PASSED_OVER = ('.lock', 'log.txt', 'status.json', 'training_options.json', 'changes.jsonl', 'control', '.svg')


def left(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if name.startswith('events.out') or name.endswith(PASSED_OVER) or not os.path.isfile(path):
                continue
            found[os.path.relpath(path, folder)] = hashlib.sha256(content(path)).hexdigest()
    return found


# ---- the cases -----------------------------------------------------------------------------------

def small_set(folder, n=48, side=16):
    rng = random.Random(1)
    os.makedirs(folder)
    for i in range(n):
        raw = b''.join(b'\0' + bytes((rng.randrange(256) + 3 * x * y) % 256 for x in range(side) for _ in range(3))
                       for y in range(side))
        chunks = [(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)), (b'IDAT', zlib.compress(raw)), (b'IEND', b'')]
        with open(os.path.join(folder, f'{i:03}.png'), 'wb') as f:
            f.write(b'\x89PNG\r\n\x1a\n' + b''.join(struct.pack('>I', len(d)) + k + d + struct.pack('>I', zlib.crc32(k + d))
                                                      for k, d in chunks))


def picture_cases(name, model, conditional):
    generate = ['generate', f'--network={model}', '--npy', '--outdir={out}']
    options = [('plain', ['--seeds=0-3']), ('trunc', ['--seeds=0,7', '--trunc=0.7']),
               ('cutoff', ['--seeds=5', '--trunc=0.5', '--trunc-cutoff=2']), ('no noise', ['--seeds=1', '--noise-mode=none']),
               ('scale', ['--seeds=2', '--scale=2.5']), ('scale z', ['--seeds=2', '--scale=2.5', '--scale-space=z', '--set=z0=1']),
               ('edits', ['--seeds=3', '--set=z1=+2.5,w2=-1,w0=+0.5']), ('grid', ['--seeds=0-20', '--grid'])]
    if conditional:
        options.append(('class', ['--seeds=0', '--class=1']))
    for what, more in options:
        extra = ['--class=0'] if conditional and what != 'class' else []
        yield f'{name}: generate {what}', [generate + more + extra]
    label = ['--class=0'] if conditional else []
    yield f'{name}: mix', [['mix', f'--network={model}', '--rows=0,1', '--cols=2,3', '--styles=0-1', '--npy', '--outdir={out}'] + label]
    yield f'{name}: prune', [['prune', f'--network={model}', '--step=0.1', '--images=8', '--pictures=2', '--outdir={out}'] + label,
                             ['prune', f'--network={model}', '--threshold=0.3', '--exclude=mapping', '--save={out}/p.safetensors']]
    yield f'{name}: layers', [['layers', f'--network={model}', '--seed=0', '--outdir={out}'] + label]
    for parameter in ('scale', 'prune', 'psi', 'noise', 'z3', 'w1'):
        yield f'{name}: strip {parameter}', [['strip', f'--network={model}', '--seed=0', '--faces=2', f'--parameter={parameter}',
                                              '--values=0.5,1,2', '--out={out}/s.png', '--csv={out}/s.csv'] + label]
    yield f'{name}: score', [generate + ['--seeds=0-2'] + label,
                             ['score', f'--network={model}', '{out}/seed0000.png', '{out}/seed0001.png', '--json']]
    yield f'{name}: convert', [['convert', model, '{out}/c.safetensors']]
    yield f'{name}: inspect', [['inspect', model, '--csv={out}/i.csv', '--histogram=8']]


SMALL = ['--resolution=16', '--batch=4', '--mbstd-group=2', '--channel-base=128', '--channel-max=16', '--z-dim=16', '--w-dim=16',
         '--mapping-layers=2', '--threads=1', '--tick=0.02', '--snap=4', '--metrics=swd', '--metric-images=32', '--seed=7']
EVERYTHING = ['--aug=ada', '--p=0.5', '--ada-kimg=2', '--ada-interval=16', '--mixing=0.5', '--r1-interval=3', '--pl-interval=3', '--mirror=1']


def training_cases(data):
    for arch in ('skip', 'orig', 'resnet'):
        yield f'training {arch}, 63 iterations', [['train', f'--data={data}', '--outdir={out}', '--kimg=0.252', f'--g-arch={arch}',
                                                   f'--d-arch={arch}'] + SMALL + EVERYTHING]


def resumed(old, data, work, programs):
    """A run that the old program began and was told to end early goes on with each."""
    begun = os.path.join(work, 'begun')
    run(old, ['train', f'--data={data}', f'--outdir={begun}', '--kimg=0.120'] + SMALL + EVERYTHING)
    results = []
    for i, program in enumerate(programs):
        folder = os.path.join(work, f'resumed{i}')
        shutil.copytree(begun, folder)
        directory = glob.glob(os.path.join(folder, '0*'))[0]
        run(program, ['train', f'--resume={directory}', '--kimg=0.252'])
        results.append(left(folder))
    return results


# ---- running and comparing -----------------------------------------------------------------------

def run(program, command):
    p = subprocess.run([program, *command], capture_output=True, timeout=600)
    return p.returncode, p.stdout if command[0] in ('score', 'inspect') else b''


def outcome(program, commands, folder):
    os.makedirs(folder)
    said = [run(program, [part.replace('{out}', folder) for part in c]) for c in commands]
    spoken = [(code, hashlib.sha256(text.replace(folder.encode(), b'OUT')).hexdigest()) for code, text in said]
    return spoken, left(folder)


def networks(old, tools, work):
    """What the old program can open; newer formats have nothing to be compared with."""
    yield 'bundled', BUNDLED, False
    for name in sorted(os.listdir(FIXTURES)):
        path = os.path.join(FIXTURES, name)
        if name.startswith(('sg2', 'simplerick')) and name.endswith(('.safetensors', '.pkl', '.pt')) and \
                subprocess.run([old, 'convert', path, os.path.join(work, 'opened')], capture_output=True).returncode == 0:
            yield name, path, False
    for g, d, classes in (('skip', 'resnet', 0), ('orig', 'orig', 3), ('resnet', 'skip', 0)):
        path = os.path.join(work, f'random-{g}-{d}.safetensors')
        subprocess.run([os.path.join(tools, 'make-random-model'), f'--arch={g}', f'--d-arch={d}', f'--c-dim={classes}', '--resolution=32',
                        '--channel-base=512', '--channel-max=48', '--z-dim=32', '--w-dim=40', '--clamp=2', path], check=True)
        yield f'random {g}/{d}', path, classes > 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('old')
    parser.add_argument('new')
    parser.add_argument('--models')
    parser.add_argument('--only', default='')
    parser.add_argument('--json')
    a = parser.parse_args()
    tools = a.models or os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(a.new))), 'tests', 'golden')
    rows, different = [], 0

    def row(case, old, new):
        nonlocal different
        if isinstance(old, tuple):
            files = sorted(f for f in set(old[1]) | set(new[1]) if old[1].get(f) != new[1].get(f))
            if old[0] != new[0]:
                files.insert(0, f'exit or output {old[0]} {new[0]}')
            n = len(old[1])
        else:
            files, n = sorted(f for f in set(old) | set(new) if old.get(f) != new.get(f)), len(old)
        different += bool(files)
        rows.append({'case': case, 'files': n, 'different': files})
        print(f'{"DIFFERS" if files else "same":8}{n:4} files  {case}' + (': ' + ', '.join(files[:6]) if files else ''), flush=True)

    with tempfile.TemporaryDirectory() as work:
        data = os.path.join(work, 'set')
        small_set(data)
        cases = [case for m in networks(a.old, tools, work) for case in picture_cases(*m)] + list(training_cases(data))
        for i, (case, commands) in enumerate(cases):
            if a.only in case:
                row(case, *(outcome(program, commands, os.path.join(work, which, str(i)))
                            for which, program in (('old', a.old), ('new', a.new))))
        if a.only in 'resume':
            row('a run of the old program, resumed by each', *resumed(a.old, data, work, (a.old, a.new)))
    print(f'{len(rows)} cases, {different} differ')
    if a.json:
        with open(a.json, 'w') as f:
            json.dump(rows, f, indent=1)
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main())
