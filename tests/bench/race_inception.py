#!/usr/bin/env python3
"""Inception features against PyTorch's fastest, taking turns in one run (ABBA): race_inception.py INCEPTION [ROUNDS [PICTURES]]

PyTorch: torchvision's network with batch normalisation folded (optimize_for_inference), channels last, in float32 and in bf16;
torch.compile with freezing unless RACE_COMPILE=0 (it takes minutes to compile). Milliseconds a picture, the median of the rounds, and the ratio.
"""
import os
import statistics
import subprocess
import sys
import time

import torch
import torchvision

torch.set_grad_enabled(False)
program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 6
BATCH, PICTURES = 8, int(sys.argv[3]) if len(sys.argv) > 3 else 32
net = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False).eval()
x = torch.rand(BATCH, 3, 299, 299).to(memory_format=torch.channels_last)


def runners(dtype):
    """Names of ways, and a function for each."""
    ways = {}
    plain = net.to(memory_format=torch.channels_last)
    fused = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(plain.float(), x[:1])))
    if dtype == torch.float32:
        ways['eager'] = lambda: plain(x)
        ways['jit, frozen'] = lambda: fused(x)
    else:
        def eager():
            with torch.autocast('cpu', dtype):
                plain(x)
        ways['autocast'] = eager
    if os.environ.get('RACE_COMPILE') == '0':
        return ways
    try:
        import torch._inductor.config as config
        config.freezing = True
        compiled = torch.compile(net)

        def run():
            with torch.autocast('cpu', dtype, enabled=dtype != torch.float32):
                compiled(x)
        run()
        ways['compiled, frozen'] = run
    except Exception as e:
        print('torch.compile:', str(e).splitlines()[0])
    return ways


def clock(run):
    start = time.perf_counter()
    for _ in range(PICTURES // BATCH):
        run()
    return (time.perf_counter() - start) * 1000 / PICTURES


def main():
    for name, dtype in (('fp32', torch.float32), ('bf16', torch.bfloat16)):
        if os.environ.get('RACE_ONLY', name) != name:
            continue
        ours = subprocess.Popen([program, name, str(PICTURES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def turn():
            ours.stdin.write('\n')
            ours.stdin.flush()
            return float(ours.stdout.readline())
        ways, times, mine = runners(dtype), {}, []
        for way, run in ways.items():
            run()
        for _ in range(rounds):
            for way, run in ways.items():
                mine.append(turn())
                times.setdefault(way, []).append(clock(run))
                times[way].append(clock(run))
                mine.append(turn())
        ours.stdin.close()
        me = statistics.median(mine)
        print(f'{name}: Vitrine {me:.1f} ms a picture; load {os.getloadavg()[0]:.1f}')
        for way, t in times.items():
            print(f'  PyTorch {way}: {statistics.median(t):.1f} ms, {statistics.median(t) / me:.2f} times as long')
        sys.stdout.flush()


main()
