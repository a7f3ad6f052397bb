#!/usr/bin/env python3
"""Vitrine against PyTorch on a GPU, both in one call: whole pictures, or the phases of training.

usage: race.py BIN pictures|train [--resolutions=256,1024] [--batches=1,32] [--precisions=fp32,tf32,bf16,fp16] [--rival=fp32,fp16]
               [--limit=SECONDS] [--device=cuda] [--channel-base=32768] [--channel-max=512] [--no-compile]

BIN holds bench-render, bench-train and make-random-model. Prints rows of a Markdown table: our times in each precision,
PyTorch's (bench-torch.py: eager and torch.compile) in the rival's, and how many times faster we are than the faster of the two.
Where there is no PyTorch, or no time left for it, its columns say so.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def lines_of(command, env, limit):
    """The JSON lines a program printed within the limit, and why there are no more."""
    try:
        p = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, **env), timeout=max(limit, 1))
        out, why = p.stdout, '' if p.returncode == 0 else (p.stderr.strip().splitlines() or ['failed'])[-1][:120]
    except subprocess.TimeoutExpired as e:
        out, why = (e.stdout or b'').decode() if isinstance(e.stdout, bytes) else e.stdout or '', 'no time left'
    except OSError as e:
        out, why = '', str(e)
    text = out[out.index('{'):] if '{' in out else ''
    found, decoder = [], json.JSONDecoder()
    while text:
        try:
            value, end = decoder.raw_decode(text)
        except ValueError:
            break
        found.append(value)
        text = text[end:].lstrip()
    return found, why


def ms(t, digits=2):
    return f"{t['min']:.{digits}f} / {t['median']:.{digits}f} / {t['max']:.{digits}f}"


class Race:
    def __init__(self, o):
        self.o, self.end = o, time.time() + o.limit
        self.torch_env = {'PYTHONDONTWRITEBYTECODE': '1'}
        # What travels with our programs is not for Python's own libraries.
        self.torch_env['LD_LIBRARY_PATH'] = os.environ.get('RACE_LIBRARY_PATH', os.environ.get('LD_LIBRARY_PATH', ''))
        self.precisions, self.rival = o.precisions.split(','), o.rival.split(',')
        self.batches = [int(b) for b in o.batches.split(',')]

    def left(self):
        return self.end - time.time()

    def ours(self, command, precision):
        env = {'VITRINE_TEST_DEVICE': self.o.device, 'VITRINE_TEST_PRECISION': precision, 'VITRINE_TEST_REQUIRED': '1'}
        if self.o.device == 'cpu':
            env.pop('VITRINE_TEST_PRECISION')
        found, why = lines_of(command, env, min(self.left(), 120))
        return found[0] if found else {'failed': why}

    def theirs(self, *command):
        """{(precision, batch, compiled): result}"""
        found = {}
        for compiled in (False, True)[:1 if self.o.no_compile else 2]:
            limit = self.left() / (1 if compiled else 2)
            device = 'cpu' if self.o.device == 'cpu' or self.o.torch_device == 'cpu' else 'cuda'
            lines, why = lines_of([sys.executable, os.path.join(HERE, 'bench-torch.py'), *command, self.o.batches, f'--device={device}',
                                   '--precisions=' + ','.join(self.rival)] + ['--compile'] * compiled, self.torch_env, limit)
            for p in self.rival:
                for b in self.batches:
                    found[p, b, compiled] = {'failed': why or 'no answer'}
            for r in lines:
                found[r['precision'], r['batch'], compiled] = r
        return found

    def row(self, name, batch, precision, ours, theirs, text, least):
        rivals = [theirs.get((precision, batch, c)) for c in (False, True)]
        good = [least(r) for r in rivals if r and 'failed' not in r]
        ratio = f"{int(100 * min(good) / least(ours)) / 100:.2f}×" if good and 'failed' not in ours else ''
        cell = [text(r) if r and 'failed' not in r else (r or {}).get('failed', '') for r in [ours] + rivals]
        print(f'| {name} | {batch} | {precision} | {cell[0]} | {cell[1]} | {cell[2]} | {ratio} |', flush=True)

    def pictures(self, resolution, folder):
        model = f'{folder}/{resolution}.safetensors'
        o = self.o
        subprocess.run([f'{o.bin}/make-random-model', f'--resolution={resolution}', f'--channel-base={o.channel_base}',
                        f'--channel-max={o.channel_max}', '--mapping-layers=8', model], check=True)
        mine = {(p, b): self.ours([f'{o.bin}/bench-render', f'--batch={b}', f'--seconds={o.seconds}', model], p)
                for p in self.precisions for b in self.batches}
        theirs = self.theirs('picture', model, f'--seconds={o.seconds}')
        for r in mine.values():
            r.update({'ms': {k: r['full'][k + '_ms'] for k in ('min', 'median', 'max')}} if 'full' in r else {})
        for (p, b), r in mine.items():
            self.row(f'{resolution}×{resolution}', b, p, r, theirs, lambda r: ms(r['ms']), lambda r: r['ms']['median'])
        os.unlink(model)

    def train(self, resolution):
        o, widths = self.o, ','.join(str(min(self.o.channel_base // (4 << i), self.o.channel_max))
                                     for i in range(resolution.bit_length() - 2))
        mine = {(p, b): self.ours([f'{o.bin}/bench-train', f'--resolution={resolution}', f'--widths={widths}', f'--batch={b}',
                                   '--repeats=5'], p) for p in self.precisions for b in self.batches}
        for r in mine.values():
            r.update({'s_per_kimg': 1000 / r['images_per_second']} if 'images_per_second' in r else {})
        theirs = self.theirs('train', str(resolution), widths)
        for (p, b), r in mine.items():
            self.row(f'{resolution}×{resolution}', b, p, r, theirs, lambda r: f"{r['s_per_kimg']:.2f} s/kimg", lambda r: r['s_per_kimg'])


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('bin')
    p.add_argument('kind', choices=['pictures', 'train'])
    p.add_argument('--resolutions', default='256,1024')
    p.add_argument('--batches', default='1,32')
    p.add_argument('--precisions', default='fp32,tf32,bf16,fp16')
    p.add_argument('--rival', default='fp32,fp16')
    p.add_argument('--limit', type=float, default=500)
    p.add_argument('--seconds', type=float, default=2)
    p.add_argument('--device', default='cuda')
    p.add_argument('--torch-device', default='cuda', help='cpu: to try this script where there is no GPU')
    p.add_argument('--channel-base', type=int, default=32768)
    p.add_argument('--channel-max', type=int, default=512)
    p.add_argument('--no-compile', action='store_true')
    return p.parse_args()


def main():
    race = Race(options())
    what = 'ms (min / median / max)' if race.o.kind == 'pictures' else 'of whole cycles'
    print(f'| {race.o.kind} | batch | precision | Vitrine, {what} | PyTorch eager | torch.compile | times faster |')
    print('| --- | --- | --- | --- | --- | --- | --- |', flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for r in race.o.resolutions.split(','):
            race.pictures(int(r), folder) if race.o.kind == 'pictures' else race.train(int(r))


if __name__ == '__main__':
    main()
