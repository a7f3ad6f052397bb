#!/usr/bin/env python3
"""Writes expected/training.safetensors and expected/training-cond.safetensors: a few iterations of StyleGAN2 training
(docs/formats.md, Training) in float64 PyTorch, with everything random recorded, for a trainer to replay.

usage: make-training.py [--check]      needs PyTorch and NumPy; seconds

--check compares the networks with stylegan2.py and the gradients of all phases with finite differences, and writes nothing.

Every tensor is float32 (what was computed is float64, rounded when written). T is the iteration as two digits, PHASE one
of Gmain Greg Dmain Dreg (in this order), L counts the 3x3 convolutions of the generator: b4.conv1, b8.conv0, b8.conv1 ...
n is the batch, but half of it (batch / pl_batch_shrink) in Greg.

  init.G.NAME  init.D.NAME        what training starts from, buffers (mapping.w_avg, noise_const) included; G_ema starts as G
  draw.T.PHASE.z  .z2  [n, z]     latents, and those of style mixing           (Gmain, Greg, Dmain; Dreg draws nothing)
  draw.T.PHASE.cutoff  []         layers from here on take w from z2; num_ws: no mixing
  draw.T.PHASE.noise.L [n,1,r,r]  noise of every layer, to be multiplied by noise_strength
  draw.T.PHASE.c  [n, c]          labels (one-hot) of z and z2, if conditional
  draw.T.Greg.pl_noise [n,3,R,R]  N(0, 1), to be divided by R
  draw.T.Dmain.real [n,3,R,R]     real pictures, uint8 / 127.5 - 1; Dreg sees the same ones
  draw.T.Dmain.real_c [n, c]      their labels, if conditional
  loss.PHASE [iterations]         mean over the batch, before the gain; NaN where the phase is not run. Dmain: of generated
                                  and real pictures together; Dreg: gamma/2 |dD/dreal|^2; Greg: pl_weight (len - mean)^2
  pl_mean [iterations]            after Greg; NaN where it is not run
  first.PHASE.image, .logits      iteration 0: what G drew (Gmain, Dmain) and D's answer; Dmain.real_logits as well
  grad.PHASE.NAME                 iteration 0: the gradients Adam gets, gain (the phase's interval) applied, of every
                                  parameter of the phase's network (zeros if the loss does not depend on it)
  final.G.NAME  final.D.NAME  final.G_ema.NAME

NAME: mapping.fc0.weight, synthesis.b8.conv0.affine.bias, b16.conv1.weight ... A tensor stored once and used again is not
there under its other names: the metadata has "OTHER NAME": "NAME" for those (flat strings, as safetensors wants them).
Besides, the metadata have the architecture as in Vitrine's models, the options of the training (r1_interval ...; Adam's
correction C.2 uses the intervals), and deviation.WHAT = largest difference when the same is computed in float32, once as
it is and once relative to the largest entry of the tensor (for final.*: to the largest change of the tensor since init).

One iteration: Gmain, Greg every pl_interval, Dmain, Dreg every r1_interval (from iteration 0), each with its own Adam step
right after it; then G_ema. Parameters without gradient count as zeros: Adam's v decays and its step counts for them too.
w_avg moves in Gmain, Greg and Dmain (towards the mean of the phase's n vectors), not by z2; Dmain needs no gradients of G.
"""
import argparse
import json
import math
import os
import struct

import numpy as np
import torch
import torch.nn.functional as F

import stylegan2 as sg

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'expected')
COMMON = dict(img_channels=3, mapping_lr_mul=0.01, lr_g=0.002, lr_d=0.002, beta1=0.0, beta2=0.99, eps=1e-8,
              r1_gamma=1.0, pl_interval=4, pl_weight=2.0, pl_batch_shrink=2, pl_decay=0.01, style_mixing=0.9,
              w_avg_beta=0.995)
CASES = {
    'training': dict(COMMON, resolution=16, widths={4: 16, 8: 16, 16: 8}, z_dim=16, w_dim=16, c_dim=0, mapping_layers=2,
                     d_mapping_layers=0, g_arch='skip', d_arch='resnet', conv_clamp=256.0, mbstd_group=4,
                     mbstd_channels=1, batch=8, iterations=10, r1_interval=4, ema_kimg=0.5, seed=71),
    # What the first one lacks; the clamp is low enough to be reached.
    'training-cond': dict(COMMON, resolution=8, widths={4: 8, 8: 6}, z_dim=8, w_dim=10, c_dim=3, mapping_layers=3,
                          d_mapping_layers=2, g_arch='resnet', d_arch='skip', conv_clamp=3.0, mbstd_group=2,
                          mbstd_channels=2, batch=4, iterations=3, r1_interval=2, pl_interval=2, ema_kimg=0.1, seed=25),
}
HALF = math.sqrt(0.5)
BUFFERS = ('w_avg', 'noise_const')


