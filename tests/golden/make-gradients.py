#!/usr/bin/env python3
"""Writes two small generators and what PyTorch's autograd says of them in float64.

usage: make-gradients.py      needs PyTorch and NumPy; seconds

  ../fixtures/sg1_small.safetensors   StyleGAN, 16×16: the last block is blended in (lod 0.3) and doubles by one
                                      convolution, the one before it by nearest neighbours; with a discriminator
  ../fixtures/sg3_small.safetensors   StyleGAN3, 16×16: three layers, one of which enlarges by 4 and has a filter that is
                                      no product of two axes; a plane that lies askew
  expected/gradients.json             for each: sum of squares of the picture of w RandomState (12).randn, one for each
                                      layer, and the gradient of sum (picture * RandomState (11).randn) with respect to
                                      each w; of the discriminator the gradient of the logit with respect to its picture

The formulas are written out below; nothing of this program computes them.
"""
import json
import math
import pathlib
import struct

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
torch.set_default_dtype(torch.float64)


class Weights:
    """Random float32 numbers under the names of Vitrine's files."""

    def __init__(self, seed):
        self.random, self.all = np.random.RandomState(seed), {}

    def __call__(self, name, *shape, mean=0.0, std=1.0):
        v = (mean + std * self.random.randn(*shape)).astype('<f4')
        return self.put(name, v)

    def put(self, name, values):
        self.all[name] = np.asarray(values, '<f4')
        return torch.tensor(self.all[name].astype('f8'))

    def save(self, path, metadata):
        header, at = {'__metadata__': metadata}, 0
        for name, v in self.all.items():
            header[name] = {'dtype': 'F32', 'shape': list(v.shape), 'data_offsets': [at, at + v.nbytes]}
            at += v.nbytes
        text = json.dumps(header).encode()
        text += b' ' * (-len(text) % 8)
        path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(v.tobytes() for v in self.all.values()))


def upfirdn(x, taps, up=1, down=1, pad=(0, 0), gain=1.0):
    """Zeros between samples, padding (negative: cropping), convolution, every down-th sample."""
    n, c, h, w = x.shape
    y = x.new_zeros(n, c, h * up, w * up)
    y[:, :, ::up, ::up] = x
    y = F.pad(y, (pad[0], pad[1], pad[0], pad[1]))
    k = taps if taps.ndim == 2 else torch.outer(taps, taps)
    y = F.conv2d(y.reshape(n * c, 1, *y.shape[2:]), k.flip(0, 1)[None, None] * gain)
    return y.reshape(n, c, *y.shape[2:])[:, :, ::down, ::down]


def lrelu(x):
    return F.leaky_relu(x, 0.2)


# ---- StyleGAN (Karras et al. 2019) ------------------------------------------------------------------------------

BLUR = torch.tensor([1.0, 2, 1]) / 4


def widened(w):
    p = F.pad(w, (1, 1, 1, 1))
    return p[:, :, 1:, 1:] + p[:, :, :-1, 1:] + p[:, :, 1:, :-1] + p[:, :, :-1, :-1]


def styled(g, name, x, w, out, size, conv=None):
    if conv:
        k = g[name + '.weight'] * math.sqrt(2 / (9 * x.shape[1]))
        if conv == 'fused':
            x = F.conv_transpose2d(x, widened(k).transpose(0, 1), stride=2, padding=1)
        else:
            x = F.conv2d(x.repeat_interleave(2, 2).repeat_interleave(2, 3) if conv == 'nearest' else x, k, padding=1)
        if conv != 'plain':
            x = upfirdn(x, BLUR, pad=(1, 1))
    x = x + g[name + '.noise_const'] * g[name + '.noise_strength'][:, None, None] + g[name + '.bias'][:, None, None]
    x = lrelu(x)
    x = x - x.mean((2, 3), keepdim=True)
    x = x * (x.square().mean((2, 3), keepdim=True) + 1e-8).rsqrt()
    s = w @ g[name + '.affine.weight'].T / math.sqrt(w.shape[1]) + g[name + '.affine.bias']
    return x * (s[:, :out, None, None] + 1) + s[:, out:, None, None]


