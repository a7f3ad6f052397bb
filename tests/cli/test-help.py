"""The man page and the completions: every command and option of the program, and nothing that a shell or groff minds.

usage: test-help.py PROGRAM MAN BASH ZSH FISH      standard library only
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MAN, BASH, ZSH, FISH = (os.path.abspath(path) for path in sys.argv[1:6])
ASK = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vitrine; printf "%s\\n" "${COMPREPLY[@]}"'


def said(*args):
    env = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='C')
    return subprocess.run([PROGRAM, *args, '--help'], capture_output=True, text=True, check=True, env=env).stdout


def commands():
    return re.findall(r'^  (\w+) {2,}\S', said(), re.M)


def options(command):
    return re.findall(r'^  (?:-\w, )?(--[\w-]+)', said(command), re.M)


def read(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


class Help(unittest.TestCase):
    def complete(self, *words, cwd=None):
        p = subprocess.run(['bash', '-c', f'source {BASH}; {ASK}', 'bash', 'vitrine', *words], capture_output=True, text=True,
                           cwd=cwd, check=True)
        return [line for line in p.stdout.split('\n') if line]

    def test_every_option(self):
        """The program's own help is the measure."""
        self.assertGreater(len(commands()), 20)
        page, zsh, fish = read(MAN).replace('\\-', '-'), read(ZSH), read(FISH)
        for command in commands():
            self.assertIn(f'\n.SS {command}\n', page)
            part = page.split(f'\n.SS {command}\n')[1].split('\n.SS ')[0]
            in_zsh = zsh.split(f'\n    {command}) ')[1].split(';;')[0]
            offered = [word.rstrip('=') for word in self.complete(command, '--')]
            self.assertTrue(options(command), command)
            for option in options(command):
                self.assertRegex(part, rf'\n\.B (-\w, )?{option}(\\fR|\n)')
                self.assertIn(option, offered)
                self.assertRegex(in_zsh, rf"'{option}[=\[]")
                self.assertRegex(fish, rf'seen_subcommand_from {command}" -l {option[2:]} ')

    def test_bash(self):
        self.assertEqual(self.complete('infl'), ['influence'])
        self.assertEqual(self.complete('generate', '--netw'), ['--network='])
        self.assertEqual(self.complete('generate', '--latent-space', '='), ['z', 'w'])
        self.assertEqual(self.complete('generate', '--latent-space', '=', 'w'), ['w'])
        self.assertEqual(self.complete('control', 'somewhere', 'sn'), ['snapshot'])
        with tempfile.TemporaryDirectory() as folder:
            for name in ('my model.pkl', 'other'):
                open(os.path.join(folder, name), 'w').close()
            self.assertEqual(self.complete('my', cwd=folder), ['my model.pkl'])
            self.assertEqual(self.complete('generate', '--network', '=', 'my', cwd=folder), ['my model.pkl'])
            self.assertEqual(self.complete('inspect', 'oth', cwd=folder), ['other'])

    def test_groff(self):
        if not shutil.which('groff'):
            self.skipTest('groff is not installed')
        p = subprocess.run(['groff', '-man', '-ww', '-Kutf8', '-Tutf8', '-z', MAN], capture_output=True, text=True)
        self.assertEqual((p.returncode, p.stderr), (0, ''))

    def test_syntax(self):
        subprocess.run(['bash', '-n', BASH], check=True)
        for shell, path in (('zsh', ZSH), ('fish', FISH)):
            if shutil.which(shell):
                subprocess.run([shell, '-n', path], check=True)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
