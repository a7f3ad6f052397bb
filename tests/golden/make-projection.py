#!/usr/bin/env python3
"""Writes expected/projection.json: ten steps of a projection in float64 PyTorch, and what its parts give by themselves.

usage: make-projection.py      needs PyTorch and NumPy; seconds

The network has the random weights of stylegan2.py and tests/support/random-model.c (SPEC); everything else that is random
comes from NumPy's RandomState, which the test has as well: targets RandomState (77).randn clipped to -1 … 1, the normals of picture i RandomState (5 + i).randn, one after the other.

  schedule      learning rate and noise at each of 50 steps of NVlabs' projector.py (its formulas, written out below)
  penalty       of maps RandomState (3).randn (r, r) for r = 4, 8, 16, 32 and its gradient's sum of squares; deviation
                and mean of a map + 3 after normalising are 1 and 0, so only its first number is here
  picture       pixels and pyramid of RandomState (1), (2).randn (3, 24, 32) / 3, and sums of squares of their gradients
  cloud         mean of the first coordinates of w and its deviation over 10,000 samples
  steps         stages of 6 steps of w, 4 with one w a layer: the loss' parts of both pictures before each step, and the
                sums of the final w
  lpips         the same with LPIPS of a VGG16 whose channels are divided by 16 and which has random weights (Vgg below)
                in place of the discriminator's features
"""
import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

import stylegan2 as sg

HERE = pathlib.Path(__file__).parent
SEED, D_SEED = 7000, 500
torch.set_default_dtype(torch.float64)


def schedule(step, steps, rate=0.1):
    """NVlabs' projector.py: the learning rate, and the deviation of the noise on w in w's deviations."""
    t = step / steps
    noise = 0.05 * max(0.0, 1.0 - t / 0.75) ** 2
    ramp = min(1.0, (1.0 - t) / 0.25)
    ramp = 0.5 - 0.5 * math.cos(ramp * math.pi)
    ramp = ramp * min(1.0, t / 0.05)
    return rate * ramp, noise


def noise_penalty(noise):
    """The same script's regularisation of one map [n, 1, r, r], for each of n."""
    loss = 0
    while True:
        loss = loss + (noise * torch.roll(noise, 1, 3)).mean((1, 2, 3)) ** 2
        loss = loss + (noise * torch.roll(noise, 1, 2)).mean((1, 2, 3)) ** 2
        if noise.shape[2] <= 8:
            return loss
        noise = F.avg_pool2d(noise, 2)


def normalize(noise):
    noise = noise - noise.mean((1, 2, 3), keepdim=True)
    return noise * noise.square().mean((1, 2, 3), keepdim=True).rsqrt()


TAPS = torch.tensor([1.0, 4, 6, 4, 1]) / 16


def blur(x):
    n, c, h, w = x.shape
    x = F.pad(x.reshape(n * c, 1, h, w), (2, 2, 2, 2), mode='reflect')
    return F.conv2d(x, torch.outer(TAPS, TAPS)[None, None]).reshape(n, c, h, w)


def pyramid(x):
    """x [n, c, h, w] is the difference of two pictures; a pyramid is linear."""
    loss = 0
    for _ in range(5):
        if min(x.shape[2:]) < 8:
            break
        b = blur(x)
        loss = loss + (x - b).square().add(1e-6).sqrt().mean((1, 2, 3))
        x = b[:, :, ::2, ::2]
    return loss + x.square().add(1e-6).sqrt().mean((1, 2, 3))


def unit(x):
    return x / (x.square().sum(1, keepdim=True) + 1e-10).sqrt()


class Features(sg.Discriminator):
    def blocks(self, img):
        assert self.spec.d_arch == 'resnet'
        x, half, out = self.conv(f'b{self.spec.res}.fromrgb', img), math.sqrt(0.5), []
        for r in reversed(self.spec.blocks[1:]):
            b = f'b{r}'
            y = self.conv(b + '.skip', x, True, True, half)
            x = y + self.conv(b + '.conv1', self.conv(b + '.conv0', x), True, False, half)
            out.append(unit(x))
        return out


