"""Trainings as people and machines treat them: killed, stopped, starved of disk, fed with broken files.

usage: test-train.py PROGRAM SOURCE_ROOT [TEST…]      standard library only
"""
import glob
import json
import os
import random
import re
import resource
import shutil
import signal
import struct
import sys
import time
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
from support import (EVERYTHING, ROOT, SMALL, Begun, Case, curves, make_folder, make_zip, parse_all,
                     parse_safetensors, parse_whole, png, read, snapshot_of, state, tell, vitrine, write)

# Background jobs of a shell ignore SIGINT, and so would the trainings.
signal.signal(signal.SIGINT, signal.default_int_handler)


# ---- kill -9 -------------------------------------------------------------------------------------

class Kill(Case):
    def snapshots(self, run, before):
        """[(path, what changes when it is written)]; those not in `before` are whole."""
        found = []
        for path in glob.glob(run + '/network-snapshot-*'):
            try:
                at = os.stat(path)
                found.append((path, at.st_ino, at.st_mtime_ns))
                if path.endswith('.safetensors') and found[-1] not in (before or ()):
                    parse_whole(path, parse_safetensors, read(path))
            except FileNotFoundError:  # the temporary one got its name
                pass
        return found

    def live_until(self, p, outdir, rng):
        """Kills p at a moment that rng names: some time after its start, or while it writes
        snapshots. Until then no snapshot may be seen half-written. True if it was killed."""
        end, writes = time.monotonic() + rng.uniform(0, 0.6), rng.choice([0, 0, 1, 1, 2, 3])
        before = None
        while p.poll() is None and (writes or time.monotonic() < end):
            run = self.run_dir(outdir)
            now = self.snapshots(run, before) if run else []
            if before is not None and now != before and writes:
                writes -= 1
                end = 0 if writes == 0 else end
            before = now
            time.sleep(0.0005)
        if end == 0:
            time.sleep(rng.uniform(0, 0.002))
        p.kill()
        return p.wait() == -9

    def one_life_after_another(self, kills, seed, *args):
        """A run that is killed again and again and resumed ends as one that was not."""
        whole, rng, killed = self.train(*args), random.Random(seed), 0
        while killed < kills:
            outdir, done = self.new_outdir(), False
            os.mkdir(outdir)
            while not done:
                run = self.run_dir(outdir)
                begun = run and os.path.exists(run + '/training_options.json')
                p = self.start(*(['--resume=' + run] if begun else ['--outdir=' + outdir, *args]))
                if killed < kills and self.live_until(p, outdir, rng):
                    killed += 1
                    if run := self.run_dir(outdir):
                        parse_all(run)
                else:
                    self.end(p)
                    done = True
            run = self.run_dir(outdir)
            self.assert_same(whole, run)
            left = parse_all(run)
            self.assertEqual([n for n in os.listdir(run) if n.endswith('.tmp') or n == 'control.sock'], [])
            # Every tick once, whatever was cut and written again.
            kimg = [line['Progress/kimg']['mean'] for line in left['stats.jsonl']]
            self.assertEqual(kimg, sorted(set(kimg)))
            # As exact as the weights, also where the kill came between a snapshot and its line.
            self.assertEqual(curves(run), curves(whole))

    def test_everything(self):
        self.one_life_after_another(8, 1, '--data=' + make_folder(self.tmp + '/set'), *SMALL, *EVERYTHING)

    def test_labels(self):
        """…and ADA's sum counts all the time."""
        self.one_life_after_another(6, 2, '--data=' + make_zip(self.tmp + '/set.zip'), *SMALL, *EVERYTHING, '--cond=1',
                                    '--ada-interval=1000')

    def test_grey(self):
        self.one_life_after_another(4, 3, '--data=' + make_folder(self.tmp + '/set', colour=0), *SMALL, '--aug=noaug',
                                    '--g-arch=orig', '--d-arch=skip', '--snap=3', '--keep=1')

    def test_threads(self):
        self.one_life_after_another(2, 4, '--data=' + make_folder(self.tmp + '/set'), *SMALL, *EVERYTHING,
                                    '--threads=2', '--kimg=0.06', '--tick=0.012')

    def test_rounds(self):
        """A batch in rounds."""
        self.one_life_after_another(2, 5, '--data=' + make_folder(self.tmp + '/set'), *SMALL, *EVERYTHING, '--batch=8',
                                    '--batch-gpu=2', '--kimg=0.2')

    def changes(self, run):
        """What changes.jsonl records: [(nimg, name, from, to)]; a half line counts for nothing."""
        path = run + '/changes.jsonl'
        text = read(path) if os.path.exists(path) else b''
        lines = [json.loads(line) for line in text[:text.rfind(b'\n') + 1].splitlines()]
        return [(c['nimg'], c['name'], c['from'], c['to']) for c in lines]

    def change_somewhere(self, p, run, rng):
        """Asks for another learning rate some time into the run, until that is recorded."""
        socket_path = run + '/control.sock'
        while p.poll() is None and not os.path.exists(socket_path):
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.3))
        while p.poll() is None and not self.changes(run):
            try:
                self.assertTrue(tell(run, 'set', name='lr', value='0.02')[0]['ok'])
                time.sleep(0.02)
            except OSError:
                break

    def test_changed(self):
        """Killed before and after the learning rates are changed: as one run that was changed there."""
        rng, killed, args = random.Random(5), 0, [*SMALL, *EVERYTHING, '--kimg=1.2', '--snap=4']
        args.append('--data=' + make_folder(self.tmp + '/set'))
        plain = self.train(*args)
        for life in range(4):
            outdir, done = self.new_outdir(), False
            os.mkdir(outdir)
            while not done:
                run = self.run_dir(outdir)
                begun = run and os.path.exists(run + '/training_options.json')
                p = self.start(*(['--resume=' + run] if begun else ['--outdir=' + outdir, *args]))
                if not begun:
                    run = self.wait('the run directory', lambda: self.run_dir(outdir), p)
                if not self.changes(run):
                    self.change_somewhere(p, run, rng)
                done = killed >= 3 * (life + 1) or not self.live_until(p, outdir, rng)
                killed += not done
                if done:
                    self.end(p)
            made = self.changes(run)
            self.assertEqual([(name, old, new) for _, name, old, new in made],
                             [('lr-g', 0.0025, 0.02), ('lr-d', 0.0025, 0.02)])
            self.assertTrue(0 <= made[0][0] < 1200 and made[0][0] % 4 == 0, made)
            # Never interrupted, with the change written down before it begins.
            whole = f'{self.tmp}/0000{life}-whole'
            os.mkdir(whole)
            for name in ('training_options.json', 'changes.jsonl'):
                shutil.copy(f'{run}/{name}', whole)
            self.resume(whole)
            self.assert_same(whole, run)
            self.assertEqual(self.changes(whole), made)
            self.assertNotEqual(snapshot_of(run)[0], snapshot_of(plain)[0])
            # Each tick says what it learnt with.
            for line in parse_all(run)['stats.jsonl']:
                rate = 0.02 if line['Progress/kimg']['mean'] * 1000 > made[0][0] else 0.0025
                self.assertEqual((line['Progress/lr_g']['mean'], line['Progress/lr_d']['mean']), (rate, rate))
        self.assertEqual(killed, 12)