# ---------------------------------------------------------------- networks, as functions of a dict of tensors

def fir(x, gain=1.0, stride=1, pad=0):
    k = torch.tensor([1.0, 3, 3, 1], dtype=x.dtype) / 8
    return F.conv2d(x, (gain * torch.outer(k, k)).expand(x.shape[1], 1, 4, 4), stride=stride, padding=pad,
                    groups=x.shape[1])


def up2(x):
    n, c, h, w = x.shape
    wide = x.new_zeros(n, c, h, 2, w, 2)
    wide[:, :, :, 0, :, 0] = x
    return fir(F.pad(wide.reshape(n, c, 2 * h, 2 * w), (2, 1, 2, 1)), 4.0)


def activate(x, gain, clamp):
    x = torch.where(x > 0, x, 0.2 * x) * (math.sqrt(2) * gain)
    return x.clamp(-clamp * gain, clamp * gain)


def unit(x):
    return x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()


def mapping(p, o, layers, z, c):
    x = [] if z is None else [unit(z)]
    if o['c_dim']:
        x.append(unit(c @ p['mapping.embed.weight'].T / math.sqrt(o['c_dim']) + p['mapping.embed.bias']))
    x = torch.cat(x, 1)
    for i in range(layers):
        w, lr = p[f'mapping.fc{i}.weight'], o['mapping_lr_mul']
        x = x @ w.T * (lr / math.sqrt(w.shape[1])) + p[f'mapping.fc{i}.bias'] * lr
        x = torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)
    return x


def styles(p, name, w):
    return w @ p[name + '.affine.weight'].T / math.sqrt(w.shape[1]) + p[name + '.affine.bias']


def synthesis(p, o, ws, noise):
    """noise: a list of [n, 1, r, r], or 'const'"""
    layer, img, n = 0, None, ws.shape[0]
    x = p['synthesis.b4.const'].expand(n, -1, -1, -1)

    def conv(name, x, up, gain=1.0):
        nonlocal layer
        s, w = styles(p, name, ws[:, layer]), p[name + '.weight']
        k = w[None] * s[:, None, :, None, None]
        k = k / (k.square().sum((2, 3, 4), keepdim=True) + 1e-8).sqrt()
        parts = []
        for a, b in zip(x.split(1), k):  # slow and plain: a filter per picture
            parts.append(F.conv_transpose2d(a, b.transpose(0, 1), stride=2) if up else F.conv2d(a, b, padding=1))
        x = torch.cat(parts)
        x = fir(x, 4.0, pad=1) if up else x
        plane = p[name + '.noise_const'] if noise == 'const' else noise[layer]
        x = x + plane * p[name + '.noise_strength'] + p[name + '.bias'][:, None, None]
        layer += 1
        return activate(x, gain, o['conv_clamp'])

    for r in o['widths']:
        b, gain = f'synthesis.b{r}', 1.0
        if o['g_arch'] == 'resnet' and r > 4:
            w = p[b + '.skip.weight']
            y, gain = up2(F.conv2d(x, w / math.sqrt(w.shape[1]))) * HALF, HALF
        if r > 4:
            x = conv(b + '.conv0', x, True)
        x = conv(b + '.conv1', x, False, gain)
        if gain != 1:
            x = y + x
        img = None if img is None else up2(img)
        if o['g_arch'] == 'skip' or r == o['resolution']:
            s = styles(p, b + '.torgb', ws[:, layer]) / math.sqrt(x.shape[1])
            t = F.conv2d(x * s[:, :, None, None], p[b + '.torgb.weight']) + p[b + '.torgb.bias'][:, None, None]
            t = t.clamp(-o['conv_clamp'], o['conv_clamp'])
            img = t if img is None else img + t
    return img


