"""Trainings that are followed and steered while they run.

usage: test-steer.py PROGRAM SOURCE_ROOT [TEST…]      standard library only
"""
import glob
import json
import mmap
import os
import signal
import socket
import struct
import sys
import time
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
from support import EVERYTHING, SMALL, Case, make_folder, parse_all, parse_safetensors, read, snapshot_of, vitrine


class Steer(Case):
    def begin(self, *args, kimg=1000):
        """(process, run directory) of one that has begun."""
        outdir = self.new_outdir()
        data = '--data=' + (self.tmp + '/set' if os.path.exists(self.tmp + '/set') else make_folder(self.tmp + '/set'))
        p = self.start('--outdir=' + outdir, data, *SMALL, *EVERYTHING, '--snap=1000', f'--kimg={kimg}', *args)
        run = self.wait('the run directory', lambda: self.run_dir(outdir), p)
        self.wait('its socket', lambda: os.path.exists(run + '/control.sock'), p)
        return p, run

    def ask(self, run, command, **more):
        """The answer and the descriptor that came with it, or None."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(20)
            s.connect(run + '/control.sock')
            s.sendall(json.dumps({'command': command, **more}).encode() + b'\n')
            data, fds, _, _ = socket.recv_fds(s, 65536, 4)
            while not data.endswith(b'\n'):
                data += s.recv(65536)
        self.assertLessEqual(len(fds), 1)
        return json.loads(data), fds[0] if fds else None

    def control(self, run, *words):
        code, out, err = vitrine('control', run, *words)
        self.assertEqual((code, err), (0, ''), words)
        return out

    def stop(self, p, run):
        self.control(run, 'stop')
        self.end(p)


# ---- following -----------------------------------------------------------------------------------

class Memory:
    """The memory file, read by what its header says and without any code of the program."""
    def __init__(self, fd):
        self.map = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
        os.close(fd)
        (magic, layout, size, head_at, head_size, *self.slot_at,
         self.slot_size) = struct.unpack('<8s7Q', self.map[:64])
        assert (magic, layout, size) == (b'vitrine\1', 1, len(self.map))
        self.head = self.map[head_at:head_at + head_size]

    def newest(self):
        return struct.unpack('<Q', self.map[64:72])[0]

    def weights(self):
        """(safetensors bytes, nimg) of the newest publication, or None."""
        n = self.newest()
        at = 80 + n % 2 * 24
        before, number, nimg = struct.unpack('<3Q', self.map[at:at + 24])
        data = self.head + self.map[self.slot_at[n % 2]:][:self.slot_size]
        after, = struct.unpack('<Q', self.map[at:at + 8])
        return (data, nimg) if n and before == after and before % 2 == 0 and number == n else None


class Follow(Steer):
    def test_paused(self):
        """What is shown at a pause is, bit for bit, what a snapshot of this moment holds."""
        p, run = self.begin()
        self.wait('some steps', lambda: os.path.getsize(run + '/stats.jsonl') > 0, p)
        self.control(run, 'pause')
        out = self.tmp + '/now.safetensors'
        self.control(run, 'weights', out)
        answer, fd = self.ask(run, 'follow')
        self.assertEqual(answer, {'ok': True, 'paused': True})
        memory = Memory(fd)
        self.control(run, 'snapshot')
        self.wait('a snapshot', lambda: glob.glob(run + '/network-snapshot-*.safetensors'), p)
        whole, meta = snapshot_of(run)
        light = {name: t for name, t in whole.items() if name.startswith(('G_ema.', 'D.'))}
        tensors, now = parse_safetensors(read(out))
        self.assertEqual(tensors, light)
        self.assertEqual(round(float(now['kimg']) * 1000), int(meta['train.nimg']))
        data, nimg = self.wait('the weights', memory.weights, p)
        self.assertEqual((parse_safetensors(data)[0], nimg), (light, int(meta['train.nimg'])))
        code, shown, err = vitrine('control', '--json', run, 'weights', out)
        light_file = self.tmp + '/light.safetensors'
        code, said, err = vitrine('convert', '--json', '--light', max(glob.glob(run + '/network-snapshot-*')), light_file)
        self.assertEqual(json.loads(shown)['hash'], json.loads(said)['hash'])
        self.control(run, 'resume')
        self.stop(p, run)
        self.assertEqual([n for n in os.listdir(run) if n.endswith('.tmp') or n == 'control.sock'], [])

    def test_pace(self):
        """New weights at most every half second, whoever asks, and none while nobody does."""
        p, run = self.begin()
        fd = self.ask(run, 'follow')[1]
        memory = Memory(fd)
        other = Memory(self.ask(run, 'follow')[1])
        self.wait('the first weights', memory.weights, p)
        first, start = memory.newest(), time.monotonic()
        seen = set()
        while time.monotonic() < start + 3:
            if found := memory.weights():
                seen.add(found[1])
            time.sleep(0.01)
        passed = time.monotonic() - start
        shown = memory.newest() - first
        self.assertLessEqual(shown, passed / 0.5 + 1)
        self.assertGreaterEqual(shown, 2)  # this machine may be busy
        self.assertGreaterEqual(len(seen), 2)
        self.assertEqual(other.newest(), memory.newest())
        # A request counts for ten seconds; then the training is left alone.
        time.sleep(max(0, start + 10.5 - time.monotonic()))
        resting = memory.newest()
        time.sleep(1.2)
        self.assertEqual(memory.newest(), resting)
        # What was shown long ago is not the newest weights.
        before = memory.weights()[1]
        out = self.tmp + '/now.safetensors'
        self.control(run, 'weights', out)
        self.assertGreater(round(float(parse_safetensors(read(out))[1]['kimg']) * 1000), before)
        self.stop(p, run)

    def test_end(self):
        """The last weights are shown, and stay where they are when the training is gone."""
        p, run = self.begin()
        memory = Memory(self.ask(run, 'follow')[1])
        self.wait('the first weights', memory.weights, p)
        self.stop(p, run)
        whole, meta = snapshot_of(run)
        data, nimg = memory.weights()
        self.assertEqual(nimg, int(meta['train.nimg']))
        self.assertEqual(parse_safetensors(data)[0],
                         {name: t for name, t in whole.items() if name.startswith(('G_ema.', 'D.'))})
        code, out, err = vitrine('control', run, 'weights', self.tmp + '/none.safetensors')
        self.assertEqual(code, 1)
        self.assertIn('no training is running', err)
        self.assertFalse(os.path.exists(self.tmp + '/none.safetensors'))

    def test_followed_is_the_same(self):
        """Nothing that is computed depends on being looked at."""
        alone = self.train('--data=' + make_folder(self.tmp + '/set'), *SMALL, *EVERYTHING, '--kimg=2', '--snap=1000')
        p, run = self.begin(kimg=2)
        while p.poll() is None:
            try:
                os.close(self.ask(run, 'follow')[1])
            except (OSError, ValueError):
                break
        self.end(p)
        self.assert_same(alone, run)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