# ---- asked to stop -------------------------------------------------------------------------------

class Stop(Begun):
    def test_signals(self):
        args = ['--data=' + make_folder(self.tmp + '/set'), *EVERYTHING]
        # After a snapshot, and with none but the last.
        for number, snap in ((signal.SIGINT, '--snap=1'), (signal.SIGTERM, '--snap=1000'), (signal.SIGQUIT, '--snap=1000'),
                             (signal.SIGXCPU, '--snap=1000'), (signal.SIGHUP, '--snap=1000'), (signal.SIGUSR1, '--snap=1000'),
                             (signal.SIGUSR2, '--snap=1000'), (signal.SIGPWR, '--snap=1000')):
            p, run = self.begin(*args, snap)
            self.wait('a tick', lambda: read(run + '/stats.jsonl'), p)
            p.send_signal(number)
            if number not in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):  # the terminal and its shell, every second
                for _ in range(3):
                    p.send_signal(number)
            self.check_stopped(p, run, *args, snap)
            self.assertIn(f'Asked to stop by a signal ({signal.strsignal(number)})', read(run + '/log.txt').decode())

    def test_removed(self):
        """A training whose directory is gone does not go on for nobody."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *EVERYTHING]
        for stop in (False, True):  # by itself at the next tick; when it is told to stop
            p, run = self.begin(*args, '--tick=100' if stop else '--tick=0.02', '--snap=1000')
            os.rename(run, run + '-moved')
            if stop:
                p.send_signal(signal.SIGTERM)
            self.assertIn(f'{run} was moved or removed', self.end(p, 1))

    def test_control(self):
        args = ['--data=' + make_folder(self.tmp + '/set'), *EVERYTHING]
        p, run = self.begin(*args)
        self.wait_for_snapshot(p, run)
        self.assertEqual(self.control(run, 'status')['total_kimg'], 1000)
        self.assertTrue(self.control(run, 'pause')['paused'])
        time.sleep(0.3)  # the step it was in
        lines = read(run + '/stats.jsonl')
        time.sleep(0.2)
        self.assertEqual(read(run + '/stats.jsonl'), lines)
        self.assertTrue(self.control(run, 'status')['paused'])
        # A snapshot of a paused training is of where it is.
        path = run + '/network-snapshot-000000.safetensors'
        before = os.stat(path).st_ino if os.path.exists(path) else 0
        self.control(run, 'snapshot')
        self.wait('the snapshot', lambda: os.stat(max(glob.glob(run + '/*.safetensors'))).st_ino != before, p)
        self.assertTrue(self.control(run, 'status')['paused'])
        kimg = float(snapshot_of(run)[1]['kimg'])
        self.assertFalse(self.control(run, 'resume')['paused'])
        self.wait('progress', lambda: self.control(run, 'status')['kimg'] > kimg, p)
        code, out, err = vitrine('control', run, 'status')
        self.assertEqual((code, err), (0, ''))
        self.assertRegex(out, r'(?m)^kimg +\d')
        self.assertTrue(self.control(run, 'stop')['stopping'])
        self.check_stopped(p, run, *args)
        self.assertGreater(float(snapshot_of(run)[1]['kimg']), kimg)
        code, out, err = vitrine('control', run, 'status')
        self.assertEqual((code, out, err.count('\n')), (1, '', 1))
        self.assertIn('no training is running there', err)
        self.assertEqual(vitrine('control', run, 'dance')[0], 2)

    def test_stop_while_paused(self):
        p, run = self.begin('--data=' + make_folder(self.tmp + '/set'))
        self.control(run, 'pause')
        p.terminate()
        self.end(p)
        self.assertEqual(parse_all(run)['training_options.json']['batch'], 4)
        snapshot_of(run)

    # ---- a full disk -----------------------------------------------------------------------------

    def test_full_disk(self):
        """No file may grow beyond 30000 bytes: no snapshot (85 000), soon no statistics. Then there is room."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *EVERYTHING]

        def full():  # SIGXFSZ is the program's business
            resource.setrlimit(resource.RLIMIT_FSIZE, (30000, resource.RLIM_INFINITY))
        p, run = self.begin(*args, preexec_fn=full)
        log = run + '/log.txt'
        self.wait('the complaint', lambda: b'No snapshot at' in read(log), p)
        self.wait('statistics to wait', lambda: re.search(rb'Statistics wait in memory: .*stats.jsonl', read(log)), p)
        self.assertRegex(read(log).decode(), r'No snapshot at .* kimg: .*network-snapshot-0.*\.safetensors: .*File too large')
        self.assertEqual([n for n in parse_all(run) if n.endswith('.safetensors')], [])
        resource.prlimit(p.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.wait_for_snapshot(p, run)
        p.terminate()
        self.check_stopped(p, run, *args)
        kimg = [0, *(line['Progress/kimg']['mean'] for line in parse_all(run)['stats.jsonl'])]
        steps = [b - a for a, b in zip(kimg, kimg[1:])]
        self.assertTrue(all(0 < step < 0.021 for step in steps), kimg)

    def test_full_disk_at_the_end(self):
        """The last snapshot is waited for."""
        args = ['--data=' + make_folder(self.tmp + '/set'), '--kimg=0.04', '--tick=1']

        def full():  # SIGXFSZ is the program's business
            resource.setrlimit(resource.RLIMIT_FSIZE, (30000, resource.RLIM_INFINITY))
        p, run = self.begin(*args, kimg=0.04, preexec_fn=full)
        self.wait('the complaint', lambda: b'No snapshot at' in read(run + '/log.txt'), p)
        resource.prlimit(p.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.end(p)
        self.assert_same(self.train(*SMALL, *args), run)


    def test_given_up(self):
        """Asked to stop again the wait for room ends, and what became of the run can be read."""
        def full():
            resource.setrlimit(resource.RLIMIT_FSIZE, (30000, resource.RLIM_INFINITY))
        p, run = self.begin('--data=' + make_folder(self.tmp + '/set'), '--tick=1', preexec_fn=full)
        self.control(run, 'stop')
        self.wait('it to wait', lambda: self.control(run, 'status').get('waiting'), p)
        self.assertIn('stop again to give up', read(run + '/log.txt').decode())
        told, = json.loads(vitrine('runs', '--json', run)[1])
        self.assertEqual((told['state'], [a['id'] for a in told['advice'] if a['id'] == 'waiting']), ('running', ['waiting']))
        self.control(run, 'stop')
        self.assertIn('given up when the training was asked to stop again', self.end(p, 1))
        told, = json.loads(vitrine('runs', '--json', run)[1])
        self.assertEqual(told['state'], 'died')
        self.assertIn('File too large', next(a for a in told['advice'] if a['id'] == 'failed')['text'])
        # A second signal does the same, and does not end the process in the middle of it.
        p, run = self.begin('--data=' + self.tmp + '/set', '--tick=1', preexec_fn=full)
        p.terminate()
        self.wait('it to wait', lambda: b'stop again to give up' in read(run + '/log.txt'), p)
        p.terminate()
        self.assertIn('given up', self.end(p, 1))


# ---- not a number --------------------------------------------------------------------------------

class Diverge(Case):
    def check(self, run, err, says):
        self.assertIn(says, err)
        # For who was not there to read the console.
        self.assertEqual(read(run + '/log.txt').decode().splitlines()[-1], 'Failed: ' + err.split(': ', 1)[1].rstrip('\n'))
        parse_all(run)
        return glob.glob(run + '/*.safetensors')

    def test_loss(self):
        """Adam without memory of the gradient's size divides by what happens to be there."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *SMALL, '--lr=1', '--beta1=0.9', '--beta2=0', '--conv-clamp=0.1',
                '--tick=0.004']
        for seed in range(12):
            outdir = self.new_outdir()
            err = self.refuse(1, '--outdir=' + outdir, *args, f'--seed={seed}', '--kimg=1')
            run = self.run_dir(outdir)
            good = self.check(run, err, 'the training diverged at ')
            self.assertIn('last good snapshot is ' + good[0] if good else 'no good snapshot yet', err)
            if good and 'the loss of ' in err:
                break
        # It is what the run was then, and all of it is a number.
        tensors, meta = snapshot_of(run)
        self.assert_same(self.train(*args, f'--seed={seed}', f"--kimg={float(meta['kimg']):.3f}"), run)
        for name, values in tensors.items():
            if name[:2] in ('G.', 'D.', 'G_'):
                self.assertTrue(all(abs(v) < 1e39 for v, in struct.iter_unpack('<f', values)), name)

    def test_weights(self):
        """Found when a snapshot is due, the last one too, before any loss shows it: Adam's state is spoilt."""
        run = self.train('--data=' + make_folder(self.tmp + '/set'), *SMALL, '--kimg=0.04')
        path = run + '/network-snapshot-000000.safetensors'
        data = bytearray(read(path))
        n, = struct.unpack('<Q', data[:8])
        begin, end = json.loads(data[8:8 + n])['train.D.v']['data_offsets']
        data[8 + n + begin:8 + n + end] = struct.pack('<f', float('nan')) * ((end - begin) // 4)
        write(path, data)
        for more in (('--tick=0.004', '--kimg=1'), ('--tick=1', '--kimg=0.044')):
            err = self.refuse(1, '--resume=' + run, *more)
            self.assertEqual(self.check(run, err, 'the training diverged at 0.044 kimg: weights are not numbers'), [path])
            self.assertIn('last good snapshot is ' + path, err)
            self.assertEqual(read(path), data)


# ---- data ----------------------------------------------------------------------------------------

class Files(Case):
    def test_any_file(self):
        folder = make_folder(self.tmp + '/set', n=8)
        corpus = os.path.join(ROOT, 'tests', 'fuzz', 'corpus', 'picture')
        for name, data in (
                ('grey.png', png(8, 8, 1, 0)), ('grey-alpha.png', png(8, 8, 2, 4)), ('alpha.png', png(9, 30, 3, 6)),
                ('deep.png', png(8, 8, 4, 2, 16)), ('tiny.png', png(1, 1, 5)), ('cmyk.jpg', read(corpus + '/c.jpg')),
                ('lossy.webp', read(corpus + '/lossy.webp')), ('moving.webp', read(corpus + '/moving.webp'))):
            write(f'{folder}/{name}', data)
        refused = {'empty.png': b'', 'text.png': b'no picture at all',
                   'head.png': png(8, 8, 6)[:20], 'film.gif': b'GIF89a' + bytes(40)}
        # What only shows when the picture is decoded is said then, and another takes its place.
        late = {'half.png': png(64, 64, 7)[:3000], 'wrong.png': png(8, 8, 8)[:60] + b'!!!!' + png(8, 8, 8)[64:]}
        texts = {'readme.txt': b'About.', 'page.html': b'<html>'}  # come with sets and are no broken pictures
        for name, data in (refused | late | texts).items():
            write(f'{folder}/{name}', data)
        outdir = self.new_outdir()
        code, out, err = vitrine('train', '--data=' + folder, '--outdir=' + outdir, *SMALL)
        self.assertEqual(code, 0, err)
        lines = err.splitlines()
        self.assertEqual(sorted(re.fullmatch(r'vitrine train: not used: ([^:]*): .+', line)[1] for line in lines), sorted(refused))
        run = self.run_dir(outdir)
        log = read(run + '/log.txt').decode()
        self.assertIn('18 images', log)
        self.assertEqual(sorted(re.findall(r'(?m)^Not used: ([^:]*): .+$', log)), sorted(late))
        # As exact as ever.
        other = self.new_outdir()
        vitrine('train', '--data=' + folder, '--outdir=' + other, *SMALL, '--kimg=0.1')
        self.assertEqual(vitrine('train', '--resume=' + self.run_dir(other), '--kimg=0.4')[0], 0)
        self.assert_same(run, self.run_dir(other))

    def test_nothing_usable(self):
        folder, out = self.tmp + '/set', '--outdir=' + self.tmp + '/out'
        os.mkdir(folder)
        self.refuse(1, '--data=' + folder, out, *SMALL, says=(folder, 'found none'))
        write(folder + '/a.png', b'no picture')
        self.refuse(1, '--data=' + folder, out, *SMALL, says=(folder, 'none can be used', 'a.png'))
        self.refuse(1, '--data=' + folder + '/b', out, *SMALL, says=(folder + '/b',))
        write(self.tmp + '/set.zip', b'PK no')
        self.refuse(1, '--data=' + self.tmp + '/set.zip', out, *SMALL, says=('set.zip',))
        self.assertFalse(os.path.exists(self.tmp + '/out'))
        # Pictures by their headers, but not one that decodes.
        write(folder + '/a.png', png(8, 8, 0)[:60])
        err = self.refuse(1, '--data=' + folder, out, *SMALL, says=(folder, 'can be read'))

    def test_labels(self):
        path = make_zip(self.tmp + '/set.zip')
        run = self.train('--data=' + path, *SMALL, '--cond=1')
        meta = snapshot_of(run)[1]
        self.assertEqual(meta['c_dim'], '3')
        for c in range(3):
            self.assertEqual(vitrine('generate', '--network=' + run + '/network-snapshot-000000.safetensors', '--seeds=0',
                                     f'--class={c}', f'--outdir={self.tmp}/{c}')[0], 0)
        self.assertEqual(len({read(f'{self.tmp}/{c}/seed0000.png') for c in range(3)}), 3)
        self.refuse(1, '--data=' + make_folder(self.tmp + '/set'), '--outdir=' + self.tmp + '/out', *SMALL, '--cond=1',
                    says=('labels', 'dataset.json'))
        self.assertEqual(snapshot_of(self.train('--data=' + path, *SMALL))[1]['c_dim'], '0')

    def test_class_names(self):
        """Folders are classes, their names go into the model, and --class takes them."""
        run = self.train('--data=' + os.path.join(ROOT, 'tests', 'cases', 'labels', 'classes'), *SMALL, '--cond=1')
        meta = snapshot_of(run)[1]
        self.assertEqual((meta['c_dim'], meta['class_names']), ('3', '["cat","dog","owl"]'))
        for c in ('owl', '2'):
            self.assertEqual(vitrine('generate', '--network', run, '--seeds=0', '--class', c, f'--outdir={self.tmp}/{c}')[0], 0)
        self.assertEqual(read(f'{self.tmp}/owl/seed0000.png'), read(f'{self.tmp}/2/seed0000.png'))
        code, out, err = vitrine('generate', '--network=' + run, '--seeds=0', '--class=cow', f'--outdir={self.tmp}/x')
        self.assertEqual(code, 2)
        self.assertIn('cat, dog, owl', err)


# ---- threads -------------------------------------------------------------------------------------

class Threads(Case):
    def test_same_bits(self):
        """The number of threads shows in nothing that a training leaves: channels and sizes of a real one, every
        loss and penalty, augmentation, labels, and batches that do not divide."""
        data = make_zip(self.tmp + '/set.zip', n=16, size=32)
        first = None
        for n in 1, 2, 3, 4:
            run = self.train('--data=' + data, '--cond=1', *SMALL, *EVERYTHING, '--resolution=32', '--batch=6', '--mbstd-group=3',
                             '--channel-base=2048', '--channel-max=64', '--z-dim=64', '--w-dim=64', '--kimg=0.03', '--tick=0.012',
                             f'--threads={n}')
            tensors = state(run)[0]
            first = first or tensors
            self.assertEqual([k for k in first if first[k] != tensors[k]], [], f'{n} threads')

    def test_rounds(self):
        """Nor where a batch is computed in rounds."""
        data, states = make_zip(self.tmp + '/set.zip', n=16, size=32), []
        for n in 1, 2, 3:
            run = self.train('--data=' + data, '--cond=1', *SMALL, *EVERYTHING, '--resolution=32', '--batch=12', '--batch-gpu=3',
                             '--mbstd-group=3', '--channel-base=1024', '--channel-max=40', '--z-dim=40', '--w-dim=40', '--kimg=0.048',
                             '--tick=0.024', f'--threads={n}')
            states.append(state(run)[0])
        for other in states[1:]:
            self.assertEqual([k for k in other if states[0][k] != other[k]], [])


# ---- bf16 on the CPU ----------------------------------------------------------------------------

def has_amx():
    with open('/proc/cpuinfo') as f:
        return 'amx_bf16' in f.read()


@unittest.skipUnless(has_amx(), 'no matrix units (AMX) on this CPU')
class Halves(Kill):
    HALF = ('--precision=bf16', '--device=cpu')

    def test_everything(self):
        self.one_life_after_another(3, 6, '--data=' + make_folder(self.tmp + '/set'), *SMALL, *EVERYTHING, *self.HALF,
                                    '--kimg=0.2')

    def test_labels(self):
        """The bits are those of no number of threads, and not those of float32."""
        data, states = make_zip(self.tmp + '/set.zip', n=16, size=32), []
        for more in ((*self.HALF, '--threads=1'), (*self.HALF, '--threads=3'), ('--threads=1',)):
            run = self.train('--data=' + data, '--cond=1', *SMALL, *EVERYTHING, '--resolution=32', '--batch=6', '--mbstd-group=3',
                             '--channel-base=1024', '--channel-max=40', '--z-dim=40', '--w-dim=40', '--kimg=0.03', '--tick=0.012', *more)
            states.append(state(run)[0])
        self.assertEqual([k for k in states[0] if states[0][k] != states[1][k]], [])
        self.assertNotEqual(states[0], states[2])

    def test_grey(self):
        """A run goes on in another precision, says so, and remembers it."""
        run = self.train('--data=' + make_folder(self.tmp + '/set'), *SMALL, '--kimg=0.04')
        self.assertNotIn('bf16', read(run + '/log.txt').decode())
        self.resume(run, '--kimg=0.08', *self.HALF)
        log = read(run + '/log.txt').decode()
        self.assertIn('precision from fp32 to bf16', log)
        self.assertRegex(log, r'Device: .*bf16')
        self.assertEqual(json.loads(snapshot_of(run)[1]['train.options'])['precision'], 'bf16')
        self.resume(run, '--kimg=0.12')
        self.resume(run, '--kimg=0.16', '--precision=fp32')
        self.assertIn('precision from bf16 to fp32', read(run + '/log.txt').decode())

    test_threads = test_changed = test_rounds = None  # of Kill: not again


# ---- what there is afterwards --------------------------------------------------------------------

class Leaves(Case):
    def test_run_directory(self):
        data = make_folder(self.tmp + '/faces', size=16)
        run = self.train('--data=' + data, *SMALL, '--resolution=16', '--metrics=swd', '--metric-images=16', '--keep=3',
                         '--kimg=4.1', '--tick=1', '--batch=8', '--aug=noaug')
        self.assertRegex(os.path.basename(run), r'^00000-stylegan2-faces-res16-batch8-gamma0\.0064$')
        left = parse_all(run)
        events = [n for n in left if n.startswith('events.out.tfevents.')]
        self.assertEqual(len(events), 1)
        snapshots = [f'network-snapshot-00000{i}.safetensors' for i in (2, 3, 4)]
        self.assertEqual(sorted(os.listdir(run)), sorted(
            [*events, 'fakes_init.png', 'reals.png', *(f'fakes00000{i}.png' for i in (1, 2, 3, 4)), 'log.txt', 'stats.jsonl',
             'training_options.json', *snapshots]))
        sizes = [left[name] for name in ('reals.png', 'fakes_init.png', 'fakes000004.png')]
        self.assertEqual(sizes, [(128, 48), (128, 128), (128, 128)])  # 24 pictures, 64
        self.assertEqual(left['training_options.json']['batch'], 8)
        lines = left['stats.jsonl']
        self.assertEqual([line['Progress/tick']['mean'] for line in lines], [0, 1, 2, 3, 4])
        for tag in ('Loss/scores/real', 'Loss/scores/fake', 'Loss/signs/real', 'Loss/G/loss', 'Loss/D/loss', 'Loss/r1_penalty',
                    'Loss/pl_penalty', 'Progress/kimg', 'Progress/augment', 'Timing/sec_per_kimg', 'Timing/total_sec'):
            self.assertEqual(sorted(lines[0][tag]), ['mean', 'num', 'std'], tag)
        self.assertIn('Metrics/swd', lines[-1])
        self.assertEqual(len(left[events[0]]), 6)  # version and five ticks
        log = read(run + '/log.txt').decode()
        self.assertEqual(len(re.findall(r'(?m)^tick \d+ +kimg [\d.]+ +time .* sec/tick .* sec/kimg .* maintenance .*'
                                        r' augment .*$', log)), 5)
        # The other commands take it.
        network = f'{run}/{snapshots[-1]}'
        code, out, err = vitrine('inspect', '--json', network)
        self.assertEqual((code, err), (0, ''))
        self.assertEqual(json.loads(out)['architecture'] is not None, True)
        for args in (['generate', '--network=' + network, '--seeds=0-1', '--outdir=' + self.tmp + '/pictures'],
                     ['score', '--network=' + network, self.tmp + '/pictures/seed0000.png', data + '/00.png'],
                     ['metrics', '--network=' + run, '--data=' + data, '--images=8'],
                     ['convert', network, self.tmp + '/copy.safetensors'],
                     ['convert', '--light', network, self.tmp + '/light.safetensors']):
            code, out, err = vitrine(*args)
            self.assertEqual((code, err), (0, ''), args)
        tensors, meta = parse_safetensors(read(self.tmp + '/light.safetensors'))
        self.assertEqual({name.split('.')[0] for name in tensors}, {'G_ema', 'D'})
        self.assertEqual([key for key in meta if key.startswith('train')], [])
        whole = parse_safetensors(read(network))[0]
        self.assertEqual({name: whole[name] for name in tensors}, tensors)

    def test_dry_run(self):
        data = make_folder(self.tmp + '/set')
        before = sorted(os.listdir(self.tmp))
        code, out, err = vitrine('train', '--data=' + data, '--outdir=' + self.tmp + '/out', *SMALL, '--dry-run')
        self.assertEqual((code, err, sorted(os.listdir(self.tmp))), (0, '', before))
        options, end = json.JSONDecoder().raw_decode(out)
        self.assertEqual(options['mbstd-group'], 2)
        for word in ('Networks:', 'Memory:', 'Time:'):
            self.assertIn(word, out[end:])
        # The clock asks first where a snapshot by pictures would come after days.
        code, out, err = vitrine('train', '--data=' + data, '--outdir=' + self.tmp + '/out', *SMALL, '--snap=1000000',
                                 '--snap-minutes=15', '--kimg=2000', '--dry-run')
        self.assertEqual((code, err), (0, ''))
        self.assertIn('a snapshot every 15m 00s', out)

    def test_too_large(self):
        """Said before anything of that size is allocated: with 8 GiB of addresses a single batch would not fit."""
        def little():
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        self.refuse(1, '--data=' + make_folder(self.tmp + '/set', n=2), '--outdir=' + self.tmp + '/out', *SMALL,
                    '--channel-base=1024', '--resolution=1024', '--batch=4096', says=('GiB', '--batch'), preexec_fn=little)
        self.assertFalse(os.path.exists(self.tmp + '/out') and os.listdir(self.tmp + '/out'))
        # Rounds need the less the smaller they are, and the preflight says which would fit.
        err = self.refuse(1, '--data=' + self.tmp + '/set', '--outdir=' + self.tmp + '/out', *SMALL, '--channel-base=32768',
                          '--channel-max=32', '--resolution=1024', '--batch=128', '--batch-gpu=64', '--mbstd-group=1',
                          says=('GiB', '--batch-gpu'), preexec_fn=little)
        self.assertNotIn('(--batch)', err)
        need = []
        for rounds in 0, 8, 2:
            code, out, err = vitrine('train', '--data=' + self.tmp + '/set', *SMALL, '--resolution=64', '--channel-base=1024',
                                     '--channel-max=16', '--batch=16', f'--batch-gpu={rounds}', '--dry-run')
            self.assertEqual((code, err), (0, ''))
            need.append(int(re.search(r'Memory: +about (\d+) MiB', out)[1]))
        self.assertGreater(need[0], 1.5 * need[1])
        self.assertGreater(need[1], 2 * need[2])
        self.refuse(2, '--data=' + self.tmp + '/set', '--outdir=' + self.tmp + '/out', *SMALL, '--batch-gpu=3', says=('mbstd-group',))
        self.refuse(2, '--data=' + self.tmp + '/set', '--outdir=' + self.tmp + '/out', *SMALL, '--batch=3', says=('mbstd-group',))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], '-v', *sys.argv[3:]])
