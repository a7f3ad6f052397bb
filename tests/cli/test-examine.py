"""examine as a command: what it says, what it writes, and what it refuses.

usage: test-examine.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from html.parser import HTMLParser

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures')


def png(pixel, size, *chunks):
    rows = b''.join(b'\0' + b''.join(bytes(pixel(x, y)) for x in range(size)) for y in range(size))
    out = b'\x89PNG\r\n\x1a\n'
    for kind, data in ((b'IHDR', struct.pack('>IIBBBBB', size, size, 8, 2, 0, 0, 0)), *chunks, (b'IDAT', zlib.compress(rows)),
                       (b'IEND', b'')):
        out += struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return out


def drawn(seed):
    """A disc on a ground, with a texture."""
    def pixel(x, y):
        inside = (x - 5 - seed % 6) ** 2 + (y - 4 - seed % 7) ** 2 < 20 + seed % 11
        texture = (x * 5 + y * 3 + seed * 7) % 9
        return ((200 if inside else 40 + seed * 3 % 60) + texture, (90 + seed * 5 % 99) + texture, 60 + texture)
    return pixel


class Page(HTMLParser):
    """Where a page would load from, and its text."""

    def __init__(self):
        super().__init__()
        self.sources, self.text, self.tags = [], '', set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.sources += [v for k, v in attrs if k in ('src', 'href')]

    def handle_data(self, data):
        self.text += data


class Examine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = cls.path('m.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--resolution=16', '--channel-base=128', '--channel-max=16', '--z-dim=24',
                        '--w-dim=32', cls.model], check=True)
        os.mkdir(cls.path('data'))
        for i in range(40):
            with open(cls.path('data', f'{i:02}.png'), 'wb') as f:
                f.write(png(drawn(i), 16))
        cls.picture = cls.path('picture.png')
        with open(cls.picture, 'wb') as f:
            f.write(png(drawn(77), 20))
        cls.small = ('--references=8', '--steps=2', '--tries=1', f'--network={cls.model}', f'--data={cls.path("data")}')

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, *parts):
        return os.path.join(cls.folder.name, *parts)

    def vitrine(self, *args, **env):
        p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=200,
                           env={**os.environ, 'XDG_CACHE_HOME': self.path('cache'), **env})
        return p.returncode, p.stdout, p.stderr

    def examine(self, *args, code=0, **env):
        found, out, err = self.vitrine('examine', '--json', *args, **env)
        self.assertEqual(found, code, err)
        return json.loads(out)

    def refuse(self, words, *args, code=2):
        found, _, err = self.vitrine('examine', *args)
        self.assertEqual(found, code, err)
        # How far it is may stand before it on a slow machine.
        err = re.sub(r'^\d+ of \d+ steps, \d+ s left\n', '', err, flags=re.M)
        self.assertEqual(err.count('\n'), 1, err)
        for word in words:
            self.assertIn(word, err)

    def said(self, picture):
        return {w['name']: w for w in picture['witnesses']}

    def test_all_of_it(self):
        """Every witness has both kinds of references, a number, a word, and a curve; nothing says a probability."""
        found = self.examine(*self.small, '--stress=all', f'--report={self.path("r.html")}', self.picture)
        witnesses = {w['name']: w for w in found['witnesses']}
        self.assertEqual(set(witnesses), {'distance', 'logit', 'spectrum', 'nearest'})
        for name, w in witnesses.items():
            if name == 'spectrum' and 'kissfft' in w.get('absent', ''):
                continue
            self.assertEqual(len(w['real']), 8 * w['treatments'])
            self.assertEqual(len(w['generated']), 8 * w['treatments'])
            self.assertTrue(0 <= w['auc_low'] <= w['auc'] <= w['auc_high'] <= 1, w)
            told = self.said(found['pictures'][0])[name]
            self.assertIn(told['verdict'], ('fits', 'does not fit', 'cannot tell'))
            self.assertIsNotNone(told['value'])
            self.assertEqual(len([v for v in told['stress'].values() if v is not None]), 8)
        with open(self.path('r.json')) as f:
            self.assertEqual(json.load(f)['pictures'], found['pictures'])
        with open(self.path('r.html'), encoding='utf-8') as f:
            text = f.read()
        page = Page()
        page.feed(text)
        self.assertGreaterEqual(len(page.sources), 3)
        self.assertTrue(all(s.startswith('data:image/png;base64,') for s in page.sources))
        self.assertFalse(page.tags & {'script', 'link', 'iframe', 'object'})
        for part in (found['pictures'][0]['sha256'], found['model_hash'], 'What this cannot know', 'vitrine examine'):
            self.assertIn(part, page.text)
        self.assertIsNone(re.search(r'probability of|% (fake|generated|real)', page.text))

    def test_repeats(self):
        """The printed command gives the same numbers, with one thread too; kept references are those measured anew."""
        first = self.examine(*self.small, '--seed=1', '--stress=jpeg50', self.picture)
        self.assertFalse(first['options']['cached'])
        again = self.examine(*self.small, '--seed=1', '--stress=jpeg50', self.picture, OMP_NUM_THREADS='1')
        self.assertTrue(again['options']['cached'])
        anew = self.examine(*self.small, '--seed=1', '--stress=jpeg50', '--no-cache', self.picture)
        for key in ('witnesses', 'pictures'):
            self.assertEqual(first[key], again[key])
            self.assertEqual(first[key], anew[key])
        # A second try can only bring a picture nearer.
        more = self.examine(*self.small, '--seed=1', '--tries=2', self.picture)
        for kind in ('real', 'generated'):
            pairs = list(zip(more['witnesses'][0][kind], first['witnesses'][0][kind]))
            self.assertTrue(all(b <= a for b, a in pairs) and any(b < a for b, a in pairs), pairs)
        self.assertLessEqual(more['pictures'][0]['witnesses'][0]['value'], first['pictures'][0]['witnesses'][0]['value'])
        self.assertIn('--seed=1', first['command'])
        self.assertIn('--stress=jpeg50', first['command'])

    def test_own_picture(self):
        """What the model saved opens its recipe and is drawn again; one changed pixel shows."""
        self.vitrine('generate', f'--network={self.model}', '--seeds=3', f'--outdir={self.path("own")}')
        own = self.path('own', 'seed0003.png')
        found = self.examine(*self.small, '--steps=0', own)['pictures'][0]['provenance']
        self.assertTrue(found['recipe_draws_these_pixels'])
        self.assertEqual(found['digital_source_type'], 'trainedAlgorithmicMedia')
        with open(own, 'rb') as f:
            data = f.read()
        texts = [(k, d) for k, d in self.chunks(data) if k == b'iTXt']
        with open(self.path('changed.png'), 'wb') as f:
            f.write(png(drawn(1), 16, *texts))
        changed = self.examine(*self.small, '--steps=0', self.path('changed.png'))['pictures'][0]['provenance']
        self.assertTrue(changed['recipe'])
        self.assertFalse(changed['recipe_draws_these_pixels'])

    @staticmethod
    def chunks(data):
        at = 8
        while at < len(data):
            n, kind = struct.unpack('>I4s', data[at:at + 8])
            yield kind, data[at + 8:at + 8 + n]
            at += 12 + n

    def test_copy(self):
        """A picture of the data set is found in it; a reference is not its own copy."""
        found = self.examine(*self.small, '--references=20', '--steps=0', self.path('data', '07.png'))
        nearest = found['pictures'][0]['nearest']
        self.assertEqual(nearest[0], {'picture': '07.png', 'distance': 0.0})
        self.assertLessEqual(nearest[0]['distance'], nearest[1]['distance'])
        self.assertEqual(self.said(found['pictures'][0])['nearest']['verdict'], 'fits')
        witness = [w for w in found['witnesses'] if w['name'] == 'nearest'][0]
        self.assertGreater(min(witness['real']), 0)

    def test_odd_pictures(self):
        """Smaller than the model: no spectrum. One colour: nothing can be told. Unreadable: the others are told."""
        with open(self.path('tiny.png'), 'wb') as f:
            f.write(png(drawn(5), 7))
        with open(self.path('flat.png'), 'wb') as f:
            f.write(png(lambda x, y: (90, 90, 90), 30))
        with open(self.path('no.png'), 'w') as f:
            f.write('no picture <b>')
        found = self.examine(*self.small, self.path('tiny.png'), self.path('no.png'), self.path('flat.png'), code=1)
        tiny, no, flat = found['pictures']
        self.assertTrue(tiny['enlarged'])
        self.assertIsNone(self.said(tiny)['spectrum']['value'])
        self.assertEqual(self.said(tiny)['spectrum']['verdict'], 'cannot tell')
        self.assertIn('no.png', no['error'])
        self.assertTrue(flat['one_colour'])
        self.assertEqual({w['verdict'] for w in flat['witnesses']}, {'cannot tell'})

    def test_fewer_witnesses(self):
        """Without data set, discriminator or steps the others remain, and it is said why."""
        found = self.examine('--references=8', '--steps=2', f'--network={self.model}', self.picture)
        self.assertEqual({w['verdict'] for w in found['pictures'][0]['witnesses']}, {'cannot tell'})
        absent = {w['name']: w.get('absent') for w in found['witnesses']}
        self.assertIn('no data set', absent['nearest'])
        self.assertIsNone(absent['logit'])
        bare = self.examine('--references=8', '--steps=2', f'--network={FIXTURES}/sg2.safetensors',
                            f'--data={self.path("data")}', self.picture)
        absent = {w['name']: w.get('absent') for w in bare['witnesses']}
        self.assertIn('no discriminator', absent['logit'])
        self.assertIsNone(absent['distance'])

    def test_names(self):
        """What a file is called steers neither the page nor the terminal."""
        name = self.path('<img src=x onerror=1>\x1b[31m.png')
        with open(name, 'wb') as f:
            f.write(png(drawn(9), 16))
        code, out, err = self.vitrine('examine', *self.small, '--steps=0', f'--report={self.path("n.html")}', name)
        self.assertEqual(code, 0, err)
        self.assertNotIn('\x1b', out)
        with open(self.path('n.html'), encoding='utf-8') as f:
            text = f.read()
        self.assertNotIn('<img src=x', text)
        self.assertNotIn('\x1b', text)

    def test_refusals(self):
        self.refuse(['--network'], self.picture)
        self.refuse(['which pictures'], f'--network={self.model}')
        self.refuse(['--steps'], *self.small, '--steps=1', self.picture)
        self.refuse(['--stress', 'jpeg51'], *self.small, '--stress=jpeg51', self.picture)
        self.refuse(['--class'], *self.small, '--class=1', self.picture)
        self.refuse(['nowhere'], f'--network={self.model}', f'--data={self.path("nowhere")}', self.picture, code=1)
        self.refuse(['nowhere.png'], *self.small, '--steps=0', self.path('nowhere.png'), code=1)
        self.refuse(['.pkl'], *self.small, f'--report={self.path("x.pkl")}', self.picture, code=1)
        # What was there stays where the new one cannot be written.
        os.mkdir(self.path('full.json'))
        with open(self.path('full.html'), 'w') as f:
            f.write('old')
        self.refuse(['full.json'], *self.small, '--steps=0', f'--report={self.path("full.html")}', self.picture, code=1)
        with open(self.path('full.html')) as f:
            self.assertEqual(f.read(), 'old')


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
