#!/usr/bin/env python3
"""German is complete: every text of the files in po/POTFILES has its translation in po/de.po.

usage: test-german.py SOURCE_ROOT       needs gettext's tools; skipped without
"""
import os
import shutil
import subprocess
import sys
import tempfile

# As meson's preset "glib" asks xgettext.
KEYWORDS = ['_', 'N_', 'C_:1c,2', 'NC_:1c,2', 'g_dcgettext:2', 'g_dngettext:2,3', 'g_dpgettext2:2c,3', 'ngettext:1,2']

if not all(shutil.which(t) for t in ('xgettext', 'msgmerge', 'msgattrib')):
    print('gettext is not installed')
    sys.exit(77)
root = sys.argv[1]
po = os.path.join(root, 'po/de.po')
with tempfile.TemporaryDirectory() as folder:
    pot, merged = os.path.join(folder, 'new.pot'), os.path.join(folder, 'new.po')
    subprocess.run(['xgettext', '--from-code=UTF-8', *('--keyword=' + k for k in KEYWORDS), '-D', root, '-f',
                    os.path.join(root, 'po/POTFILES'), '-o', pot], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(['msgmerge', '-q', '--no-fuzzy-matching', po, pot, '-o', merged], check=True)

    def entries(what):
        text = subprocess.run(['msgattrib', what, '--no-obsolete', '--no-wrap', merged], capture_output=True,
                              text=True, check=True).stdout
        parts = [p[p.index('msgid '):] for p in text.split('\n\n') if 'msgid ' in p]
        return [p for p in parts if not p.startswith('msgid ""\nmsgstr')]  # the header

    missing = entries('--untranslated') + entries('--only-fuzzy')
    there = entries('--translated')
for entry in missing:
    print(f'po/de.po lacks {entry}')
print(f'{len(there)} texts are translated, {len(missing)} are not')
sys.exit(1 if missing or len(there) < 100 else 0)
