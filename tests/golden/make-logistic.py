#!/usr/bin/env python3
"""Writes expected/logistic.json: scikit-learn's L1 logistic regression, folds, AUC and balanced accuracy on a small case.

The tolerance is far below the program's, so that the numbers are those of the minimum. Made with scikit-learn 1.9.
"""
import json
import os

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

rng = np.random.default_rng(5)
n, dim, folds = 260, 15, 10
x = rng.standard_normal((n, dim)).astype(np.float32)
beta = np.where(rng.random(dim) < 0.4, rng.standard_normal(dim) * 2, 0)
y = (x @ beta + 0.8 + rng.standard_normal(n) > 0).astype(int)


def model(c):
    return LogisticRegression(l1_ratio=1, solver='liblinear', C=c, tol=1e-10, max_iter=10000, random_state=0)


fits = {str(c): model(c).fit(x, y) for c in (0.05, 0.1, 1.0)}
fold = np.empty(n, int)
auc, accuracy = [], []
for f, (train, test) in enumerate(StratifiedKFold(folds).split(x, y)):
    fold[test] = f
    score = model(0.1).fit(x[train], y[train]).decision_function(x[test])
    auc.append(roc_auc_score(y[test], score))
    accuracy.append(balanced_accuracy_score(y[test], score > 0))
train, test = next(StratifiedKFold(folds).split(x, y))
path = []
for c in (0.003, 0.01, 0.02, 0.05, 0.1, 1.0):
    part = model(c).fit(x[train], y[train])
    score = part.decision_function(x[test])
    used = int((model(c).fit(x, y).coef_ != 0).sum())
    left = (part.coef_ != 0).any()
    path.append([c, used, roc_auc_score(y[test], score) if left else -1, balanced_accuracy_score(y[test], score > 0) if left else -1])
# The largest C, to a thousandth of its logarithm, that leaves so many coefficients or fewer.
sparse = []
for most in (5, 2, 1):
    grid = [c for c in np.exp(np.arange(np.log(1e-3), np.log(0.1), 1e-2))]
    counts = [int((model(c).fit(x, y).coef_ != 0).sum()) for c in grid]
    sparse.append([most, max(n for n in counts if n <= most)])
ties = np.round(x[:, 0], 1)
out = {'x': x.ravel().tolist(), 'dim': dim, 'label': y.tolist(), 'fold': fold.tolist(), 'folds': folds,
       'fits': {c: {'beta': m.coef_[0].tolist(), 'bias': float(m.intercept_[0])} for c, m in fits.items()},
       'auc': [np.mean(auc), np.std(auc)], 'accuracy': [np.mean(accuracy), np.std(accuracy)],
       'path': path, 'sparse': sparse, 'ties': ties.tolist(), 'ties_auc': roc_auc_score(y, ties), 'ties_accuracy': balanced_accuracy_score(y, ties > 0)}
with open(os.path.join(os.path.dirname(__file__), 'expected', 'logistic.json'), 'w') as f:
    json.dump(out, f)
print({c: int((m.coef_ != 0).sum()) for c, m in fits.items()}, out['auc'])
