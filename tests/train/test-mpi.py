"""Trainings of several processes: what mpirun -n N computes is what one process computes.

usage: test-mpi.py PROGRAM SOURCE_ROOT MPI_MODULE CUDA_MODULE FAIL_ALLOC [TEST…]
standard library and mpirun; 77: no mpirun, or no module

FAIL_ALLOC: tests/cli/fail-alloc.c, built.
CUDA_MODULE: that of a pretended device (tests/cuda-on-host), with a libnccl.so.2 beside it; '' without.
"""
import glob
import json
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True  # nothing is left in the source tree
MODULE, ON_HOST, FAIL_ALLOC = (sys.argv.pop(3) if len(sys.argv) > 3 else '' for _ in range(3))
from support import (EVERYTHING, LONG, PROGRAM, SMALL, Case, make_folder, make_zip, parse_all, png, read, snapshot_of, tell,
                     vitrine, write)

# R1 every second step, path length every third; ADA moves every fourth; a tick each step. The seed: penalties jump where an
# activation is at its kink, which a sum in another order may cross (with seed 7 one does: 2e-5 in one step's R1).
LEARN = (*SMALL, *EVERYTHING, '--r1-interval=2', '--pl-interval=3', '--pl-decay=0.3', '--ada-interval=4', '--batch=8',
         '--tick=0.008', '--snap=1000', '--kimg=0.16', '--seed=1')
# Options of augmentation contradict --aug=noaug.
PLAIN = tuple(word for word in LEARN if not word.startswith(('--p=', '--ada-')))
ENV = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT='1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM='1', OMPI_MCA_rmaps_base_oversubscribe='1',
           OMPI_MCA_hwloc_base_binding_policy='none', OMPI_MCA_btl_base_warn_component_unused='0',
           OMPI_MCA_btl_vader_single_copy_mechanism='none', OMPI_MCA_orte_tmpdir_base='/tmp',
           OMPI_MCA_odls_base_sigkill_timeout='0', OMP_NUM_THREADS='1', VITRINE_MPI_MODULE=MODULE,
           # Open MPI 5's names
           PRTE_ALLOW_RUN_AS_ROOT='1', PRTE_ALLOW_RUN_AS_ROOT_CONFIRM='1', PRTE_MCA_hwloc_default_binding_policy='none',
           PRTE_MCA_rmaps_default_mapping_policy=':oversubscribe')
signal.signal(signal.SIGINT, signal.default_int_handler)


def own_lines(err):
    """What the program said; mpirun has its own to say when a process fails, and may say it in the midst of a line."""
    said = re.findall(r'vitrine train: .*?(?=-{8}|vitrine train: |$)', err, re.MULTILINE)
    return [line for line in said if ' not used: ' not in line]


def is_gone(pid):
    try:
        return read(f'/proc/{pid}/stat').rsplit(b') ', 1)[1][:1] == b'Z'
    except OSError:
        return True


def numbers(data):
    return [v for v, in struct.iter_unpack('<f', data)]


