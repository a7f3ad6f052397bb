#!/usr/bin/env python3
"""The man page and the completions of shells, made of what the program itself says of its commands.

usage: make-help.py PROGRAM MAN BASH ZSH FISH        the four files to write; Python's standard library only

"vitrine --help" lists the commands, "vitrine COMMAND --help" says of each: how it is called, one sentence, groups of
options, and a text. Nothing stands here that does not stand there.
"""
import os
import re
import subprocess
import sys

OPTION = re.compile(r'^  (?:-(\w), )?--([\w-]+)(?:=(\S+))? +(.*)$')


def ask(program, *args):
    env = dict(os.environ, LC_ALL='C.UTF-8', LANGUAGE='C')
    return subprocess.run([program, *args, '--help'], stdout=subprocess.PIPE, env=env, check=True).stdout.decode()


class Command:
    """One page: usage, summary, groups of (title, [(short, long, value, text)]), text."""

    def __init__(self, name, page):
        lines = page.rstrip('\n').split('\n')
        self.name = name
        self.usage = lines[1].strip()
        self.summary, self.groups, rest, group = '', [], [], None
        for line in lines[2:]:
            option = OPTION.match(line)
            if re.match(r'^[A-Z][\w ]*:$', line) and not rest:
                group = (line[:-1], [])
                self.groups.append(group)
            elif option and group and not rest:
                group[1].append(option.groups())
            elif not self.groups and line:
                self.summary += ' ' + line.strip() if self.summary else line.strip()
            elif self.groups and (line or rest):
                rest.append(line)
        self.text = rest

    def options(self):
        return [option for _, options in self.groups for option in options]

    def words(self):
        """What may stand after the command without dashes, as far as it is one of some words."""
        found = re.search(r'(\S*\|.*)$', self.usage.split('[OPTION…]', 1)[-1])
        words = [part.split(' ')[0] for part in found.group(1).split('|')] if found else []
        return [word for word in words if re.fullmatch('[a-z]+', word)]


def commands(program):
    listed = re.findall(r'^  (\w[\w-]*) {2,}(\S.*)$', ask(program), re.M)
    return [(Command(name, ask(program, name)), said) for name, said in listed]


def choices(value):
    """The words that an option takes, if it takes one of some."""
    parts = value.split('|') if value else []
    return parts if len(parts) > 1 and all(re.fullmatch(r'[a-z][\w.:-]*', p) for p in parts) else []


def is_path(value):
    """An option's value is a file or a folder: FILE, DIR|ZIP, NPY, PATH …; FILE.csv|folders is, too."""
    kinds = r'FILE|DIR|PATH|ZIP|NPY|NPZ|PT|PNG|RUN|FOLDER|MODEL|CSV|JSON'
    return bool(value and re.search(rf'\b({kinds})\b', value)) or value == 'TEXT'


# ---- man ---------------------------------------------------------------------------------------------------------


