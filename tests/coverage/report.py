"""report.py ROOT BUILD: what gcov counted, by folder, and the files below their goal.

Branches are those of the source: what the compiler adds for calls that may unwind does not exist in C. A line or branch that is
compiled several times (row kernels, once an instruction set) counts once, as run if it was run anywhere.

In brackets stands the same without branches that no input can take, or that are not the source's: those of lines with g_assert…,
g_return_…_if_fail and G_DEFINE_…, and those of g_clear_… (is there something to free?). Lines count all. Goals are about what is
not in brackets.
"""
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

ROOT, BUILD = (os.path.abspath(path) for path in sys.argv[1:3])
# Lines and branches in per cent: of a folder, and of each file below one.
GOALS = {'engine/formats': (95, 85), 'engine/data': (95, 85)}
FILE_GOALS = {'ui': 60}
BATCH = 20
NOT_COUNTED = re.compile(r'\b(g_assert\w*|g_return_(val_)?if_fail|g_return_if_fail|G_DEFINE_\w+|g_clear_\w+) *\(')


def notes():
    for folder, _, names in os.walk(BUILD):
        for name in names:
            if name.endswith('.gcno'):
                yield os.path.join(folder, name)


def gcov(files):
    out = subprocess.run(['gcov', '--json-format', '--stdout', '--branch-probabilities', *files], cwd=BUILD, capture_output=True)
    return [json.loads(line) for line in out.stdout.splitlines() if line.strip()]


def main():
    lines, branches = defaultdict(lambda: defaultdict(int)), defaultdict(lambda: defaultdict(int))
    files = sorted(notes())
    batches = [files[i:i + BATCH] for i in range(0, len(files), BATCH)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for results in pool.map(gcov, batches):
            for result in results:
                for f in result['files']:
                    path = os.path.relpath(os.path.normpath(os.path.join(result['current_working_directory'], f['file'])), ROOT)
                    # What was built of a file that is gone by now stays in the build directory.
                    if not path.startswith(('engine/', 'app/', 'ui/')) or not os.path.exists(os.path.join(ROOT, path)):
                        continue
                    for line in f['lines']:
                        lines[path][line['line_number']] += line['count']
                        for i, branch in enumerate(line['branches']):
                            if not branch['throw']:
                                branches[path][line['line_number'], i] += branch['count']

    def is_input(path, number, cache={}):
        if path not in cache:
            with open(os.path.join(ROOT, path), errors='replace') as f:
                cache[path] = [not NOT_COUNTED.search(line) for line in f]
        return number > len(cache[path]) or cache[path][number - 1]

    counted = {path: {key: count for key, count in table.items() if is_input(path, key[0])}
               for path, table in branches.items()}

    def share(table, paths):
        counts = [count for path in paths for count in table.get(path, {}).values()]
        return len(counts), 100 * sum(c > 0 for c in counts) / max(len(counts), 1)

    folders = defaultdict(list)
    for path in lines:
        folders[os.path.dirname(path)].append(path)
    print(f'{"folder":32} {"lines":>7} {"run":>7} {"branches":>9} {"run":>7}')
    missed = []
    for folder, paths in sorted(folders.items()) + [('all', list(lines))]:
        (n, run), (m, taken) = share(lines, paths), share(branches, paths)
        print(f'{folder:32} {n:7} {run:6.1f}% {m:9} {taken:6.1f}% ({share(counted, paths)[1]:.1f}%)')
        goal = GOALS.get(folder)
        if goal and (run < goal[0] or taken < goal[1]):
            missed.append(f'{folder}: {run:.1f}/{taken:.1f}, the goal is {goal[0]}/{goal[1]}')
    print('\nfiles with the most lines that no test runs:')
    untested = sorted(lines, key=lambda path: -sum(c == 0 for c in lines[path].values()))
    for path in untested[:int(os.environ.get('COVERAGE_FILES', 25))]:
        n, run = share(lines, [path])
        missing = sorted(number for number, count in lines[path].items() if count == 0)
        print(f'{path:52} {n:5} {run:6.1f}%  {" ".join(map(str, missing[:40]))}')
    for path in sorted(lines):
        goal = next((g for begin, g in FILE_GOALS.items() if path.startswith(begin + '/')), None)
        if goal and share(lines, [path])[1] < goal:
            missed.append(f'{path}: {share(lines, [path])[1]:.1f} % of lines, the goal is {goal}')
    print('\n' + ('\n'.join(missed) if missed else 'every goal is reached'))
    return 1 if missed else 0


sys.exit(main())
