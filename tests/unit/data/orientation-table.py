"""Writes orientation-table.h: what Pillow's ImageOps.exif_transpose makes of a picture of 3×2 pixels.

    python3 tests/unit/data/orientation-table.py > tests/unit/data/orientation-table.h

With a folder named it also writes exif-N.jpg and exif-N.webp there (N: 1 to 8), 24×16 pixels in fields of 8,
for tests/cases/pictures."""
import io
import os
import sys

from PIL import Image, ImageOps

COLOURS = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250), (250, 0, 250)]


def picture(orientation, form, **options):
    image = Image.new('RGB', (3, 2))
    image.putdata(COLOURS)
    if form != 'PNG':
        image = image.resize((24, 16), Image.NEAREST)
    exif = Image.Exif()
    exif[0x112] = orientation
    out = io.BytesIO()
    image.save(out, form, exif=exif, **options)
    return out.getvalue()


print('/* By orientation-table.py with Pillow: the upright picture, as numbers of the pixels stored. */')
print('static const struct {\n  int width, height;\n  guint8 pixel[6];\n} upright[8] = {')
for n in range(1, 9):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(picture(n, 'PNG'))))
    pixels = ', '.join(str(COLOURS.index(p)) for p in image.getdata())
    print('    {%d, %d, {%s}},' % (*image.size, pixels))
print('};')
for folder in sys.argv[1:]:
    for n in (5, 6):
        for name, form, options in (('jpg', 'JPEG', {'quality': 90, 'subsampling': 0}), ('webp', 'WEBP', {'lossless': True})):
            with open(os.path.join(folder, 'exif-%d.%s' % (n, name)), 'wb') as f:
                f.write(picture(n, form, **options))
