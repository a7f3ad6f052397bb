#!/usr/bin/env python3
"""A metric is named in its own files and in the table alone: everybody else loops over the table.

usage: test-metric-names.py SOURCE_ROOT      standard library only
"""
import os
import re
import sys


def main():
  root = sys.argv[1]
  own = os.path.join(root, 'engine', 'metrics')
  table = open(os.path.join(own, 'metric.c'), encoding='utf-8').read()
  names = re.findall(r'&sg_metric_(\w+)', table)
  wrong = [] if names else ['metric.c names no metric: is this test out of date?']
  read = 0
  for top in ('engine', 'app', 'ui'):
    for folder, _, files in os.walk(os.path.join(root, top)):
      for file in sorted(files):
        if folder == own or not file.endswith(('.c', '.h', '.cu', '.ui', '.css')):
          continue
        read += 1
        path = os.path.join(folder, file)
        for number, line in enumerate(open(path, encoding='utf-8'), 1):
          for name in names:
            if re.search(rf'(?<![A-Za-z0-9]){name}(?![A-Za-z0-9])', line, re.I) or f'Sg{name.title()}' in line:
              wrong.append(f'{os.path.relpath(path, root)}:{number} names {name}: {line.strip()}')
  for line in wrong:
    print(line)
  print(f'{read} files read for {", ".join(names)}')
  return 1 if wrong or not read else 0


if __name__ == '__main__':
  sys.exit(main())
