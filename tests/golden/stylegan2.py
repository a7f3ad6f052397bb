"""StyleGAN2 in PyTorch, written from the published formulas, to check and to race Vitrine against.

It shares nothing with the program: tests/golden/make.py runs it in float64 for the expected pictures,
tests/bench/bench.py in float32 for the time an ordinary PyTorch user would see. Tensor names are the
usual ones (synthesis.b8.conv0.weight …).
"""
import json
import math
import struct
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

SQRT2 = math.sqrt(2)


@dataclass
class Spec:
    """An architecture. `widths` maps the resolution of a block to its channels."""
    res: int
    widths: dict
    z_dim: int = 512
    w_dim: int = 512
    c_dim: int = 0
    mapping_layers: int = 2
    g_arch: str = 'skip'
    d_arch: str = 'resnet'
    clamp: float = None
    channels: int = 3
    mbstd_group: int = 4
    blocks: list = field(init=False)

    def __post_init__(self):
        self.blocks = [4 << i for i in range(int(math.log2(self.res)) - 1)]
        self.num_ws = 2 * int(math.log2(self.res)) - 2


def auto_widths(res, base=16384, most=512):
    return {r: min(base // r, most) for r in [4 << i for i in range(int(math.log2(res)) - 1)]}


# ---------------------------------------------------------------- random weights, the same in C and here

def generator_tensors(s):
    """(name, shape, offset, scale) in the order make-random-model.c writes them as well."""
    out = []

    def layer(name, o, i, k, r=0):
        out.append((name + '.weight', (o, i, k, k), 0, 0.25 if k == 1 else 1))
        out.append((name + '.bias', (o,), 0, 0.1))
        if r:
            out.append((name + '.noise_strength', (), 0, 0.1))
            out.append((name + '.noise_const', (r, r), 0, 1))
        out.append((name + '.affine.weight', (i, s.w_dim), 0, 1))
        out.append((name + '.affine.bias', (i,), 1, 0.1))

    for r in s.blocks:
        b, c = f'synthesis.b{r}', s.widths[r]
        if r == 4:
            out.append((b + '.const', (c, 4, 4), 0, 1))
        else:
            layer(b + '.conv0', c, s.widths[r // 2], 3, r)
        layer(b + '.conv1', c, c, 3, r)
        if s.g_arch == 'skip' or r == s.res:
            layer(b + '.torgb', s.channels, c, 1)
        if s.g_arch == 'resnet' and r > 4:
            out.append((b + '.skip.weight', (c, s.widths[r // 2], 1, 1), 0, 1))
    out += mapping_tensors(s.z_dim, s.w_dim, s.c_dim, s.mapping_layers)
    out.append(('mapping.w_avg', (s.w_dim,), 0, 0.1))
    return out


def mapping_tensors(z_dim, w_dim, c_dim, layers):
    out = []
    if c_dim:
        out.append(('mapping.embed.weight', (w_dim, c_dim), 0, 1))
        out.append(('mapping.embed.bias', (w_dim,), 0, 0.1))
    for i in range(layers):
        n = w_dim if i else z_dim + (w_dim if c_dim else 0)
        out.append((f'mapping.fc{i}.weight', (w_dim, n), 0, 100))
        out.append((f'mapping.fc{i}.bias', (w_dim,), 0, 10))
    return out


D_MAPPING_LAYERS = 8


def discriminator_tensors(s):
    out = []

    def layer(name, o, i, k, bias=True):
        out.append((name + '.weight', (o, i, k, k), 0, 1))
        if bias:
            out.append((name + '.bias', (o,), 0, 0.1))

    for r in reversed(s.blocks[1:]):
        b, c, o = f'b{r}', s.widths[r], s.widths[r // 2]
        if s.d_arch == 'skip' or r == s.res:
            layer(b + '.fromrgb', c, s.channels, 1)
        layer(b + '.conv0', c, c, 3)
        layer(b + '.conv1', o, c, 3)
        if s.d_arch == 'resnet':
            layer(b + '.skip', o, c, 1, False)
    c = s.widths[4]
    if s.d_arch == 'skip':
        layer('b4.fromrgb', c, s.channels, 1)
    layer('b4.conv', c, c + 1, 3)
    n = c if s.c_dim else 1
    out += [('b4.fc.weight', (c, c * 16), 0, 1), ('b4.fc.bias', (c,), 0, 0.1),
            ('b4.out.weight', (n, c), 0, 1), ('b4.out.bias', (n,), 0, 0.1)]
    if s.c_dim:
        out += mapping_tensors(0, c, s.c_dim, D_MAPPING_LAYERS)
    return out


def random_params(tensors, seed):
    """Tensor i is float32 (offset + scale * RandomState (seed + i).randn (shape))."""
    return {name: np.float32(offset + scale * np.random.RandomState(seed + i).randn(*shape))
            for i, (name, shape, offset, scale) in enumerate(tensors)}


# ---------------------------------------------------------------- files

def load_safetensors(path):
    """(metadata, {"G_ema": {...}, "D": {...}}), float32 only."""
    with open(path, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    nets = {}
    for name, t in header.items():
        if name != '__metadata__':
            assert t['dtype'] == 'F32', name
            a, b = t['data_offsets']
            net, _, rest = name.partition('.')
            nets.setdefault(net, {})[rest] = np.frombuffer(data[a:b], '<f4').reshape(t['shape'])
    return header['__metadata__'], nets


def spec_of(meta):
    widths = {int(a): int(b) for a, b in (x.split(':') for x in meta['channels'].split(','))}
    return Spec(res=int(meta['img_resolution']), widths=widths, z_dim=int(meta['z_dim']),
                w_dim=int(meta['w_dim']), c_dim=int(meta['c_dim']),
                mapping_layers=int(meta['mapping_layers']), g_arch=meta['g_architecture'],
                d_arch=meta['d_architecture'], mbstd_group=int(meta['mbstd_group_size']))


# ---------------------------------------------------------------- forwards

def normalize(x):
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def lrelu(x, gain=1.0, clamp=None):
    x = F.leaky_relu(x, 0.2).mul_(SQRT2 * gain)
    return x if clamp is None else x.clamp_(-clamp * gain, clamp * gain)


class Net:
    """Tensors of one network as torch tensors, and what both networks need."""

    def __init__(self, params, dtype):
        self.p = {k: torch.from_numpy(np.array(v)).to(torch.get_default_device(), dtype) for k, v in params.items()}
        self.dtype = dtype
        k = torch.tensor([1.0, 3, 3, 1], dtype=dtype) / 8
        self.fir = torch.outer(k, k)[None, None]
        self.fir_of = {}

    def kernel(self, channels, gain):
        """[channels, 1, 4, 4], made once."""
        key = channels, gain
        if key not in self.fir_of:
            self.fir_of[key] = (self.fir * gain).repeat(channels, 1, 1, 1)
        return self.fir_of[key]

    def blur(self, x, pad, gain=1.0, stride=1):
        c = x.shape[1]
        return F.conv2d(x, self.kernel(c, gain), padding=pad, stride=stride, groups=c)

    def upsample(self, x):
        # Zero insertion, 2 before and 1 after, FIR with gain 4: a transposed convolution cropped by 1.
        c = x.shape[1]
        return F.conv_transpose2d(x, self.kernel(c, 4.0), stride=2, padding=1, groups=c)

    def mapping(self, z, labels, c_dim, lr=0.01):
        p, x = self.p, None if z is None else normalize(z.to(self.dtype))
        if c_dim:
            one_hot = F.one_hot(torch.as_tensor(labels), c_dim).to(self.dtype)
            y = one_hot @ p['mapping.embed.weight'].T / math.sqrt(c_dim) + p['mapping.embed.bias']
            x = normalize(y) if x is None else torch.cat([x, normalize(y)], 1)
        i = 0
        while f'mapping.fc{i}.weight' in p:
            w = p[f'mapping.fc{i}.weight']
            x = lrelu(F.linear(x, w * (lr / math.sqrt(w.shape[1])), p[f'mapping.fc{i}.bias'] * lr))
            i += 1
        return x


class Generator(Net):
    """`fused`: one grouped convolution with a weight per sample; else scale, shared convolution, scale."""

    def __init__(self, spec, params, dtype=torch.float64, fused=True, channels_last=False):
        super().__init__(params, dtype)
        self.spec, self.fused = spec, fused
        self.fmt = torch.channels_last if channels_last else torch.contiguous_format
        for k, v in self.p.items():
            if v.ndim == 4:
                self.p[k] = v.contiguous(memory_format=self.fmt)
        self.wsq = {k: v.square().sum((2, 3)) for k, v in self.p.items() if v.ndim == 4}
        self.up_weight = {}
        if not fused:  # conv_transpose2d wants [in, out, k, k]; a program would transpose once
            self.up_weight = {k: v.transpose(0, 1).contiguous(memory_format=self.fmt)
                              for k, v in self.p.items() if k.endswith('conv0.weight')}

    def styles(self, name, w):
        p = self.p
        return torch.addmm(p[name + '.affine.bias'], w, p[name + '.affine.weight'].T,
                           alpha=1 / math.sqrt(self.spec.w_dim))

    def modulated(self, name, x, s, up):
        w = self.p[name + '.weight']
        n, c, h, _ = x.shape
        if not self.fused:
            d = (s.square() @ self.wsq[name + '.weight'].T + 1e-8).rsqrt()
            x = x * s[:, :, None, None]
            if up:
                x = F.conv_transpose2d(x, self.up_weight[name + '.weight'], stride=2)
            else:
                x = F.conv2d(x, w, padding=1)
            return x * d[:, :, None, None]
        w = w[None] * s[:, None, :, None, None]
        w = w * (w.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        x = x.reshape(1, n * c, h, h)
        if up:
            o = w.shape[1]
            w = w.transpose(1, 2).reshape(n * c, o, 3, 3)
            x = F.conv_transpose2d(x, w, stride=2, groups=n)
            return x.reshape(n, o, *x.shape[2:])
        x = F.conv2d(x, w.reshape(-1, c, 3, 3), padding=1, groups=n)
        return x.reshape(n, -1, h, h)

    def layer(self, name, x, w, up=False, noise='const', gain=1.0):
        p = self.p
        x = self.modulated(name, x, self.styles(name, w), up)
        if up:
            x = self.blur(x, 1, 4.0)
        if noise == 'const':
            x = x.add_(p[name + '.noise_const'] * p[name + '.noise_strength'])
        return lrelu(x.add_(p[name + '.bias'][:, None, None]), gain, self.spec.clamp)

    def torgb(self, name, x, w):
        p, c = self.p, x.shape[1]
        s = self.styles(name, w) / math.sqrt(c)
        if self.fused:
            n, h = x.shape[0], x.shape[2]
            k = (p[name + '.weight'][None] * s[:, None, :, None, None]).reshape(-1, c, 1, 1)
            x = F.conv2d(x.reshape(1, n * c, h, h), k, groups=n).reshape(n, -1, h, h)
        else:
            x = F.conv2d(x * s[:, :, None, None], p[name + '.weight'])
        x = x.add_(p[name + '.bias'][:, None, None])
        return x if self.spec.clamp is None else x.clamp_(-self.spec.clamp, self.spec.clamp)

    def synthesis(self, ws, noise='const'):
        """ws [N, num_ws, w_dim] -> [N, channels, res, res]."""
        spec, img, k = self.spec, None, 0
        x = self.p['synthesis.b4.const'][None].repeat(ws.shape[0], 1, 1, 1)
        x = x.contiguous(memory_format=self.fmt)
        for r in spec.blocks:
            b, resnet = f'synthesis.b{r}', spec.g_arch == 'resnet' and r > 4
            if resnet:
                skip = self.p[b + '.skip.weight']
                y = self.upsample(F.conv2d(x, skip / math.sqrt(skip.shape[1]))) * math.sqrt(0.5)
            if r > 4:
                x = self.layer(b + '.conv0', x, ws[:, k], True, noise)
                k += 1
            x = self.layer(b + '.conv1', x, ws[:, k], False, noise, math.sqrt(0.5) if resnet else 1.0)
            k += 1
            if resnet:
                x = x + y
            if img is not None:
                img = self.upsample(img)
            if spec.g_arch == 'skip' or r == spec.res:
                t = self.torgb(b + '.torgb', x, ws[:, k])
                img = t if img is None else img + t
        return img

    def __call__(self, z, labels=None, psi=1.0, cutoff=None, noise='const'):
        w = self.mapping(z, labels, self.spec.c_dim)
        ws = w[:, None].repeat(1, self.spec.num_ws, 1)
        if psi != 1:
            n = self.spec.num_ws if cutoff is None else cutoff
            ws[:, :n] = self.p['mapping.w_avg'].lerp(ws[:, :n], psi)
        return self.synthesis(ws, noise)


class Discriminator(Net):
    def __init__(self, spec, params, dtype=torch.float64):
        super().__init__(params, dtype)
        self.spec = spec

    def conv(self, name, x, down=False, linear=False, gain=1.0, clamp=True):
        w = self.p[name + '.weight']
        w, k = w / math.sqrt(w[0].numel()), w.shape[2]
        if down and k == 1:
            x = F.conv2d(self.blur(x, 1, stride=2), w)
        elif down:
            x = F.conv2d(self.blur(x, 2), w, stride=2)
        else:
            x = F.conv2d(x, w, padding=k // 2)
        if name + '.bias' in self.p:
            x = x + self.p[name + '.bias'][:, None, None]
        return x * gain if linear else lrelu(x, gain, self.spec.clamp if clamp else None)

    def minibatch_std(self, x):
        n, c, h, w = x.shape
        g = min(self.spec.mbstd_group, n)
        y = x.reshape(g, n // g, c, h, w)
        s = (y.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3))
        return torch.cat([x, s.repeat(g)[:, None, None, None].expand(n, 1, h, w)], 1)

    def __call__(self, img, labels=None):
        spec, x, img = self.spec, None, img.to(self.dtype)
        half = math.sqrt(0.5)
        for r in reversed(spec.blocks[1:]):
            b = f'b{r}'
            if spec.d_arch == 'skip' or r == spec.res:
                y = self.conv(b + '.fromrgb', img)
                x = y if x is None else x + y
            if spec.d_arch == 'skip':
                img = self.blur(img, 1, stride=2)
            if spec.d_arch == 'resnet':
                y = self.conv(b + '.skip', x, True, True, half)
                x = y + self.conv(b + '.conv1', self.conv(b + '.conv0', x), True, False, half)
            else:
                x = self.conv(b + '.conv1', self.conv(b + '.conv0', x), True)
        if spec.d_arch == 'skip':
            x = x + self.conv('b4.fromrgb', img, clamp=False)
        x = self.conv('b4.conv', self.minibatch_std(x)).flatten(1)
        x = lrelu(self.dense('b4.fc', x))
        x = self.dense('b4.out', x)
        if spec.c_dim:
            m = self.mapping(None, labels, spec.c_dim)
            x = (x * m).sum(1, keepdim=True) / math.sqrt(m.shape[1])
        return x[:, 0]

    def dense(self, name, x):
        w = self.p[name + '.weight']
        return F.linear(x, w / math.sqrt(w.shape[1]), self.p[name + '.bias'])


def seed_z(seeds, z_dim):
    return torch.from_numpy(np.stack([np.float32(np.random.RandomState(s).randn(z_dim)) for s in seeds]))
