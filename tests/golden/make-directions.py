#!/usr/bin/env python3
"""Writes expected/directions.json: principal components of w and of styles, and SeFa, by NumPy on a small random case.

The styles' components are found the long way (eigenvectors of the covariance of s = A w + b, then the regression of w on each
component's score), which shares nothing with the program's way. Run with any NumPy; made with 2.x.
"""
import json
import os

import numpy as np

rng = np.random.default_rng(3)
n, dim = 300, 12
w = (rng.standard_normal((n, dim)) @ rng.standard_normal((dim, dim)) + 5 * rng.standard_normal(dim)).astype(np.float32)
layers = [(0.3 * rng.standard_normal((rows, dim))).astype(np.float32) for rows in (7, 9)]
A, b = np.concatenate(layers).astype(np.float64), rng.standard_normal(16)
x = w.astype(np.float64)
cov = np.cov(x, rowvar=False)


def upright(v):
    """Rows; each one's entry of largest magnitude is positive."""
    return v * np.sign(v[np.arange(len(v)), np.abs(v).argmax(1)])[:, None]


def falling(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors.T[::-1]


values, vectors = falling(cov)
s = x @ A.T + b
s_values, s_vectors = falling(np.cov(s, rowvar=False))
score = (s - s.mean(0)) @ s_vectors[:dim].T / np.sqrt(s_values[:dim])
by_score = score.T @ (x - x.mean(0)) / (n - 1)  # w for one sigma of a score
unit = A / np.linalg.norm(A, axis=1, keepdims=True)
f_values, f_vectors = falling(unit.T @ unit)
fixed, rest = [1, 4, 9], [0, 2, 3, 5, 6, 7, 8, 10, 11]
regression = cov[np.ix_(rest, fixed)] @ np.linalg.inv(cov[np.ix_(fixed, fixed)])
left = cov[np.ix_(rest, rest)] - regression @ cov[np.ix_(fixed, rest)]
off = x[:5] - x.mean(0)
d, others = rng.standard_normal(dim), rng.standard_normal((2, dim))
rest_of_d = d - others.T @ np.linalg.lstsq(others.T, d, rcond=None)[0]
rest_of_d /= np.linalg.norm(rest_of_d)
sigma = np.sqrt(rest_of_d @ cov @ rest_of_d)
carried = rng.standard_normal(dim) * (rng.random(dim) < 0.6)
weight = np.abs(carried) * np.sqrt(np.diag(cov))
new, old = x[6], x[7]
out = {'d': d.tolist(), 'others': others.ravel().tolist(), 'rest_of_d': rest_of_d.tolist(), 'rest_sigma': [sigma],
       'carried': carried.tolist(), 'carriers': np.flatnonzero(carried).tolist(), 'top3': sorted(np.argsort(-weight)[:3].tolist()),
       'projected': (new + (old - new) @ carried / (carried @ carried) * carried).tolist(), 'fixed': fixed, 'regression': regression.ravel().tolist(), 'left': left.ravel().tolist(),
       'mahalanobis': np.sqrt(np.einsum('ni,ij,nj->n', off, np.linalg.inv(cov), off)).tolist(), 'w': w.ravel().tolist(), 'dim': dim, 'affines': [a.ravel().tolist() for a in layers],
       'mean': x.mean(0).tolist(), 'covariance': cov.ravel().tolist(),
       'w_variance': values.tolist(), 'w_directions': upright(vectors * np.sqrt(values)[:, None]).ravel().tolist(),
       's_variance': s_values[:dim].tolist(), 's_directions': upright(by_score).ravel().tolist(),
       'sefa_values': f_values.tolist(), 'sefa_directions': upright(f_vectors).ravel().tolist()}
with open(os.path.join(os.path.dirname(__file__), 'expected', 'directions.json'), 'w') as f:
    json.dump(out, f)
