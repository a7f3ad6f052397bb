"""Writes tests/fixtures/run-nvlabs, a run as NVlabs' train.py leaves it, and run-table.h, what has to be
read from it: computed here from the values themselves, not by reading the files.

usage: run-table.py        from anywhere; standard library only
"""
import json
import os
import random
import statistics

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, '..', '..', 'fixtures', 'run-nvlabs')
BATCH, TICK = 32, 4.0
rng = random.Random(2019)


def stat(values):
    """As training_stats: of no values it makes NaN, and Python's json writes that so."""
    if not values:
        return {'num': 0, 'mean': float('nan'), 'std': float('nan')}
    return {'num': len(values), 'mean': statistics.fmean(values), 'std': statistics.pstdev(values)}


def one(value):
    return {'num': 1, 'mean': value, 'std': 0.0}


os.makedirs(RUN, exist_ok=True)
for name in os.listdir(RUN):
    os.unlink(os.path.join(RUN, name))
# Ticks 0-29; from there it goes on from the snapshot of tick 20, ticks 21-44.
legs = [(0, 30, 1600000000.0, 30.5), (21, 45, 1600100000.25, 28.25)]
rows, lines = {}, []
for first, end, began, seconds in legs:
    total = 3.75
    for tick in range(first, end):
        kimg = (tick * 4096 + BATCH) / 1000
        total += seconds + rng.random()
        scores = [rng.gauss(0.3, 1) for _ in range(rng.randrange(3, 30))]
        pl = [rng.random() for _ in range(tick % 3)]  # every third tick has none
        d_loss = float('inf') if tick == 33 else float('nan') if tick == 36 else rng.uniform(0.2, 2)
        fields = {
            'Loss/scores/real': stat(scores),
            'Loss/signs/real': stat([1.0 if s > 0 else -1.0 for s in scores]),
            'Loss/D/loss': one(d_loss),
            'Loss/pl_penalty': stat(pl),
            'Progress/tick': one(float(tick)),
            'Progress/kimg': one(kimg),
            'Timing/total_sec': one(total),
            'Timing/sec_per_kimg': one(seconds / TICK),
            'timestamp': began + total,
        }
        for old in [k for k in rows if k >= kimg]:
            del rows[old]
        rows[kimg] = fields
        lines.append(json.dumps(fields))
with open(os.path.join(RUN, 'stats.jsonl'), 'w') as f:
    f.write('\n'.join(lines) + '\n')
with open(os.path.join(RUN, 'training_options.json'), 'w') as f:
    json.dump({'num_gpus': 1, 'total_kimg': 1000, 'kimg_per_tick': TICK, 'image_snapshot_ticks': 10,
               'network_snapshot_ticks': 10, 'batch_size': BATCH, 'ada_target': 0.6,
               'training_set_kwargs': {'class_name': 'training.dataset.ImageFolderDataset',
                                       'path': '/data/fac\u00e9s.zip', 'use_labels': False, 'max_size': 700,
                                       'xflip': False, 'resolution': 64},
               'G_kwargs': {'z_dim': 512, 'mapping_kwargs': {'num_layers': 8}}, 'metrics': ['fid50k_full']},
              f, indent=2)
fids = {0: 310.25, 41: 120.5, 82: 60.0625}
with open(os.path.join(RUN, 'metric-fid50k_full.jsonl'), 'w') as f:
    for kimg, fid in fids.items():
        f.write(json.dumps({'results': {'fid50k_full': fid}, 'metric': 'fid50k_full', 'total_time': 12.5,
                            'snapshot_pkl': 'network-snapshot-%06d.pkl' % kimg, 'timestamp': 1.6e9}) + '\n')
with open(os.path.join(RUN, 'log.txt'), 'w') as f:
    f.write('Loading training set...\n\nNum images:  700\nImage shape: [3, 64, 64]\n\n')
    f.write('Training for 1000 kimg...\n\n')
    for kimg in rows:
        f.write('tick %-5d kimg %-8.1f time\n' % (rows[kimg]['Progress/tick']['mean'], kimg))
for name in ['network-snapshot-000000.pkl', 'network-snapshot-000041.pkl', 'network-snapshot-000082.pkl',
             'fakes_init.png', 'fakes000000.png', 'fakes000041.png', 'fakes000082.png', 'reals.png',
             'fakes.png', 'network-snapshot-x.pkl', 'network-final.pkl']:
    open(os.path.join(RUN, name), 'w').close()


def number(v):
    return 'NAN' if v != v or v in (float('inf'), float('-inf')) else repr(v)


def points(tag):
    return [(k, r[tag]['mean'], r[tag]['std']) for k, r in rows.items() if r[tag]['num'] > 0]


with open(os.path.join(HERE, 'run-table.h'), 'w') as f:
    f.write('/* clang-format off */\n/* Written by run-table.py: what tests/fixtures/run-nvlabs says. */\n#pragma once\n\n')
    f.write('#include <math.h>\n\ntypedef struct {\n  const char *tag;\n  double kimg, mean, std;\n} RunValue;\n\n')
    f.write('static const RunValue run_values[] = {\n')
    for tag in sorted(t for t in next(iter(rows.values())) if t != 'timestamp'):
        for kimg, mean, std in points(tag):
            f.write('  { "%s", %r, %s, %s },\n' % (tag, kimg, number(mean), number(std)))
    for kimg, row in rows.items():
        f.write('  { "Timing/images_per_sec", %r, %r, NAN },\n' % (kimg, 1000 / row['Timing/sec_per_kimg']['mean']))
    for kimg, fid in fids.items():
        f.write('  { "Metrics/fid50k_full", %r, %r, NAN },\n' % (float(kimg), fid))
    f.write('};\n\n')
    kimgs = list(rows)
    last_of_first = (20 * 4096 + BATCH) / 1000
    f.write('#define RUN_LINES %d\n#define RUN_LAST_KIMG %r\n' % (len(lines), kimgs[-1]))
    f.write('#define RUN_FIRST_LEG_TO %r\n#define RUN_FIRST_LEG_SEC %r\n#define RUN_SECOND_LEG_SEC %r\n' % (
        last_of_first, rows[last_of_first]['Timing/total_sec']['mean'],
        rows[kimgs[-1]]['Timing/total_sec']['mean']))
    f.write('#define RUN_FIRST_LEG_ITERATIONS %d\n#define RUN_SECOND_LEG_ITERATIONS %d\n' % (
        round(last_of_first * 1000 / BATCH), round((kimgs[-1] - last_of_first) * 1000 / BATCH)))
    f.write('#define RUN_NEWEST %r\n' % rows[kimgs[-1]]['timestamp'])
