#!/usr/bin/env python3
"""Writes expected/: what the networks of test-golden.c draw and score, computed by stylegan2.py in float64.

usage: make.py [--check=SG_ORACLE.py]      needs PyTorch and NumPy; minutes on two cores

--check first compares stylegan2.py with another implementation, `sg_oracle.py` (NumPy, loops), on small networks.
Random weights are not stored: the test makes them again (random-model.c). For every case there is

  NAME.png         its pictures side by side, rounded as NVlabs' scripts do
  NAME.npy         float32 [faces, 3, rows, width]: every eighth row, unclamped (of the first face only, if random)
  expected.json    the cases, and for each the discriminator's logits of NAME.png's pictures, as one batch and alone
  made-with.txt    versions
"""
import json
import os
import platform
import struct
import sys
import zlib

import numpy as np
import torch

import stylegan2 as sg

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, 'expected')
D_SEED = 500  # RANDOM_MODEL_D_SEED

# Seeds of different networks are 1000 apart, more than a network has tensors.
CASES = [
    dict(name='skip', g_arch='skip', d_arch='skip', seed=1000, faces=4),
    dict(name='orig', g_arch='orig', d_arch='orig', seed=2000, faces=4),
    dict(name='resnet', g_arch='resnet', d_arch='resnet', seed=3000, faces=4),
    dict(name='classes', g_arch='skip', d_arch='resnet', seed=4000, faces=4, c_dim=3, label=2, psi=0.7, cutoff=8),
    dict(name='clamp', g_arch='resnet', d_arch='resnet', seed=3000, faces=2, clamp=1.5),
    dict(name='clamp-skip', g_arch='skip', d_arch='skip', seed=1000, faces=2, clamp=0.8),
    dict(name='lorelei64', file='data/models/lorelei64.safetensors', faces=4),
]


def networks(case):
    """(spec, generator's and discriminator's tensors)"""
    if 'file' in case:
        meta, nets = sg.load_safetensors(os.path.join(HERE, '../..', case['file']))
        return sg.spec_of(meta), nets['G_ema'], nets['D']
    spec = sg.Spec(128, sg.auto_widths(128), c_dim=case.get('c_dim', 0), g_arch=case['g_arch'],
                   d_arch=case['d_arch'], clamp=case.get('clamp'))
    return (spec, sg.random_params(sg.generator_tensors(spec), case['seed']),
            sg.random_params(sg.discriminator_tensors(spec), case['seed'] + D_SEED))


def to_uint8(images):
    return (images * 127.5 + 128).clamp(0, 255).to(torch.uint8).numpy()


def write_png(path, rgb):
    """rgb: uint8 [H, W, 3]"""
    h, w, _ = rgb.shape
    rows = np.concatenate([np.zeros((h, 1), np.uint8), rgb.reshape(h, 3 * w)], 1)
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n')
        for kind, data in ((b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0)),
                           (b'IDAT', zlib.compress(rows.tobytes(), 9)), (b'IEND', b'')):
            f.write(struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data)))


def make(case):
    spec, g, d = networks(case)
    faces, labels = case['faces'], [case['label']] * case['faces'] if 'label' in case else None
    z = sg.seed_z(range(faces), spec.z_dim)
    net = sg.Generator(spec, g, fused=False)
    one = [net(z[i:i + 1], labels and labels[:1], case.get('psi', 1.0), case.get('cutoff')) for i in range(faces)]
    images = torch.cat(one)
    pixels = to_uint8(images)
    write_png(os.path.join(OUT, case['name'] + '.png'), np.concatenate(pixels.transpose(0, 2, 3, 1), 1))
    rows = images[:, :, ::8].numpy().astype('<f4')
    np.save(os.path.join(OUT, case['name'] + '.npy'), rows if 'file' in case else rows[:1])
    # The same rule by which a picture file becomes numbers again.
    seen = torch.from_numpy(pixels.astype(np.float64) / 127.5 - 1)
    score = sg.Discriminator(spec, d)
    case['scores_together'] = score(seen, labels).tolist()
    case['scores_alone'] = [score(seen[i:i + 1], labels and labels[:1]).item() for i in range(faces)]
    print(f"{case['name']}: {images.min():.3f}..{images.max():.3f}, scores {case['scores_together']}", flush=True)
    return case


def check(path):
    """stylegan2.py against sg_oracle.py, every architecture, conditional, clamped, truncated."""
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    import sg_oracle as oracle
    for g_arch, d_arch, c_dim, clamp in (('skip', 'skip', 0, None), ('orig', 'orig', 3, 1.5), ('resnet', 'resnet', 3, 0.8),
                                         ('resnet', 'skip', 0, None), ('skip', 'resnet', 0, 0.8)):
        spec = sg.Spec(16, {4: 12, 8: 6, 16: 3}, z_dim=8, w_dim=8, c_dim=c_dim, g_arch=g_arch, d_arch=d_arch, clamp=clamp)
        g = sg.random_params(sg.generator_tensors(spec), 5)
        d = sg.random_params(sg.discriminator_tensors(spec), 5 + D_SEED)
        labels = [1, 2, 0, 1] if c_dim else None
        hot = [np.eye(3)[i] for i in labels] if c_dim else [None] * 4
        z = sg.seed_z(range(4), 8)
        g64, d64 = ({k: np.float64(v) for k, v in p.items()} for p in (g, d))
        expected = np.stack([oracle.sg2_generate(g64, z[i].double().numpy(), 16, spec.num_ws, hot[i], 0.7, 4, arch=g_arch, clamp=clamp)
                             for i in range(4)])
        for fused in True, False:
            images = sg.Generator(spec, g, fused=fused)(z, labels, 0.7, 4)
            assert np.abs(images.numpy() - expected).max() < 1e-12, (g_arch, fused)
        scores = oracle.sg2_discriminate(d64, expected, 16, d_arch, 4, 1, clamp, hot if c_dim else None)[:, 0]
        found = sg.Discriminator(spec, d)(torch.from_numpy(expected), labels).numpy()
        assert np.abs(found - scores).max() < 1e-12, d_arch
        print(f'as the oracle: {g_arch}, {d_arch}, {c_dim} classes, clamp {clamp}')


def main():
    for argument in sys.argv[1:]:
        if not argument.startswith('--check='):
            sys.exit(__doc__)
        check(argument[len('--check='):])
    os.makedirs(OUT, exist_ok=True)
    with torch.inference_mode():
        cases = [make(dict(case)) for case in CASES]
    with open(os.path.join(OUT, 'expected.json'), 'w') as f:
        json.dump(cases, f, indent=1)
        f.write('\n')
    with open(os.path.join(OUT, 'made-with.txt'), 'w') as f:
        f.write(f'PyTorch {torch.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, '
                f'{platform.machine()}, float64\n')


if __name__ == '__main__':
    main()
