#!/usr/bin/env python3
"""What NumPy, SciPy and Pillow say of the picture and the numbers of test-examine.c, as examine-table.h:
    tests/unit/examine/examine-table.py > tests/unit/examine/examine-table.h
"""
import io

import numpy as np
from PIL import Image
from scipy import ndimage, stats

R = 64


def picture():
    c, y, x = np.mgrid[0:3, 0:R, 0:R]
    return (((x * x + 3 * y * y + 17 * c * x) // 7 + (x * y) % 31) & 255).astype(np.uint8)


def spectrum(planes):
    luma = 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]
    rest = luma - ndimage.median_filter(luma, 3, mode='nearest')
    rest -= rest.mean()
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(R) / R)
    power = np.abs(np.fft.fft2(rest * np.outer(hann, hann))) ** 2 + 1
    f = np.fft.fftfreq(R, 1 / R)
    length = np.hypot(f[:, None], f[None, :])
    return [np.log10(power[(length > k) & (length <= k + 1)].mean()) for k in range(R // 2)]


def through_jpeg(planes, quality):
    out = io.BytesIO()
    Image.fromarray(planes.transpose(1, 2, 0)).save(out, 'JPEG', quality=quality)
    return np.asarray(Image.open(io.BytesIO(out.getvalue()))).transpose(2, 0, 1)


def numbers(values, form='%.9g'):
    return '{' + ', '.join(form % v for v in values) + '}'


def auc(ones, zeros, axis=-1):
    ones, zeros = np.asarray(ones), np.asarray(zeros)
    wins = (ones[..., :, None] > zeros[..., None, :]) + 0.5 * (ones[..., :, None] == zeros[..., None, :])
    return wins.mean((-2, -1))


def evidence():
    ones = [((i * 7919) % 101) / 50 for i in range(30)]
    zeros = [((i * 104729) % 97) / 97 for i in range(25)]
    ci = stats.bootstrap((ones, zeros), auc, n_resamples=20000, method='percentile', vectorized=True,
                         random_state=np.random.default_rng(1)).confidence_interval
    print(f'#define TABLE_AUC {auc(ones, zeros):.9g}')
    print(f'#define TABLE_AUC_LOW {ci.low:.9g}')
    print(f'#define TABLE_AUC_HIGH {ci.high:.9g}')


def discriminant():
    k, j = np.mgrid[0:24, 0:4]
    rows = np.sin(k * 1.7 + j * j * 0.9) + 0.3 * j * np.cos(k * 0.6) + np.where(k >= 12, 0.4 * j, 0)
    x, y = rows[:12], rows[12:]
    x = np.delete(x, [2, 3], 0)  # left out
    centred = np.vstack([x - x.mean(0), y - y.mean(0)])
    cov = centred.T @ centred / len(centred)
    most = cov.diagonal().max()
    cov = 0.8 * cov + np.diag(0.2 * cov.diagonal() + 1e-6 * most)
    w = np.linalg.solve(cov, y.mean(0) - x.mean(0))
    print('static const double table_scores[] = ' + numbers(rows @ w) + ';')


def main():
    p = picture()
    print('/* clang-format off */')
    print('/* Made by examine-table.py with NumPy, SciPy and Pillow; do not edit. */')
    print('static const double table_spectrum[] = ' + numbers(spectrum(p)) + ';')
    blurred = np.stack([np.floor(ndimage.gaussian_filter(c.astype(float), 1.0, mode='reflect', truncate=4) + 0.5) for c in p])
    print('static const guint8 table_blurred[] = ' + numbers(blurred[1, 5], '%d') + '; /* row 5 of the second plane */')
    damaged = {f'JPEG{q}': through_jpeg(p, q) for q in (90, 50)}
    for name, d in damaged.items():
        print(f'#define TABLE_{name} {np.abs(d.astype(float) - p).mean():.9g} /* mean change */')
    for quality in (50, 75, 92):
        out = io.BytesIO()
        Image.fromarray(p.transpose(1, 2, 0)).save(out, 'JPEG', quality=quality)
        table = Image.open(io.BytesIO(out.getvalue())).quantization[0]
        print(f'static const guint8 table_quality_{quality}[] = ' + numbers(table, '%d') + ';')
    evidence()
    discriminant()


if __name__ == '__main__':
    main()
