"""Writes resize-table.h: what Pillow's Lanczos makes of pictures of a known pattern.

usage: resize-table.py > resize-table.h        needs Pillow
"""
import struct

from PIL import Image

# width, height, resolution, channels, transform, height of a wide crop
CASES = ((40, 40, 16, 3, 'CENTER_CROP', 0), (100, 60, 32, 1, 'CENTER_CROP', 0), (9, 9, 32, 1, 'CENTER_CROP', 0),
         (33, 32, 32, 1, 'CENTER_CROP', 0), (257, 300, 8, 3, 'CENTER_CROP', 0), (31, 31, 32, 1, 'CENTER_CROP', 0),
         (40, 24, 16, 3, 'STRETCH', 0), (9, 20, 16, 1, 'STRETCH', 0), (40, 20, 16, 3, 'PAD', 0), (7, 16, 16, 1, 'PAD', 0),
         (50, 20, 16, 1, 'CENTER_CROP_WIDE', 12), (20, 30, 16, 3, 'CENTER_CROP_WIDE', 8))


def fit(w, h, r, transform, wide):
    """The part of the picture that is kept, and its size in the square."""
    if transform == 'STRETCH':
        return (0, 0, w, h), (r, r)
    if transform == 'PAD':
        longer = max(w, h)
        return (0, 0, w, h), (round(w * r / longer), round(h * r / longer))
    across, down = (r, wide) if wide else (r, r)
    cw, ch = (round(h * across / down), h) if w * down > h * across else (w, round(w * down / across))
    return ((w - cw) // 2, (h - ch) // 2, (w - cw) // 2 + cw, (h - ch) // 2 + ch), (across, down)


def pattern(width, height, channels):
    """A ramp with noise of a linear congruential generator; the test makes the same."""
    out, state = bytearray(), 12345
    for i in range(width * height * channels):
        state = (state * 1103515245 + 12345) & 0x7fffffff
        out.append((state >> 16 & 0x7f) + i * 128 // (width * height * channels))
    return bytes(out)


print('/* Written by resize-table.py with Pillow. */')
print('static const struct {\n  int width, height, r, channels;\n  SgTransform transform;\n  int wide_height;\n'
      '  const char *planes; /* hexadecimal */\n} table[] = {')
for w, h, r, c, transform, wide in CASES:
    image = Image.frombytes('RGB' if c == 3 else 'L', (w, h), pattern(w, h, c))
    box, size = fit(w, h, r, transform, wide)
    image = image.crop(box)
    planes = bytearray()
    for band in image.split():
        # As floats: of bytes, Pillow would round between its two passes.
        small = band.convert('F').resize(size, Image.Resampling.LANCZOS)
        square = Image.new('F', (r, r))
        square.paste(small, ((r - size[0]) // 2, (r - size[1]) // 2))
        values = struct.unpack(f'{r * r}f', square.tobytes())
        planes += bytes(int(min(max(v, 0), 255) + 0.5) for v in values)
    planes = planes.hex()
    print(f'    {{{w}, {h}, {r}, {c}, SG_TRANSFORM_{transform}, {wide},')
    print('\n'.join(f'     "{planes[i:i + 88]}"' for i in range(0, len(planes), 88)) + '},')
print('};')
