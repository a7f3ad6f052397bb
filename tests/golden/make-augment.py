#!/usr/bin/env python3
"""Writes expected/augment.safetensors: what tests/unit/learn/test-augment.c expects of the augmentation.

usage: make-augment.py      needs PyTorch and NumPy; seconds

Written from docs/formats.md, Augmentation, alone, with PyTorch's own pad, convolutions and grid_sample, in float64; the
gradients are autograd's. Pictures, cotangents and parameters are rounded to float32 before use, so that the file holds
exactly what went in. Per case, under NAME.:

  x [N,C,H,W]  g_inv [N,3,3]  color [N,C,C+1]  margin [4] (x0 y0 x1 y1)     what goes in
  y, dy, dx                                                                 forward, cotangent, its gradient

Metadata NAME: "seed pipe p" if the parameters were drawn (Philox, stream 7), "fixed" or "color" (no geometry) if not.
"""
import json
import math
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'expected', 'augment.safetensors')
STREAM = 7
# PyWavelets' and everybody's sym6, of sum sqrt 2.
SYM6 = [0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
        0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
        0.0017677118642428036, -0.007800708325034148]
TAPS = torch.tensor(SYM6, dtype=torch.float64) / sum(SYM6)


# ---------------------------------------------------------------- draws

class Philox:
    """Philox 4x32-10: key = seed, counter = (index, stream)."""

    def __init__(self, seed):
        self.seed, self.index = seed, 0

    def block(self):
        low = 0xFFFFFFFF
        c = [self.index & low, self.index >> 32, STREAM & low, STREAM >> 32]
        k = [self.seed & low, self.seed >> 32]
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ k[0], b & low, (a >> 32) ^ c[3] ^ k[1], a & low]
            k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
        self.index += 1
        return c

    def uniform(self):
        r = self.block()
        return ((r[0] >> 5) * 2**26 + (r[1] >> 6)) / 2**53

    def normal(self):
        r = self.block()
        return math.sqrt(-2 * math.log((r[0] + 1) / 2**32)) * math.cos(2 * math.pi * (r[1] / 2**32))


def translate(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.]])


def scale(x, y):
    return np.diag([x, y, 1.])


def rotate(angle):
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


V = np.array([1, 1, 1, 0]) / math.sqrt(3)
VV = np.outer(V, V)


def turn_colours(angle):
    """Rodrigues' formula about V."""
    cross = np.zeros((4, 4))
    cross[:3, :3] = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    return np.eye(4) + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)


def draw(rng, pipe, p, channels, h, w):
    """(g_inv, color) of one picture, in the order of the table."""
    def gated(value, otherwise, probability=p):
        return value if rng.uniform() < probability else otherwise

    g, c = np.eye(3), np.eye(4)
    inv = np.linalg.inv
    if 'b' in pipe:
        g = g @ inv(scale(1 - 2 * gated(math.floor(2 * rng.uniform()), 0), 1))
        # Rounded to what it is: margins are rounded up, and 7.0000001 would become 8.
        g = g @ inv(np.round(rotate(-math.pi / 2 * gated(math.floor(4 * rng.uniform()), 0))))
        t = [(2 * rng.uniform() - 1) * 0.125 for _ in 'xy']
        t = gated(t, [0, 0])
        g = g @ inv(translate(np.round(t[0] * w), np.round(t[1] * h)))
    if 'g' in pipe:
        p_rot = 1 - math.sqrt(min(max(1 - p, 0), 1))
        s = gated(2**(0.2 * rng.normal()), 1)
        g = g @ inv(scale(s, s))
        g = g @ inv(rotate(-gated((2 * rng.uniform() - 1) * math.pi, 0, p_rot)))
        s = gated(2**(0.2 * rng.normal()), 1)
        g = g @ inv(scale(s, 1 / s))
        g = g @ inv(rotate(-gated((2 * rng.uniform() - 1) * math.pi, 0, p_rot)))
        t = [0.125 * rng.normal() for _ in 'xy']
        t = gated(t, [0, 0])
        g = g @ inv(translate(t[0] * w, t[1] * h))
    if 'c' in pipe:
        b = gated(0.2 * rng.normal(), 0)
        m = np.eye(4)
        m[:3, 3] = b
        c = m @ c
        f = gated(2**(0.5 * rng.normal()), 1)
        c = np.diag([f, f, f, 1]) @ c
        c = (np.eye(4) - 2 * VV * gated(math.floor(2 * rng.uniform()), 0)) @ c
        if channels > 1:
            c = turn_colours(gated((2 * rng.uniform() - 1) * math.pi, 0)) @ c
            c = (VV + (np.eye(4) - VV) * gated(2**rng.normal(), 1)) @ c
    if channels == 1:
        mean = c[:3].mean(0)
        return g, np.array([[mean[:3].sum(), mean[3]]])
    return g, c[:3]


# ---------------------------------------------------------------- execution

def margins(g_inv, h, w):
    cx, cy = (w - 1) / 2, (h - 1) / 2
    corners = np.array([[-cx, -cy, 1], [cx, -cy, 1], [cx, cy, 1], [-cx, cy, 1]])
    at = np.einsum('nij,cj->nci', g_inv, corners)[..., :2].reshape(-1, 2)
    m = np.concatenate([(-at).max(0), at.max(0)]) + [6 - cx, 6 - cy, 6 - cx, 6 - cy]
    return [int(v) for v in np.ceil(np.clip(m, 0, [w - 1, h - 1, w - 1, h - 1]))]


