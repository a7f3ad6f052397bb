"""Calls that have one place: what reads a file that somebody else may have written goes through engine/formats.

usage: test-calls.py SOURCE_ROOT      standard library only
"""
import os
import re
import sys

# (what, where it may stand, what to call instead)
CALLS = (
    # A FIFO waits for ever, a device never ends. /proc is the kernel's.
    (r'\bg_file_get_contents\s*\((?!\s*"/proc/)', (), 'sg_read_file (engine/formats/read-file.h)'),
    (r'\bg_mapped_file_new\b', (), 'SgSource (engine/formats/source.h): a file that shrinks raises SIGBUS'),
)


def main(root):
    wrong = []
    for top in 'engine', 'app', 'ui':
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if not name.endswith(('.c', '.h')):
                    continue
                path = os.path.relpath(os.path.join(folder, name), root)
                text = open(os.path.join(root, path), encoding='utf-8').read()
                text = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.S)
                for call, allowed, instead in CALLS:
                    if path not in allowed:
                        wrong += [f'{path}:{text.count(chr(10), 0, m.start()) + 1}: {m[0].strip()}: call {instead}'
                                  for m in re.finditer(call, text)]
    print('\n'.join(wrong))
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
