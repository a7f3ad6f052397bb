#!/usr/bin/env python3
"""Prints random-table.h: what NumPy's legacy RandomState gives, doubles as their bits. Needs NumPy."""
import struct
import numpy as np

SEEDS = [0, 1, 42, 85, 600, 123456789, 4294967295]


def bits(v):
    return '0x%016x' % struct.unpack('<Q', struct.pack('<d', v))[0]


print(f'/* Written by random-table.py with NumPy {np.__version__}. */')
print('static const struct {\n  guint32 seed, raw[3];\n  guint64 uniform[3], normal[6], n511, after, sum;\n} table[] = {')
for seed in SEEDS:
    raw = np.random.RandomState(seed).randint(0, 2**32, 3, dtype=np.uint64)
    uniform = np.random.RandomState(seed).random_sample(3)
    s = np.random.RandomState(seed)
    normal = s.randn(512)
    after = s.randn(3)[2]
    s = np.random.RandomState(seed)
    s.randn(1)  # one value stays in the cache across a uniform draw
    mixed = [s.random_sample(), s.randn()]
    print(f"    {{{seed}u, {{{', '.join('%uu' % v for v in raw)}}}, {{{', '.join(map(bits, uniform))}}},")
    print(f"     {{{', '.join(map(bits, [*normal[:4], *mixed]))}}}, {bits(normal[511])}, {bits(after)},")
    print(f"     {bits(float(np.random.RandomState(seed).randn(20000).sum(dtype=np.longdouble)))}}},")
print('};')
