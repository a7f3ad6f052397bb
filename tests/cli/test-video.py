"""video as a command: films of seeds and saved pictures, what they hold, and that nothing half-done stays.

usage: test-video.py PROGRAM SOURCE_ROOT MAKE_RANDOM_MODEL      standard library only
"""
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM, ROOT, MAKE_RANDOM_MODEL = sys.argv[1:4]


def vitrine(*args, cwd=None, **more):
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=120, cwd=cwd, **more)
    return p.returncode, p.stdout, p.stderr


def chunks(path):
    """Keyword to text of a PNG's iTXt chunks, and the size it states."""
    with open(path, 'rb') as f:
        data = f.read()
    at, texts = 8, {}
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'iTXt':
            word, rest = data[at + 8:at + 8 + n].split(b'\0', 1)
            texts[word.decode()] = rest.split(b'\0', 4)[-1].decode()
        at += 12 + n
    return texts, struct.unpack('>II', data[16:24])


def webp_frames(path):
    """(milliseconds, …) of each frame of a moving WebP, and whether it repeats for ever."""
    with open(path, 'rb') as f:
        data = f.read()
    at, frames, loops = 12, [], None
    while at < len(data):
        kind, n = data[at:at + 4], struct.unpack('<I', data[at + 4:at + 8])[0]
        if kind == b'ANIM':
            loops = struct.unpack('<H', data[at + 12:at + 14])[0]
        if kind == b'ANMF':
            frames.append(int.from_bytes(data[at + 20:at + 23], 'little'))
        at += 8 + n + n % 2
    return frames, loops


