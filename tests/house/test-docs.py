#!/usr/bin/env python3
"""Holds what the documentation says about the repository and the program.

usage: test-docs.py SOURCE_ROOT PROGRAM        Python's standard library only

- A path that README.md, CONTRIBUTING.md or docs/ names exists, and so does what they link to.
- A document that a source file cites exists, and the section it names has that heading.
- docs/using.md has a line for every command of the program, and no other.
- Whatever says "never", "always", "any", "equal", "exactly" or "bit for bit" has a line in docs/claims.md, what
  stands there is still said, and the test that is named there is there.
"""
import glob
import os
import re
import subprocess
import sys

ROOT, PROGRAM = sys.argv[1], sys.argv[2]
PAGES = ['README.md', 'CONTRIBUTING.md'] + sorted(
    f'docs/{n}' for n in os.listdir(os.path.join(ROOT, 'docs')) if n.endswith('.md'))
# docs/decisions.md tells of other days, with their paths.
TIMELESS = [p for p in PAGES if p != 'docs/decisions.md']
TOP = ('engine/', 'app/', 'ui/', 'tests/', 'docs/', 'data/', 'po/', 'resources/', '.ci/')
SOURCES = re.compile(r'\.(c|h|cu|cuh|cc|py|ui|css)$|(^|/)(meson\.build|run|check)$')


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


def exists(path):
    return bool(glob.glob(os.path.join(ROOT, path)))


def links(text):
    return [t for t in re.findall(r'\]\(([^)#]+)', text) if not t.startswith('http')]


def paths(text):
    """What stands in backticks and looks like a path of ours."""
    for t in re.findall(r'`([^`\n]+)`', text):
        t = t.split()[0]
        # NAME and the like are for the reader to fill in.
        if t.startswith(TOP) and not re.search(r'[A-Z]{4}|[{…]|=', t.replace('README', '')):
            yield t.rstrip('.,:')


def named_wrongly():
    for page in PAGES:
        for target in links(read(page)):
            if not exists(os.path.join(os.path.dirname(page), target)):
                yield f'{page}: links to {target}, which is not there'
    for page in TIMELESS:
        for path in paths(read(page)):
            if not exists(path):
                yield f'{page}: names {path}, which is not there'


def source_files():
    for folder, folders, names in os.walk(ROOT):
        inside = os.path.relpath(folder, ROOT)
        if inside == '.':
            folders[:] = [f for f in folders if f in ('engine', 'app', 'ui', 'tests')]
        for name in names:
            path = os.path.normpath(os.path.join(inside, name))
            if SOURCES.search(path) and path != 'tests/house/test-docs.py':
                yield path


def headings(page):
    return re.findall(r'^#+ (.+)$', read(page), re.M)


def cited_wrongly():
    known, cited = {}, 0
    for path in source_files():
        # Comments are broken over lines; "docs/x.md, Heading" is one citation.
        text = re.sub(r'\n\s*(\*|#)? ?', ' ', read(path))
        for m in re.finditer(r'([\w./-]*\w\.md\b)(?:, ((?:[A-Z]|PyTorch)[^).;]*))?', text):
            page, section = m.group(1), m.group(2)
            if '/' not in page:
                if not exists(os.path.join(os.path.dirname(path), page)) and not exists(page):
                    yield f'{path}: cites {page}, which is not there'
                continue
            if not exists(page):
                yield f'{path}: cites {page}, which is not there'
            elif section and page.startswith('docs/'):
                cited += 1
                known.setdefault(page, headings(page))
                if not any(section.startswith(h) for h in known[page]):
                    yield f'{path}: cites "{section}" of {page}, which has no such heading'
    if cited < 10:
        yield f'only {cited} citations of sections were found'


def commands_told_wrongly():
    told = set(re.findall(r'^\| `(\w+)', read('docs/using.md'), re.M))
    text = subprocess.run([PROGRAM, '--help'], capture_output=True, text=True, check=True).stdout
    has = set(re.findall(r'^  (\w+)   +\w', text, re.M))
    if len(has) < 10:
        yield f'only {sorted(has)} were found in what --help prints'
    for name in sorted(has - told):
        yield f'docs/using.md: no line for the command {name}'
    for name in sorted(told - has):
        yield f'docs/using.md: there is no command {name}'


STRONG = re.compile(r'\b(never|always|any|equals?|exact|exactly|bit\s+for\s+bit|identical)\b', re.I)


def sentences(text):
    """Parts of a text between full stops, semicolons, colons and the cells of tables."""
    text = re.sub(r'^```.*?^```', '', text, flags=re.M | re.S)
    for part in re.split(r'\n\s*\n|^\||\|$|\n(?=[|#-])', text, flags=re.M):
        yield from re.split(r'(?<=[.;?!])\s|\|', ' '.join(part.split()))


def claims():
    """What is promised, as sentences, and where."""
    for page in ('README.md', 'docs/using.md', 'docs/architecture.md', 'docs/formats.md'):
        for sentence in sentences(read(page)):
            yield page, sentence
    listed = subprocess.run([PROGRAM, '--help'], capture_output=True, text=True, check=True).stdout
    for name in re.findall(r'^  (\w+)   +\w', listed, re.M):
        text = subprocess.run([PROGRAM, name, '--help'], capture_output=True, text=True, check=True).stdout
        # An option's text is a sentence of its own.
        for sentence in sentences(re.sub(r'\n(?=  )', '\n\n', text)):
            yield f'{name} --help', sentence


def promised_wrongly():
    rows = re.findall(r'^\| (.+?) \| (`[^|]+`) \|$', read('docs/claims.md'), re.M)
    said = list(claims())
    whole = [sentence for _, sentence in said] + [' '.join(read(p).split()) for p in TIMELESS if p != 'docs/claims.md']
    for text, tests in rows:
        if not any(text in sentence for sentence in whole):
            yield f'docs/claims.md: "{text}" is not said any more'
        names = re.findall(r'`([^`]+)`', tests)
        if not os.path.isfile(os.path.join(ROOT, names[0])):
            yield f'docs/claims.md: there is no {names[0]}'
        elif any(not re.search(r'\b' + re.escape(n) + r'\b', read(names[0])) for n in names[1:]):
            yield f'docs/claims.md: {names[0]} has no {names[1:]}'
    strong = [(where, s) for where, s in said if STRONG.search(s)]
    if len(strong) < 10:
        yield f'only {len(strong)} strong sentences were found'
    for where, sentence in strong:
        if not any(text in sentence or sentence.rstrip('.') in text for text, _ in rows):
            yield f'{where}: no line in docs/claims.md for "{sentence}"'


faults = [*promised_wrongly(), *named_wrongly(), *cited_wrongly(), *commands_told_wrongly()]
print('\n'.join(faults + [f'{len(faults)} faults in {len(PAGES)} pages']))
sys.exit(1 if faults else 0)
