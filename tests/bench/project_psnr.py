#!/usr/bin/env python3
"""How near projection comes: drawings of a data set and the model's own pictures, with w, with w+, tuned.

usage: project_psnr.py VITRINE MODEL DATA OUT.csv [N] [STEPS]

Each way is one run of "vitrine project --num=N --self-test=N": N pictures of DATA and N that the model draws. OUT.csv has a
row for each way and kind: PSNR (8 bits, dB) of the picture that is saved, the distance in the discriminator's features,
and seconds a picture, the whole process counted. Pictures themselves are not kept.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import time

WAYS = (('w', []), ('w+', ['--space=w+']), ('w, tuned', ['--tune']), ('w+, tuned', ['--space=w+', '--tune']))


def numbers(values):
    values = sorted(values)
    return sum(values) / len(values), values[len(values) // 2], values[0]


def main():
    vitrine, model, data, out = sys.argv[1:5]
    n, steps = [int(a or b) for a, b in zip((sys.argv[5:] + ['', ''])[:2], ('16', '200'))]
    rows = []
    for way, options in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            began = time.time()
            subprocess.run([vitrine, 'project', f'--network={model}', f'--target={data}', f'--num={n}', f'--self-test={n}',
                            f'--steps={steps}', f'--outdir={folder}', *options], check=True, stdout=subprocess.DEVNULL)
            seconds = (time.time() - began) / (2 * n)
            with open(os.path.join(folder, 'projection.json')) as f:
                pictures = json.load(f)['pictures']
        for kind, part in (('data', pictures[:n]), ('generated', pictures[n:])):
            psnr = numbers([p['psnr'] if p['psnr'] is not None else 99 for p in part])
            features = numbers([p['features'] for p in part])
            rows.append([way, kind, n, steps, *(f'{v:.2f}' for v in psnr), *(f'{v:.4f}' for v in features[:2]), f'{seconds:.1f}'])
            print(*rows[-1], sep='\t', flush=True)
    with open(out, 'w', newline='') as f:
        writer = csv.writer(f, lineterminator='\n')
        writer.writerow(['way', 'pictures', 'n', 'steps', 'psnr_mean', 'psnr_median', 'psnr_least', 'features_mean',
                         'features_median', 'seconds_each'])
        writer.writerows(rows)


main()