class Vgg:
    """LPIPS as the lpips package computes it (tests/unit/perceptual holds that our VGG16 equals the package's)."""

    def __init__(self, divide=16):
        random, widths = np.random.RandomState(7), [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
        self.layers, i = [], 3
        for width in widths:
            o = width // divide
            w = np.float32(np.float32(random.randn(o, i, 3, 3)) * np.sqrt(2 / (9 * i)))
            b = np.float32(np.float32(random.randn(o)) * 0.1)
            self.layers.append((torch.tensor(w.astype(float)), torch.tensor(b.astype(float))))
            i = o
        self.factors = [torch.tensor(np.abs(np.float32(random.randn(width // divide))).astype(float))
                        for width in (64, 128, 256, 512, 512)]

    def blocks(self, img):
        shift, scale = (torch.tensor(v).reshape(1, 3, 1, 1) for v in ([-.030, -.088, -.188], [.458, .448, .450]))
        x, out = (img - shift) / scale, []
        for k, (w, b) in enumerate(self.layers):
            x = F.relu(F.conv2d(x, w, b, padding=1))
            if k in (1, 3, 6, 9, 12):
                out.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) * self.factors[len(out)].sqrt().reshape(1, -1, 1, 1))
                x = F.max_pool2d(x, 2) if k < 12 else x
        return out


def distance(a, b):
    return sum((x - y).square().sum(1).mean((1, 2)) for x, y in zip(a, b))


def sum_of_squares(x):
    return float(x.square().sum())


def parts():
    maps = []
    for r in (4, 8, 16, 32):
        x = torch.tensor(np.float32(np.random.RandomState(3).randn(r, r)).astype(float))[None, None].requires_grad_()
        loss = noise_penalty(x)
        loss.backward()
        first = normalize(x.detach() + 3)[0, 0, 0, 0]
        maps.append(dict(size=r, penalty=loss.item(), gradient=sum_of_squares(x.grad), normalized=first.item()))
    a, b = (torch.tensor(np.float32(np.random.RandomState(s).randn(3, 24, 32) / 3).astype(float))[None] for s in (1, 2))
    a.requires_grad_()
    pixels, levels = (a - b).square().mean(), pyramid(a - b).sum()
    g1, = torch.autograd.grad(pixels, a)
    g2, = torch.autograd.grad(levels, a)
    picture = dict(pixels=pixels.item(), pyramid=levels.item(), pixel_gradient=sum_of_squares(g1),
                   pyramid_gradient=sum_of_squares(g2), gradient_first=[g1.flatten()[0].item(), g2.flatten()[0].item()])
    return maps, picture


def steps(g, d, spec, counts=(6, 4), rates=(0.1, 0.02), weights=((1, 0.3, 0), (1, 0.3, 1)), n=2):
    z = torch.tensor(np.float32(np.random.RandomState(123).randn(10000, spec.z_dim)).astype(float))
    w = g.mapping(z, None, 0)
    mean = w.mean(0)
    deviation = ((w - mean).square().sum() / len(w)).sqrt()
    size = n * spec.channels * spec.res * spec.res
    target = np.clip(np.float32(np.random.RandomState(77).randn(size)), -1, 1).reshape(n, spec.channels, spec.res, spec.res)
    target = torch.tensor(target.astype(float))
    wanted = [f.detach() for f in d.blocks(target)]
    names = [k for k in g.p if k.endswith('.noise_const')]
    names.sort(key=lambda k: (int(k.split('.')[1][1:]), k))
    random = [np.random.RandomState(5 + i) for i in range(n)]

    def draw(count):
        return torch.tensor(np.stack([np.float32(r.randn(count)) for r in random]).astype(float))

    r = [g.p[k].shape[-1] for k in names]
    drawn = [[np.float32(rs.randn(s * s)) for s in r] for rs in random]  # picture after picture
    noise = [torch.tensor(np.stack([drawn[i][k] for i in range(n)]).astype(float)).reshape(n, 1, s, s) for k, s in enumerate(r)]
    rows, log = mean.repeat(1, n, 1), []
    for stage, count in enumerate(counts):
        if stage == 1:
            rows = rows.detach().repeat(spec.num_ws, 1, 1)
        rows = rows.detach().requires_grad_()
        noise = [x.detach().requires_grad_() for x in noise]
        adam = torch.optim.Adam([rows, *noise], betas=(0.9, 0.999), lr=0.1)
        for step in range(count):
            rate, on_w = schedule(step, count, rates[stage])
            on_w = on_w if stage == 0 else 0.0
            extra = [torch.tensor(np.stack([np.float32(rs.randn(spec.w_dim)) for _ in range(len(rows))]).astype(float)) for rs in random]
            ws = rows + torch.stack(extra, 1) * (on_w * deviation)
            ws = ws.transpose(0, 1)
            for k, x in zip(names, noise):
                g.p[k] = x
            img = g.synthesis(ws if stage else ws.repeat(1, spec.num_ws, 1))
            a, b, c = weights[0] if stage == 0 and step < 0.5 * count else weights[1]
            pixels = (img - target).square().mean((1, 2, 3))
            levels = pyramid(img - target)
            features = distance(d.blocks(img), wanted) if c else torch.zeros(n)
            penalty = sum(noise_penalty(x) for x in noise)
            loss = a * pixels + b * levels + c * features + 1e5 * penalty
            log.append(dict(stage=stage, total=loss.tolist(), pixels=pixels.tolist(), pyramid=levels.tolist(),
                            features=features.tolist(), penalty=penalty.tolist()))
            adam.param_groups[0]['lr'] = rate
            adam.zero_grad()
            loss.sum().backward()
            adam.step()
            with torch.no_grad():
                for x in noise:
                    x.copy_(normalize(x))
    cloud = dict(mean=mean[:4].tolist(), deviation=deviation.item())
    return log, cloud, rows.detach().sum((0, 2)).tolist()


def main():
    spec = sg.Spec(res=16, widths=sg.auto_widths(16, 256, 24), z_dim=16, w_dim=20, mapping_layers=3)
    g = sg.Generator(spec, sg.random_params(sg.generator_tensors(spec), SEED))
    d = Features(spec, sg.random_params(sg.discriminator_tensors(spec), SEED + D_SEED))
    maps, picture = parts()
    log, cloud, final = steps(g, d, spec)
    lpips, _, _ = steps(g, Vgg(), spec)
    rates = [schedule(i, 50) for i in range(50)]
    out = dict(schedule=dict(rate=[a for a, _ in rates], noise=[b for _, b in rates]), penalty=maps, picture=picture,
               cloud=cloud, steps=log, final=final, lpips=lpips)
    (HERE / 'expected' / 'projection.json').write_text(json.dumps(out, indent=1) + '\n')


if __name__ == '__main__':
    main()