class MpiCase(Case):
    def together(self, n, *args, **kw):
        """(exit code, the program's lines on standard error)"""
        p = subprocess.run(['mpirun', '-n', str(n), PROGRAM, 'train', *args], capture_output=True, text=True, timeout=LONG,
                           env=ENV, **kw)
        return p.returncode, own_lines(p.stderr), p.stdout

    def train_together(self, n, *args):
        outdir = self.new_outdir()
        code, err, _ = self.together(n, '--outdir=' + outdir, *args)
        self.assertEqual((code, err), (0, []), args)
        return self.run_dir(outdir)

    def begin(self, n, *args):
        """(mpirun, run directory, process ids in the order of their ranks) of a training that has begun."""
        outdir = self.new_outdir()
        p = subprocess.Popen(['mpirun', '-n', str(n), PROGRAM, 'train', '--outdir=' + outdir, *args],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENV)
        self.alive.append(p)
        run = self.wait('the run directory', lambda: self.run_dir(outdir), p)
        self.wait('a tick', lambda: os.path.exists(run + '/stats.jsonl') and read(run + '/stats.jsonl'), p)
        found = {}
        for pid in read(f'/proc/{p.pid}/task/{p.pid}/children').split():
            pid = int(pid)
            rank = re.search(rb'OMPI_COMM_WORLD_RANK=(\d+)', read(f'/proc/{pid}/environ'))
            if rank:
                found[int(rank[1])] = pid
        self.assertEqual(sorted(found), list(range(n)))
        return p, run, [found[i] for i in range(n)]

    def close(self, a, b, what, limit=4e-6):
        self.assertLess(abs(a - b), limit * max(1, abs(a)), (what, a, b))

    def assert_close(self, a, b, limit=4e-6):
        """Two runs learnt the same, but for the order of sums: every statistic of every step, and all weights."""
        lines = [[json.loads(line) for line in read(run + '/stats.jsonl').splitlines()] for run in (a, b)]
        self.assertEqual(len(lines[0]), len(lines[1]))
        for i, (x, y) in enumerate(zip(*lines)):
            # Scores/ belongs to a snapshot, of which a run that was resumed has one more.
            tags = [[tag for tag in sorted(line) if tag.startswith(('Loss/', 'Progress/', 'Samples/'))] for line in (x, y)]
            self.assertEqual(*tags)
            for tag in tags[0]:
                self.assertEqual(x[tag]['num'], y[tag]['num'], (i, tag))
                for part in ('mean', 'std'):
                    self.close(x[tag][part], y[tag][part], (i, tag, part), limit)
        (tensors, meta), (others, also) = snapshot_of(a), snapshot_of(b)
        self.assertEqual(sorted(tensors), sorted(others))
        for name in tensors:
            for v, w in zip(numbers(tensors[name]), numbers(others[name]), strict=True):
                self.close(v, w, name, limit)
        for name in ('train.iteration', 'train.nimg', 'train.ada_p', 'train.ada_sum', 'train.ada_count', 'train.G.step'):
            self.assertEqual(meta[name], also[name], name)
        self.close(float(meta['train.pl_mean']), float(also['train.pl_mean']), 'pl_mean', limit)
        return lines[0]


class Same(MpiCase):
    def test_two(self):
        """Two processes of four pictures each are one of eight, and go on as each other."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *LEARN]
        one = self.train(*args)
        lines = self.assert_close(one, self.train_together(2, *args))
        # All of it took part, and moved.
        self.assertEqual(len(lines), 20)
        for tag, steps, n in (('Loss/r1_penalty', 10, 1), ('Loss/pl_penalty', 7, 1), ('Loss/scores/real', 20, 8)):
            self.assertEqual([line[tag]['num'] for line in lines if line.get(tag, {}).get('num')][-1] % n, 0)
            self.assertEqual(sum(1 for line in lines if tag in line), steps, tag)
        self.assertGreater(len({line['Progress/augment']['mean'] for line in lines}), 4)
        self.assertGreater(len({line['Progress/pl_mean']['mean'] for line in lines}), 4)
        # Half of it in the one way, half in the other.
        for first, then in ((self.train, self.resume_together), (self.train_together, self.resume)):
            run = first(*(() if first == self.train else (2,)), *args, '--kimg=0.08')
            then(run, '--kimg=0.16')
            self.assert_close(one, run)

    def resume_together(self, run, *args, n=2):
        self.assertEqual(self.together(n, '--resume=' + run, *args)[:2], (0, []))

    def test_exact(self):
        """A number of processes computes the same bits every time, resumed or not."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *LEARN]
        whole, parts = self.train_together(2, *args), self.train_together(2, *args, '--kimg=0.048')
        self.resume_together(parts, '--kimg=0.16')
        self.assert_same(whole, parts)

    def test_three(self):
        """Labels, and pictures of path length that three cannot share evenly (four)."""
        args = ['--data=' + make_zip(self.tmp + '/set.zip'), *LEARN, '--cond=1', '--batch=12', '--pl-batch-shrink=3',
                '--kimg=0.144', '--tick=0.012']
        self.assert_close(self.train(*args), self.train_together(3, *args))

    def test_rounds(self):
        """Two processes that take their parts in two rounds each are one that takes all at once."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *LEARN, '--kimg=0.08']
        self.assert_close(self.train(*args), self.train_together(2, *args, '--batch-gpu=2'))

    def test_no_groups(self):
        """Without the minibatch standard deviation no group need fit."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *PLAIN, '--mbstd-channels=0', '--mbstd-group=8', '--aug=noaug',
                '--kimg=0.04']
        self.assert_close(self.train(*args), self.train_together(4, *args))


