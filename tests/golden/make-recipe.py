#!/usr/bin/env python3
"""Writes expected/recipe-*.f32, what the recipe's powers over single layers draw, by a NumPy implementation.

usage: make-recipe.py SG_ORACLE.py      needs NumPy

float32 [face, C, H, W], unclamped, of tests/fixtures/sg2.safetensors; tests/cli/test-recipe.py asks `vitrine generate` for
the same. The oracle computes in float64; a style offset is added to what its affine layer gives, before demodulation
and before toRGB's gain (StyleSpace, Wu et al. 2021). Also writes the inputs: a W+ as NVlabs' projector saves it, a direction
and a noise map, to tests/fixtures/vectors.
"""
import importlib.util
import json
import os
import struct
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, '..', 'fixtures')
NUM_WS, DIM = 6, 8
# As they run; s3 is the style of the fourth.
STAGES = ['b4.conv1', 'b4.torgb', 'b8.conv0', 'b8.conv1', 'b8.torgb', 'b16.conv0', 'b16.conv1', 'b16.torgb']


def load_oracle(path):
    spec = importlib.util.spec_from_file_location('sg_oracle', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tensors():
    with open(os.path.join(FIXTURES, 'sg2.safetensors'), 'rb') as f:
        head = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    found = {}
    for name, t in head.items():
        if name.startswith('g_ema.'):
            a, b = t['data_offsets']
            found[name[6:]] = np.frombuffer(data[a:b], '<f4').reshape(t['shape']).astype(np.float64)
    return found


def main():
    oracle = load_oracle(sys.argv[1])
    p = tensors()
    affine = oracle._affine
    offsets = {}

    def moved(p, pre, w):
        s = affine(p, pre, w).copy()
        for (stage, channel), value in offsets.items():
            if pre == 'synthesis.' + STAGES[stage]:
                s[channel] += value
        return s
    oracle._affine = moved

    def w_of(seed, lock_z=()):
        z = oracle.randn_legacy(seed, DIM)
        for i, v in lock_z:
            z[i] = v
        return oracle.sg2_mapping(p, z)

    def write(name, pictures):
        path = os.path.join(HERE, 'expected', f'recipe-{name}.f32')
        np.stack(pictures).astype('<f4').tofile(path)
        print(path, np.stack(pictures).shape)

    def draw(ws, tensors=p):
        return oracle.sg2_synthesis(tensors, ws, 16)

    # --seeds=3 --set=w1=0.25,w0:3=1.5,w2-4:5=-0.75 --scale=1.25 --trunc=0.8 --trunc-cutoff=4
    ws = np.stack([w_of(3)] * NUM_WS)
    ws[:, 1] += 0.25
    ws[0, 3] += 1.5
    ws[2:5, 5] -= 0.75
    ws *= 1.25
    ws[:4] = p['mapping.w_avg'] + 0.8 * (ws[:4] - p['mapping.w_avg'])
    write('layers', [draw(ws)])

    # --seeds=5 --set=s0.2=+2,s3.1=-1.5,s4.0=3
    offsets.update({(0, 2): 2, (3, 1): -1.5, (4, 0): 3})
    write('styles', [draw(np.stack([w_of(5)] * NUM_WS))])
    offsets.clear()

    # --seeds=0-1 --lock=z1=2,w2=0.5,w0:3=-1 --set=w2=0.125
    pictures = []
    for seed in (0, 1):
        ws = np.stack([w_of(seed, [(1, 2)])] * NUM_WS)
        ws[:, 2] = 0.5 + 0.125
        ws[0, 3] = -1
        pictures.append(draw(ws))
    write('locks', pictures)

    # --seeds=7 --direction=direction.npy=1.5 --direction=direction.npy --set=d2:1-3=-2
    random = np.random.RandomState(17)
    direction = random.randn(DIM).astype('<f4')
    direction /= np.linalg.norm(direction)
    np.save(os.path.join(FIXTURES, 'vectors', 'direction.npy'), direction.astype('<f4'))
    d = direction.astype('<f4').astype(np.float64)
    d = d / np.linalg.norm(d)
    ws = np.stack([w_of(7)] * NUM_WS) + 1.5 * d
    ws[1:4] -= 2 * d
    write('directions', [draw(ws)])

    # --latent=projected_w-6x8.npz
    plus = random.randn(1, NUM_WS, DIM).astype('<f4')
    np.savez(os.path.join(FIXTURES, 'vectors', 'projected_w-6x8.npz'), w=plus)
    write('wplus', [draw(plus[0].astype(np.float64))])

    # --seeds=2 --noise-map=2=noise-8x8.npy: the second convolution of 8 × 8
    noise = random.randn(8, 8).astype('<f4')
    np.save(os.path.join(FIXTURES, 'vectors', 'noise-8x8.npy'), noise)
    other = dict(p)
    other['synthesis.b8.conv1.noise_const'] = noise.astype(np.float64)
    write('noise-map', [draw(np.stack([w_of(2)] * NUM_WS), other)])


if __name__ == '__main__':
    main()
