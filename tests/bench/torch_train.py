#!/usr/bin/env python3
"""How fast plain PyTorch trains a StyleGAN2 on the CPU in float32: the rival of Vitrine's trainer.

usage: torch_train.py --resolution 64 --widths 128,128,128,64,32 --batch 32 --repeats 3 --threads 2
       torch_train.py --check [the same options for the way of computing]

Skip generator, resnet discriminator, unconditional, no augmentation; phases and losses as in docs/formats.md, Training:
Gmain, Greg every 4 (path length, half the batch), Dmain, Dreg every 16 (R1), each with its Adam step, and the average of
G. Random numbers are drawn within what is measured; the real pictures are not loaded. Every repeat runs each phase once,
in turns. Prints JSON: seconds of each phase (min, median, max), and from them the seconds of a whole cycle of 16
iterations (16 Gmain + 4 Greg + 16 Dmain + 1 Dreg + 16 averages) and pictures per second (the trainer's batches counted
once per iteration, as everyone does).

Ways of computing (the defaults are the fastest found):
  --fused            a filter per picture and a grouped convolution; else scale, shared convolution, scale
  --no-channels-last NCHW in memory, not NHWC
  --conv native      PyTorch's own second derivative of convolutions, which correlates whole planes
  --conv gradfix     the second derivative out of first ones, as NVlabs' conv2d_gradfix does
  --fir dw|sep       the 4x4 filter as one depthwise convolution or as 4x1 and 1x4
  --compile          each phase, its gradients included, traced by make_fx into one graph for torch.compile, which by
                     itself cannot differentiate twice

--check compares gradients with those of tests/golden/expected/training.safetensors and exits with 1 if they differ.
"""
import argparse
import json
import math
import os
import resource
import statistics
import struct
import sys
import time

os.environ.pop('OPENBLAS_CORETYPE', None)

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
SQRT2, HALF = math.sqrt(2), math.sqrt(0.5)
WEIGHT_GRADIENTS = [True]  # off while only inputs are differentiated


# ---------------------------------------------------------------- convolutions that are differentiated twice

def aten_conv(x, w, stride, pad, up, groups):
    return torch.ops.aten.convolution(x, w, None, [stride] * 2, list(pad), [1, 1], up, [0, 0], groups)


class Conv(torch.autograd.Function):
    """`up`: transposed, stride `stride`."""

    @staticmethod
    def forward(ctx, x, w, stride, pad, up, groups):
        ctx.save_for_backward(x, w)
        ctx.how = stride, pad, up, groups
        return aten_conv(x, w, stride, pad, up, groups)

    @staticmethod
    def backward(ctx, gy):
        x, w = ctx.saved_tensors
        stride, pad, up, groups = ctx.how
        gx = Conv.apply(gy, w, stride, pad, not up, groups) if ctx.needs_input_grad[0] else None
        gw = None
        if ctx.needs_input_grad[1] and WEIGHT_GRADIENTS[0]:
            gw = ConvWeight.apply(gy, x, w.detach(), ctx.how)
        return gx, gw, None, None, None, None


class ConvWeight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gy, x, w, how):
        ctx.save_for_backward(gy, x)
        ctx.how = stride, pad, up, groups = how
        return torch.ops.aten.convolution_backward(gy, x, w, None, [stride] * 2, list(pad), [1, 1], up, [0, 0], groups,
                                                   [False, True, False])[1]

    @staticmethod
    def backward(ctx, ggw):
        gy, x = ctx.saved_tensors
        stride, pad, up, groups = ctx.how
        ggy = Conv.apply(x, ggw, stride, pad, up, groups) if ctx.needs_input_grad[0] else None
        gx = Conv.apply(gy, ggw, stride, pad, not up, groups) if ctx.needs_input_grad[1] else None
        return ggy, gx, None, None


class Fir(torch.autograd.Function):
    """A depthwise convolution by a symmetric filter, stride 1: its transpose is one as well, and that way faster."""

    @staticmethod
    def forward(ctx, x, f, pad):
        ctx.f, ctx.pad = f, tuple(k - 1 - p for k, p in zip(f.shape[2:], pad))
        return aten_conv(x, f, 1, pad, False, x.shape[1])

    @staticmethod
    def backward(ctx, gy):
        return Fir.apply(gy, ctx.f, ctx.pad), None, None


# ---------------------------------------------------------------- networks

