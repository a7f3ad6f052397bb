#!/usr/bin/env python3
"""Prints normal-table.h: a normal distribution that is cut off, by SciPy.

usage: normal-table.py        needs SciPy"""
import numpy as np
import scipy
from scipy.stats import norm, truncnorm

print(f'/* Written by normal-table.py with SciPy {scipy.__version__}. */')
print('static const struct {\n  double tau, z, truncated;\n} quantiles[] = {')
for tau in (0.02, 0.25, 1, 2, 4, 7.5):
    for z in (-7, -3.5, -1.25, -0.1, 0, 1e-9, 0.6, 2.2, 5):
        # By the smaller of the two tails, as exact as it can be.
        x = -truncnorm.ppf(norm.cdf(-tau) * 0 + norm.cdf(-abs(z)), -tau, tau) * np.sign(z)
        print(f'    {{{tau}, {z}, {x:.17g}}},')
print('};\n\nstatic const struct {\n  double tau, x, probability;\n} distribution[] = {')
for tau in (0.5, 1.5):
    for x in np.linspace(-tau, tau, 9):
        print(f'    {{{tau}, {x:.17g}, {truncnorm.cdf(x, -tau, tau):.17g}}},')
print('};')