class Video(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = os.path.join(cls.folder.name, 'm.safetensors')
        subprocess.run([MAKE_RANDOM_MODEL, '--resolution=16', '--channel-base=128', '--channel-max=16', '--z-dim=24',
                        '--w-dim=32', cls.model], check=True)
        code, _, err = vitrine('generate', f'--network={cls.model}', '--seeds=7', '--set=w3=2', '--trunc=0.5',
                               f'--outdir={cls.out("faces")}')
        assert code == 0, err

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def out(cls, name):
        return os.path.join(cls.folder.name, name)

    def film(self, name, *args):
        """The JSON that it says."""
        code, said, err = vitrine('video', f'--network={self.model}', f'--out={self.out(name)}', '--json', *args)
        self.assertEqual(code, 0, err)
        return json.loads(said)

    def recipe(self, name, frame):
        texts, _ = chunks(os.path.join(self.out(name), f'frame{frame:06d}.png'))
        self.assertIn('trainedAlgorithmicMedia', texts['XML:com.adobe.xmp'])
        return json.loads(texts['vitrine'])

    def test_pngs_from_seeds_and_pictures(self):
        face = os.path.join(self.out('faces'), 'seed0007.png')
        said = self.film('a', f'--keys=3,{face}@2,5', '--fps=4', '--size=24')
        self.assertEqual((said['frames'], said['width'], said['height'], said['keyframes']), (17, 24, 24, 3))
        self.assertEqual(len(os.listdir(self.out('a'))), 17)
        first, key, last = (self.recipe('a', i) for i in (0, 8, 16))
        self.assertEqual((first['seed'], key['seed'], last['seed']), (3, 7, 5))
        self.assertEqual(key['w_offset'], {'3': 2} if isinstance(key['w_offset'], dict) else key['w_offset'])
        self.assertEqual(key['psi'], 0.5)
        self.assertTrue(0.5 < self.recipe('a', 6)['psi'] < 1)
        # A frame's recipe draws that frame again.
        frame = os.path.join(self.out('a'), 'frame000005.png')
        code, _, err = vitrine('generate', f'--network={self.model}', f'--recipe={frame}', f'--outdir={self.out("again")}')
        self.assertEqual(code, 0, err)

    def test_gen_video(self):
        """NVlabs' options: a grid of closed loops."""
        said = self.film('grid', '--seeds=0-7', '--grid=2x2', '--w-frames=3', '--trunc=0.7')
        self.assertEqual((said['frames'], said['width'], said['keyframes']), (6, 32, 2))
        texts, size = chunks(os.path.join(self.out('grid'), 'frame000000.png'))
        self.assertEqual(size, (32, 32))
        self.assertIn('trainedAlgorithmicMedia', texts['XML:com.adobe.xmp'])
        self.assertEqual(len(said['w_length']), 4)
        round_again = self.film('round', '--seeds=0-3', '--grid=2x2', '--num-keyframes=2', '--w-frames=3')
        self.assertEqual(round_again['keyframes'], 2)

    def test_webp_and_gif(self):
        for name in ('a.webp', 'b.gif'):
            code, said, err = vitrine('video', f'--network={self.model}', '--keys=0-2', '--loop', '--frames=7', '--fps=30',
                                      f'--out={self.out(name)}')
            if 'built without' in err:
                continue
            self.assertEqual(code, 0, err)
        frames, loops = webp_frames(self.out('a.webp'))
        self.assertEqual((len(frames), sum(frames), loops), (7, 233, 0))
        self.film('once.webp', '--keys=0,1', '--frames=7', '--once', '--lossless')
        self.assertEqual(webp_frames(self.out('once.webp'))[1], 1)

    def test_lengths(self):
        straight = self.film('w', '--keys=0,1', '--curve=linear', '--frames=2')
        curved = self.film('z', '--keys=0,1', '--curve=linear', '--frames=2', '--space=z')
        self.assertIsNone(straight['z_length'][0])
        self.assertGreater(curved['w_length'][0], straight['w_length'][0] * 0.999)
        self.assertTrue(0 < curved['z_length'][0] < 3.15)

    def test_usage(self):
        for args, says in ((['--keys=0,'], ''),
                           (['--keys=0'], 'one keyframe makes no film'),
                           (['--keys=0-2', '--curve=circle'], 'goes through two keyframes, found 3'),
                           (['--keys=0-2', '--grid=2x1'], 'cannot be shared out'),
                           (['--keys=0@3,1@2'], 'keyframe 2 is at second 2, which is not after'),
                           (['--keys=0,1', '--grid=2'], '--grid: expected columns x rows'),
                           (['--keys=0,1', '--ease=fast'], '--ease: expected one of linear, in'),
                           (['--keys=0,1', '--fps=0'], '--fps: expected 0.1 to 1000'),
                           (['--keys=nowhere.png'], 'nowhere.png'),
                           ([], 'from which face to which?')):
            code, _, err = vitrine('video', f'--network={self.model}', f'--out={self.out("never")}', *args)
            self.assertIn(code, (1, 2), args)
            self.assertIn(says, err)
            self.assertEqual(err.count('\n'), 1, err)
        self.assertFalse(os.path.exists(self.out('never')))
        code, _, err = vitrine('video', f'--network={self.model}', '--keys=0,1', f'--out={self.out("film.avi")}')
        self.assertEqual(code, 1)
        self.assertIn('films are written as .webm', err)

    def test_without_module(self):
        env = {**os.environ, 'VITRINE_VIDEO_MODULE': '/nowhere/libvitrine-video.so'}
        code, _, err = vitrine('video', f'--network={self.model}', '--keys=0,1', f'--out={self.out("film.webm")}', env=env)
        self.assertEqual(code, 1)
        self.assertIn('.webp, .gif and a folder of PNGs need none', err)

    def cancelled(self, name, number):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, name)
            p = subprocess.Popen([PROGRAM, 'video', f'--network={self.model}', '--keys=0,1', '--frames=1000000', f'--out={out}'],
                                 stderr=subprocess.PIPE, text=True)
            for _ in range(600):
                if os.listdir(folder):
                    break
                time.sleep(0.05)
            time.sleep(0.2)
            p.send_signal(number)
            _, err = p.communicate(timeout=60)
            self.assertFalse(os.path.exists(out))
            return p.returncode, err, os.listdir(folder)

    def test_cancelled(self):
        for name in ('film', 'film.webp'):
            code, err, left = self.cancelled(name, signal.SIGTERM)
            self.assertEqual((code, left), (1, []), err)
            self.assertIn('nothing of the film remains', err)
        code, _, left = self.cancelled('film', signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)
        self.assertTrue(all(n.endswith('.tmp') for n in left), left)

    def test_full_disk(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
        with tempfile.TemporaryDirectory() as folder:
            for name in ('film', 'film.webp', 'film.gif'):
                code, _, err = vitrine('video', f'--network={self.model}', '--keys=0,1', '--frames=20',
                                       f'--out={os.path.join(folder, name)}', preexec_fn=limit)
                self.assertEqual(code, 1, err)
            self.assertEqual(os.listdir(folder), [])


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
