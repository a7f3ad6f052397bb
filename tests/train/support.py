"""What the tests of trainings share: pictures to learn from, readers of what a run leaves behind, running the program."""
import glob
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
import zlib

PROGRAM, ROOT = (os.path.abspath(path) for path in sys.argv[1:3])
BUNDLED = os.path.join(ROOT, 'data', 'models', 'lorelei64.safetensors')
# Nets of a few thousand weights, no clock. One thread: two wait for each other on a busy machine. 100 steps, a snapshot every 5.
SMALL = ('--resolution=8', '--batch=4', '--mbstd-group=2', '--channel-base=64', '--channel-max=8', '--z-dim=8',
         '--w-dim=8', '--mapping-layers=2', '--d-mapping-layers=2', '--threads=1', '--metrics=none', '--tick=0.02',
         '--snap=1', '--kimg=0.4', '--tick-seconds=0', '--snap-minutes=0')
# One's own random numbers everywhere, R1 and path length often.
EVERYTHING = ('--aug=ada', '--p=0.5', '--ada-kimg=2', '--ada-interval=16', '--mixing=0.5', '--r1-interval=3',
              '--pl-interval=3', '--mirror=1', '--seed=7')
LONG = 180  # seconds within which anything here happens, however busy the machine


# ---- pictures and sets ---------------------------------------------------------------------------

def png(width, height, seed, colour=2, depth=8):
    """Noise; colour 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rng = random.Random(seed)
    row = width * {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth // 8
    rows = b''.join(b'\0' + rng.randbytes(row) for _ in range(height))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)) + \
        chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def make_folder(path, n=24, size=8, **kw):
    os.mkdir(path)
    for i in range(n):
        write(os.path.join(path, f'{i:02}.png'), png(size, size, i, **kw))
    return path


def make_zip(path, n=24, size=8, classes=3):
    """As dataset_tool writes it."""
    with zipfile.ZipFile(path, 'w') as z:
        names = [f'00000/img{i:08}.png' for i in range(n)]
        for i, name in enumerate(names):
            z.writestr(name, png(size, size, i))
        z.writestr('dataset.json', json.dumps({'labels': [[name, i % classes] for i, name in enumerate(names)]}))
    return path


# ---- what a run leaves behind --------------------------------------------------------------------

def parse_safetensors(data):
    """({name: bytes}, metadata); every byte accounted for."""
    n, = struct.unpack('<Q', data[:8])
    assert 8 + n <= len(data), 'ends within the header'
    head = json.loads(data[8:8 + n])
    meta, body, end, tensors = head.pop('__metadata__', {}), memoryview(data)[8 + n:], 0, {}
    for name, t in sorted(head.items(), key=lambda item: item[1]['data_offsets']):
        begin, until = t['data_offsets']
        assert begin == end <= until <= len(body), name
        tensors[name], end = bytes(body[begin:until]), until
    assert end == len(body)
    return tensors, meta


def parse_png(data):
    """(width, height)"""
    assert data[:8] == b'\x89PNG\r\n\x1a\n'
    at, found = 8, []
    while at < len(data):
        n, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + n]
        assert struct.unpack('>I', data[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + n
    assert found[-1][0] == b'IEND'
    width, height = struct.unpack('>II', found[0][1][:8])
    rows = zlib.decompress(b''.join(body for kind, body in found if kind == b'IDAT'))
    assert len(rows) % height == 0 and len(rows) > width * height
    return width, height


def make_crc32c():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82f63b78 if i & 1 else 0)
        table.append(i)

    def crc(data):
        c = 0xffffffff
        for b in data:
            c = table[(c ^ b) & 255] ^ c >> 8
        c ^= 0xffffffff
        return ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff  # masked, as TFRecord wants it
    return crc


masked_crc32c = make_crc32c()


def parse_events(data):
    """The records of a TensorBoard file."""
    at, found = 0, []
    while at < len(data):
        n, crc = struct.unpack('<QI', data[at:at + 12])
        assert crc == masked_crc32c(data[at:at + 8])
        body = data[at + 12:at + 12 + n]
        assert struct.unpack('<I', data[at + 12 + n:at + 16 + n])[0] == masked_crc32c(body)
        found.append(body)
        at += 16 + n
    return found


def parse_lines(data):
    assert data == b'' or data.endswith(b'\n')
    return [json.loads(line) for line in data.splitlines()]


def parse_whole(path, parse, data):
    try:
        return parse(data)
    except Exception as e:
        raise AssertionError(f'{path} is half-written: {e!r}') from e


def parse_all(run):
    """Fails on any half-written file under a name that is not temporary; returns what there is."""
    found = {}
    for name in os.listdir(run):
        path, parse = os.path.join(run, name), None
        if name.endswith('.safetensors'):
            parse = parse_safetensors
        elif name.endswith('.png'):
            parse = parse_png
        elif name.endswith('.json'):
            parse = json.loads
        elif name in ('stats.jsonl', 'changes.jsonl') or name.startswith('metric-'):
            parse = parse_lines
        elif name.startswith('events.'):
            parse = parse_events
        elif name not in ('log.txt', 'metrics.log', 'control.sock') and not name.endswith('.tmp'):
            raise AssertionError('what is ' + path)
        if parse:
            found[name] = parse_whole(path, parse, read(path))
    return found


def snapshot_of(run):
    """The newest one's (tensors, metadata)."""
    return parse_safetensors(read(max(glob.glob(run + '/network-snapshot-*.safetensors'))))


