"""Trainings that are followed and steered while they run.

usage: test-steer.py PROGRAM SOURCE_ROOT [TEST…]      standard library only
"""
import glob
import json
import mmap
import os
import shutil
import struct
import sys
import time
import unittest
import zlib

sys.dont_write_bytecode = True  # nothing is left in the source tree
from support import (EVERYTHING, LONG, SMALL, Case, make_folder, parse_all, parse_lines, parse_safetensors, png, read,
                     snapshot_of, tell, vitrine, write)


def flat_png(size, level):
    """A grey picture of one colour."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = (b'\0' + bytes([level]) * 3 * size) * size
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', size, size, 8, 2, 0, 0, 0)) + \
        chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


class Steer(Case):
    def begin(self, *args, kimg=1000):
        """(process, run directory) of one that has begun."""
        outdir = self.new_outdir()
        data = '--data=' + (self.tmp + '/set' if os.path.exists(self.tmp + '/set') else make_folder(self.tmp + '/set'))
        p = self.start('--outdir=' + outdir, data, *SMALL, *EVERYTHING, '--snap=1000', f'--kimg={kimg}', *args)
        run = self.wait('the run directory', lambda: self.run_dir(outdir), p)
        self.wait('its socket', lambda: os.path.exists(run + '/control.sock'), p)
        return p, run

    def follow(self, p, run):
        """(answer, descriptor), as soon as the socket is there."""
        answer, fd = tell(run, 'follow')
        self.assertIsNotNone(fd, answer)
        return answer, fd

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
        answer, fd = self.follow(p, run)
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
        fd = tell(run, 'follow')[1]
        memory = Memory(fd)
        other = Memory(tell(run, 'follow')[1])
        self.wait('the first weights', memory.weights, p)
        first, start = memory.newest(), time.monotonic()
        seen = set()
        # Two at least, however busy the machine.
        while time.monotonic() < start + 3 or (len(seen) < 2 and time.monotonic() < start + 60):
            if found := memory.weights():
                seen.add(found[1])
            time.sleep(0.01)
        passed = time.monotonic() - start
        shown = memory.newest() - first
        self.assertLessEqual(shown, passed / 0.5 + 1)
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
        memory = Memory(self.follow(p, run)[1])
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
                os.close(tell(run, 'follow')[1])
            except (OSError, ValueError):
                break
        self.end(p)
        self.assert_same(alone, run)


# ---- steering ------------------------------------------------------------------------------------

class Change(Steer):
    def status(self, run):
        """Whole, as it is once the training has begun; its socket is there before."""
        deadline = time.monotonic() + 60
        while 'lr_g' not in (answer := tell(run, 'status')[0]):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return answer

    def changes(self, run):
        return [(c['nimg'], c['name'], c['from'], c['to']) for c in parse_lines(read(run + '/changes.jsonl'))]

    def wait_status(self, p, run, **expected):
        return self.wait(expected, lambda: all(self.status(run)[k] == v for k, v in expected.items()), p)

    def test_takes_effect(self):
        p, run = self.begin('--keep=0')
        before = json.loads(read(run + '/training_options.json'))
        self.control(run, 'set', 'lr-d=0.001')
        self.wait_status(p, run, lr_d=0.001, lr_g=0.0025)
        self.control(run, 'pause')
        at = self.wait('the pause', lambda: self.still(run), p)
        # Also while it rests, and at once.
        for name, value in (('snap', 1), ('tick', 0.04), ('keep', '2'), ('lr', 0.5)):
            self.assertEqual(tell(run, 'set', name=name, value=value), ({'ok': True, 'paused': True}, None))
        self.wait_status(p, run, snap=1, keep=2, tick_kimg=0.04, lr_g=0.5, lr_d=0.5, nimg=at, paused=True)
        self.control(run, 'set', 'snap=1')  # as it is: nothing to record
        self.control(run, 'set', 'lr-g=0.0025')
        self.wait_status(p, run, lr_g=0.0025)
        made = self.changes(run)
        self.assertEqual(made[1:], [(at, 'snap', 1000, 1), (at, 'tick', 0.02, 0.04), (at, 'keep', 0, 2),
                                    (at, 'lr-g', 0.0025, 0.5), (at, 'lr-d', 0.001, 0.5), (at, 'lr-g', 0.5, 0.0025)])
        self.assertEqual(made[0][1:], ('lr-d', 0.0025, 0.001))
        for c in parse_lines(read(run + '/changes.jsonl')):
            self.assertLess(abs(c['timestamp'] - time.time()), LONG)
        self.control(run, 'resume')
        self.wait('snapshots', lambda: self.status(run)['nimg'] > at + 2000, p)
        self.assertEqual(len(glob.glob(run + '/network-snapshot-*.safetensors')), 2)
        self.stop(p, run)
        self.assertEqual(json.loads(read(run + '/training_options.json')), before)
        log = read(run + '/log.txt').decode()
        self.assertIn(f'Changed at {at / 1000:.3f} kimg: snap from 1000 to 1\n', log)
        self.assertEqual(log.count('Changed at'), 7)
        # The snapshot knows what it was trained with, and the ticks grew longer.
        options = json.loads(snapshot_of(run)[1]['train.options'])
        self.assertEqual([options[n] for n in ('snap', 'tick', 'keep', 'lr-g', 'lr-d')], [1, 0.04, 2, 0.0025, 0.5])
        kimg = [line['Progress/kimg']['mean'] for line in parse_all(run)['stats.jsonl']]
        steps = {round(b - a, 3) for a, b in zip(kimg, kimg[1:]) if a * 1000 > at + 40}
        self.assertLessEqual(steps, {0.04, round(kimg[-1] - kimg[-2], 3)})
        # Resumed, it is refused what contradicts it, and takes what does not.
        err = self.refuse(2, '--resume=' + run, '--lr-d=0.0025', says=('--lr-d is 0.5', 'cannot become 0.0025'))
        self.resume(run, '--lr-d=0.5', '--kimg=0.001')

    def still(self, run):
        """nimg, once it rests."""
        answer = self.status(run)
        time.sleep(0.1)
        return answer['nimg'] if answer['paused'] and self.status(run)['nimg'] == answer['nimg'] else None

    def test_refused(self):
        p, run = self.begin()
        for more, says in (({'name': 'batch', 'value': '8'}, ('“batch”', 'snap, tick, keep, kimg, lr-g, lr-d')),
                           ({'name': 'snap', 'value': '0'}, ('snap should be a whole number from 1 to 1000000', '“0”')),
                           ({'name': 'snap', 'value': 1.5}, ('snap', '“1.5”')),
                           ({'name': 'lr', 'value': 'nan'}, ('lr-g should be a number from 0 to 1', '“nan”')),
                           ({'name': 'lr-d', 'value': 2}, ('lr-d', 'from 0 to 1', '“2”')),
                           ({'name': 'kimg', 'value': ''}, ('kimg', '“”')),
                           ({'name': 'kimg'}, ('expected', 'value')), ({'value': '1'}, ('expected',)),
                           ({'name': ['snap'], 'value': '1'}, ('expected',)),
                           ({'name': 'snap', 'value': None}, ('expected',)),
                           ({'name': 'device', 'value': 'cpu'}, ('“device”',))):
            answer = tell(run, 'set', **more)[0]
            self.assertFalse(answer['ok'], more)
            for text in says:
                self.assertIn(text, answer['error'])
        for words, code, says in ((['set', 'snap=x'], 1, ('snap should be', '“x”', run)), (['set', 'snap'], 2, ('NAME=VALUE', 'snap')),
                                  (['set'], 2, ('expected',)), (['dance'], 2, ('expected', 'dance')),
                                  (['weights'], 2, ('expected',))):
            found, out, err = vitrine('control', run, *words)
            self.assertEqual((found, out, err.count('\n')), (code, '', 1), err)
            for text in says:
                self.assertIn(text, err)
        self.assertFalse(os.path.exists(run + '/changes.jsonl'))
        self.stop(p, run)

    def test_end_moves(self):
        """A nearer end is an end like any other."""
        p, run = self.begin()
        self.wait('some steps', lambda: self.status(run)['nimg'] > 200, p)
        self.control(run, 'pause')
        at = self.wait('the pause', lambda: self.still(run), p)
        self.control(run, 'set', f'kimg={(at + 40) / 1000}')
        self.control(run, 'resume')
        self.end(p)
        self.assertEqual(int(snapshot_of(run)[1]['train.nimg']), at + 40)
        self.assertIn(f'Finished at {(at + 40) / 1000:.3f} kimg', read(run + '/log.txt').decode().splitlines()[-1])
        # One that lies behind ends it where it is.
        p, run = self.begin()
        self.wait('some steps', lambda: self.status(run)['nimg'] > 200, p)
        self.control(run, 'set', 'kimg=0.1')
        self.end(p)
        (nimg, name, _, _), = self.changes(run)
        self.assertEqual((int(snapshot_of(run)[1]['train.nimg']), name), (nimg, 'kimg'))
        self.resume(run)  # it is over, and stays so
        self.assertEqual(int(snapshot_of(run)[1]['train.nimg']), nimg)

    def prepared(self, text, **options):
        """A run that has not begun, with these recorded changes."""
        whole = getattr(self, 'whole', None) or self.train('--data=' + make_folder(self.tmp + '/set'), *SMALL, '--kimg=0.1')
        self.whole = whole
        self.made += 1
        run = f'{self.tmp}/{self.made:05}-run'
        os.mkdir(run)
        shutil.copy(whole + '/training_options.json', run)
        write(run + '/changes.jsonl', text)
        return run

    def test_command_line_counts(self):
        """What resumes a run may say how long; what was recorded for later does not take it back."""
        later = b'{"nimg":40,"name":"kimg","from":0.1,"to":0.2,"timestamp":1}\n'
        run = self.prepared(later)
        self.resume(run)
        self.assertEqual(snapshot_of(run)[1]['train.nimg'], '200')
        run = self.prepared(later)
        self.resume(run, '--kimg=0.12')
        self.assertEqual(snapshot_of(run)[1]['train.nimg'], '120')
        # Recorded like any other change, and the next plain resume goes on with it: over at 0.12.
        text = read(run + '/changes.jsonl')
        self.assertTrue(text.startswith(later + b'{"nimg":0,"name":"kimg","from":0.1'), text)
        self.assertIn(b'"resumed":true', text)
        self.resume(run)
        self.assertEqual((snapshot_of(run)[1]['train.nimg'], read(run + '/changes.jsonl')), ('120', text))

    def test_from_the_start(self):
        """Changed before the first step is as if begun with it; both optimisers' lazy factors included."""
        line = '{{"nimg":0,"name":"{}","from":0.0025,"to":{},"timestamp":1}}\n'
        run = self.prepared((line.format('lr-g', 0.01) + line.format('lr-d', 0.02)).encode())
        self.resume(run)
        self.assert_same(self.train('--data=' + self.tmp + '/set', *SMALL, '--kimg=0.1', '--lr-g=0.01', '--lr-d=0.02'), run)

    def test_broken_records(self):
        good = b'{"nimg":40,"name":"lr-g","from":0.0025,"to":0.01,"timestamp":1}\n'
        for bad in (b'x\n', b'{}\n', b'[]\n', b'\n', good.replace(b'40', b'-1'), good.replace(b'lr-g', b'seed'),
                    good.replace(b'0.01', b'7'), good.replace(b'0.01', b'null'), b'\xff\xfe\n'):
            run = self.prepared(good + bad)
            self.refuse(1 if b'seed' not in bad and b'7' not in bad else 2, '--resume=' + run, says=('changes.jsonl', 'line 2'))
            self.assertFalse(os.path.exists(run + '/stats.jsonl'))
        # Half a line is what a kill leaves; it goes when the next one is written.
        run = self.prepared(good + good[:30])
        p = self.start('--resume=' + run, '--kimg=1000')
        self.wait('its socket', lambda: os.path.exists(run + '/control.sock'), p)
        self.wait('the change', lambda: self.status(run)['lr_g'] == 0.01, p)
        self.control(run, 'set', 'snap=500')
        self.wait_status(p, run, snap=500)
        self.stop(p, run)
        self.assertTrue(read(run + '/changes.jsonl').startswith(good + b'{"nimg":'))
        self.assertEqual([c[1] for c in self.changes(run)], ['lr-g', 'kimg', 'snap'])  # kimg by the command line

    def test_no_room(self):
        """What cannot be recorded is not done."""
        p, run = self.begin()
        os.mkdir(run + '/changes.jsonl')
        self.control(run, 'set', 'lr=0.5')
        self.wait('the log', lambda: read(run + '/log.txt').count(b'Not changed: ') == 2, p)
        self.assertEqual((self.status(run)['lr_g'], self.status(run)['lr_d']), (0.0025, 0.0025))
        os.rmdir(run + '/changes.jsonl')
        self.control(run, 'set', 'lr=0.01')
        self.wait_status(p, run, lr_g=0.01, lr_d=0.01)
        self.stop(p, run)


