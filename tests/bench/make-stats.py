"""Writes a run directory with a long stats.jsonl, as Python's json does it, and nothing else.

usage: make-stats.py DIRECTORY [ROWS [TAGS]]      125000 rows of 40 tags are 5 million points
"""
import json
import os
import random
import sys

directory, rows, tags = sys.argv[1], int((sys.argv + ['125000'])[2]), int((sys.argv + ['', '40'])[3])
NAMES = ['Loss/scores/real', 'Loss/scores/fake', 'Loss/signs/real', 'Loss/signs/fake', 'Loss/G/loss',
         'Loss/D/loss', 'Loss/G/reg', 'Loss/D/reg', 'Loss/pl_penalty', 'Loss/r1_penalty',
         'Progress/tick', 'Progress/kimg', 'Progress/augment', 'Timing/total_sec',
         'Timing/sec_per_tick', 'Timing/sec_per_kimg', 'Timing/maintenance_sec',
         'Resources/cpu_mem_gb', 'Resources/peak_gpu_mem_gb']
NAMES = (NAMES + ['Custom/layer%02d/mean' % i for i in range(max(0, tags - len(NAMES)))])[:tags]
# Numbers with all digits, as measured ones have them, drawn once: drawing takes longer than writing.
rng = random.Random(1)
texts = ['{"num": %d, "mean": %r, "std": %r}' % (rng.randrange(1, 9000), rng.gauss(0, 1), abs(rng.gauss(0, 1)))
         for _ in range(10007)]

os.makedirs(directory, exist_ok=True)
with open(os.path.join(directory, 'stats.jsonl'), 'w') as f:
    n = 0
    for row in range(rows):
        exact = {'Progress/tick': row, 'Progress/kimg': (row + 1) * 4.096, 'Timing/total_sec': row * 101.25}
        parts = []
        for name in NAMES:
            n = (n + 1) % len(texts)
            value = '{"num": 1, "mean": %r, "std": 0.0}' % exact[name] if name in exact else texts[n]
            parts.append('"%s": %s' % (name, value))
        parts.append('"timestamp": %r' % (1700000000 + row * 101.25))
        f.write('{' + ', '.join(parts) + '}\n')
json.loads('{' + ', '.join(parts) + '}')
