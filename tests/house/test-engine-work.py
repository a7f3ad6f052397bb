#!/usr/bin/env python3
"""The window starts no engine work: ui/ may read and change values, what computes or reads files is asked of app/.

usage: test-engine-work.py SOURCE_ROOT        Python's standard library only

First the rule is shown to work on a line that breaks it.
"""
import os
import re
import sys

# Rendering and looking inside, scoring, pruning, statistics of weights, strips; files and data sets;
# trainings; devices.
WORK = r'''
renderer_\w+ nets_\w+ probe_run probe_csv activation_\w+ synthesis_\w+ mapping_\w+ image_to_rgb8
prune_scorer_\w+ real_scorer_\w+ prune_counter_new prune_race_\w+ prune_save prune_remaining prune_csv\w*
weight_stats_measure weight_stats_add weight_histogram weight_csv_\w+
strip_new strip_step strip_free
pca_\w+ sefa_\w+ moments_\w+ gauge_\w+ conditional_\w+ influence_\w+ affines_\w+ seeds_\w+ preview_\w+
logistic_\w+ cross_validate auc reader_\w+ face_sample_\w+ attribute_find direction_set_load direction_set_save
model_load model_tensor npy_\w+ png_\w+ picture_read write_file safetensors_\w+ pickle_\w+ known_data
dataset_\w+ loader_\w+
examination_new examination_add examination_step damage spectrum provenance_read describer_\w+
projection_\w+ projected_\w+ tuning_\w+ w_cloud_\w+ align\w* pixels_average picture_square
run_reader_recognises run_reader_write_csv control_send\w* run_network
train_options_resolve trainer_\w+ metric_prepare\w* metric_measure\w* swd_\w+
backend_devices backend_open backend_set_default
'''.split()
# A row of a sweep's table from numbers that are there.
VALUES = {'sg_prune_csv_row'}
CALL = re.compile(r'\b(sg_(?:' + '|'.join(WORK) + r'))\s*\(')


def faults_of(path, text):
    code = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m.group()), text, flags=re.S)
    return [f'{path}:{code.count(chr(10), 0, m.start()) + 1}: calls {m.group(1)}: engine work is started in app/ '
            '(app/session, app/work, app/runs), the window asks for it'
            for m in CALL.finditer(code) if m.group(1) not in VALUES]


assert len(faults_of('x.c', '/* sg_model_load () */\nx = sg_model_load(path, &error);\nsg_recipe_copy(r);')) == 1
root = sys.argv[1]
faults, files = [], 0
for folder, _, names in sorted(os.walk(os.path.join(root, 'ui'))):
    for name in sorted(n for n in names if n.endswith(('.c', '.h'))):
        path = os.path.join(folder, name)
        files += 1
        with open(path, encoding='utf-8') as f:
            faults += faults_of(os.path.relpath(path, root), f.read())
for fault in faults:
    print(fault)
print(f'{files} files of ui/, {len(faults)} calls of engine work')
sys.exit(1 if faults or files < 50 else 0)
