"""Writes pictures of rare kinds and what Pillow reads in them: kinds.py FOLDER (tests/cases/pictures/kinds).

NAME.png is what NAME.bmp, NAME.gif or NAME.tif are, as RGBA."""
import os
import sys

from PIL import Image, ImageOps

FOLDER = sys.argv[1]


def base(mode):
    image = Image.new('RGB', (13, 7))
    image.putdata([(x * 19, y * 36, (x * y * 7) % 256) for y in range(7) for x in range(13)])
    if mode == 'P':
        return image.quantize(12)
    if mode == 'RGBA':
        image.putalpha(Image.frombytes('L', (13, 7), bytes(255 * (i % 3) // 2 for i in range(91))))
    return image if mode in ('RGB', 'RGBA') else image.convert(mode)


def put(name, kind, mode, **options):
    path = os.path.join(FOLDER, f'{name}.{kind}')
    base(mode).save(path, **options)
    with Image.open(path) as image:
        ImageOps.exif_transpose(image).convert('RGBA').save(os.path.join(FOLDER, name + '.png'))


def bmp(name, bits, masks, header, top_down):
    """Masked pixels, which Pillow reads but does not write."""
    import struct
    w, h = 5, 3
    size = bits // 8
    rows = b''.join(b''.join(((x * 9001 + y * 70001 + 5) & ((1 << bits) - 1)).to_bytes(size, 'little') for x in range(w)) +
                    bytes(-w * size % 4) for y in range(h))
    info = struct.pack('<IiiHHIIiiII', header, w, -h if top_down else h, 1, bits, 3, len(rows), 0, 0, 0, 0)
    info += struct.pack('<4I', *masks)[:12 if header == 40 else 16] + bytes(max(0, header - 56))
    path = os.path.join(FOLDER, name + '.bmp')
    with open(path, 'wb') as f:
        f.write(b'BM' + struct.pack('<IHHI', 14 + len(info) + len(rows), 0, 0, 14 + len(info)) + info + rows)
    with Image.open(path) as image:
        image.convert('RGBA').save(os.path.join(FOLDER, name + '.png'))


for m in ('1', 'L', 'P', 'RGB'):
    put('bmp-' + m.lower(), 'bmp', m)
bmp('bmp-565', 16, (0xf800, 0x7e0, 0x1f, 0), 40, False)
bmp('bmp-top', 32, (0xff0000, 0xff00, 0xff, 0), 40, True)
put('gif-p', 'gif', 'P')
put('gif-l', 'gif', 'L')
put('gif-interlaced', 'gif', 'P', interlace=1)
put('tif-rgb', 'tif', 'RGB', compression='tiff_lzw')
put('tif-l', 'tif', 'L', compression='tiff_adobe_deflate')
put('tif-rgba', 'tif', 'RGBA')
put('tif-turned', 'tif', 'RGB', tiffinfo={274: 6})
