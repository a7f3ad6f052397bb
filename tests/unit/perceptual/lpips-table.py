#!/usr/bin/env python3
"""What the lpips package (0.1.4, with torchvision's VGG16 and random weights) says of the pictures of test-perceptual.c,
as lpips-table.h:
    tests/unit/perceptual/lpips-table.py > tests/unit/perceptual/lpips-table.h
"""
import contextlib
import os

import lpips
import numpy as np
import torch

SIZE, SHOWN = 32, 40


def pictures(count, shift):
    n, c, y, x = np.mgrid[0:count, 0:3, 0:SIZE, 0:SIZE]
    v = (x * x * (n + 2) + 3 * y * y + 29 * c * x + x * y * (5 + shift) + 11 * shift) % 251
    return torch.tensor(v / 125.0 - 1, dtype=torch.float64)


def network(learnt):
    with contextlib.redirect_stdout(open(os.devnull, 'w')):
        net = lpips.LPIPS(net='vgg', lpips=learnt, pretrained=False, pnet_rand=True, verbose=False).double().eval()
    random = np.random.RandomState(7)
    for block in (net.net.slice1, net.net.slice2, net.net.slice3, net.net.slice4, net.net.slice5):
        for layer in block:
            if isinstance(layer, torch.nn.Conv2d):
                o, i = layer.weight.shape[:2]
                w = random.randn(o, i, 3, 3) * np.sqrt(2 / (9 * i))
                layer.weight.data = torch.tensor(w.astype(np.float32)).double()
                layer.bias.data = torch.tensor((random.randn(o) * 0.1).astype(np.float32)).double()
    for lin in net.lins if learnt else []:
        w = lin.model[-1].weight
        w.data = torch.tensor(np.abs(random.randn(*w.shape)).astype(np.float32)).double()
    return net


def numbers(name, values):
    print(f'static const double {name}[] = {{' + ', '.join(f'{v:.9g}' for v in values) + '};')


def main():
    print('/* clang-format off */\n/* Made by lpips-table.py with the lpips package and PyTorch; do not edit. */')
    for name, learnt in ('plain', False), ('learnt', True):
        net = network(learnt)
        a, b = pictures(2, 0).requires_grad_(), pictures(2, 1)
        d = net(a, b).flatten()
        d.sum().backward()
        numbers(f'table_{name}', d.tolist())
        numbers(f'table_{name}_gradient', a.grad.flatten()[::a.numel() // SHOWN][:SHOWN].tolist())
    grey = pictures(2, 0)[:, :1]
    numbers('table_grey', net(grey.expand(2, 3, SIZE, SIZE), pictures(2, 1)[:, :1].expand(2, 3, SIZE, SIZE)).flatten().tolist())
    # twice as large as the network is asked for: means of 2 x 2
    big = torch.nn.functional.interpolate(pictures(1, 0), 512), torch.nn.functional.interpolate(pictures(1, 1), 512)
    with torch.no_grad():
        numbers('table_large', net(*(torch.nn.functional.interpolate(p, 256, mode='area') for p in big)).flatten().tolist())


main()
