#!/usr/bin/env python3
"""Writes expected/metrics.json: what pytorch-fid, torch-fidelity, scikit-learn and NumPy make of small sets of features.

Sets of more rows than numbers in each, and of fewer; sets of different sizes. Made with pytorch-fid 0.3.0, torch-fidelity 0.4.0,
scikit-learn 1.9.1, SciPy 1.17.1, NumPy 2.4.6.
"""
import json
import os

import numpy as np
import scipy.linalg
import torch
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import mmd2
from torch_fidelity.metric_prc import calculate_precision_recall_full

rng = np.random.default_rng(11)


def features(n, dim, shift):
    mix = np.random.default_rng(dim).standard_normal((dim, dim)) / np.sqrt(dim)
    return np.round((rng.standard_normal((n, dim)) * np.linspace(2, .2, dim)) @ mix + shift, 5).astype(np.float32)


def frechet(a, b, ddof):
    """As pytorch-fid's calculate_frechet_distance: SciPy's matrix square root of the product of the covariances."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    one, two = (np.cov(x, rowvar=False, ddof=ddof) for x in (a, b))
    root = scipy.linalg.sqrtm(one @ two)
    apart = a.mean(0) - b.mean(0)
    return float(apart @ apart + np.trace(one) + np.trace(two) - 2 * np.trace(np.real(root)))


def frechet_few(a, b, ddof):
    """The same where the product has no full rank, by eigenvalues in extended steps: SciPy's root is not exact there."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    one, two = ((x - x.mean(0)) / np.sqrt(len(x) - ddof) for x in (a, b))
    apart = a.mean(0) - b.mean(0)
    return float(apart @ apart + (one**2).sum() + (two**2).sum() - 2 * np.linalg.svd(one @ two.T, compute_uv=False).sum())


def kernel(a, b):
    k = [polynomial_kernel(x, y, degree=3, gamma=1 / a.shape[1], coef0=1) for x, y in ((a, a), (a, b), (b, b))]
    return float(mmd2(*k))


def covered(rows, of, k):
    """The share of rows within the radius of some row of `of`."""
    radius = NearestNeighbors(n_neighbors=k + 1).fit(of).kneighbors(of)[0][:, k]
    distance = np.linalg.norm(rows[:, None] - of[None], axis=2)
    return float((distance <= radius).any(1).mean())


cases = []
for n, m, dim, shift in ((60, 60, 12, .3), (80, 50, 12, 0), (9, 9, 20, .5), (40, 12, 20, .1)):
    a, b = features(n, dim, 0), features(m, dim, shift)
    case = {'dim': dim, 'real': a.ravel().tolist(), 'fake': b.ravel().tolist()}
    by = frechet if min(n, m) > dim else frechet_few
    case['frechet'] = [by(a, b, 1), by(a, b, 0)]
    if n == m:
        case['kernel'] = kernel(a.astype(np.float64), b.astype(np.float64))
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    case['precision'], case['recall'] = covered(b64, a64, 3), covered(a64, b64, 3)
    # torch-fidelity's first set is the generated one.
    theirs = calculate_precision_recall_full(torch.tensor(b64), torch.tensor(a64), 3)
    assert np.allclose(theirs, (case['precision'], case['recall'])), (theirs, case['precision'], case['recall'])
    if n == m:
        directions = rng.standard_normal((7, dim))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        x, y = (np.sort(v @ directions.T, axis=0) for v in (a64, b64))
        case['directions'] = directions.ravel().tolist()
        case['sliced'] = float(3 * dim * ((x - y)**2).mean())
    score = isc_features_to_metric(torch.tensor(a64), 3, False)
    case['score'] = [score['inception_score_mean'], score['inception_score_std']]
    cases.append(case)

distances = np.abs(rng.standard_normal(250)) * 1e-8
low = np.percentile(distances, 1, method='lower')
high = np.percentile(distances, 99, method='higher')
kept = distances[(distances >= low) & (distances <= high)] / 1e-4**2
out = {'cases': cases, 'distances': distances.tolist(), 'path': float(kept.mean())}
with open(os.path.join(os.path.dirname(__file__), 'expected', 'metrics.json'), 'w') as f:
    json.dump(out, f)
for case in cases:
    print({k: v for k, v in case.items() if not isinstance(v, list) or len(v) < 4})
print(out['path'], len(kept))