def stddev(x, group, channels):
    n, c, h, w = x.shape
    g, m = min(group, n), n // min(group, n)
    planes = []
    for j in range(m):  # members of a group are m apart
        y = x[j::m].reshape(g, channels, c // channels, h, w)
        y = y - y.mean(0)
        planes.append((y.square().mean(0) + 1e-8).sqrt().mean((1, 2, 3)))
    rows = torch.stack([planes[i % m] for i in range(n)])
    return torch.cat([x, rows[:, :, None, None].expand(n, channels, h, w)], 1)


def discriminate(p, o, img, c):
    clamp, x = o['conv_clamp'], None

    def conv(name, x, gain=1.0, down=False, clamp=clamp):
        w = p[name + '.weight']
        w = w / math.sqrt(w[0].numel())
        if down:
            x = F.conv2d(fir(x, pad=2), w, stride=2)
        else:
            x = F.conv2d(x, w, padding=w.shape[2] // 2)
        return activate(x + p[name + '.bias'][:, None, None], gain, clamp)

    for r in list(o['widths'])[:0:-1]:
        b = f'b{r}'
        if o['d_arch'] == 'skip' or r == o['resolution']:
            y = conv(b + '.fromrgb', img)
            x = y if x is None else x + y
        if o['d_arch'] == 'skip':
            img = fir(img, stride=2, pad=1)
        if o['d_arch'] == 'resnet':
            w = p[b + '.skip.weight']
            y = F.conv2d(fir(x, stride=2, pad=1), w / math.sqrt(w.shape[1])) * HALF
            x = y + conv(b + '.conv1', conv(b + '.conv0', x), HALF, True)
        else:
            x = conv(b + '.conv1', conv(b + '.conv0', x), 1.0, True)
    if o['d_arch'] == 'skip':
        x = x + conv('b4.fromrgb', img, clamp=math.inf)
    x = conv('b4.conv', stddev(x, o['mbstd_group'], o['mbstd_channels'])).flatten(1)
    w = p['b4.fc.weight']
    x = activate(x @ w.T / math.sqrt(w.shape[1]) + p['b4.fc.bias'], 1.0, math.inf)
    w = p['b4.out.weight']
    x = x @ w.T / math.sqrt(w.shape[1]) + p['b4.out.bias']
    if o['c_dim']:
        m = mapping(p, o, o['d_mapping_layers'], None, c)
        return (x * m).sum(1) / math.sqrt(m.shape[1])
    return x[:, 0]


# ---------------------------------------------------------------- what is random

def shapes(o):
    """(name, shape, offset, scale) of G's and D's tensors."""
    s = sg.Spec(o['resolution'], o['widths'], o['z_dim'], o['w_dim'], o['c_dim'], o['mapping_layers'], o['g_arch'],
                o['d_arch'])
    g = [(n, t, a, 0 if n == 'mapping.w_avg' else 1 if n.endswith('torgb.weight') else b)
         for n, t, a, b in sg.generator_tensors(s)]
    g = [(n, t, 0.1 if n.endswith('noise_strength') else a, 0.03 if n.endswith('noise_strength') else b)
         for n, t, a, b in g]
    c4, d = o['widths'][4], []
    for n, t, a, b in sg.discriminator_tensors(s):
        if n == 'b4.conv.weight':
            t = (c4, c4 + o['mbstd_channels'], 3, 3)
        if n.startswith('mapping.fc') and int(n[10:].split('.')[0]) >= o['d_mapping_layers']:
            continue
        d.append((n, t, a, b))
    return g, d


def pictures(rng, n, r):
    """Smooth: a ramp and a few soft spots, as bytes."""
    y, x = np.mgrid[0:r, 0:r] / (r - 1.0)
    out = np.empty((n, 3, r, r))
    for i in range(n):
        ramp = rng.uniform(-0.5, 0.5, (2, 3, 1, 1))
        out[i] = rng.uniform(-0.4, 0.4, (3, 1, 1)) + ramp[0] * (x - 0.5) + ramp[1] * (y - 0.5)
        for _ in range(3):
            u, v, size = *rng.uniform(0, 1, 2), rng.uniform(0.1, 0.3)
            out[i] += rng.uniform(-0.9, 0.9, (3, 1, 1)) * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * size ** 2))
    return np.float32(np.clip(np.rint(out * 127.5 + 127.5), 0, 255) / 127.5 - 1)