class Networks:
    def __init__(self, o, dtype=torch.float32):
        self.o, self.dtype = o, dtype
        self.widths = dict(zip((4 << i for i in range(10)), o.widths))
        assert max(self.widths) == o.resolution, 'a width per block: 4, 8 ... resolution'
        self.num_ws = 2 * len(self.widths)
        self.fmt = torch.channels_last if o.channels_last else torch.contiguous_format
        self.filters = {}

    def tensor(self, x):
        return x.to(self.dtype).contiguous(memory_format=self.fmt) if x.ndim == 4 else x.to(self.dtype)

    def random(self):
        """({G's}, {D's}) as they are initialised for a training."""
        o, g, d, n = self.o, {}, {}, torch.randn
        below = None
        for i in range(o.mapping_layers):
            g[f'mapping.fc{i}.weight'] = n(o.w_dim, o.w_dim if i else o.z_dim) * 100
            g[f'mapping.fc{i}.bias'] = torch.zeros(o.w_dim)
        g['mapping.w_avg'] = torch.zeros(o.w_dim)

        def conv(name, out, inp, k):
            g.update({name + '.weight': n(out, inp, k, k), name + '.bias': torch.zeros(out),
                      name + '.affine.weight': n(inp, o.w_dim), name + '.affine.bias': torch.ones(inp)})
            if k == 3:
                g[name + '.noise_strength'] = torch.zeros(())

        for r, c in self.widths.items():
            b = f'synthesis.b{r}'
            if r == 4:
                g[b + '.const'] = n(c, 4, 4)
                d.update({'b4.conv.weight': n(c, c + 1, 3, 3), 'b4.conv.bias': torch.zeros(c),
                          'b4.fc.weight': n(c, 16 * c), 'b4.fc.bias': torch.zeros(c),
                          'b4.out.weight': n(1, c), 'b4.out.bias': torch.zeros(1)})
            else:
                conv(b + '.conv0', c, below, 3)
                d.update({f'b{r}.conv0.weight': n(c, c, 3, 3), f'b{r}.conv0.bias': torch.zeros(c),
                          f'b{r}.conv1.weight': n(below, c, 3, 3), f'b{r}.conv1.bias': torch.zeros(below),
                          f'b{r}.skip.weight': n(below, c, 1, 1)})
            conv(b + '.conv1', c, c, 3)
            conv(b + '.torgb', 3, c, 1)
            below = c
        d.update({f'b{o.resolution}.fromrgb.weight': n(c, 3, 1, 1), f'b{o.resolution}.fromrgb.bias': torch.zeros(c)})
        return [{k: self.tensor(v) for k, v in net.items()} for net in (g, d)]

    # ---- parts

    def conv(self, x, w, stride=1, pad=(0, 0), up=False, groups=1):
        if self.o.conv == 'gradfix':
            return Conv.apply(x, w, stride, pad, up, groups)
        if up:
            return F.conv_transpose2d(x, w, stride=stride, padding=pad, groups=groups)
        return F.conv2d(x, w, stride=stride, padding=pad, groups=groups)

    def fir(self, x, pad, gain=1.0, stride=1, up=False):
        """`up`: zeros inserted (stride 2) and the filter, as a transposed convolution."""
        c = x.shape[1]
        if (c, gain) not in self.filters:
            k = torch.tensor([1.0, 3, 3, 1]).to(self.dtype) / 8 * math.sqrt(gain)
            if self.o.fir == 'dw':
                self.filters[c, gain] = [self.tensor(torch.outer(k, k).repeat(c, 1, 1, 1))]
            else:
                self.filters[c, gain] = [self.tensor(k[:, None].repeat(c, 1, 1, 1)), self.tensor(k.repeat(c, 1, 1, 1))]
        f = self.filters[c, gain]
        if stride == 1 and self.o.conv == 'gradfix':
            for k in f:
                x = Fir.apply(x, k, (pad if k.shape[2] > 1 else 0, pad if k.shape[3] > 1 else 0))
            return x
        if len(f) == 1:
            return self.conv(x, f[0], stride, (pad, pad), up, c)
        if stride == 1:
            return self.conv(self.conv(x, f[0], 1, (pad, 0), up, c), f[1], 1, (0, pad), up, c)
        if up:
            x = F.conv_transpose2d(x, f[0], stride=(2, 1), padding=(pad, 0), groups=c)
            return F.conv_transpose2d(x, f[1], stride=(1, 2), padding=(0, pad), groups=c)
        x = F.conv2d(x, f[0], stride=(2, 1), padding=(pad, 0), groups=c)
        return F.conv2d(x, f[1], stride=(1, 2), padding=(0, pad), groups=c)

    def mapping(self, p, z):
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for i in range(self.o.mapping_layers):  # sqrt 2 is in the weights: lrelu (a x) = a lrelu (x)
            w = p[f'mapping.fc{i}.weight']
            x = F.leaky_relu(torch.addmm(p[f'mapping.fc{i}.bias'] * (0.01 * SQRT2), x, w.T,
                                         alpha=0.01 * SQRT2 / math.sqrt(w.shape[1])), 0.2)
        return x

    def modulated(self, x, w, s, up):
        """Demodulated and times sqrt 2."""
        n, c, h, _ = x.shape
        if not self.o.fused:
            d = SQRT2 * (s.square() @ w.square().sum((2, 3)).T + 1e-8).rsqrt()
            x = x * s[:, :, None, None]
            x = self.conv(x, w.transpose(0, 1), 2, (0, 0), True) if up else self.conv(x, w, 1, (1, 1))
            return self.fir(x, 1, 4.0) if up else x, d[:, :, None, None]
        w = w[None] * s[:, None, :, None, None]
        w = w * (SQRT2 * (w.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt())
        o = w.shape[1]
        if up:
            x = self.conv(x.reshape(1, n * c, h, h), w.transpose(1, 2).reshape(n * c, o, 3, 3), 2, (0, 0), True, n)
        else:
            x = self.conv(x.reshape(1, n * c, h, h), w.reshape(n * o, c, 3, 3), 1, (1, 1), False, n)
        x = x.reshape(n, o, *x.shape[2:])
        return self.fir(x, 1, 4.0) if up else x, None

    def synthesis(self, p, ws, noise):
        k, img = 0, None
        x = p['synthesis.b4.const'][None].repeat(ws.shape[0], 1, 1, 1).contiguous(memory_format=self.fmt)
        style = lambda name, gain=1.0: torch.addmm(p[name + '.affine.bias'] * gain, ws[:, k],
                                                   p[name + '.affine.weight'].T, alpha=gain / math.sqrt(ws.shape[2]))

        for r, c in self.widths.items():
            b = f'synthesis.b{r}'
            for name in ([b + '.conv0'] if r > 4 else []) + [b + '.conv1']:
                x, d = self.modulated(x, p[name + '.weight'], style(name), name.endswith('conv0'))
                bias = p[name + '.bias'][:, None, None] * SQRT2
                x = torch.addcmul(bias, x, d) if d is not None else x + bias
                x = F.leaky_relu_(x.add_(noise[k] * (p[name + '.noise_strength'] * SQRT2)), 0.2)
                k += 1
            t = p[b + '.torgb.weight']
            s = style(b + '.torgb', 1 / math.sqrt(c))
            t = self.conv(x * s[:, :, None, None], t) + p[b + '.torgb.bias'][:, None, None]
            img = t if img is None else self.fir(img, 1, 4.0, 2, True) + t
        return img

    def discriminate(self, p, x):
        def conv(name, x, gain=1.0, down=False, pad=1):
            w = p[name + '.weight']
            w = w * (gain * SQRT2 / math.sqrt(w[0].numel()))
            x = self.conv(self.fir(x, 2), w, 2) if down else self.conv(x, w, 1, (pad, pad))
            return F.leaky_relu_(x.add_(p[name + '.bias'][:, None, None] * (gain * SQRT2)), 0.2)

        x = conv(f'b{self.o.resolution}.fromrgb', x, pad=0)
        for r in list(self.widths)[:0:-1]:
            w = p[f'b{r}.skip.weight']
            y = self.conv(self.fir(x, 1, stride=2), w * (HALF / math.sqrt(w.shape[1])))
            x = y.add_(conv(f'b{r}.conv1', conv(f'b{r}.conv0', x), HALF, True))
        n, c, h, w = x.shape
        g = min(4, n)
        s = (x.reshape(g, n // g, c, h, w).var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        x = torch.cat([x, s.repeat(g)[:, None, None, None].expand(n, 1, h, w)], 1).contiguous(memory_format=self.fmt)
        x = conv('b4.conv', x).flatten(1)
        w = p['b4.fc.weight']
        x = F.leaky_relu(torch.addmm(p['b4.fc.bias'] * SQRT2, x, w.T, alpha=SQRT2 / math.sqrt(w.shape[1])), 0.2)
        w = p['b4.out.weight']
        return torch.addmm(p['b4.out.bias'], x, w.T, alpha=1 / math.sqrt(w.shape[1]))[:, 0]

    # ---- phases: (loss, gradients in the order of the network's parameters, mean w or pl_mean)

    def draws(self, phase):
        o = self.o
        n = o.batch // 2 if phase == 'Greg' else o.batch
        d = {'z': torch.randn(n, o.z_dim), 'z2': torch.randn(n, o.z_dim),
             'cutoff': torch.randint(1, self.num_ws, ()) if torch.rand(()) < 0.9 else torch.tensor(self.num_ws)}
        sizes = [4] + [r for r in list(self.widths)[1:] for _ in range(2)]
        d['noise'] = [torch.randn(n, 1, r, r) for r in sizes]
        if phase == 'Greg':
            d['pl_noise'] = torch.randn(n, 3, o.resolution, o.resolution)
        return d

    def generate(self, g, d):
        w, w2 = self.mapping(g, d['z']), self.mapping(g, d['z2'])
        first = (torch.arange(self.num_ws) < d['cutoff'])[None, :, None]
        ws = torch.where(first, w[:, None], w2[:, None])
        return self.synthesis(g, ws, d['noise']), ws, w.detach().mean(0)

    def phase(self, phase, g, d, params, draws, real, pl_mean):
        """Gradients are of the mean loss times the gain. `params`: the leaves to differentiate for."""
        if phase == 'Gmain':
            img, _, w = self.generate(g, draws)
            loss = F.softplus(-self.discriminate(d, img)).mean()
            return loss.detach(), torch.autograd.grad(loss, params), w
        if phase == 'Dmain':
            with torch.no_grad():
                img, _, w = self.generate(g, draws)
            loss = F.softplus(self.discriminate(d, img)).mean()
            first = torch.autograd.grad(loss, params)
            loss2 = F.softplus(-self.discriminate(d, real)).mean()
            return (loss + loss2).detach(), [a.add_(b) for a, b in
                                             zip(first, torch.autograd.grad(loss2, params))], w
        if phase == 'Greg':
            img, ws, w = self.generate(g, draws)
            WEIGHT_GRADIENTS[0] = self.o.fused  # the styles are in the weights then
            x, = torch.autograd.grad((img * (draws['pl_noise'] / self.o.resolution)).sum(), ws, create_graph=True)
            WEIGHT_GRADIENTS[0] = True
            length = x.square().sum(2).mean(1).sqrt()
            mean = pl_mean.lerp(length.mean(), 0.01)
            loss = (length - mean).square().mean() * 2
            w = torch.cat([w, mean.detach()[None]])
        else:
            real, w = real.detach().requires_grad_(), None
            WEIGHT_GRADIENTS[0] = False
            x, = torch.autograd.grad(self.discriminate(d, real).sum(), real, create_graph=True)
            WEIGHT_GRADIENTS[0] = True
            loss = x.square().sum((1, 2, 3)).mean() * (self.o.gamma / 2)
        found = torch.autograd.grad(loss * (4 if phase == 'Greg' else self.o.r1_interval), params, allow_unused=True)
        return loss.detach(), [torch.zeros_like(p) if a is None else a for a, p in zip(found, params)], w


def parameters(net):
    return {k: v for k, v in net.items() if k.rpartition('.')[2] not in ('w_avg', 'noise_const')}


class Trainer:
    def __init__(self, o):
        self.o, self.n = o, Networks(o)
        self.net = dict(zip('GD', self.n.random()))
        self.ema = [v.clone() for v in parameters(self.net['G']).values()]
        self.pl_mean, self.real = torch.zeros(()), self.n.tensor(torch.rand(o.batch, 3, o.resolution, o.resolution) * 2 - 1)
        self.compiled = {}
        self.optimisers()

    def optimisers(self):
        self.adam = {}
        for n, k in (('G', 4), ('D', self.o.r1_interval)):
            ratio = k / (k + 1)
            self.adam[n] = torch.optim.Adam(list(parameters(self.net[n]).values()), lr=0.002 * ratio, fused=True,
                                            betas=(0.0, 0.99 ** ratio))

    def gradients(self, phase):
        params = list(parameters(self.net[phase[0]]).values())
        draws = self.n.draws(phase)
        if self.o.compile:
            args = (self.net['G'], self.net['D'], draws, self.real, self.pl_mean)
            if phase not in self.compiled:
                self.compiled[phase] = self.trace(phase, args)
            return self.compiled[phase](*args)
        for v in params:
            v.requires_grad_()
        out = self.n.phase(phase, self.net['G'], self.net['D'], params, draws, self.real, self.pl_mean)
        for v in params:
            v.requires_grad_(False)
        return out

    def trace(self, phase, args):
        import torch._inductor.config as config
        from torch.fx.experimental.proxy_tensor import make_fx
        config.cpp.threads = torch.get_num_threads()

        def run(g, d, draws, real, pl_mean):
            nets = {'G': dict(g), 'D': dict(d)}
            leaves = parameters(nets[phase[0]])
            for k, v in leaves.items():
                leaves[k] = v.detach().requires_grad_()
            nets[phase[0]].update(leaves)
            self.n.filters = {}
            return self.n.phase(phase, nets['G'], nets['D'], list(leaves.values()), draws, real, pl_mean)

        graph = make_fx(run)(*args)
        self.n.filters = {}
        return torch.compile(graph, dynamic=False)

    def step(self, phase):
        loss, grads, w = self.gradients(phase)
        if phase == 'Greg':
            w, self.pl_mean = w[:-1], w[-1]
        if w is not None:
            self.net['G']['mapping.w_avg'].lerp_(w, 0.005)
        params = list(parameters(self.net[phase[0]]).values())
        for p, g in zip(params, grads):
            if g.stride() != p.stride():  # as backward () does; the fused Adam looks at no strides
                g = torch.empty_like(p).copy_(g)
            p.grad = torch.nan_to_num_(g, nan=0.0, posinf=1e5, neginf=-1e5)
        self.adam[phase[0]].step()
        for p in params:
            p.grad = None
        return loss, grads

    def average(self):
        beta = 0.5 ** (self.o.batch / (self.o.batch * 10 / 32 * 1000))
        torch._foreach_lerp_(self.ema, list(parameters(self.net['G']).values()), 1 - beta)


# ---------------------------------------------------------------- measuring

def peak_mib():
    """(VmHWM, ru_maxrss); the latter may be that of the process that started this one."""
    with open('/proc/self/status') as f:
        high = next(int(line.split()[1]) for line in f if line.startswith('VmHWM:')) / 1024
    return high, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def busy_seconds():
    """(of all cores, stolen time included; of this process)"""
    with open('/proc/stat') as f:
        t = [int(x) for x in f.readline().split()[1:]]
    own = os.times()
    return (sum(t[:3]) + sum(t[5:8])) / os.sysconf('SC_CLK_TCK'), own.user + own.system


def timed(job, patience):
    """Seconds of a run, and the cores others used meanwhile. While patience lasts it waits for the others and repeats
    what they disturbed (patience: [seconds left])."""
    while True:
        while patience[0] > 0:
            busy = busy_seconds()[0]
            time.sleep(0.3)
            if busy_seconds()[0] - busy < 0.1:
                break
            patience[0] -= 0.3
        busy, own, start = *busy_seconds(), time.perf_counter()
        job()
        wall = time.perf_counter() - start
        busy2, own2 = busy_seconds()
        foreign = max(0.0, (busy2 - busy - own2 + own) / wall) if wall > 0.1 else 0.0
        if foreign <= 0.15 or patience[0] <= 0:
            return wall, foreign
        patience[0] -= wall


def measure(o):
    imported = peak_mib()[0]
    t = Trainer(o)
    names = [p for p in o.phases.split(',') if p != 'ema']
    jobs = {p: (lambda p=p: t.step(p)) for p in names}
    jobs['ema'] = t.average
    start, times, warm = time.perf_counter(), {p: [] for p in jobs}, {}
    patience, foreign = [o.patience], 0.0
    for i in range(o.warmup + o.repeats):
        for p, job in jobs.items():
            seconds, others = timed(job, patience if i >= o.warmup else [0])
            warm.setdefault(p, seconds)
            if i >= o.warmup:
                times[p].append(seconds)
                foreign = max(foreign, others)
    out = {'version': torch.__version__, 'resolution': o.resolution, 'widths': o.widths, 'batch': o.batch,
           'threads': torch.get_num_threads(), 'fused': o.fused, 'channels_last': o.channels_last, 'conv': o.conv,
           'fir': o.fir, 'compile': o.compile, 'repeats': o.repeats,
           'seconds': {p: {'min': min(s), 'median': statistics.median(s), 'max': max(s)} for p, s in times.items()},
           'first_run_seconds': warm}
    if len(jobs) == 5:
        for kind in ('min', 'median', 'max'):
            s = {p: x[kind] for p, x in out['seconds'].items()}
            cycle = 16 * s['Gmain'] + 4 * s['Greg'] + 16 * s['Dmain'] + s['Dreg'] + 16 * s['ema']
            out.setdefault('cycle_of_16_seconds', {})[kind] = cycle
            out.setdefault('images_per_second', {})[{'min': 'max', 'max': 'min'}.get(kind, kind)] = 16 * o.batch / cycle
    out['foreign_cores'], out['rss_import_mib'] = foreign, imported
    out['peak_rss_mib'], out['ru_maxrss_mib'] = peak_mib()
    out['total_seconds'] = time.perf_counter() - start
    print(json.dumps(out, indent=1))


def check(o):
    """The recorded training (its clamp is never reached) has R1 every 4; here every 16."""
    with open(os.path.join(HERE, '../golden/expected/training.safetensors'), 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    meta = header.pop('__metadata__')
    read = lambda k: torch.from_numpy(np.frombuffer(data, '<f4', math.prod(header[k]['shape']),
                                                    header[k]['data_offsets'][0]).reshape(header[k]['shape']).copy())
    tensor = lambda k: read(meta.get(k, k))
    o.resolution, o.widths, o.batch, o.z_dim, o.w_dim, o.mapping_layers = 16, [16, 16, 8], 8, 16, 16, 2
    o.gamma = float(meta['r1_gamma'])
    o.r1_interval = int(meta['r1_interval'])
    t, worst, draws = Trainer(o), 0, {}
    t.net = {n: {k[7:]: t.n.tensor(tensor(k)) for k in header if k.startswith(f'init.{n}.')} for n in 'GD'}
    t.optimisers()
    t.real, t.n.draws = t.n.tensor(tensor('draw.00.Dmain.real')), lambda _: draws
    for phase in ('Gmain', 'Greg', 'Dmain', 'Dreg'):
        if phase != 'Dreg':
            names = ['z', 'z2', 'cutoff'] + ['pl_noise'] * (phase == 'Greg')
            draws.update({k: tensor(f'draw.00.{phase}.{k}') for k in names})
            draws['noise'] = [tensor(f'draw.00.{phase}.noise.{i}') for i in range(5)]
        loss, grads = t.step(phase)
        error = 0
        for k, g in zip(parameters(t.net[phase[0]]), grads):
            good = tensor(f'grad.{phase}.{k}')
            error = max(error, float((g - good).abs().max()) / (float(good.abs().max()) + 1e-6))
        print(f'{phase}: loss {float(loss):.6f}, expected {float(tensor("loss." + phase)[0]):.6f}; '
              f'gradients differ by {error:.1e} of the largest of their tensor')
        worst = max(worst, error)
    return worst < 2e-3


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--resolution', type=int, default=64)
    p.add_argument('--widths', type=lambda s: [int(x) for x in s.split(',')], default=[128, 128, 128, 64, 32])
    p.add_argument('--z-dim', type=int, default=512)
    p.add_argument('--w-dim', type=int, default=512)
    p.add_argument('--mapping-layers', type=int, default=2)
    p.add_argument('--batch', type=int, default=32)
    p.add_argument('--gamma', type=float, default=1.0)
    p.add_argument('--r1-interval', type=int, default=16)
    p.add_argument('--repeats', type=int, default=3)
    p.add_argument('--warmup', type=int, default=1, help='rounds that are not counted')
    p.add_argument('--patience', type=float, default=30, help='seconds to wait for other programs to be quiet')
    p.add_argument('--phases', default='Gmain,Greg,Dmain,Dreg', help='measure these only')
    p.add_argument('--threads', type=int, default=os.cpu_count())
    p.add_argument('--fused', action=argparse.BooleanOptionalAction, default=False)
    p.add_argument('--channels-last', action=argparse.BooleanOptionalAction, default=True)
    p.add_argument('--conv', choices=['native', 'gradfix'], default='gradfix')
    p.add_argument('--fir', choices=['dw', 'sep'], default='dw')
    p.add_argument('--compile', action='store_true')
    p.add_argument('--check', action='store_true')
    o = p.parse_args()
    torch.set_num_threads(o.threads)
    torch.manual_seed(0)
    if o.check:
        sys.exit(0 if check(o) else 1)
    measure(o)


if __name__ == '__main__':
    main()