@unittest.skipUnless(ON_HOST, 'no pretended CUDA device was built')
class Device(MpiCase):
    def test_reduce(self):
        """Gradients are summed by NCCL; where that does not want to, through host memory, and that is said."""
        args = ['--data=' + make_folder(self.tmp + '/set'), *PLAIN, '--device=cuda:0', '--channel-max=4', '--batch=4',
                '--mbstd-group=2', '--tick=0.004', '--kimg=0.008', '--aug=noaug', '--z-dim=4', '--w-dim=4',
                '--mapping-layers=1', '--pl-interval=1']
        here = os.path.dirname(ON_HOST)
        ENV['VITRINE_CUDA_MODULE'] = os.environ['VITRINE_CUDA_MODULE'] = ON_HOST
        self.addCleanup(lambda: (ENV.pop('VITRINE_CUDA_MODULE'), os.environ.pop('VITRINE_CUDA_MODULE')))
        one = self.train(*args)
        for more, says in (({'LD_LIBRARY_PATH': here}, r'gradients by NCCL\n'),
                           ({'LD_LIBRARY_PATH': here, 'VITRINE_ON_HOST_NCCL': 'refuse'},
                            r'gradients by Open MPI [\d.]+ through host memory \(NCCL failed: meet the other devices: .*\)\n')):
            ENV.update(more)
            two = self.train_together(2, *args)
            for name in more:
                del ENV[name]
            self.assertRegex(read(two + '/log.txt').decode(), says)
            self.assert_close(one, two)

    def test_memory(self):
        """In one process a phase finds no memory while the other is in the middle of it."""
        args = [PROGRAM, 'train', '--data=' + make_folder(self.tmp + '/set'), '--outdir=' + self.tmp + '/out', *SMALL,
                '--device=cuda:0', '--batch=64', '--channel-max=16', '--pl-weight=0']
        env = dict(ENV, VITRINE_CUDA_MODULE=ON_HOST)
        p = subprocess.run(['mpirun', '-n', '1', *args, ':', '-n', '1', '-x', 'VITRINE_ON_HOST_TAKEN_MIB=8183', *args], env=env,
                           capture_output=True, text=True, timeout=LONG)
        err = own_lines(p.stderr)
        self.assertEqual((p.returncode, len(err)), (1, 1), err)
        self.assertRegex(err[0], r'rank 1 \(.*not enough GPU memory')
        log = read(self.run_dir(self.tmp + '/out') + '/log.txt').decode()
        self.assertEqual(log.splitlines()[-1], 'Failed: ' + err[0].removeprefix('vitrine train: '))

    def test_number(self):
        """A process takes the device of its own number, and there is one device only."""
        args = ['--data=' + make_folder(self.tmp + '/set'), '--outdir=' + self.tmp + '/out', *LEARN]
        ENV['VITRINE_CUDA_MODULE'] = ON_HOST
        self.addCleanup(lambda: ENV.pop('VITRINE_CUDA_MODULE'))
        for device in ('cuda', 'auto'):
            code, err, _ = self.together(2, *args, '--device=' + device)
            self.assertEqual((code, len(err)), (1, 1), err)
            self.assertRegex(err[0], r'rank 1 \(.*no device cuda:1')
        self.assertFalse(os.path.exists(self.tmp + '/out'))