def stylegan(seed):
    make, p, wide = Weights(seed), 'G_ema.', {4: 5, 8: 4, 16: 3}
    g = {}

    def declare(name, *shape, **more):
        g[name] = make(p + name, *shape, **more)

    declare('mapping.fc0.weight', 6, 6)
    declare('mapping.fc0.bias', 6)
    declare('mapping.w_avg', 6, std=0.1)
    declare('synthesis.b4.const', 5, 4, 4)
    plan = []
    for r in (4, 8, 16):
        for i, conv in enumerate([None, 'plain'] if r == 4 else ['nearest' if r == 8 else 'fused', 'plain']):
            name = f'synthesis.b{r}.' + ('epilogue' if conv is None else f'conv{i}')
            out, into = wide[r], wide[r if i or r == 4 else r // 2]
            if conv:
                declare(name + '.weight', out, into, 3, 3)
            declare(name + '.bias', out)
            declare(name + '.noise_strength', out, std=0.3)
            declare(name + '.noise_const', r, r)
            declare(name + '.affine.weight', 2 * out, 6)
            declare(name + '.affine.bias', 2 * out, std=0.3)
            plan.append((name, out, r, conv))
        if r > 4:
            declare(f'synthesis.b{r}.torgb.weight', 3, wide[r], 1, 1)
            declare(f'synthesis.b{r}.torgb.bias', 3)
    rgb = lambda x, r: (F.conv2d(x, g[f'synthesis.b{r}.torgb.weight'] / math.sqrt(wide[r])) +
                        g[f'synthesis.b{r}.torgb.bias'][:, None, None])

    def draw(ws):
        x, coarse = g['synthesis.b4.const'][None], None
        for k, (name, out, r, conv) in enumerate(plan):
            x = styled(g, name, x, ws[k], out, r, conv)
            if name == 'synthesis.b8.conv1':
                coarse = rgb(x, 8).repeat_interleave(2, 2).repeat_interleave(2, 3)
        return 0.3 * coarse + 0.7 * rgb(x, 16)

    score = discriminator(make)
    make.save(HERE / '../fixtures/sg1_small.safetensors',
              dict(format='stylegan', z_dim='6', w_dim='6', c_dim='0', img_resolution='16', img_channels='3', num_ws='6',
                   mapping_layers='1', mapping_lr_mul='0.01', lod='0.3', d_lod='0', fused_scale='16', d_fused_scale='16',
                   mbstd_group_size='4', mbstd_num_channels='0'))
    return len(plan), 6, draw, score


def discriminator(make):
    d = {}

    def declare(name, *shape):
        d[name] = make('D.' + name, *shape)

    wide = {16: 3, 8: 4, 4: 5}
    declare('b16.fromrgb.weight', 3, 3, 1, 1)
    declare('b16.fromrgb.bias', 3)
    for r in (16, 8):
        declare(f'b{r}.conv0.weight', wide[r], wide[r], 3, 3)
        declare(f'b{r}.conv0.bias', wide[r])
        declare(f'b{r}.conv1.weight', wide[r // 2], wide[r], 3, 3)
        declare(f'b{r}.conv1.bias', wide[r // 2])
    declare('b4.conv.weight', 5, 5, 3, 3)
    declare('b4.conv.bias', 5)
    declare('b4.fc.weight', 6, 80)
    declare('b4.fc.bias', 6)
    declare('b4.out.weight', 1, 6)
    declare('b4.out.bias', 1)

    def scaled(name, gain=math.sqrt(2)):
        w = d[name + '.weight']
        return w * gain / math.sqrt(w[0].numel())

    def score(x):
        x = lrelu(F.conv2d(x, scaled('b16.fromrgb')) + d['b16.fromrgb.bias'][:, None, None])
        for r in (16, 8):
            x = lrelu(F.conv2d(x, scaled(f'b{r}.conv0'), padding=1) + d[f'b{r}.conv0.bias'][:, None, None])
            x = upfirdn(x, BLUR, pad=(1, 1))
            x = F.avg_pool2d(F.conv2d(x, scaled(f'b{r}.conv1'), padding=1), 2)
            x = lrelu(x + d[f'b{r}.conv1.bias'][:, None, None])
        x = lrelu(F.conv2d(x, scaled('b4.conv'), padding=1) + d['b4.conv.bias'][:, None, None]).flatten(1)
        x = lrelu(x @ scaled('b4.fc').T + d['b4.fc.bias'])
        return x @ scaled('b4.out', 1).T + d['b4.out.bias']

    return score


# ---- StyleGAN3 (Karras et al. 2021) -----------------------------------------------------------------------------


def stylegan3(seed):
    make, g, dim = Weights(seed), {}, 6
    size, rate, bandwidth, scale = 8, 4, 1, 0.7
    layers = [('L0_9_4', 2, 2, 3, 4, 9, 5, 4, 3), ('L1_16_3', 4, 2, -1, -1, 16, 4, 3, 3), ('L2_16_3', 1, 1, 0, 0, 16, 3, 3, 1)]

    def declare(name, *shape, **more):
        g[name] = make('G_ema.' + name, *shape, **more)

    def put(name, values):
        g[name] = make.put('G_ema.' + name, values)

    declare('mapping.fc0.weight', dim, dim)
    declare('mapping.fc0.bias', dim)
    declare('mapping.w_avg', dim, std=0.1)
    declare('synthesis.input.weight', 5, 5)
    put('synthesis.input.transform', [[0.9, 0.3, 0.1], [-0.2, 1.1, -0.3], [0, 0, 1]])
    declare('synthesis.input.freqs', 5, 2, std=0.7)
    declare('synthesis.input.phases', 5, std=0.5)
    declare('synthesis.input.affine.weight', 4, dim, std=0.3)
    put('synthesis.input.affine.bias', [1, 0.2, 0.1, -0.1])
    radial = np.outer([1.0, 4, 6, 4, 1], [1, 4, 6, 4, 1])
    radial[1, 1] += 9
    for name, up, down, pad, pad_end, _, into, out, kernel in layers:
        p = 'synthesis.' + name
        declare(p + '.weight', out, into, kernel, kernel)
        declare(p + '.bias', out)
        declare(p + '.affine.weight', into, dim)
        declare(p + '.affine.bias', into, mean=1, std=0.2)
        put(p + '.magnitude_ema', 1.7)
        if up > 1:
            put(p + '.up_filter', np.abs(make.random.randn({2: 6, 4: 8}[up])) / 4)
            put(p + '.down_filter', radial / radial.sum() if up == 4 else np.array([1.0, 5, 9, 8, 4, 1]) / 28)

    def fourier(w):
        t = w @ g['synthesis.input.affine.weight'].T / math.sqrt(dim) + g['synthesis.input.affine.bias']
        t = t[0] / t[0, :2].norm()
        one, zero = torch.ones(()), torch.zeros(())
        turn = torch.stack([t[0], -t[1], zero, t[1], t[0], zero, zero, zero, one]).reshape(3, 3)
        shift = torch.stack([one, zero, -t[2], zero, one, -t[3], zero, zero, one]).reshape(3, 3)
        m = turn @ shift @ g['synthesis.input.transform']
        phases = g['synthesis.input.phases'] + g['synthesis.input.freqs'] @ m[:2, 2]
        f = g['synthesis.input.freqs'] @ m[:2, :2]
        amplitude = (1 - (f.norm(dim=1) - bandwidth) / (rate / 2 - bandwidth)).clamp(0, 1)
        at = (torch.arange(size) * 2 + 1 - size) * 0.5 / rate
        x = torch.sin(2 * math.pi * (at[None, :, None] * f[:, 0] + at[:, None, None] * f[:, 1] + phases)) * amplitude
        return (x @ g['synthesis.input.weight'].T / math.sqrt(5)).permute(2, 0, 1)[None]

    def layer(x, w, name, up, down, pad, pad_end, _, into, out, kernel):
        p, last = 'synthesis.' + name, kernel == 1
        s = w @ g[p + '.affine.weight'].T / math.sqrt(dim) + g[p + '.affine.bias']
        k = g[p + '.weight']
        if last:
            k = k * (s[0] / math.sqrt(into))[:, None, None]
        else:
            k = k / k.square().mean((1, 2, 3), keepdim=True).sqrt()
            k = k * (s[0] / s[0].square().mean().sqrt())[:, None, None]
            k = k / (k.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        x = F.conv2d(x, k / math.sqrt(1.7), padding=kernel - 1) + g[p + '.bias'][:, None, None]
        if last:
            return x.clamp(-256, 256)
        x = upfirdn(x, g[p + '.up_filter'], up, 1, (pad, pad_end), up * up)
        x = (lrelu(x) * math.sqrt(2)).clamp(-256, 256)
        return upfirdn(x, g[p + '.down_filter'], 1, down)

    def draw(ws):
        x = fourier(ws[0])
        for k, one in enumerate(layers):
            x = layer(x, ws[k + 1], *one)
        return x * scale

    stated = '|'.join(f'{n} {u} {d} {a} {b} {s}' for n, u, d, a, b, s, *_ in layers)
    make.save(HERE / '../fixtures/sg3_small.safetensors',
              dict(format='stylegan3', z_dim='6', w_dim='6', c_dim='0', img_resolution='16', img_channels='3', num_ws='4',
                   mapping_layers='1', mapping_lr_mul='0.01', input=f'{size} {rate} {bandwidth}', layers=stated,
                   output_scale=str(scale), g_conv_clamp='256'))
    return len(layers) + 1, dim, draw, None


def expected(num_ws, dim, draw, score):
    w = torch.tensor(np.random.RandomState(12).randn(num_ws, dim).astype('f4').astype('f8'), requires_grad=True)
    picture = draw([w[k:k + 1] for k in range(num_ws)])
    weights = torch.tensor(np.random.RandomState(11).randn(*picture.shape).astype('f4').astype('f8'))
    (picture * weights).sum().backward()
    out = {'squares': picture.square().sum().item(), 'gradient': w.grad.tolist()}
    if score:
        img = weights.clone().requires_grad_(True)
        logit = score(img)
        logit.sum().backward()
        out['logit'] = logit.item()
        out['picture_gradient'] = img.grad.flatten().tolist()
    return out


results = {'sg1_small.safetensors': expected(*stylegan(21)), 'sg3_small.safetensors': expected(*stylegan3(22))}
(HERE / 'expected/gradients.json').write_text(json.dumps(results))
