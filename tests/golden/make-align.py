#!/usr/bin/env python3
"""Writes expected/align.json and expected/align.png: quads of FFHQ's alignment by NumPy, and what Pillow's QUAD makes of one.

usage: make-align.py      needs NumPy and Pillow

  quads   points (eye on the left, eye on the right, mouth) and the corners that the formulas of Karras et al. 2019, as
          published with FFHQ, give for them
  align.png   the picture (x, y) -> ((5 x + 3 y) % 256, (x y) % 256 / 2, 255 - 2 y), 120 × 100, through the first quad's
          transform to 48 × 48, bilinear; Pillow counts from pixels' edges, so half a pixel is added
"""
import json
import pathlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).parent / 'expected'
POINTS = [[[50, 42], [71, 45], [58, 66]], [[10.5, 20.25], [40, 8], [30, 44]], [[100, 100], [90, 140], [60, 110]],
          [[400, 300], [410, 301], [404, 390]]]


def quad(left, right, mouth):
    eye_avg, eye_to_eye = (left + right) * 0.5, right - left
    eye_to_mouth = mouth - eye_avg
    x = eye_to_eye - np.flipud(eye_to_mouth) * [-1, 1]
    x /= np.hypot(*x)
    x *= max(np.hypot(*eye_to_eye) * 2.0, np.hypot(*eye_to_mouth) * 1.8)
    y = np.flipud(x) * [-1, 1]
    c = eye_avg + eye_to_mouth * 0.1
    return np.stack([c - x - y, c - x + y, c + x + y, c + x - y])


def main():
    quads = [dict(points=p, quad=quad(*np.array(p, float)).tolist()) for p in POINTS]
    (OUT / 'align.json').write_text(json.dumps(dict(quads=quads), indent=1) + '\n')
    y, x = np.mgrid[:100, :120]
    picture = np.stack([(5 * x + 3 * y) % 256, x * y % 256 // 2, 255 - 2 * y], 2).astype(np.uint8)
    inner = (np.array(quads[0]['quad']) - [60, 50]) * 0.4 + [60, 50]  # inside the picture: Pillow paints black beyond it
    assert inner.min() > 1 and (inner < [118, 98]).all()
    Image.fromarray(picture).transform((48, 48), Image.QUAD, (inner + 0.5).flatten(), Image.BILINEAR).save(OUT / 'align.png')


if __name__ == '__main__':
    main()