def roff(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\\&' + text if text[:1] in ".'" else text


def man_option(short, name, value, text):
    yield '.TP'
    yield '.B ' + roff((f'-{short}, ' if short else '') + f'--{name}') + (f'\\fR=\\fI{roff(value)}' if value else '')
    yield roff(text)


def man_text(lines):
    """Paragraphs; what is indented stays as it is."""
    as_is = False
    for line in lines:
        if line.startswith('  ') != as_is:
            as_is = not as_is
            yield '.nf' if as_is else '.fi'
        yield roff(line) if line else '.PP'
    if as_is:
        yield '.fi'


def man_command(command):
    yield f'.SS {roff(command.name)}'
    yield '.B ' + roff(command.usage)
    yield '.PP'
    yield roff(command.summary)
    for title, options in command.groups:
        yield '.PP'
        yield f'.I {roff(title)}'
        for option in options:
            yield from man_option(*option)
    yield '.PP'
    yield from man_text(command.text)


def man(program, listed):
    version = subprocess.run([program, '--version'], stdout=subprocess.PIPE, check=True).stdout.decode().split()[-1]
    yield '.\\" -*- coding: utf-8 -*-'
    yield f'.TH VITRINE 1 "" "Vitrine {version}" "User Commands"'
    yield '.SH NAME'
    yield 'vitrine \\- look inside a StyleGAN: move its latent space, mix, prune, measure, train'
    yield '.SH SYNOPSIS'
    yield '.B vitrine\n[\\fIMODEL\\fR|\\fIPICTURE\\fR|\\fIRUN_DIR\\fR]\n.br'
    yield '.B vitrine\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]'
    yield '.SH DESCRIPTION'
    yield 'Without a command the window opens. The commands work without one:'
    for command, said in listed:
        yield f'.TP\n.B {roff(command.name)}\n{roff(said)}'
    tail = ask(program).rstrip('\n').split('\n\n')[-1]
    yield '.PP'
    yield from man_text(tail.split('\n'))
    yield '.SH COMMANDS'
    for command, _ in listed:
        yield from man_command(command)


# ---- shells ------------------------------------------------------------------------------------------------------


def bash(program, listed):
    yield '# bash completion of vitrine; made by data/help/make-help.py'
    yield '# Names of files may have spaces in them.'
    yield '_vitrine_files() {'
    yield '  mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$1")'
    yield '}'
    yield '_vitrine() {'
    yield '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} option= words='
    yield '  COMPREPLY=()'
    yield '  # "=" is a word of its own to bash.'
    yield '  if [ "$word" = = ]; then option=$before word=; elif [ "$before" = = ]; then option=${COMP_WORDS[COMP_CWORD-2]}; fi'
    yield '  if [ "$COMP_CWORD" = 1 ]; then'
    yield '    words="' + ' '.join(c.name for c, _ in listed) + ' --help --version"'
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield '    _vitrine_files "$word"'
    yield '    return'
    yield '  fi'
    yield '  case $command in'
    for c, _ in listed:
        yield f'    {c.name})'
        takes = [(name, choices(value)) for _, name, value, _ in c.options() if choices(value)]
        if takes:
            yield '      case $option in'
            for name, words in takes:
                yield f'        --{name}) COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$word")); return ;;'
            yield '      esac'
        yield '      words="' + ' '.join(f'--{name}' + ('=' if value else '') for _, name, value, _ in c.options()) + ' --help"'
        if c.words():
            yield f'      [[ $word == -* ]] || words="{" ".join(c.words())}"'
        yield '      ;;'
    yield '  esac'
    yield '  if [ -n "$option" ]; then _vitrine_files "$word"; return; fi'
    yield '  COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield '  [[ $word == -* ]] || _vitrine_files "$word"'
    yield '  [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null'
    yield '}'
    yield 'complete -o filenames -o bashdefault -F _vitrine vitrine'


def zsh_quote(text):
    return re.sub(r"([\[\]:\\])", r'\\\1', text).replace("'", "'\\''")


def zsh(program, listed):
    yield '#compdef vitrine'
    yield '# made by data/help/make-help.py'
    yield '_vitrine() {'
    yield '  local -a commands'
    yield '  commands=('
    for c, said in listed:
        yield f"    '{c.name}:{zsh_quote(said)}'"
    yield '  )'
    yield '  if (( CURRENT == 2 )); then _describe command commands; _files; return; fi'
    yield '  local command=$words[2]'
    yield '  shift words; (( CURRENT-- ))'
    yield '  case $command in'
    for c, _ in listed:
        yield f'    {c.name}) _arguments \\'
        for _, name, value, text in c.options():
            kind = f'({" ".join(choices(value))})' if choices(value) else '_files' if is_path(value) else ' '
            tail = f"=[{zsh_quote(text)}]:{zsh_quote(value)}:{kind}" if value else f'[{zsh_quote(text)}]'
            yield f"      '--{name}{tail}' \\"
        words = f"({' '.join(c.words())})" if c.words() else '_files'
        if c.words():
            yield "      '1:file:_files' \\"
        yield f"      '*:argument:{words}' ;;"
    yield '  esac'
    yield '}'
    yield '_vitrine "$@"'


def fish(program, listed):
    def quote(text):
        return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"

    yield '# made by data/help/make-help.py'
    for c, said in listed:
        yield f'complete -c vitrine -n __fish_use_subcommand -a {c.name} -d {quote(said)}'
        for _, name, value, text in c.options():
            words = f' -x -a {quote(" ".join(choices(value)))}' if choices(value) else ' -r' if value else ''
            yield f'complete -c vitrine -n "__fish_seen_subcommand_from {c.name}" -l {name}{words} -d {quote(text)}'
        if c.words():
            yield f'complete -c vitrine -n "__fish_seen_subcommand_from {c.name}" -a {quote(" ".join(c.words()))}'


def main():
    program = os.path.abspath(sys.argv[1])
    listed = commands(program)
    for make, out in zip((man, bash, zsh, fish), sys.argv[2:]):
        with open(out, 'w', encoding='utf-8') as f:
            f.write('\n'.join(make(program, listed)) + '\n')


if __name__ == '__main__':
    main()
