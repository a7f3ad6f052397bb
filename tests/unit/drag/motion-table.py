#!/usr/bin/env python3
"""What PyTorch makes of the features of test-drag.c, by the formulas of DragGAN (Pan et al. 2023, equations 1 and 2,
with features enlarged to the picture and a grid between its pixels), as motion-table.h:
    tests/unit/drag/motion-table.py > tests/unit/drag/motion-table.h
"""
import torch
import torch.nn.functional as F

CHANNELS, SIZE, PICTURE = 3, 8, 16
HANDLE, TARGET, RADIUS, SEARCH = (6.0, 9.0), (10.5, 7.0), 2.5, 3


def features():
    c, y, x = torch.meshgrid(torch.arange(CHANNELS), torch.arange(SIZE), torch.arange(SIZE), indexing='ij')
    v = ((x * x * 5 + 3 * y * y + 17 * c * x + x * y * 7) % 61).double()
    return (v / 30 - 1)[None].requires_grad_()


def enlarge(f):
    return F.interpolate(f, [PICTURE, PICTURE], mode='bilinear')


def motion(f):
    big = enlarge(f)
    y, x = torch.meshgrid(torch.arange(PICTURE).double(), torch.arange(PICTURE).double(), indexing='ij')
    rows, columns = torch.where(((x - HANDLE[0]) ** 2 + (y - HANDLE[1]) ** 2) ** 0.5 < RADIUS)
    step = torch.tensor([TARGET[0] - HANDLE[0], TARGET[1] - HANDLE[1]]).double()
    step /= torch.linalg.norm(step)
    grid = torch.stack([(columns + step[0]) / (PICTURE - 1) * 2 - 1, (rows + step[1]) / (PICTURE - 1) * 2 - 1], -1)
    there = F.grid_sample(big, grid[None, None], align_corners=True).squeeze(2)
    return F.l1_loss(there, big[:, :, rows, columns].detach())


def track(f, wanted):
    big = enlarge(f)
    left, top = int(HANDLE[0]) - SEARCH, int(HANDLE[1]) - SEARCH
    part = big[:, :, top:top + 2 * SEARCH + 1, left:left + 2 * SEARCH + 1]
    best = torch.linalg.norm(part - wanted.reshape(1, -1, 1, 1), dim=1).flatten().argmin().item()
    return left + best % (2 * SEARCH + 1), top + best // (2 * SEARCH + 1)


def hold(f, before, held):
    return F.l1_loss(f * held, before * held)


def numbers(name, t):
    """Places first, then channels, as motion.h has them."""
    v = t.detach()[0].permute(1, 2, 0).flatten().tolist()
    print(f'static const double {name}[] = {{' + ', '.join(f'{x:.12g}' for x in v) + '};')


def main():
    print('/* clang-format off */\n/* Made by motion-table.py with PyTorch; do not edit. */')
    f = features()
    loss = motion(f)
    loss.backward()
    print(f'#define TABLE_MOTION {loss.item():.12g}')
    numbers('table_motion', f.grad)
    wanted = torch.tensor([0.4, -0.3, 0.1]).double()
    print('#define TABLE_TRACK_X {}\n#define TABLE_TRACK_Y {}'.format(*track(f, wanted)))
    at = enlarge(f)[0, :, 5, 11].tolist()
    print('static const double table_at[] = {' + ', '.join(f'{x:.12g}' for x in at) + '}; /* 11, 5 */')
    f = features()
    y, x = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing='ij')
    held = ((x + 2 * y) % 5).double() / 4
    loss = 7 * hold(f, f.detach().flip(3), held)
    loss.backward()
    print(f'#define TABLE_HOLD {loss.item() / 7:.12g}')
    numbers('table_hold', f.grad)


main()