def record(o):
    """(tensors, aliases): init.* and draw.*"""
    rng, out, same = np.random.RandomState(o['seed']), {}, {}
    for net, tensors in zip('GD', shapes(o)):
        for name, shape, offset, scale in tensors:
            out[f'init.{net}.{name}'] = np.float32(offset + scale * rng.randn(*shape))
    num_ws, c_dim, r = num_ws_of(o), o['c_dim'], o['resolution']
    planes = [4] + [q for q in list(o['widths'])[1:] for _ in range(2)]
    normal = lambda *shape: np.float32(rng.randn(*shape))
    labels = lambda n: np.float32(np.eye(c_dim)[rng.randint(0, c_dim, n)])
    for t in range(o['iterations']):
        for phase in phases(o, t):
            key, n = f'draw.{t:02}.{phase}', o['batch'] // (o['pl_batch_shrink'] if phase == 'Greg' else 1)
            if phase == 'Dreg':
                continue
            out[key + '.z'], out[key + '.z2'] = normal(n, o['z_dim']), normal(n, o['z_dim'])
            mix = rng.rand() < o['style_mixing']
            out[key + '.cutoff'] = np.float32(rng.randint(1, num_ws) if mix else num_ws)
            for i, q in enumerate(planes):
                if phase == 'Dmain':
                    same[f'{key}.noise.{i}'] = f'draw.{t:02}.Gmain.noise.{i}'
                else:
                    out[f'{key}.noise.{i}'] = normal(n, 1, q, q)
            if c_dim:
                out[key + '.c'] = labels(n)
            if phase == 'Greg':
                out[key + '.pl_noise'] = normal(n, 3, r, r)
            if phase == 'Dmain':
                if t < 5:
                    out[key + '.real'] = pictures(rng, n, r)
                else:
                    same[key + '.real'] = f'draw.{t - 5:02}.Dmain.real'
                if c_dim:
                    out[key + '.real_c'] = labels(n)
    return out, same


def num_ws_of(o):
    return 2 * int(math.log2(o['resolution'])) - 2


def phases(o, t):
    return (['Gmain'] + ['Greg'] * (t % o['pl_interval'] == 0) + ['Dmain'] + ['Dreg'] * (t % o['r1_interval'] == 0))


# ---------------------------------------------------------------- training

