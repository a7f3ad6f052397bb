"""Writes resize-table.h: what Pillow's Lanczos makes of pictures of a known pattern.

usage: resize-table.py > resize-table.h        needs Pillow
"""
import struct

from PIL import Image

CASES = ((40, 40, 16, 3), (100, 60, 32, 1), (9, 9, 32, 1), (33, 32, 32, 1), (257, 300, 8, 3), (31, 31, 32, 1))


def pattern(width, height, channels):
    """A ramp with noise of a linear congruential generator; the test makes the same."""
    out, state = bytearray(), 12345
    for i in range(width * height * channels):
        state = (state * 1103515245 + 12345) & 0x7fffffff
        out.append((state >> 16 & 0x7f) + i * 128 // (width * height * channels))
    return bytes(out)


print('/* Written by resize-table.py with Pillow. */')
print('static const struct {\n  int width, height, r, channels;\n  const char *planes; /* hexadecimal */\n} table[] = {')
for w, h, r, c in CASES:
    image = Image.frombytes('RGB' if c == 3 else 'L', (w, h), pattern(w, h, c))
    side = min(w, h)
    left, top = (w - side) // 2, (h - side) // 2
    image = image.crop((left, top, left + side, top + side))
    # As floats: of bytes, Pillow would round between its two passes.
    bands = (b.convert('F').resize((r, r), Image.Resampling.LANCZOS) for b in image.split())
    values = (v for b in bands for v in struct.unpack(f'{r * r}f', b.tobytes()))
    planes = bytes(int(min(max(v, 0), 255) + 0.5) for v in values).hex()
    print(f'    {{{w}, {h}, {r}, {c},')
    print('\n'.join(f'     "{planes[i:i + 88]}"' for i in range(0, len(planes), 88)) + '},')
print('};')
