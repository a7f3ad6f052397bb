"""The PyTorch side of the race: one process, one model, one batch size, one way of computing.

usage: torch_side.py MODEL BATCH VARIANT SECONDS      prints one line of JSON
MODEL is a native safetensors file or `paper256` (the widths, random weights); VARIANT is fused or
unfused, optionally with -cl for channels_last. Time is that of a whole picture, mapping included, after warming up,
as an evaluation script runs it: eval mode, inference_mode, all cores, no conversion to 8 bits.
"""
import json
import os
import resource
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden'))
import torch
import stylegan2 as sg


def load(name):
    if name == 'paper256':
        spec = sg.Spec(256, sg.auto_widths(256), mapping_layers=8)
        return spec, sg.random_params(sg.generator_tensors(spec), 1)
    meta, nets = sg.load_safetensors(name)
    return sg.spec_of(meta), nets['G_ema']


def main():
    name, batch, variant, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    torch.set_num_threads(int(os.environ.get('BENCH_THREADS', os.cpu_count())))
    spec, params = load(name)
    g = sg.Generator(spec, params, torch.float32, variant.startswith('fused'), variant.endswith('-cl'))
    del params
    times = []
    with torch.inference_mode():
        z = sg.seed_z(range(batch), spec.z_dim)
        for _ in range(3):
            g(z)
        end = time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < end:
            t = time.perf_counter()
            g(z)
            times.append((time.perf_counter() - t) * 1e3)
    times.sort()
    print(json.dumps({'side': 'pytorch', 'version': torch.__version__, 'variant': variant, 'model': name,
                      'batch': batch, 'runs': len(times), 'min_ms': times[0],
                      'median_ms': times[len(times) // 2], 'max_ms': times[-1],
                      'peak_rss_mib': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


main()
