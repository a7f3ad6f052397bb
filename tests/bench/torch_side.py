"""The PyTorch side of the race: one process, one model, one batch size, one way of computing.

usage: torch_side.py MODEL BATCH VARIANT [--npy=F]   answers each number of seconds on stdin with the times of a round
       torch_side.py MODEL --once=F.png              one picture of seed 0 from a cold start, as a script would

VARIANT is fused or unfused (a grouped convolution with weights per sample, or scale, shared convolution, scale), each
with -cl for channels_last, -bf16 for convolutions and products in bf16 (torch.autocast) and -compile for torch.compile
with frozen weights. Time is that of whole pictures, mapping
included, after warming up, as a careful evaluation script does it: inference_mode, all cores, everything that depends
on the weights alone computed beforehand, no conversion to 8 bits.
"""
import argparse
import json
import math
import os
import struct
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden'))
import numpy as np
import torch
import torch.nn.functional as F
import stylegan2 as sg


def peak_mib():
    """Not ru_maxrss, which starts at the peak of the process that started this one."""
    with open('/proc/self/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmHWM:')) / 1024


def load(path):
    """The averaged generator alone: what is not needed is not read, so the peak is the network's own."""
    with open(path, 'rb') as f:
        size = struct.unpack('<Q', f.read(8))[0]
        header = json.loads(f.read(size))
        params = {}
        for name, t in header.items():
            if name.startswith('G_ema.'):
                f.seek(8 + size + t['data_offsets'][0])
                params[name[6:]] = np.fromfile(f, '<f4', math.prod(t['shape'])).reshape(t['shape'])
    return sg.spec_of(header['__metadata__']), params


class Generator(sg.Generator):
    """The mapping network's weights are scaled once, not for every picture."""

    def __init__(self, spec, params, fused, channels_last):
        super().__init__(spec, params, torch.float32, fused, channels_last)
        self.fc = []
        for i in range(spec.mapping_layers):
            w = self.p.pop(f'mapping.fc{i}.weight')
            self.fc.append((w * (0.01 / math.sqrt(w.shape[1])), self.p.pop(f'mapping.fc{i}.bias') * 0.01))

    def mapping(self, z, labels, c_dim):
        x = sg.normalize(z)
        for weight, bias in self.fc:
            x = sg.lrelu(F.linear(x, weight, bias))
        return x


def compiled(g, z):
    """One graph whose weights are constants, so the compiler may fold and repack them."""
    import torch._inductor.config as config
    from torch.fx.experimental.proxy_tensor import make_fx
    config.freezing = True
    config.cpp.threads = torch.get_num_threads()
    return torch.compile(make_fx(g)(z), dynamic=False)


def in_halves(words):
    return torch.autocast('cpu', torch.bfloat16, enabled='bf16' in words)


def generator(path, variant, z_of):
    spec, params = load(path)
    words = variant.split('-')
    g = Generator(spec, params, words[0] == 'fused', 'cl' in words)
    del params
    z = z_of(spec)
    with torch.no_grad() if 'compile' in words else torch.inference_mode(), in_halves(words):
        reference = g(z)
        return (compiled(g, z) if 'compile' in words else g), z, reference


def write_png(path, rgb):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    h, w, _ = rgb.shape
    rows = b''.join(b'\0' + row.tobytes() for row in rgb)
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0)) +
                chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def once(path, png):
    with torch.inference_mode():
        g, z, image = generator(path, 'unfused', lambda spec: sg.seed_z([0], spec.z_dim))
        rgb = (image * 127.5 + 128).clamp(0, 255).to(torch.uint8)[0].permute(1, 2, 0)
    write_png(png, rgb.numpy())


def rounds(path, batch, variant, npy):
    before = peak_mib()
    g, z, _ = generator(path, variant, lambda spec: sg.seed_z(range(batch), spec.z_dim))
    times = []
    with torch.no_grad() if 'compile' in variant else torch.inference_mode(), in_halves(variant.split('-')):
        end, warm = time.perf_counter() + 5, 0
        while warm < 1 or warm < 3 and time.perf_counter() < end:
            image, warm = g(z), warm + 1
        if npy:
            np.save(npy, image.float().numpy())
        del image
        print('ready', flush=True)
        for line in sys.stdin:
            fresh, end = [], time.perf_counter() + float(line)
            while len(fresh) < 1 or time.perf_counter() < end:
                t = time.perf_counter()
                g(z)
                fresh.append((time.perf_counter() - t) * 1e3)
            times += fresh
            print(json.dumps({'full': fresh}), flush=True)
    times.sort()
    print(json.dumps({'side': 'pytorch', 'version': torch.__version__, 'variant': variant, 'model': path,
                      'batch': batch, 'peak_rss_mib': peak_mib(), 'rss_import_mib': before,
                      'full': {'runs': len(times), 'min_ms': times[0], 'median_ms': times[len(times) // 2],
                               'max_ms': times[-1]}}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('model')
    parser.add_argument('batch', type=int, nargs='?', default=1)
    parser.add_argument('variant', nargs='?', default='unfused-cl')
    parser.add_argument('--npy')
    parser.add_argument('--once')
    a = parser.parse_args()
    torch.set_num_threads(int(os.environ.get('BENCH_THREADS', os.cpu_count())))
    if a.once:
        once(a.model, a.once)
    else:
        rounds(a.model, a.batch, a.variant, a.npy)


if __name__ == '__main__':
    main()
