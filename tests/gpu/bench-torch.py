#!/usr/bin/env python3
"""PyTorch's side of the benchmarks on a GPU: plain PyTorch of our own (tests/golden/stylegan2.py, tests/bench/torch_train.py).

usage: bench-torch.py picture MODEL BATCHES [--precisions=P,P] [--compile] [--seconds=S] [--device=D]
       bench-torch.py train RESOLUTION WIDTHS BATCHES [--precisions=P,P] [--compile] [--repeats=N] [--device=D]

Prints a line of JSON for each batch and precision. A picture is counted from z on the device to bytes in the computer's memory, as Vitrine's are. P is fp32
(no TF32), tf32, bf16 or fp16: networks that draw compute in it throughout; in training convolutions do, everything else in float32,
as Vitrine's do. --compile: torch.compile with frozen weights and CUDA graphs (pictures), of each traced phase (training).
"""
import argparse
import json
import os
import statistics
import sys
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '..', 'bench'), os.path.join(HERE, '..', 'golden')]
import torch

TYPES = {'fp32': torch.float32, 'tf32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}


def synchronize():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_mib():
    return torch.cuda.max_memory_allocated() / 2 ** 20 if torch.cuda.is_available() else 0


def spread(times):
    return {'min': min(times), 'median': statistics.median(times), 'max': max(times), 'runs': len(times)}


def picture(o, batch, precision):
    import torch_side
    import stylegan2 as sg
    spec, params = torch_side.load(o.model)
    found = {}
    for fused in (False, True):  # the better of the two ways a modulated convolution is written
        if o.compile and fused:
            continue
        g = torch_side.Generator(spec, params, fused, True)
        half = TYPES[precision]
        for part in (g.p, g.wsq, g.up_weight):
            part.update({k: v.to(half) for k, v in part.items()})
        g.fc = [(w.to(half), b.to(half)) for w, b in g.fc]
        g.fir, g.fir_of, g.dtype = g.fir.to(half), {}, half
        z = sg.seed_z(range(batch), spec.z_dim).to(torch.get_default_device(), half)
        with torch.no_grad() if o.compile else torch.inference_mode():
            g(z)
            run = torch_side.compiled(g, z) if o.compile else g
            found['fused' if fused else 'unfused'] = spread(timed_pictures(run, z, o.seconds))
    way = min(found, key=lambda k: found[k]['median'])
    return {'ms': found[way], 'way': way}


def timed_pictures(run, z, seconds):
    times, end = [], 0
    for i in range(10 ** 6):
        if i == 3:  # what was not warm is not counted
            end = time.perf_counter() + seconds
        start = time.perf_counter()
        img = run(z)
        (img.float() * 127.5 + 128).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu()
        if i >= 3:
            times.append((time.perf_counter() - start) * 1e3)
        if i >= 7 and time.perf_counter() > end:
            break
    return times


def train(o, batch, precision):
    import torch_train
    half = TYPES[precision]

    class Networks(torch_train.Networks):
        def conv(self, x, w, *how, **more):
            if half == torch.float32:
                return super().conv(x, w, *how, **more)
            return super().conv(x.to(half), w.to(half), *how, **more).float()

    torch_train.Networks = Networks
    t = torch_train.Trainer(types.SimpleNamespace(
        resolution=o.resolution, widths=[int(w) for w in o.widths.split(',')], batch=batch, z_dim=512, w_dim=512, mapping_layers=o.mapping_layers,
        gamma=1.0, r1_interval=16, fused=False, channels_last=True, conv='gradfix', fir='dw', compile=o.compile))
    jobs = {p: (lambda p=p: t.step(p)) for p in ('Gmain', 'Greg', 'Dmain', 'Dreg')}
    jobs['ema'] = t.average
    times = {p: [] for p in jobs}
    for i in range(o.repeats + 2):
        for p, job in jobs.items():
            synchronize()
            start = time.perf_counter()
            job()
            synchronize()
            if i >= 2:
                times[p].append(time.perf_counter() - start)
    s = {p: statistics.median(t) for p, t in times.items()}
    cycle = 16 * s['Gmain'] + 4 * s['Greg'] + 16 * s['Dmain'] + s['Dreg'] + 16 * s['ema']
    return {'seconds': {p: spread(t) for p, t in times.items()}, 'images_per_second': 16 * batch / cycle,
            's_per_kimg': cycle / (16 * batch) * 1000}


def options():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = p.add_subparsers(dest='kind', required=True)
    a = kinds.add_parser('picture')
    a.add_argument('model')
    a.add_argument('--seconds', type=float, default=2)
    b = kinds.add_parser('train')
    b.add_argument('resolution', type=int)
    b.add_argument('widths')
    b.add_argument('--repeats', type=int, default=5)
    b.add_argument('--mapping-layers', type=int, default=2)
    for each in (a, b):
        each.add_argument('batches')
        each.add_argument('--device', default='cuda')
        each.add_argument('--precisions', default='fp32')
        each.add_argument('--compile', action='store_true')
    return p.parse_args()


def case(o, batch, precision):
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != 'fp32'
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    out = {'version': torch.__version__, 'batch': batch, 'precision': precision, 'compile': o.compile}
    try:
        out.update((picture if o.kind == 'picture' else train)(o, batch, precision))
    except Exception as e:  # the other cases go on: too large for this device, or not to be compiled
        out['failed'] = f'{type(e).__name__}: {e}'.splitlines()[0][:120]
    torch._dynamo.reset()
    return dict(out, peak_mib=peak_mib())


def main():
    o = options()
    torch.set_default_device(o.device)
    torch.backends.cudnn.benchmark = True
    if o.compile and o.device != 'cpu':
        import torch._inductor.config as config
        config.triton.cudagraphs = True
    for precision in o.precisions.split(','):
        for batch in o.batches.split(','):
            print(json.dumps(case(o, int(batch), precision)), flush=True)


if __name__ == '__main__':
    main()
