#!/usr/bin/env python3
"""Prints strip-table.h: strips of the small StyleGAN2, by NumPy in double.

usage: strip-table.py MODEL.safetensors ORACLE_DIR
MODEL is "vitrine convert tests/fixtures/sg2_ada_p3.pkl MODEL.safetensors" (what the pickle holds is checked
elsewhere), ORACLE_DIR has sg_oracle.py, the formulas of StyleGAN2 in plain NumPy. Needs NumPy."""
import json
import struct
import sys
import numpy as np

sys.path.insert(0, sys.argv[2])
import sg_oracle as oracle  # noqa: E402

RES, NUM_WS, SEED = 16, 6, 3


def load(path):
    data = open(path, 'rb').read()
    n = struct.unpack('<Q', data[:8])[0]
    nets = {'G_ema.': {}, 'D.': {}}
    for name, t in json.loads(data[8:8 + n]).items():
        for prefix, net in nets.items():
            if name.startswith(prefix):
                a, b = t['data_offsets']
                v = np.frombuffer(data[8 + n + a:8 + n + b], '<f4').astype(np.float64)
                net[name[len(prefix):]] = v.reshape(t['shape'])
    return nets['G_ema.'], nets['D.']


def picture(g, z, w_edit=lambda w: w, psi=1):
    w = w_edit(oracle.sg2_mapping(g, np.float32(z).astype(np.float64)))
    ws = np.stack([g['mapping.w_avg'] + psi * (w - g['mapping.w_avg'])] * NUM_WS)
    return oracle.to_uint8(oracle.sg2_synthesis(g, ws, RES))


def put(v, i, x):
    v = v.copy()
    v[i] = x
    return v


def draw(g, z, parameter, x):
    """The generator that is drawn with, and the picture [H, W, 3] with the parameter at x."""
    if parameter == 'scale':
        return g, picture(g, z, lambda w: w * x)
    if parameter == 'psi':
        return g, picture(g, z, psi=x)
    if parameter == 'noise':
        return g, picture({k: v * x if k.endswith('noise_strength') else v for k, v in g.items()}, z)
    if parameter == 'prune':
        cut = {k: np.where(np.abs(v) < x, 0, v) if k.endswith('.weight') else v for k, v in g.items()}
        return cut, picture(cut, z)
    i = int(parameter[1:])
    return g, picture(g, put(z, i, x)) if parameter[0] == 'z' else picture(g, z, lambda w: put(w, i, x))


def main():
    g, d = load(sys.argv[1])
    weights = [k for k in g if k.endswith('.weight')]
    print(f'/* Written by strip-table.py with NumPy {np.__version__}: seeds {SEED} and {SEED + 1}. */')
    print('static const struct {\n  const char *parameter;\n  double value;\n  int row;\n'
          '  double logit, remaining, change;\n} table[] = {')
    for parameter, values in (('scale', (0.05, 1, 2.5)), ('prune', (0, 0.25, 0.8)), ('psi', (0.5, -1)),
                              ('noise', (0, 3)), ('z3', (-10, 10)), ('w5', (-2.5, 10))):
        for row in range(2):
            z = np.random.RandomState(SEED + row).randn(8)
            plain = picture(g, z).astype(np.float64)
            for x in values:
                net, image = draw(g, z, parameter, x)
                logit = oracle.sg2_discriminate(d, [image.transpose(2, 0, 1) / 127.5 - 1], RES).ravel()[0]
                kept = sum(int((np.abs(g[k]) >= x).sum()) for k in weights) if parameter == 'prune' else 1
                share = kept / sum(g[k].size for k in weights) if parameter == 'prune' else 1
                change = np.abs(image - plain).mean()
                print(f'    {{"{parameter}", {x}, {row}, {logit:.9f}, {share:.9f}, {change:.9f}}},')
    print('};')


main()
