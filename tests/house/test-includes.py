#!/usr/bin/env python3
"""Holds docs/architecture.md: the order of includes, the size of folders, a paragraph for each.

usage: test-includes.py SOURCE_ROOT        Python's standard library only

Every fault is printed as FILE:LINE: what is wrong and what to do; exit status 1 if there is any. First the
rules are shown to work: on a small house with one fault of each kind.
"""
import os
import re
import sys
import tempfile

MOST = 40
SOURCE = re.compile(r'\.(c|h|cu|cuh|cc)$')
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')
PARTS = ('engine', 'app', 'ui', 'tests')


def block(text, name):
    m = re.search(r'^```' + name + r'\n(.*?)^```', text, re.M | re.S)
    return [line.split() for line in m.group(1).splitlines() if line.strip()] if m else []


def paragraphs(text):
    """Folder -> the words that stand about it."""
    found = {}
    for p in re.split(r'\n\s*\n', text):
        if p.startswith('**`'):
            for folder in re.findall(r'\*\*`([^`]+)`\*\*', p):
                found[folder] = len(p.split())
    return found


def sources(root):
    for part in PARTS:
        for folder, _, names in sorted(os.walk(os.path.join(root, part))):
            files = sorted(n for n in names if SOURCE.search(n))
            if files:
                yield os.path.relpath(folder, root).replace(os.sep, '/'), files


def under(folder, top):
    return folder == top or folder.startswith(top + '/')


def check(root):
    """The faults of the house at `root`, as sentences."""
    with open(os.path.join(root, 'docs/architecture.md'), encoding='utf-8') as f:
        text = f.read()
    rank = {folder: i for i, line in enumerate(block(text, 'order')) for folder in line}
    without = block(text, 'without')
    told = paragraphs(text)
    faults = []
    if not rank:
        return ['docs/architecture.md: no ```order block']
    seen = set()
    for folder, files in sources(root):
        seen.add(folder)
        if len(files) > MOST:
            faults.append(f'{folder}: {len(files)} source files, at most {MOST}: split it by ideas')
        tests = under(folder, 'tests')
        if not tests and folder not in rank:
            faults.append(f'{folder}: not in the order of docs/architecture.md')
        if told.get(folder, 0) < 8 and not folder.startswith('tests/unit/'):
            faults.append(f'{folder}: no paragraph in docs/architecture.md')
        for name in files:
            path = f'{folder}/{name}'
            with open(os.path.join(root, path), encoding='utf-8') as f:
                for number, line in enumerate(f, 1):
                    m = INCLUDE.match(line)
                    if m and not tests:
                        fault = refuse(root, folder, rank, without, *m.groups())
                        if fault:
                            faults.append(f'{path}:{number}: {fault}')
    for folder in list(rank) + list(told):
        if not os.path.isdir(os.path.join(root, folder)):
            faults.append(f'docs/architecture.md: there is no {folder}')
    return faults


def refuse(root, folder, rank, without, kind, target):
    if kind == '<':
        for top, *beginnings in without:
            if under(folder, top) and target.startswith(tuple(beginnings)):
                return f'includes <{target}>, which {top} does without'
        return None
    if os.path.isfile(os.path.join(root, target)):
        there = os.path.dirname(target)
    elif os.path.isfile(os.path.join(root, folder, target)):
        if '/' not in target:
            return f'includes "{target}" by a relative path: write "{folder}/{target}"'
        there = os.path.dirname(os.path.normpath(os.path.join(folder, target)))
    else:
        there = os.path.dirname(target)  # Meson writes it
    if there == folder:
        return None
    if there not in rank:
        # What Meson writes into a folder, and headers of other programs.
        return f'includes "{target}" of {there}, which is in no order' if under(there, 'tests') else None
    if not os.path.isfile(os.path.join(root, target)) and os.path.basename(target) == 'config.h':
        return None  # names and paths of the installation, for whoever shows them
    if rank[there] >= rank.get(folder, -1):
        return f'includes "{target}": {folder} may not know {there} (docs/architecture.md, Order)'
    return None


def show_that_it_works():
    """A house with one fault of each kind; the same without any."""
    order = '```order\nengine/low\nengine/a engine/b\nui/top\n```\n```without\nengine gtk/\n```\n'
    words = 'holds what the others need and knows nothing of them at all.\n\n'
    about = {name: f'**`{name}`** {words}' for name in ('engine/low', 'engine/a', 'engine/b', 'ui/top')}
    sound = {'engine/low/l.h': '', 'engine/a/a.h': '#include "engine/low/l.h"\n#include <stdio.h>\n',
             'engine/b/b.c': '#include "engine/low/l.h"\n', 'ui/top/t.c': '#include "engine/b/b.h"\n#include <gtk/gtk.h>\n',
             'docs/architecture.md': order + '\n' + ''.join(about.values())}
    faulty = {
        'upwards': {'engine/low/l.h': '#include "engine/a/a.h"\n'},
        'sideways': {'engine/b/b.c': '#  include "engine/a/a.h"\n'},
        'app towards ui': {'engine/low/l.c': '#include "ui/top/t.h"\n', 'ui/top/t.h': ''},
        'relative': {'engine/b/b.c': '#include "c.h"\n', 'engine/b/c.h': ''},
        'relative upwards': {'engine/low/l.h': '#include "../a/a.h"\n'},
        'tests': {'engine/low/l.h': '#include "tests/support/t.h"\n', 'tests/support/t.h': '',
                  'docs/architecture.md': sound['docs/architecture.md'] + f'**`tests/support`** {words}'},
        'display': {'engine/low/l.h': '#include <gtk/gtk.h>\n'},
        'full': {f'engine/a/{i}.c': '' for i in range(MOST)},
        'untold': {'docs/architecture.md': order + '\n' + ''.join(about[n] for n in list(about)[1:])},
        'unordered': {'engine/new/n.c': ''},
        'gone': {'docs/architecture.md': sound['docs/architecture.md'] + f'**`engine/gone`** {words}'},
    }
    for name, change in [('sound', {})] + list(faulty.items()):
        with tempfile.TemporaryDirectory() as root:
            for path, text in {**sound, **change}.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), 'w', encoding='utf-8') as f:
                    f.write(text)
            found = check(root)
            if bool(found) != (name != 'sound'):
                sys.exit(f'the rules do not work: {name}: {found}')
    return len(faulty)


def main():
    kinds = show_that_it_works()
    faults = check(sys.argv[1])
    for fault in faults:
        print(fault)
    print(f'{len(faults)} faults; the rules notice {kinds} kinds of them')
    sys.exit(1 if faults else 0)


main()