class Refuse(MpiCase):
    def check(self, code, err, status, *says):
        self.assertEqual((code, len(err)), (status, 1), err)
        for text in says:
            self.assertIn(text, err[0])
        self.assertFalse(os.path.exists(self.tmp + '/out'))

    def test_batch(self):
        args = ['--data=' + make_folder(self.tmp + '/set'), '--outdir=' + self.tmp + '/out', *LEARN]
        for more, says in ((['--batch=9', '--mbstd-group=1'], ('multiple of the number of processes (2)', 'is 9')),
                           (['--mbstd-group=8'], ('mbstd-group (8)', 'a batch of 16')),
                           (['--batch=6'], ('3 pictures', 'mbstd-group (2)', 'a batch of 8')),
                           (['--pl-batch-shrink=8'], ('pl-batch-shrink', 'at most 4')),
                           (['--batch=x'], ('batch', '“x”')),
                           (['--nonsense'], ('--nonsense',))):
            self.check(*self.together(2, *args, *more)[:2], 2, *says)

    def test_module(self):
        """Never N trainings of the same name."""
        args = ['--data=' + make_folder(self.tmp + '/set'), '--outdir=' + self.tmp + '/out', *LEARN]
        env = dict(ENV, VITRINE_MPI_MODULE='/nowhere/libvitrine-mpi.so')
        p = subprocess.run(['mpirun', '-n', '2', PROGRAM, 'train', *args], capture_output=True, text=True, timeout=LONG, env=env)
        self.check(p.returncode, sorted(set(own_lines(p.stderr))), 1, 'one of 2 processes', 'no MPI module', '/nowhere/')
        # Another MPI's launcher.
        for variables in ({'OMPI_COMM_WORLD_SIZE': '2'}, {'PMI_SIZE': '2', 'PMI_RANK': '0'}):
            p = subprocess.run([PROGRAM, 'train', *args], capture_output=True, text=True, timeout=LONG,
                               env=dict(ENV, **variables, VITRINE_MPI_MODULE='/nowhere'))
            self.check(p.returncode, own_lines(p.stderr), 1, 'one of 2 processes')
        # Of one process there are no two.
        code, out, err = vitrine('train', '--data=' + self.tmp + '/set', '--outdir=' + self.tmp + '/alone', *LEARN, '--kimg=0.008',
                                 env=dict(ENV, OMPI_COMM_WORLD_SIZE='1', VITRINE_MPI_MODULE='/nowhere'))
        self.assertEqual((code, err), (0, ''))

    def pair(self, first, second, *args):
        """Two processes with different working directories, or options where they are lists."""
        def part(what):
            command = shlex.join([PROGRAM, 'train', *args, *(what if isinstance(what, list) else [])])
            return ('' if isinstance(what, list) else f'cd {shlex.quote(what)} && ') + 'exec ' + command
        # Debian 13's mpirun (Open MPI 5.0.7) dies of commands joined by a colon.
        each = f'if [ "$OMPI_COMM_WORLD_RANK" = 0 ]; then {part(first)}; else {part(second)}; fi'
        p = subprocess.run(['mpirun', '-n', '2', 'sh', '-c', each], capture_output=True, text=True, timeout=LONG, env=ENV)
        return p.returncode, own_lines(p.stderr)

    def test_one_rank(self):
        """What one process alone finds ends all of them, with one line that names it."""
        good = make_folder(self.tmp + '/good')
        args = ['--outdir=' + self.tmp + '/out', *LEARN]
        self.check(*self.pair(['--data=' + good], ['--data=' + self.tmp + '/none'], *args), 1, 'rank 1 (', '/none')
        self.check(*self.pair(['--seed=1'], ['--seed=2'], '--data=' + good, *args), 1, 'rank 1 (', 'other options')
        self.check(*self.pair(['--seed=x'], [], '--data=' + good, *args), 2, 'rank 0 (', 'seed')
        # In the middle of a training: only the second's pictures turn out to be none.
        for name in ('a', 'b'):
            os.mkdir(f'{self.tmp}/{name}')
            make_folder(f'{self.tmp}/{name}/set')
        for path in glob.glob(self.tmp + '/b/set/*'):
            data = png(8, 8, 1)
            write(path, data[:60] + b'!!!!' + data[64:])
        code, err = self.pair(self.tmp + '/a', self.tmp + '/b', '--data=/proc/self/cwd/set', *args)
        self.assertEqual((code, len(err)), (1, 1), err)
        self.assertRegex(err[0], r'rank 1 \(.*can be read')
        # For who was not there to read the console.
        log = read(self.run_dir(self.tmp + '/out') + '/log.txt').decode()
        self.assertEqual(log.splitlines()[-1], 'Failed: ' + err[0].removeprefix('vitrine train: '))

    def test_short_memory(self):
        """One process gets no memory for something large, before the first step or in it: one sentence that names it. What is
        exchanged asks for none while others wait."""
        count = self.tmp + '/count'
        args = ['--data=' + make_folder(self.tmp + '/set'), '--outdir=' + self.tmp + '/out', *LEARN, '--kimg=0.008',
                '--channel-base=512', '--channel-max=32']

        def run(at):
            fail = shlex.join(['env', f'LD_PRELOAD={FAIL_ALLOC}', f'FAIL_AT={at}', f'FAIL_MIN={1 << 20}', f'FAIL_COUNT={count}'])
            each = f'if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then exec {fail} "$@"; else exec "$@"; fi'
            p = subprocess.run(['mpirun', '-n', '2', 'sh', '-c', each, 'sh', PROGRAM, 'train', *args], capture_output=True,
                               text=True, timeout=LONG, env=ENV)
            return p.returncode, own_lines(p.stderr)
        self.assertEqual(run(0), (0, []))
        made = int(read(count))
        self.assertGreater(made, 0)
        for at in range(1, made + 1):
            shutil.rmtree(self.tmp + '/out')
            os.makedirs(self.tmp + '/out')
            code, err = run(at)
            if code:
                self.assertEqual((code, len(err)), (1, 1), (at, made, err))
                self.assertRegex(err[0], r'rank 1 \(.*not enough memory')
        print(f'{made} of 1 MiB or more', file=sys.stderr)

    def test_diverged(self):
        args = ['--data=' + make_folder(self.tmp + '/set'), *SMALL, '--lr=1', '--beta1=0.9', '--beta2=0', '--conv-clamp=0.1',
                '--tick=1', '--kimg=1', '--seed=1']
        code, err, _ = self.together(2, '--outdir=' + self.new_outdir(), *args)
        self.assertEqual((code, len(err)), (1, 1), err)
        self.assertIn('the training diverged at ', err[0])