def state(run):
    """All that has to be equal in two runs that computed the same."""
    tensors, meta = snapshot_of(run)
    options = json.loads(meta.pop('train.options'))
    for name in ('resume', 'outdir', 'kimg', 'tick', 'tick-seconds', 'snap', 'snap-minutes', 'metrics', 'keep'):
        options.pop(name)
    meta.pop('train.note')  # ticks are counted on from a stop
    return tensors, meta, options


def curves(run):
    """The lines of statistics but for what is timed."""
    return [{tag: value for tag, value in line.items() if not tag.startswith(('Timing/', 'Resources/', 'timestamp'))}
            for line in parse_lines(read(run + '/stats.jsonl'))]


# ---- running -------------------------------------------------------------------------------------

def hear_signals():
    """nohup ignores SIGHUP, a shell's background job SIGINT and SIGQUIT, and so would whatever runs below them."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGXCPU, signal.SIGUSR1,
                   signal.SIGUSR2, signal.SIGPWR):
        signal.signal(number, signal.SIG_DFL)


def connect(s, path):
    """A socket that has its name and is not listened to yet refuses for a moment."""
    end = time.monotonic() + 2
    while True:
        try:
            return s.connect(path)
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def tell(run, command, **more):
    """One line to the control socket; its answer and the descriptor that came with it, or None."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(LONG)
        connect(s, run + '/control.sock')
        s.sendall(json.dumps({'command': command, **more}).encode() + b'\n')
        data, fds, _, _ = socket.recv_fds(s, 65536, 1)
        while not data.endswith(b'\n'):
            more_data = s.recv(65536)
            if not more_data:
                raise ConnectionResetError(run)
            data += more_data
    return json.loads(data), fds[0] if fds else None


def vitrine(*args, **kw):
    """(exit code, standard output, standard error)"""
    p = subprocess.run([PROGRAM, *args], capture_output=True, text=True, timeout=LONG, **kw)
    return p.returncode, p.stdout, p.stderr


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.tmp = self.folder.name
        self.made = 0
        self.alive = []

    def tearDown(self):
        for p in self.alive:
            if p.poll() is None:
                p.kill()
            p.wait()
            p.stderr.close()
        self.folder.cleanup()

    def new_outdir(self):
        self.made += 1
        return os.path.join(self.tmp, f'out{self.made}')

    def run_dir(self, outdir):
        """The newest run of outdir, or None."""
        return max(glob.glob(outdir + '/0*'), default=None)

    def train(self, *args):
        """A run from its start to its end; its directory."""
        outdir = self.new_outdir()
        code, out, err = vitrine('train', '--outdir=' + outdir, *args)
        self.assertEqual((code, err), (0, ''), args)
        return self.run_dir(outdir)

    def resume(self, run, *args):
        code, out, err = vitrine('train', '--resume=' + run, *args)
        self.assertEqual((code, err), (0, ''), args)

    def refuse(self, code, *args, says=(), **kw):
        found, out, err = vitrine('train', *args, **kw)
        self.assertEqual((found, err.count('\n')), (code, 1), (args, err))
        self.assertTrue(err.startswith('vitrine train: '), err)
        for text in says:
            self.assertIn(text, err)
        return err

    def start(self, *args, **kw):
        kw.setdefault('preexec_fn', hear_signals)
        p = subprocess.Popen([PROGRAM, 'train', *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **kw)
        self.alive.append(p)
        return p

    def wait(self, what, found, p=None):
        """Until found() is true; while p lives."""
        end = time.monotonic() + LONG
        while not (result := found()):
            if p and p.poll() is not None:
                self.fail(f'ended while waiting for {what}: {p.stderr.read()}')
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.005)
        return result

    def end(self, p, code=0):
        """Standard error."""
        p.wait(LONG)
        err = p.stderr.read()
        self.assertEqual(p.returncode, code, err)
        if code == 0:
            self.assertEqual(err, '')
        return err

    def assert_same(self, a, b):
        for x, y, what in zip(state(a), state(b), ('tensors', 'metadata', 'options')):
            self.assertEqual(sorted(x), sorted(y), what)
            self.assertEqual([k for k in x if x[k] != y[k]], [], f'{what} of {a} and {b} differ')


class Begun(Case):
    """Trainings that are under way."""
    def begin(self, *args, kimg=1000, **kw):
        """(process, run directory) of one that has begun."""
        outdir = self.new_outdir()
        p = self.start('--outdir=' + outdir, *SMALL, *args, f'--kimg={kimg}', **kw)
        run = self.wait('the run directory', lambda: self.run_dir(outdir), p)
        self.wait('its socket', lambda: os.path.exists(run + '/control.sock'), p)
        return p, run

    def wait_for_snapshot(self, p, run):
        self.wait('a snapshot', lambda: glob.glob(run + '/network-snapshot-*.safetensors'), p)

    def check_stopped(self, p, run, *args):
        """It ended well, left what it should and goes on to where an uninterrupted one gets."""
        self.end(p)
        parse_all(run)
        self.assertEqual([n for n in os.listdir(run) if n.endswith('.tmp') or n == 'control.sock'], [])
        kimg = float(snapshot_of(run)[1]['kimg'])
        self.assertIn(f'Stopped at {kimg:.3f} kimg', read(run + '/log.txt').decode())
        more = f'--kimg={kimg + 0.04:.3f}'
        self.resume(run, more)
        self.assert_same(self.train(*SMALL, *args, more), run)

    def control(self, run, command):
        code, out, err = vitrine('control', '--json', run, command)
        self.assertEqual((code, err), (0, ''), command)
        answer = json.loads(out)
        self.assertTrue(answer['ok'])
        return answer
