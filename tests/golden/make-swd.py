#!/usr/bin/env python3
"""Writes expected/swd-pictures.u8 and expected/swd.json: two small sets of pictures and their sliced Wasserstein distances.

usage: make-swd.py      needs NumPy

Independent of engine/metrics/swd*.c: whole-picture convolutions with a 5×5 kernel on zero-stuffed pictures, normalised
descriptors, float64 all the way. Positions and directions come from Philox 4x32-10, implemented here again.
"""
import json
import os

import numpy as np

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'expected')
PER_PICTURE, DIRECTIONS, SIDE = 128, 4 * 128, 7
KERNEL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def philox(key, counter):
    """key: integer of 64 bits; counter: [N, 4] of 32 bits -> [N, 4]"""
    mask = np.uint64(0xFFFFFFFF)
    c = [counter[:, i].astype(np.uint64) for i in range(4)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k0), b & mask, (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k1), a & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(c, 1)


def check_philox():
    for word, key, expected in ((0, 0, '6627e8d5 e169c58d bc57ac4c 9b00dbd8'),
                                (0xFFFFFFFF, 2**64 - 1, '408f276d 41c83b0e a20bc7c6 6d5451fd')):
        found = philox(key, np.full((1, 4), word, np.uint64))[0]
        assert ' '.join(f'{int(v):08x}' for v in found) == expected, found


def blocks(seed, stream, n):
    counter = np.zeros((n, 4), np.uint64)
    counter[:, 0], counter[:, 2] = np.arange(n), stream
    return philox(seed, counter)


def normals(seed, stream, rows, columns):
    """Every row starts at a fresh block of four."""
    each = -(-columns // 4)
    r = blocks(seed, stream, rows * each).astype(np.float64).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log((r[:, 0] + 1) / 2**32)), 2 * np.pi * r[:, 1] / 2**32
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).reshape(rows, each * 4)[:, :columns]


def convolve(x):
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)), mode='reflect')
    h, w = x.shape[2:]
    return sum(KERNEL[i, j] * padded[:, :, i:i + h, j:j + w] for i in range(5) for j in range(5))


def pyramid(x):
    levels = [x]
    while levels[-1].shape[2] >= 32:
        small = convolve(levels[-1])[:, :, ::2, ::2]
        stuffed = np.zeros_like(levels[-1])
        stuffed[:, :, ::2, ::2] = small
        levels[-1] = levels[-1] - 4 * convolve(stuffed)
        levels.append(small)
    return levels


def descriptors(x, level, seed):
    n, channels, size, _ = x.shape
    r = blocks(seed, level, n * PER_PICTURE)
    at = (r[:, :2] * np.uint64(size - SIDE + 1)) >> np.uint64(32)
    d = np.stack([x[i // PER_PICTURE, :, int(at[i, 1]):int(at[i, 1]) + SIDE, int(at[i, 0]):int(at[i, 0]) + SIDE]
                  for i in range(len(at))])
    d = (d - d.mean((0, 2, 3), keepdims=True)) / d.std((0, 2, 3), keepdims=True)
    return d.reshape(len(d), -1)


def distances(a, b, seeds, seed):
    found = []
    for level, (x, y) in enumerate(zip(pyramid(a), pyramid(b))):
        x, y = descriptors(x, level, seeds[0]), descriptors(y, level, seeds[1])
        d = normals(seed, 1000 + level, DIRECTIONS, x.shape[1])
        d /= np.sqrt((d**2).sum(1, keepdims=True))
        found.append(1000 * np.abs(np.sort(x @ d.T, 0) - np.sort(y @ d.T, 0)).mean())
    return found


def smooth(rng, n, roughness):
    """Pictures of a few random waves: [n, 3, 32, 32] uint8."""
    yy, xx = np.mgrid[:32, :32] / 32
    out = np.zeros((n, 3, 32, 32))
    for i in range(n):
        for _ in range(8):
            fy, fx, phase = rng.normal(0, roughness), rng.normal(0, roughness), rng.uniform(0, 2 * np.pi)
            out[i] += rng.uniform(5, 25, (3, 1, 1)) * np.sin(2 * np.pi * (fy * yy + fx * xx) + phase)
    return np.clip(np.rint(out + 128), 0, 255).astype(np.uint8)


def tiled(x):
    """Four pictures of 32×32 become one of 64×64."""
    n, c, h, w = x.shape
    return x.reshape(n // 4, 2, 2, c, h, w).transpose(0, 3, 1, 4, 2, 5).reshape(n // 4, c, 2 * h, 2 * w)


def main():
    check_philox()
    rng = np.random.default_rng(7)
    sets = [smooth(rng, 12, 1.5), smooth(rng, 12, 2.5)]
    cases = []
    for name, view, seeds, seed in (
            ('colour', lambda x: x, (0, 0), 0), ('other seeds', lambda x: x, (5, 2**40 + 1), 2**63),
            ('tiled', tiled, (1, 1), 2), ('grey corner', lambda x: x[:, :1, :16, :16], (3, 3), 3),
            ('small corner', lambda x: x[:, :, :8, :8], (4, 4), 4)):
        a, b = (view(s).astype(np.float64) for s in sets)
        cases.append(dict(name=name, n=len(a), channels=a.shape[1], resolution=a.shape[2],
                          seeds=[f'{s:x}' for s in (*seeds, seed)], distances=distances(a, b, seeds, seed)))
    with open(os.path.join(OUT, 'swd-pictures.u8'), 'wb') as f:
        f.write(b''.join(s.tobytes() for s in sets))
    with open(os.path.join(OUT, 'swd.json'), 'w') as f:
        json.dump(cases, f, indent=1)
        f.write('\n')


main()
