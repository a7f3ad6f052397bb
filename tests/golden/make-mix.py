#!/usr/bin/env python3
"""Writes expected/mix-*.f32: grids of style mixing of the small networks in tests/fixtures, by a NumPy implementation.

usage: make-mix.py SG_ORACLE.py      needs NumPy, and PyTorch to read the mystylegan checkpoint

float32 [row, column, C, H, W], unclamped; test-cli.py asks `vitrine mix` for the same. The oracle computes in float64; a
pair's ws are those of the row, but for the styles of the column, after truncation (as NVlabs' style_mixing.py).
"""
import importlib.util
import json
import os
import struct
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, '..', 'fixtures')
ROWS, COLS = (3, 5), (0, 7, 3)


def load_oracle(path):
    spec = importlib.util.spec_from_file_location('sg_oracle', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stylegan2_tensors():
    with open(os.path.join(FIXTURES, 'sg2.safetensors'), 'rb') as f:
        head = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    tensors = {}
    for name, t in head.items():
        if name.startswith('g_ema.'):
            a, b = t['data_offsets']
            assert t['dtype'] == 'F32'
            tensors[name[6:]] = np.frombuffer(data[a:b], '<f4').reshape(t['shape']).astype(np.float64)
    return tensors


def mystylegan_tensors():
    import torch
    g = torch.load(os.path.join(FIXTURES, 'simplerick_zip.pt'), map_location='cpu', weights_only=True)['G']
    prefix = 'Src_Net.'  # the averaged generator
    return {k[len(prefix):]: v.double().numpy() for k, v in g.items() if k.startswith(prefix)}


def mixed(row, col, styles):
    ws = row.copy()
    ws[list(styles)] = col[list(styles)]
    return ws


def write(name, ws_of, draw, styles):
    grid = np.stack([np.stack([draw(mixed(ws_of(r), ws_of(c), styles)) for c in COLS]) for r in ROWS])
    path = os.path.join(HERE, 'expected', f'mix-{name}.f32')
    grid.astype('<f4').tofile(path)
    print(path, grid.shape, grid.min(), grid.max())


def main():
    oracle = load_oracle(sys.argv[1])
    p = stylegan2_tensors()
    z_dim = p['mapping.fc0.weight'].shape[1]

    def ws_of(psi, cutoff):
        def ws(seed):
            w = np.stack([oracle.sg2_mapping(p, oracle.randn_legacy(seed, z_dim))] * 6)
            w[:cutoff] = p['mapping.w_avg'] + psi * (w[:cutoff] - p['mapping.w_avg'])
            return w
        return ws

    def draw(ws):
        return oracle.sg2_synthesis(p, ws, 16)

    write('coarse', ws_of(1, 6), draw, range(0, 3))
    write('fine-psi07c4', ws_of(0.7, 4), draw, (3, 5))

    q = mystylegan_tensors()
    v_dim = q['mapping.0.weight_orig'].shape[1]
    noise = []
    for block in range(3):
        r = q['const'].shape[1] * 2 ** (block + 1)
        noise.append(np.random.RandomState(block + 1).randn(2, r, r))
    write('mystylegan', lambda seed: np.stack([oracle.sr_mapping(q, oracle.randn_legacy(seed, v_dim))] * 3),
          lambda ws: oracle.sr_generate(q, ws, noise, out_res=28), (1,))


if __name__ == '__main__':
    main()
