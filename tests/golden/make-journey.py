#!/usr/bin/env python3
"""Writes expected/journey.json: SciPy's splines and slerp, and means on the sphere found by its root finder.

Made with SciPy 1.17 and NumPy 2.4.
"""
import json
import os

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares
from scipy.spatial import geometric_slerp

rng = np.random.default_rng(19)
out = {'splines': [], 'slerps': [], 'means': []}

for closed in (True, False):
    for n in (2, 3, 4, 7):
        for even in (True, False):
            at = np.arange(n + 1.0) if even else np.cumsum(rng.uniform(0.3, 2.0, n + 1))
            at -= at[0]
            y = rng.standard_normal((n, 3))
            if closed:
                s = CubicSpline(at, np.vstack([y, y[:1]]), bc_type='periodic')
                end = at[n]
            else:
                s = CubicSpline(at[:n], y, bc_type='natural')
                end = at[n - 1]
            t = np.linspace(0, end, 41)
            out['splines'].append({'closed': closed, 'at': at[:n].tolist(), 'end': float(end), 'y': y.ravel().tolist(),
                                   't': t.tolist(), 'values': s(t).ravel().tolist()})

for dim in (2, 3, 64):
    a, b = rng.standard_normal((2, dim))
    t = np.linspace(0, 1, 11)
    unit = geometric_slerp(a / np.linalg.norm(a), b / np.linalg.norm(b), t)
    out['slerps'].append({'a': a.tolist(), 'b': b.tolist(), 't': t.tolist(), 'unit': unit.ravel().tolist(),
                          'length': [float(np.linalg.norm(a)), float(np.linalg.norm(b))],
                          'angle': float(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))})


def mean(p, w):
    """The point whose weighted squared angles to p are stationary: the gradient is solved for, from the weighted sum."""
    def gradient(q):
        q = q / np.linalg.norm(q)
        g = np.zeros_like(q)
        for x, c in zip(p, w):
            cos = np.clip(q @ x, -1, 1)
            angle = np.arccos(cos)
            side = x - cos * q
            g += c * (angle / np.sin(angle) if angle > 1e-9 else 1) * side
        return np.append(g, 0)
    r = least_squares(lambda q: np.append(gradient(q)[:-1], q @ q - 1), w @ p / np.linalg.norm(w @ p), xtol=1e-15, ftol=1e-15,
                      gtol=1e-15)
    assert np.abs(r.fun).max() < 1e-10, r
    return r.x / np.linalg.norm(r.x)


for dim, n in ((3, 3), (64, 3), (64, 5)):
    p = rng.standard_normal((n, dim))
    if dim == 3:
        p = np.abs(p)
    p /= np.linalg.norm(p, axis=1)[:, None]
    for w in (np.full(n, 1 / n), CubicSpline(np.arange(n + 1), np.vstack([np.eye(n), np.eye(n)[:1]]), bc_type='periodic')(0.37)):
        assert abs(w.sum() - 1) < 1e-12
        out['means'].append({'points': p.ravel().tolist(), 'weights': w.tolist(), 'dim': dim, 'mean': mean(p, w).tolist()})

# Penner's equations, as https://easings.net states them.
n1, d1 = 7.5625, 2.75


def bounce(x):
    if x < 1 / d1:
        return n1 * x * x
    if x < 2 / d1:
        return n1 * (x - 1.5 / d1) ** 2 + 0.75
    if x < 2.5 / d1:
        return n1 * (x - 2.25 / d1) ** 2 + 0.9375
    return n1 * (x - 2.625 / d1) ** 2 + 0.984375


eases = {'linear': lambda x: x, 'in': lambda x: x ** 2, 'out': lambda x: 1 - (1 - x) ** 2,
         'in-out': lambda x: 2 * x * x if x < 0.5 else 1 - (-2 * x + 2) ** 2 / 2, 'circular': lambda x: np.sqrt(1 - (x - 1) ** 2),
         'back': lambda x: 1 + 2.70158 * (x - 1) ** 3 + 1.70158 * (x - 1) ** 2, 'bounce': bounce,
         'hold': lambda x: 1.0 if x >= 1 else 0.0}
x = np.linspace(0, 1, 21)
out['eases'] = {'x': x.tolist(), **{name: [float(f(v)) for v in x] for name, f in eases.items()}}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'expected', 'journey.json'), 'w') as f:
    json.dump(out, f)
