#!/usr/bin/env python3
"""Writes expected/prune.json: what magnitude pruning leaves and what the discriminator says of it, for test-prune.c.

usage: make-prune.py SG_ORACLE.py      needs PyTorch and NumPy

Weights are counted by NumPy at thresholds 0, 0.001 … 1; pictures and scores come from stylegan2.py (PyTorch, float64),
for mystylegan from sg_oracle.py (NumPy, float64). The first two networks are random (random-model.c makes them again),
the third is tests/fixtures/simplerick_zip.pt.
"""
import json
import math
import os
import sys

import numpy as np
import torch

import stylegan2 as sg

HERE = os.path.dirname(os.path.abspath(__file__))
D_SEED = 500  # RANDOM_MODEL_D_SEED
FACES = 6     # two batches of D: four and two
THRESHOLDS = [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1]
SWEEP = [round(i / 1000, 9) for i in range(1001)]

RANDOM = [
    dict(name='skip', g_arch='skip', d_arch='resnet', seed=11000),
    dict(name='classes', g_arch='resnet', d_arch='skip', seed=12000, c_dim=3),
]


def scales(shapes, lr):
    """What the equalised learning rate multiplies each prunable weight with, by the formulas of the papers."""
    out = {}
    for name, shape in shapes.items():
        if not name.endswith(('.weight', '.weight_orig')):
            continue
        fan_in = shape[0] if name.endswith('upconv.weight_orig') else shape[1]
        scale = 1 / math.sqrt(fan_in * math.prod(shape[2:]))
        out[name] = scale * lr if name.startswith('mapping.') and 'embed' not in name else scale
    return out


def pruned(weights, scale, threshold, effective, unequalised=False):
    out = {}
    for name, w in weights.items():
        w = np.asarray(w, np.float64)
        if name in scale:
            w = np.where(np.abs(w) * (scale[name] if effective else 1) >= threshold, w, 0)
            w = w / scale[name] if unequalised else w
        out[name] = w
    return out


def counts(weights, scale, effective):
    sizes = {k: np.sort(np.abs(np.asarray(weights[k], np.float64)).ravel() * (scale[k] if effective else 1)) for k in scale}
    layer = {k: len(v) - np.searchsorted(v, SWEEP, 'left') for k, v in sizes.items()}
    assert all(layer[k][300] == (sizes[k] >= 0.3).sum() for k in layer)
    total = sum(layer.values())
    return dict(total=total.tolist(), layers={k: v[::100].tolist() for k, v in layer.items()})


def batches(score, images):
    return np.concatenate([score(images[i:i + 4]) for i in range(0, FACES, 4)]).tolist()


def random_network(case):
    spec = sg.Spec(16, sg.auto_widths(16, 256, 24), z_dim=20, w_dim=24, c_dim=case.get('c_dim', 0),
                   g_arch=case['g_arch'], d_arch=case['d_arch'])
    g = sg.random_params(sg.generator_tensors(spec), case['seed'])
    critic = sg.Discriminator(spec, sg.random_params(sg.discriminator_tensors(spec), case['seed'] + D_SEED))
    labels = [0] * FACES if spec.c_dim else None

    def logits(weights):
        images = sg.Generator(spec, weights, fused=False)(sg.seed_z(range(FACES), spec.z_dim), labels)
        return batches(lambda x: critic(x, labels and labels[:len(x)]).numpy(), images)
    return g, 0.01, logits


def mystylegan(oracle):
    file = torch.load(os.path.join(HERE, '../fixtures/simplerick_zip.pt'), weights_only=True)
    g = {k[len('Src_Net.'):]: v.numpy() for k, v in file['G'].items() if k.startswith('Src_Net.')}
    d = {k: v.numpy().astype(np.float64) for k, v in file['D'].items()}
    noise = [np.random.RandomState(i).randn(2, 4 * 2 ** i, 4 * 2 ** i) for i in (1, 2, 3)]

    def logits(weights):
        images = []
        for i in range(FACES):
            w = oracle.sr_mapping(weights, np.random.RandomState(i).randn(10))
            images.append(oracle.sr_generate(weights, [w] * 3, noise, out_res=28))
        return batches(lambda x: oracle.sr_score(d, x).reshape(-1), np.stack(images))
    return g, 1, logits


def make(name, network, **about):
    weights, lr, logits = network
    scale = scales({k: np.shape(v) for k, v in weights.items()}, lr)
    case = dict(name=name, **about, weights=int(sum(np.size(weights[k]) for k in scale)),
                stored=counts(weights, scale, False), effective=counts(weights, scale, True))
    case['logits'] = [logits(pruned(weights, scale, t, False)) for t in THRESHOLDS]
    case['logits_effective'] = [logits(pruned(weights, scale, t / 10, True)) for t in THRESHOLDS[:5]]
    case['logits_unequalised'] = logits(pruned(weights, scale, 0.3, False, True))
    print(name, case['weights'], [np.mean(x) for x in case['logits']], flush=True)
    return case


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
    import sg_oracle
    with torch.inference_mode():
        cases = [make(c['name'], random_network(c), seed=c['seed']) for c in RANDOM]
        cases.append(make('mystylegan', mystylegan(sg_oracle)))
    with open(os.path.join(HERE, 'expected', 'prune.json'), 'w') as f:
        json.dump(dict(thresholds=THRESHOLDS, faces=FACES, cases=cases), f, separators=(',', ':'))
        f.write('\n')


if __name__ == '__main__':
    main()