class Life(MpiCase):
    ARGS = (*LEARN, '--kimg=1000', '--snap=5')

    def setUp(self):
        super().setUp()
        self.data = '--data=' + make_folder(self.tmp + '/set')

    def ended(self, p, code=None):
        """Its own lines; every process is gone."""
        _, err = p.communicate(timeout=LONG)
        if code is not None:
            self.assertEqual(p.returncode, code, err)
        return own_lines(err)

    def check_resumed(self, run, *args):
        kimg = float(snapshot_of(run)[1]['kimg'])
        self.resume(run, f'--kimg={kimg + 0.04:.3f}', '--threads=1', *args)
        self.assertAlmostEqual(float(snapshot_of(run)[1]['kimg']), kimg + 0.04)

    def test_killed(self):
        """None waits for a process that is gone; what was saved is whole."""
        for victim in (1, 0):
            p, run, ranks = self.begin(2, self.data, *self.ARGS)
            self.wait('a snapshot', lambda: glob.glob(run + '/network-snapshot-*.safetensors'), p)
            os.kill(ranks[victim], signal.SIGKILL)
            began = time.monotonic()
            self.ended(p)
            self.assertLess(time.monotonic() - began, 20)
            self.assertNotEqual(p.returncode, 0)
            self.wait('all to be gone', lambda: all(is_gone(pid) for pid in ranks))
            parse_all(run)
            self.check_resumed(run)

    def test_signals(self):
        """To any of them: all stop after the step, and rank 0 saves."""
        for rank, number in ((0, signal.SIGINT), (1, signal.SIGTERM)):
            p, run, ranks = self.begin(2, self.data, *self.ARGS, '--snap=1000')
            os.kill(ranks[rank], number)
            self.assertEqual(self.ended(p, 0), [])
            self.assertIn('Stopped at', read(run + '/log.txt').decode())
            self.check_resumed(run)
        # The one that mpirun hands on.
        p, run, ranks = self.begin(2, self.data, *self.ARGS, '--snap=1000')
        p.send_signal(signal.SIGUSR1)
        self.assertEqual(self.ended(p, 0), [])
        self.assertIn('Stopped at', read(run + '/log.txt').decode())

    def test_control(self):
        p, run, ranks = self.begin(2, self.data, *self.ARGS)

        def ask(command, **more):
            answer, _ = tell(run, command, **more)
            self.assertTrue(answer['ok'], answer)
            return answer
        ask('pause')
        time.sleep(0.3)  # the step it was in
        at = ask('status')['nimg']
        ticks = [sum(int(v) for v in read(f'/proc/{pid}/stat').rsplit(b') ', 1)[1].split()[11:13]) for pid in ranks]
        time.sleep(1)
        self.assertEqual(ask('status')['nimg'], at)
        # Who waits sleeps.
        for pid, before in zip(ranks, ticks):
            used = sum(int(v) for v in read(f'/proc/{pid}/stat').rsplit(b') ', 1)[1].split()[11:13]) - before
            self.assertLess(used / os.sysconf('SC_CLK_TCK'), 0.3)
        ask('set', name='lr', value='0.001')
        ask('resume')
        self.wait('progress', lambda: ask('status')['nimg'] > at + 400, p)
        ask('stop')
        self.assertEqual(self.ended(p, 0), [])
        parse_all(run)
        # The others learnt of the rate: else their weights were not the same, and there was no last snapshot.
        made = [json.loads(line) for line in read(run + '/changes.jsonl').splitlines()]
        self.assertEqual([c['name'] for c in made], ['lr-g', 'lr-d'])
        self.assertNotIn(b'Broken at', read(run + '/log.txt'))
        self.check_resumed(run)


if __name__ == '__main__':
    if not shutil.which('mpirun') or not MODULE:
        print('skipped: ' + ('no mpirun here' if MODULE else 'built without MPI'))
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)
