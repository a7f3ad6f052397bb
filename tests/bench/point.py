#!/usr/bin/env python3
"""Does "what moves this spot?" rank as moving everything does? And how long does the answer take?

usage: point.py [--program=build/ui/vitrine] [--network=FILE] [--spots=20] [--probes=32,8] [--seed=0] [--csv=FILE]

Every dimension of w is really moved by its σ, a picture each (`generate --set`); a spot's change is the root mean square
over it, in levels. `influence --region` predicts the same for each spot by gradients. Of the 100 dimensions that really move
a spot most, Spearman's correlation of predicted and measured change is printed for each number of probes, with the seconds
that the gradients took. Python's standard library only; takes some minutes. Spots are 8 × 8 pixels of a 64 × 64 picture, in
proportion for others, drawn by a fixed generator over the picture without its edge.
"""
import argparse
import csv
import json
import os
import random
import statistics
import struct
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BEST = 100


def read_npy(path):
    with open(path, 'rb') as f:
        raw = f.read()
    start = 10 + struct.unpack('<H', raw[8:10])[0]
    return struct.unpack(f'<{(len(raw) - start) // 4}f', raw[start:])


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    out = [0.0] * len(values)
    for rank, i in enumerate(order):
        out[i] = float(rank)
    return out


def spearman(a, b):
    return statistics.correlation(ranks(a), ranks(b))


class Point:
    def __init__(self, options):
        self.o = options
        self.folder = tempfile.TemporaryDirectory()
        inspected = json.loads(self.vitrine('inspect', options.network, '--json'))
        self.w_dim = inspected['architecture']['w_dim']
        self.size = inspected['architecture']['img_resolution']

    def vitrine(self, command, *args):
        return subprocess.run([self.o.program, command, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              check=True).stdout

    def picture(self, *args):
        self.vitrine('generate', '--network=' + self.o.network, f'--seeds={self.o.seed}', '--npy', '--outdir=' + self.folder.name, *args)
        return read_npy(os.path.join(self.folder.name, f'seed{self.o.seed:04}.npy'))

    def predict(self, spot, probes):
        path = os.path.join(self.folder.name, 'spot.csv')
        said = self.vitrine('influence', '--network=' + self.o.network, f'--seed={self.o.seed}', '--region=' + ','.join(map(str, spot)),
                            f'--probes={probes}', '--top=0', '--csv=' + path, '--json')
        with open(path, encoding='utf-8') as f:
            rows = {r['name']: r for r in csv.DictReader(f)}
        rows = [rows[f'w{j}'] for j in range(self.w_dim)]
        return [float(r['predicted']) for r in rows], [float(r['sigma']) for r in rows], json.loads(said)['seconds']

    def spots(self):
        side = max(1, self.size // 8)
        draw = random.Random(20)
        for _ in range(self.o.spots):
            yield draw.randrange(side, self.size - 2 * side), draw.randrange(side, self.size - 2 * side), side, side

    def change(self, spot, a, b):
        x, y, w, h = spot
        plane = self.size * self.size
        squares = [(127.5 * (a[c * plane + j * self.size + i] - b[c * plane + j * self.size + i])) ** 2
                   for c in range(len(a) // plane) for j in range(y, y + h) for i in range(x, x + w)]
        return statistics.fmean(squares) ** 0.5

    def measured(self, sigma):
        """[w_dim] of [spots]: what moving does."""
        plain = self.picture()
        spots = list(self.spots())
        for j, s in enumerate(sigma):
            moved = self.picture(f'--set=w{j}={s:.9g}')
            yield [self.change(spot, moved, plain) for spot in spots]


def main():
    first, rest = __doc__.split('\n', 1)
    parser = argparse.ArgumentParser(description=first, epilog=rest, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--program', default=os.path.join(TOP, 'build', 'ui', 'vitrine'))
    parser.add_argument('--network', default=os.path.join(TOP, 'data', 'models', 'lorelei64.safetensors'))
    parser.add_argument('--spots', type=int, default=20)
    parser.add_argument('--probes', default='32,8')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--csv')
    options = parser.parse_args()
    point = Point(options)
    spots = list(point.spots())
    probes = [int(p) for p in options.probes.split(',')]
    predicted = {p: [point.predict(s, p) for s in spots] for p in probes}
    measured = list(zip(*point.measured(predicted[probes[0]][0][1])))
    lines = ['x,y,width,height,probes,spearman_top100,spearman_all,seconds']
    for p in probes:
        found = []
        for spot, real, (guess, _, seconds) in zip(spots, measured, predicted[p]):
            best = sorted(range(len(real)), key=real.__getitem__)[-BEST:]
            found.append((spearman([guess[j] for j in best], [real[j] for j in best]), spearman(guess, list(real)), seconds))
            lines.append(','.join(map(str, (*spot, p))) + ',' + ','.join(f'{v:.4f}' for v in found[-1]))
        top, all_, seconds = zip(*found)
        print(f'{p} probes: Spearman over the top {BEST} {statistics.fmean(top):.3f} (lowest {min(top):.3f}), over all '
              f'{statistics.fmean(all_):.3f}; {statistics.median(seconds) * 1000:.0f} ms a spot (longest {max(seconds) * 1000:.0f})')
    if options.csv:
        with open(options.csv, 'w', encoding='ascii') as f:
            f.write('\n'.join(lines) + '\n')


main()