class Training:
    def __init__(self, o, recorded, same, dtype):
        self.o, self.dtype, self.pl_mean = o, dtype, torch.zeros((), dtype=dtype)
        self.draw = lambda name: torch.from_numpy(np.array(recorded[same.get(name, name)])).to(dtype)
        self.net = {n: {k[7:]: self.draw(k) for k in recorded if k.startswith(f'init.{n}.')} for n in 'GD'}
        self.ema = {k: v.clone() for k, v in self.net['G'].items()}
        self.adam = {}
        for n, interval in (('G', o['pl_interval']), ('D', o['r1_interval'])):
            ratio = interval / (interval + 1)
            lr = o['lr_' + n.lower()]
            self.adam[n] = torch.optim.Adam(self.parameters(n).values(), lr=lr * ratio, eps=o['eps'], foreach=False,
                                            betas=(o['beta1'] ** ratio, o['beta2'] ** ratio))

    def parameters(self, n):
        return {k: v for k, v in self.net[n].items() if k.rpartition('.')[2] not in BUFFERS}

    def generate(self, key, ws_out=None):
        o, p, d = self.o, self.net['G'], lambda x: self.draw(key + x)
        c = d('.c') if o['c_dim'] else None
        w, num_ws = mapping(p, o, o['mapping_layers'], d('.z'), c), num_ws_of(o)
        mean = w.detach().mean(0)
        p['mapping.w_avg'] = mean + o['w_avg_beta'] * (p['mapping.w_avg'] - mean)
        w2, cutoff = mapping(p, o, o['mapping_layers'], d('.z2'), c), int(d('.cutoff'))
        ws = torch.stack([w if i < cutoff else w2 for i in range(num_ws)], 1)
        if ws_out is not None:
            ws_out.append(ws if ws.requires_grad else ws.requires_grad_())
        return synthesis(p, o, ws, [d(f'.noise.{i}') for i in range(num_ws - 1)])

    def score(self, img, c_key):
        return discriminate(self.net['D'], self.o, img, self.draw(c_key) if self.o['c_dim'] else None)

    def loss(self, t, phase):
        """(mean over the batch, before the gain; what was seen on the way). Moves w_avg, not pl_mean."""
        o, key = self.o, f'draw.{t:02}.{phase}'
        if phase == 'Gmain':
            img = self.generate(key)
            logits = self.score(img, key + '.c')
            return F.softplus(-logits).mean(), dict(image=img, logits=logits)
        if phase == 'Dmain':
            with torch.no_grad():
                img = self.generate(key)
            fake, real = self.score(img, key + '.c'), self.score(self.draw(key + '.real'), key + '.real_c')
            return (F.softplus(fake) + F.softplus(-real)).mean(), dict(image=img, logits=fake, real_logits=real)
        if phase == 'Greg':
            ws = []
            img = self.generate(key, ws)
            noise = self.draw(key + '.pl_noise') / math.sqrt(img.shape[2] * img.shape[3])
            g, = torch.autograd.grad((img * noise).sum(), ws, create_graph=True)
            length = g.square().sum(2).mean(1).sqrt()
            mean = self.pl_mean + o['pl_decay'] * (length.mean() - self.pl_mean)  # its gradient counts as well
            return o['pl_weight'] * (length - mean).square().mean(), dict(pl_mean=mean.detach())
        real = self.draw(f'draw.{t:02}.Dmain.real').requires_grad_()
        g, = torch.autograd.grad(self.score(real, f'draw.{t:02}.Dmain.real_c').sum(), real, create_graph=True)
        return o['r1_gamma'] / 2 * g.square().sum((1, 2, 3)).mean(), {}

    def gradients(self, t, phase):
        params = self.parameters(phase[0])
        for v in params.values():
            v.requires_grad_()
        loss, seen = self.loss(t, phase)
        gain = {'Greg': self.o['pl_interval'], 'Dreg': self.o['r1_interval']}.get(phase, 1)
        found = torch.autograd.grad(loss * gain, params.values(), allow_unused=True)
        for v in params.values():
            v.requires_grad_(False)
        return loss.detach(), seen, {k: torch.zeros_like(v) if g is None else g
                                     for (k, v), g in zip(params.items(), found)}

    def run(self):
        o, out = self.o, {}
        rows = {k: np.full(o['iterations'], np.nan) for k in
                ('loss.Gmain', 'loss.Greg', 'loss.Dmain', 'loss.Dreg', 'pl_mean')}
        beta = 0.5 ** (o['batch'] / (o['ema_kimg'] * 1000))
        for t in range(o['iterations']):
            for phase in phases(o, t):
                loss, seen, grads = self.gradients(t, phase)
                rows['loss.' + phase][t] = loss
                if 'pl_mean' in seen:
                    self.pl_mean = seen.pop('pl_mean')
                    rows['pl_mean'][t] = self.pl_mean
                if t == 0:
                    out.update({f'first.{phase}.{k}': v.detach() for k, v in seen.items()})
                    out.update({f'grad.{phase}.{k}': g for k, g in grads.items()})
                params = self.parameters(phase[0])
                for k, v in params.items():
                    v.grad = grads[k]
                self.adam[phase[0]].step()
                for v in params.values():
                    v.grad = None
            for k, v in self.net['G'].items():
                self.ema[k] = v.clone() if k.rpartition('.')[2] in BUFFERS else v + beta * (self.ema[k] - v)
        out.update(rows)
        for n, net in (('G', self.net['G']), ('D', self.net['D']), ('G_ema', self.ema)):
            out.update({f'final.{n}.{k}': v for k, v in net.items()})
        return {k: np.float64(v) for k, v in out.items()}


# ---------------------------------------------------------------- files

def deviations(recorded, good, single):
    """Of a float32 run from the float64 one, for the metadata."""
    found = {}
    for k, v in good.items():
        kind = k if k.startswith(('loss', 'pl_mean')) else '.'.join(k.split('.')[:2])
        scale = np.nanmax(np.abs(v))
        if kind.startswith('final'):
            _, net, name = k.split('.', 2)
            scale = np.abs(v - recorded[f'init.{net[0]}.{name}']).max()
        most = np.nanmax(np.abs(v - single[k]))
        a, b = found.get(kind, (0, 0))
        found[kind] = max(a, most), max(b, most / scale if scale else 0)
    return {'deviation.' + k: f'{a:.2e} {b:.2e}' for k, (a, b) in found.items()}


def metadata(o, same):
    meta = {'format': 'stylegan2', 'img_resolution': o['resolution'], 'num_ws': num_ws_of(o),
            'g_architecture': o['g_arch'], 'd_architecture': o['d_arch'], 'mbstd_group_size': o['mbstd_group'],
            'mbstd_num_channels': o['mbstd_channels'], 'channels': ','.join(f'{r}:{c}' for r, c in o['widths'].items())}
    gone = ('widths', 'resolution', 'g_arch', 'd_arch', 'mbstd_group', 'mbstd_channels', 'seed')
    meta.update({k: v for k, v in o.items() if k not in gone})
    return {**{k: str(v) for k, v in meta.items()}, **same}