def planes(x, kernel, transposed):
    """x [N,C,H,W] filtered along both axes; stride 2."""
    n, c, h, w = x.shape
    x = x.reshape(n * c, 1, h, w)
    conv = F.conv_transpose2d if transposed else F.conv2d
    x = conv(x, kernel.reshape(1, 1, 12, 1), stride=(2, 1))
    x = conv(x, kernel.reshape(1, 1, 1, 12), stride=(1, 2))
    return x.reshape(n, c, *x.shape[2:])


def geometry(x, g_inv, margin):
    h, w = x.shape[2:]
    x0, y0, x1, y1 = margin
    x = F.pad(x, [x0, x1, y0, y1], mode='reflect')
    g = translate((x0 - x1) / 2, (y0 - y1) / 2) @ g_inv
    ph, pw = x.shape[2:]
    # Doubling: index 2i + k - 5 takes tap k of pixel i.
    x = planes(x, 2 * TAPS, True)[:, :, 5:5 + 2 * ph, 5:5 + 2 * pw]
    g = scale(2, 2) @ g @ scale(.5, .5)
    g = translate(-.5, -.5) @ g @ translate(.5, .5)
    gh, gw = (h + 6) * 2, (w + 6) * 2
    g = scale(2 / x.shape[3], 2 / x.shape[2]) @ g @ np.linalg.inv(scale(2 / gw, 2 / gh))
    grid = F.affine_grid(torch.from_numpy(g[:, :2]), [x.shape[0], x.shape[1], gh, gw], align_corners=False)
    x = F.grid_sample(x, grid, mode='bilinear', padding_mode='zeros', align_corners=False)
    # Halving with padding -6: of the eleven pixels that the filter needs around, one is cropped on each side.
    return planes(x[:, :, 1:-1, 1:-1], TAPS, False)


def augment(x, g_inv, color, margin):
    if margin is not None:
        x = geometry(x, g_inv, margin)
    c = torch.from_numpy(color)
    return torch.einsum('nij,njhw->nihw', c[:, :, :-1], x) + c[:, :, -1, None, None]


# ---------------------------------------------------------------- cases

def exact(a):
    return np.asarray(a).astype(np.float32).astype(np.float64)


def fixed(*matrices):
    return np.stack([np.linalg.inv(m) for m in matrices])


def cases(rng):
    """name, pipe text, g_inv, color, h, w, channels"""
    for name, seed, pipe, p, n, channels, h, w in [
            ('bgc', 1, 'bgc', 1.0, 4, 3, 20, 20), ('half', 2, 'bgc', 0.5, 6, 3, 16, 16),
            ('grey', 3, 'bgc', 1.2, 3, 1, 16, 16), ('oblong', 4, 'bgc', 0.8, 3, 3, 12, 22),
            ('blit', 5, 'b', 0.7, 4, 1, 16, 16), ('none', 6, 'bgc', 0.0, 2, 3, 8, 8),
            ('color', 7, 'c', 0.9, 3, 3, 8, 8)]:
        philox = Philox(seed)
        drawn = [draw(philox, pipe, p, channels, h, w) for _ in range(n)]
        text = {'b': 'blit', 'c': 'color'}.get(pipe, pipe)
        yield (name, f'{seed} {text} {p}', np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn]),
               h, w, channels)
    some = lambda n, c: np.concatenate([np.eye(c) + .2 * rng.randn(n, c, c), .3 * rng.randn(n, c, 1)], 2)
    # Turned by about 45 degrees and drawn smaller, so that the reflection ends and zeros show.
    yield ('far', 'fixed', fixed(rotate(.8) @ scale(.2, .25), translate(3.3, -4.2) @ rotate(-2.3) @ scale(.3, .7)),
           some(2, 3), 12, 12, 3)
    # Drawn larger; shifted so far that one side reads zeros; shifted out of everything.
    yield ('near', 'fixed', fixed(rotate(2) @ scale(5, 3.3), translate(17.3, -2.6), translate(-90, 70) @ rotate(.1)),
           some(3, 1), 14, 14, 1)


def write_safetensors(path, tensors, metadata):
    header, at = {'__metadata__': metadata}, 0
    for name, t in tensors.items():
        header[name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(header).encode()
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(t.tobytes() for t in tensors.values()))


def main():
    rng = np.random.RandomState(0)
    tensors, metadata = {}, {}
    for name, how, g_inv, color, h, w, channels in cases(rng):
        n = len(g_inv)
        g_inv, color = exact(g_inv), exact(color)
        margin = None if ' color ' in how else margins(g_inv, h, w)
        x = torch.from_numpy(exact(rng.randn(n, channels, h, w))).requires_grad_()
        dy = torch.from_numpy(exact(rng.randn(n, channels, h, w)))
        y = augment(x, g_inv, color, margin)
        assert y.shape == x.shape
        dx, = torch.autograd.grad(y, x, dy)
        metadata[name] = how
        for key, t in dict(x=x.detach(), g_inv=g_inv, color=color, margin=margin or [0] * 4, y=y.detach(), dy=dy,
                           dx=dx).items():
            tensors[f'{name}.{key}'] = np.asarray(t).astype('<f4')
        print(name, margin, float(y.detach().abs().max()), float(dx.abs().max()))
    write_safetensors(OUT, tensors, metadata)


main()
