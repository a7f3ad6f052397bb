#!/usr/bin/env python3
"""expected/probe.f32: what every stage of tests/fixtures/sg2.safetensors computes for seed 0, in
NumPy (float64) with the layers of an oracle that shares nothing with Vitrine.

    tests/golden/make-probe.py ../shared/fixtures      the folder of sg_oracle.py

For each stage in the order they run: its style [in], then for a convolution its activation
[C, r, r], for a toRGB what it adds to the picture [3, r, r]; float32, one after another."""
import json
import math
import os
import struct
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
import sg_oracle as o  # noqa: E402

here = os.path.dirname(os.path.abspath(__file__))


def read(path):
    with open(path, "rb") as f:
        head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    p = {}
    for name, t in head.items():
        if name.startswith("g_ema."):
            a, b = t["data_offsets"]
            p[name[6:]] = np.frombuffer(data[a:b], "<f4").reshape(t["shape"]).astype(np.float64)
    return p


def main():
    p = read(os.path.join(here, "../fixtures/sg2.safetensors"))
    z = o.randn_legacy(0, p["mapping.fc0.weight"].shape[1])
    w = o.sg2_mapping(p, np.asarray(z).reshape(-1))
    out, x, r = [], p["synthesis.b4.const"], 4
    while f"synthesis.b{r}.conv1.weight" in p:
        for layer in ("conv0", "conv1"):
            name = f"synthesis.b{r}.{layer}"
            if name + ".weight" not in p:
                continue
            out.append(o._affine(p, name, w))
            x = o._slayer(p, name, x, w, layer == "conv0", True, None)
            out.append(x)
        name = f"synthesis.b{r}.torgb"
        s = o._affine(p, name, w)
        weight = p[name + ".weight"][:, :, 0, 0] / math.sqrt(p[name + ".weight"].shape[1])
        out.append(s)
        out.append(np.einsum("oi,ihw->ohw", weight * s, x) + p[name + ".bias"][:, None, None])
        r *= 2
    flat = np.concatenate([np.asarray(t).reshape(-1) for t in out]).astype("<f4")
    flat.tofile(os.path.join(here, "expected/probe.f32"))
    print(flat.size, "numbers")


main()