# ---- what it says --------------------------------------------------------------------------------

class Says(Steer):
    def test_status(self):
        p, run = self.begin('--nice=7')
        status = tell(run, 'status')[0]
        version = vitrine('--version')[1].split()[-1]
        expected = {'ok': True, 'paused': False, 'pid': p.pid, 'batch': 4, 'snap': 1000, 'keep': 0, 'lr_g': 0.0025,
                    'lr_d': 0.0025, 'run': os.path.realpath(run), 'version': version, 'total_kimg': 1000,
                    'tick_kimg': 0.02}
        self.assertEqual({k: status.get(k) for k in expected}, expected)
        # It moves, also within a tick, and agrees with itself.
        tell(run, 'set', name='tick', value=1000)
        first = tell(run, 'status')[0]['nimg']
        self.wait('progress', lambda: tell(run, 'status')[0]['nimg'] > first + 100, p)
        status = tell(run, 'status')[0]
        self.assertAlmostEqual(status['kimg'] * 1000, status['nimg'])
        # Every thread has the priority.
        threads = self.wait('threads', lambda: os.listdir(f'/proc/{p.pid}/task'), p)
        self.assertGreater(len(threads), 1)
        for thread in threads:
            fields = read(f'/proc/{p.pid}/task/{thread}/stat').decode().rsplit(')', 1)[1].split()
            self.assertEqual(int(fields[16]), max(7, os.getpriority(os.PRIO_PROCESS, 0)), thread)
        self.stop(p, run)
        self.resume(run, '--nice=3', '--kimg=0.001')
        self.refuse(2, '--resume=' + run, '--nice=20', says=('nice', 'from 0 to 19', '20'))

    def test_variance_and_speed(self):
        """Pictures that are all black or all white: a batch of 4 with k white ones has the variance k (4 - k) / 4."""
        data = self.tmp + '/set'
        os.mkdir(data)
        for i in range(8):
            write(f'{data}/{i}.png', flat_png(8, 255 * (i % 2)))
        lines = parse_all(self.train('--data=' + data, *SMALL, '--aug=noaug', '--tick=0.004', '--kimg=0.2'))['stats.jsonl']
        self.assertEqual(len(lines), 50)
        real = [line['Samples/variance_real'] for line in lines]
        self.assertEqual({v['num'] for v in real}, {1})
        self.assertTrue(all(min(abs(v['mean'] - k * (4 - k) / 4) for k in range(3)) < 1e-6 for v in real), real)
        self.assertGreaterEqual(len({round(v['mean'], 3) for v in real}), 2)
        fake = [line['Samples/variance']['mean'] for line in lines]
        self.assertTrue(all(0 < v < 10 for v in fake), fake)
        self.assertGreater(len(set(fake)), 40)
        for line in lines:
            speed = line['Timing/images_per_sec']['mean'] * line['Timing/sec_per_kimg']['mean']
            self.assertAlmostEqual(speed, 1000, places=6)
        # All the same picture: no variance at all.
        for i in range(8):
            write(f'{data}/{i}.png', png(8, 8, 1))
        lines = parse_all(self.train('--data=' + data, *SMALL, '--aug=noaug', '--kimg=0.04'))['stats.jsonl']
        self.assertEqual([line['Samples/variance_real']['mean'] for line in lines], [0, 0])


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
