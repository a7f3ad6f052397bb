#!/usr/bin/env python3
"""Holds how comments look, which clang-format leaves alone.

usage: test-comments.py SOURCE_ROOT           Python's standard library only
       test-comments.py --mend FILE…          breaks comments that are too wide, joins a lone end

- A comment's line has at most 100 columns, and the end of a comment stands behind its last word.
- A rule ("/* ---- words ---- */") is one line; a paragraph has no line of a few words in its middle.
- A source file says at its head what it is, or its header does.
- A file that a comment names is there.
- A comment in a meson.build does not name who wrote it.
"""
import os
import re
import sys

WIDTH = 100
SOURCE = re.compile(r'\.(c|h|cu|cuh)$')
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)


def comments(text):
    for m in TOKEN.finditer(text):
        if m.group(0).startswith('/*'):
            yield m.start(), m.group(0)


def first_word(line):
    words = re.sub(r'^\s*\*? ?', '', line).split()
    return words[0] if words else ''


def is_ragged(line, following):
    """The next word would have had room, and far more, though the sentence goes on."""
    rest = re.sub(r'^\s*\*', '', following)
    return (rest[:2].strip() and line.strip() not in ('*', '/*') and not re.search(r'[.:;)\]]$|^\s*\*?  ', line.rstrip()) and
            not re.search(r'-{5,}', line) and len(line) + 1 + len(first_word(following)) <= WIDTH - 40)


def faults_of_comment(c):
    lines = c.split('\n')
    for i, line in enumerate(lines):
        if len(lines) > 1 and re.match(r'^\s*\*/$', line):
            yield i, 'a comment ends on a line of its own'
        if i and re.match(r'^\s*\*? ?-{5,} *\*/$', line):
            yield i, 'a rule is broken over two lines'
        if 0 < i < len(lines) - 1 and re.match(r'^\s*\*', lines[i + 1]) and is_ragged(line, lines[i + 1]):
            yield i, 'a paragraph has a short line in its middle'


def faults_of_source(path, text):
    if not text.startswith('/*') and not os.path.exists(re.sub(r'\.\w+$', '.h', path)) or \
       path.endswith('.h') and not text.startswith('/*'):
        yield 1, 'nothing at its head says what it is'
    lines = text.split('\n')
    for start, c in comments(text):
        first = text.count('\n', 0, start)
        for i, what in faults_of_comment(c):
            yield first + i + 1, what
        for i in range(first, first + c.count('\n') + 1):
            if len(lines[i]) > WIDTH and not lines[i].rstrip().endswith('\\'):
                yield i + 1, f'{len(lines[i])} columns, at most {WIDTH}'


NAMED = re.compile(r'(?<![\w/.<*-])[a-z][a-z0-9-]+\.(?:c|h|cu)\b')
OF_OTHERS = {'config.h', 'jpeglib.h', 'stdio.h'}


def faults_of_names(text, there):
    for start, c in comments(text):
        for m in NAMED.finditer(c):
            if m.group(0) not in there and m.group(0) not in OF_OTHERS:
                yield text.count('\n', 0, start + m.start()) + 1, f'names {m.group(0)}, which is not there'


def faults_of_build(text):
    for number, line in enumerate(text.split('\n'), 1):
        if re.match(r'^\s*#.*\([A-Z]{3,}\)\.?$', line):
            yield number, 'a comment names who wrote it'


# ---- mending ----

def filled(words, first, indent):
    lines, line = [], first
    for word in words:
        if len(line) + 1 + len(word) > WIDTH and line != first:
            lines.append(line)
            line = indent + word
        elif line.endswith(' '):
            line += word
        else:
            line += ' ' + word
    return lines + [line]


def paragraphs(lines):
    """Pairs of a paragraph's lines and whether they may be filled: not lists, formulas, rules."""
    part, plain = [], True
    for i, line in enumerate(lines):
        body = line[2:] if i == 0 else re.sub(r'^\s*\*', '', line, count=1)
        is_plain = bool(re.match(r'^ \S', body)) and not re.search(r'-{5,}', body)
        if part and (not is_plain or not plain):
            yield part, plain
            part = []
        part.append(line)
        plain = is_plain
    if part:
        yield part, plain


