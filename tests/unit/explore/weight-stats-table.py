#!/usr/bin/env python3
"""NumPy's statistics of some tensors of a fixture, as weight-stats-table.h:
    tests/unit/explore/weight-stats-table.py > tests/unit/explore/weight-stats-table.h
"""
import json
import os
import struct

import numpy as np

# Not the bundled model: that changes with every training. A large one, ones that are all zero or all one.
NAMES = ('mapping.fc0.weight', 'synthesis.b4.conv1.weight', 'synthesis.b4.conv1.bias', 'synthesis.b4.torgb.affine.bias',
         'synthesis.b4.const', 'synthesis.b8.conv0.weight')
BINS = 8


def read(path):
    with open(path, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        body = f.read()
    return {name: np.frombuffer(body[t['data_offsets'][0]:t['data_offsets'][1]], '<f4')
            for name, t in header.items() if name != '__metadata__'}


def numbers(values):
    return '{' + ', '.join(str(int(v)) for v in values) + '}'


def main():
    tensors = read(os.path.join(os.path.dirname(__file__), '..', '..', 'fixtures', 'sg2.safetensors'))
    chosen = [(n, tensors['g_ema.' + n].astype(np.float64)) for n in NAMES]
    chosen.append(('all of the above', np.concatenate([v for _, v in chosen])))
    print('/* clang-format off */')
    print('/* Made by weight-stats-table.py with NumPy; do not edit. own: histogram over min..max; '
          'normal: over -2..2. */')
    print(f'#define TABLE_BINS {BINS}')
    print('static const struct {\n  const char *name;\n  guint64 count, zeros;\n'
          '  double min, max, mean, std;\n  guint64 own[TABLE_BINS], normal[TABLE_BINS];\n} table[] = {')
    for name, v in chosen:
        own, _ = np.histogram(v, BINS, (v.min(), v.max()) if v.min() < v.max() else None)
        if v.min() == v.max():  # NumPy widens the range by one half each way
            own = [v.size] + [0] * (BINS - 1)
        normal, _ = np.histogram(v, BINS, (-2, 2))
        print(f'    {{"{name}", {v.size}, {np.count_nonzero(v == 0)}, {float(v.min())!r}, {float(v.max())!r}, {float(v.mean())!r},'
              f' {float(v.std())!r},\n     {numbers(own)}, {numbers(normal)}}},')
    print('};')


if __name__ == '__main__':
    main()
