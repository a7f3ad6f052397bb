#!/usr/bin/env python3
"""po/POTFILES names every file that has a text to translate, and only files that exist.

A file that is missing there loses its texts without a word: xgettext never reads it and the German window
shows English. Reads files only, so it also holds in an unpacked archive. Standard library only.
"""
import os
import re
import sys

# The marks that xgettext is told of (meson's preset "glib"), in C and in GtkBuilder files.
C_MARK = re.compile(r'^(?!\s*#\s*define\b).*(\b(?:N|C|NC|Q)?_\s*\(|\b(?:g_)?(?:d|n|dn|dp|dc|dcn)?gettext2?\s*\()', re.M)
UI_MARK = re.compile(r'''\btranslatable\s*=\s*["'](?:yes|true|1)["']''', re.I)
MARKS = {'.c': C_MARK, '.h': C_MARK, '.ui': UI_MARK}


def sources(root):
  """The path of each source file below root, relative to it; build and hidden folders hold none."""
  for folder, below, names in os.walk(root):
    below[:] = sorted(d for d in below if not d.startswith('.') and not any(
      os.path.exists(os.path.join(folder, d, mark)) for mark in ('meson-private', 'pyvenv.cfg')))
    for name in sorted(names):
      if os.path.splitext(name)[1] in MARKS:
        yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, '/')


def main():
  root = sys.argv[1]
  with open(os.path.join(root, 'po', 'POTFILES'), encoding='utf-8') as file:
    lines = [line.strip() for line in file]
  listed = [line for line in lines if line and not line.startswith('#')]

  wrong = [f'names {path} twice' for path in sorted(set(listed)) if listed.count(path) > 1]
  wrong += [f'names {path}, which does not exist' for path in listed
            if not os.path.isfile(os.path.join(root, path))]
  read = marked = 0
  for path in sources(root):
    read += 1
    with open(os.path.join(root, path), encoding='utf-8') as file:
      if MARKS[os.path.splitext(path)[1]].search(file.read()):
        marked += 1
        if path not in listed:
          wrong.append(f'lacks {path}, which has texts to translate')
  if not marked:
    wrong.append(f'was checked against {read} source files in {root}, none with a text to translate')

  for line in wrong:
    print(f'po/POTFILES {line}')
  print(f'{read} source files read, {marked} with texts to translate, {len(listed)} listed')
  return 1 if wrong else 0


if __name__ == '__main__':
  sys.exit(main())