def mended_comment(c, column):
    lines = c.split('\n')
    rule = re.match(r'^/\* -{4,} (.*?) -+ \*/$', c)
    if rule and column + len(c) > WIDTH:
        return f'/* ---- {rule.group(1)} '.ljust(96 - column - 3, '-') + ' */'
    if len(lines) > 1 and lines[-1].strip() == '*/':
        lines[-2:] = [lines[-2] + ' */']
    margin = ' ' * column + ' * '
    out = []
    for part, plain in paragraphs(lines):
        widths = [len(l) + (column if not out and not i else 0) for i, l in enumerate(part)]
        if plain and max(widths) > WIDTH:
            words = ' '.join(re.sub(r'^\s*(/\*|\*) ', '', l, count=1) for l in part).replace(' */', '\0*/').split(' ')
            first = ' ' * column + '/* ' if not out else margin
            part = [l.replace('\0', ' ') for l in filled(words, first, margin)]
            if not out:
                part[0] = part[0][column:]
        out += part
    return '\n'.join(out)


def mended(text):
    out, at = [], 0
    for start, c in comments(text):
        line_start = text.rfind('\n', 0, start) + 1
        before = text[line_start:start]
        if before.strip() == '':
            out += [text[at:start], mended_comment(c, len(before))]
            at = start + len(c)
    return ''.join(out) + text[at:]


# ---- the house ----

def show_that_it_works():
    wrong = ['/* a */\n/* ' + 'x ' * 60 + '*/\n', '/* a\n */\n', '/* a */\n/* ---- x ------\n * ----- */\n', 'int a;\n',
             '/* a few\n * words, while there is room for many more of them in the line. More here.\n * Last. */\n'
             .replace('a few', 'First line of it, which is long enough\n * a few')]
    for text in wrong:
        if not list(faults_of_source('/nowhere/a.c', text)):
            sys.exit(f'the rules do not work: {text}')
    sound = '/* A file.\n *\n *   list   of\n *   things\n * and more. */\nint a; /* b */\nchar *c = "/* d";\n'
    found = list(faults_of_source('/nowhere/a.c', sound))
    wide = '/* ' + 'word ' * 50 + '\n */\n/* ---- words ' + '-' * 90 + ' */\n'
    if found or list(faults_of_source('/nowhere/a.c', mended(wide))):
        sys.exit(f'the rules do not work: {found}, {mended(wide)}')
    if not list(faults_of_names('/* See a-b.c. */', {'a.c'})) or list(faults_of_names('/* See a.c, x/b.c. */', {'a.c'})):
        sys.exit('the rules do not work: names')
    if not list(faults_of_build('# Speed (BENCH).\n')):
        sys.exit('the rules do not work: authors')


def check(root):
    count = read = 0
    there = {name for top in ('engine', 'app', 'ui', 'tests') for _, _, names in os.walk(os.path.join(root, top))
             for name in names}
    for top in ('engine', 'app', 'ui', 'tests'):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if not SOURCE.search(name) and name != 'meson.build':
                    continue
                with open(path, encoding='utf-8') as f:
                    text = f.read()
                read += 1
                if text.startswith('/* clang-format off */'):
                    continue  # a table that a script wrote
                for number, what in (faults_of_build(text) if name == 'meson.build' else
                                     [*faults_of_source(path, text), *faults_of_names(text, there)]):
                    print(f'{os.path.relpath(path, root)}:{number}: {what}')
                    count += 1
    print(f'{count} faults in {read} files')
    return 1 if count else 0


def main():
    if sys.argv[1] == '--mend':
        for path in sys.argv[2:]:
            with open(path, encoding='utf-8') as f:
                text = f.read()
            new = mended(text)
            if new != text:
                with open(path, 'w', encoding='utf-8') as f:
                    f.write(new)
        return 0
    show_that_it_works()
    return check(sys.argv[1])


sys.exit(main())