def write(path, meta, tensors):
    header, at = {'__metadata__': meta}, 0
    tensors = {k: np.ascontiguousarray(v, '<f4') if np.ndim(v) else np.asarray(v, '<f4') for k, v in tensors.items()}
    for k, v in tensors.items():
        header[k] = {'dtype': 'F32', 'shape': list(v.shape), 'data_offsets': [at, at + v.nbytes]}
        at += v.nbytes
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(v.tobytes() for v in tensors.values()))


def make(name, o):
    recorded, same = record(o)
    good = Training(o, recorded, same, torch.float64).run()
    single = Training(o, recorded, same, torch.float32).run()
    dev = deviations(recorded, good, single)
    path = os.path.join(OUT, name + '.safetensors')
    write(path, {**metadata(o, same), **dev}, {**recorded, **good})
    print(f'{name}: {len(recorded) + len(good)} tensors, {os.path.getsize(path)} bytes, cutoffs',
          *[int(v) for k, v in recorded.items() if k.endswith('cutoff')])
    for k in ('loss.Gmain', 'loss.Greg', 'loss.Dmain', 'loss.Dreg', 'pl_mean'):
        print(f'  {k:10}', *[f'{x:9.4f}' for x in good[k]])
    for k, v in dev.items():
        print(f'  {k:28}', v)


# ---------------------------------------------------------------- are they right?

def check_forwards(name, o):
    """Against stylegan2.py, where that has the case (one channel of stddev, eight mapping layers in D)."""
    recorded, same = record(o)
    t = Training(o, recorded, same, torch.float64)
    p = t.net['G']
    spec = sg.Spec(o['resolution'], o['widths'], o['z_dim'], o['w_dim'], o['c_dim'], o['mapping_layers'], o['g_arch'],
                   o['d_arch'], o['conv_clamp'], mbstd_group=o['mbstd_group'])
    z = torch.randn(8, o['z_dim'], dtype=torch.float64)
    label = [i % max(o['c_dim'], 1) for i in range(8)]
    c = F.one_hot(torch.tensor(label), max(o['c_dim'], 1)).double()
    w = mapping(p, o, o['mapping_layers'], z, c)
    img = synthesis(p, o, w[:, None].expand(-1, num_ws_of(o), -1), 'const')
    arrays = lambda q: {k: v.numpy() for k, v in q.items()}
    print(name, 'G', float((img - sg.Generator(spec, arrays(p))(z, label)).abs().max()))
    real = torch.randn(8, 3, o['resolution'], o['resolution'], dtype=torch.float64)
    q, o1 = dict(t.net['D']), dict(o, mbstd_channels=1)
    q['b4.conv.weight'] = q['b4.conv.weight'][:, :o['widths'][4] + 1]
    other = sg.Discriminator(spec, arrays(q))(real, label)
    print(name, 'D', float((discriminate(q, o1, real, c) - other).abs().max()))
    x = img.abs()
    print(name, 'range of G', float(x.max()), 'and of D', float(other.abs().max()))


def check_gradients(name, o):
    """Along a few random directions; each relative to the sum of absolute products, so that none hides."""
    recorded, same = record(o)
    t = Training(o, recorded, same, torch.float64)
    rng = torch.Generator().manual_seed(0)
    t.pl_mean += 0.3
    for phase in phases(o, 0):
        _, _, grads = t.gradients(0, phase)
        params, worst = t.parameters(phase[0]), 0
        for k, v in params.items():
            step = torch.randn(v.shape, generator=rng, dtype=v.dtype)
            eps, kept, values = 1e-6 * max(1.0, float(v.abs().mean())), v.clone(), []
            for sign in (-1, 1):
                v.copy_(kept + sign * eps * step)
                values.append(float(t.loss(0, phase)[0].detach()))
            v.copy_(kept)
            gain = {'Greg': o['pl_interval'], 'Dreg': o['r1_interval']}.get(phase, 1)
            measured = gain * (values[1] - values[0]) / (2 * eps)
            error = abs(measured - float((grads[k] * step).sum())) / (float((grads[k] * step).abs().sum()) + 1e-4)
            worst = max(worst, error)
            if error > 1e-4:
                print('  ', name, phase, k, measured, float((grads[k] * step).sum()))
        print(name, phase, 'gradients, worst of', len(params), 'tensors:', f'{worst:.1e}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--check', action='store_true')
    check = parser.parse_args().check
    torch.set_num_threads(1)
    for name, o in CASES.items():
        if check:
            check_forwards(name, o)
            check_gradients(name, o)
        else:
            make(name, o)


main()
