#!/usr/bin/env python3
"""No layer's name is spelled outside the families and the importers: everybody else asks the description (models/network.h).

usage: test-names.py SOURCE_ROOT        Python's standard library only

Looks into string constants, not into comments. Every fault is printed as FILE:LINE: the string; exit status 1 if there is
any. First the rule is shown to work: on sentences that break it and on some that do not.
"""
import os
import re
import sys

# Who may: families describe, importers rename and read what a file states about its layers, and two files tell foreign
# networks by what is called what inside; networks that only look at pictures (VGG16) are no models.
MAY = re.compile(r'^engine/models/(family-[^/]+|import-[^/]+|statements[^/]*|foreign|unwrap)\.c$|^engine/perceptual/[^/]+-file\.c$')

# As families and importers spell them. `torgb` and `affine` alone are words of the command line, `skip` is an architecture
# and `const` a kind of noise.
NAME = re.compile(
    r'synthesis\.|(?<![\w-])mapping\.|w_avg|dlatent|latent_avg|noise_(const|strength)|weight_orig|'
    r'(to|from)_channels|upconv|downconv|fromrgb|\.torgb|torgb\.|(?<![\w.-])conv[01]|\.conv[01]?\b|(?<!\w)fc%?\d|'
    r'(?<!\w)b(%d|\d+)\.|\.(weight|bias|affine|skip|const)\b|^style\.|modulation')

# What looks like a name and is none, or is one that a person types: file, string.
OTHERWISE = {
    ('engine/explore/vector-file.c', 'dlatents'): "the key of TensorFlow's projector",
    ('app/cli/layers.c', 'b16.conv1,b16.torgb'): 'an example in the help',
}

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|\'(?:\\.|[^\'\\])+\'|"((?:\\.|[^"\\\n])*)"', re.S)


def strings(text):
    """String constants with the lines they stand in, without those of #include."""
    for m in TOKEN.finditer(text):
        start = text.rfind('\n', 0, m.start()) + 1
        if m.group(1) is not None and not text[start:m.start()].lstrip().startswith('#'):
            yield text.count('\n', 0, m.start()) + 1, m.group(1)


def faults(path, text):
    for line, string in strings(text):
        known = any(path == p and part in string for p, part in OTHERWISE)
        if NAME.search(string) and not known:
            yield f'{path}:{line}: "{string}" spells the name of a layer: ask its description (models/network.h)'


def check(root):
    found, used = [], set()
    for part in ('engine', 'app', 'ui'):
        for folder, _, names in sorted(os.walk(os.path.join(root, part))):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, '/')
                if not re.search(r'\.(c|h|cc|cu|cuh)$', name) or MAY.match(path):
                    continue
                with open(os.path.join(root, path), encoding='utf-8') as f:
                    text = f.read()
                found += faults(path, text)
                used |= {(p, part) for p, part in OTHERWISE if p == path and any(part in s for _, s in strings(text))}
    return found + [f'{p}: "{part}" is excused in tests/house/test-names.py and not there' for p, part in OTHERWISE
                    if (p, part) not in used]


def show_the_rule():
    bad = ['synthesis.b%d.conv%d.weight', 'mapping.w_avg', 'b4.fc.bias', '%d.upconv.weight_orig', 'conv0', '.affine.weight',
           'G_ema.synthesis.b4.const', 'dlatent_avg', 'to_channels', 'mapping.fc%d.weight']
    good = ['the weights of %s', 'prune-exclude-affine', 'mapping network: %d layers', 'w-avg-beta', 'conv-clamp', 'skipped',
            'mapping-lr-mul', 'torgb', 'G_ema.', 'convolution', 'const', 'skip', 'rgb']
    for s in bad:
        assert list(faults('engine/x.c', f'f("{s}");')), s
    for s in good:
        assert not list(faults('engine/x.c', f'f("{s}");')), s
    assert not list(faults('engine/x.c', '/* "synthesis.b4.const" */ // "conv0"\n#include "engine/w_avg.h"\n'))
    assert [f.split(':')[1] for f in faults('a.c', 'x\n"" /*\n*/ "mapping.embed"')] == ['3']


def main():
    show_the_rule()
    found = check(sys.argv[1])
    print('\n'.join(found) if found else 'layers are named by families and importers only')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
