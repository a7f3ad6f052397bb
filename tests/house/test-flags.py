#!/usr/bin/env python3
"""No widget remembers that it is being brought up to date: a flag like `syncing` around a setter is forgotten on some path,
and then an edit is lost or made up.

usage: test-flags.py SOURCE_ROOT        Python's standard library only

What to do instead is in docs/decisions.md (2026-11-30, "no syncing flags"): bind to a property; or compare with what is shown
already. First the rule is shown to work on lines that break it.
"""
import os
import re
import sys

WORDS = (r'(?:syncing|synchroni[sz]ing|updating|refreshing|filling|populating|restoring|loading_(?:values|state|widgets?)|'
         r'setting_(?:value|values|up)|in_(?:sync|update|refresh|setup|change|callback)|is_(?:syncing|updating|refreshing)|'
         r'(?:block|ignore|inhibit|suppress|mute|freeze|silence)(?:d|_\w+)?|silent|quiet|internal_change|from_(?:code|model|recipe)|'
         r'programmatic\w*)')
FLAG = re.compile(r'\bgboolean\b[^;()]*?\b(' + WORDS + r')\b[^;()]*;|(?:->|\.)(' + WORDS + r')\s*=\s*(?:TRUE|FALSE|!)')
# Blocked handlers are the same flag, kept by GObject.
BLOCK = re.compile(r'\b(g_signal_handlers?_block\w*)\s*\(')


def faults_of(path, text):
    code = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m.group()), text, flags=re.S)
    found = [(m, m[1] or m[2]) for m in FLAG.finditer(code)] + [(m, m[1]) for m in BLOCK.finditer(code)]
    return [f'{path}:{code.count(chr(10), 0, m.start()) + 1}: {name}: bind to a property, or compare with what is shown '
            '(docs/decisions.md, "no syncing flags")' for m, name in found]


for bad in ('  gboolean searching, syncing;\n', '  gboolean updating;\n', 'self->syncing = TRUE;\n', 'self->ignore_changes = FALSE;\n',
            'g_signal_handlers_block_by_func(scale, changed_cb, self);\n', '  gboolean in_update; /* yes */\n'):
    assert len(faults_of('x.c', bad)) == 1, bad
for good in ('/* gboolean syncing; */\n', '  gboolean dragging;\n', 'gboolean\nupdating_is(int x)\n{\n', 'self->loading = TRUE;\n'):
    assert not faults_of('x.c', good), good
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
print(f'{files} files of ui/, {len(faults)} flags')
sys.exit(1 if faults or files < 50 else 0)
