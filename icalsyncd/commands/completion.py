"""What shells complete after `icalsyncd`: the commands, their options, and what these take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from shlex import quote
from typing import Final

from icalsyncd.commands.said import Argument, Command, Program, Value

_BASH: Final = """\
# bash completion for icalsyncd; made by `icalsyncd print completion bash`
_icalsyncd() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= place=0 options= value= word at
    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        case $word in
            @TAKING@) ((at++)) ;;
            -*) ;;
            *) if [[ -z $command ]]; then command=$word; else ((place++)); fi ;;
        esac
    done
    case "$command $before" in
@VALUES@
    esac
    case "$command" in
@COMMANDS@
    esac
    if [[ -z $value && $current != -* ]]; then
        case "$command $place" in
@WORDS@
        esac
    fi
    case $value in
        file) COMPREPLY=($(compgen -f -- "$current")); compopt -o filenames 2>/dev/null ;;
        folder) COMPREPLY=($(compgen -d -- "$current")); compopt -o filenames 2>/dev/null ;;
        word) COMPREPLY=() ;;
        "") COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
        *) COMPREPLY=($(compgen -W "$value" -- "$current")) ;;
    esac
}
complete -F _icalsyncd icalsyncd
"""


def completion(shell: str, program: Program) -> str:
    """What *shell* reads to complete what may be said to *program*."""
    return _OF[shell](program)


def _bash(program: Program) -> str:
    everything = (program.whole, *program.commands)
    taking = {name for command in everything for each in command.options if _takes(each) for name in each.options}
    values, words, commands = [], [], []
    for command in program.commands:
        commands.append(f"        {command.name}) options='{' '.join(_names(command))}' ;;")
        for each in command.options:
            if _takes(each):
                pattern = "|".join(f"'{command.name} {name}'" for name in each.options)
                values.append(f"        {pattern}) value='{_bash_value(each)}' ;;")
        for place, each in enumerate(command.words):
            after = "|".join(
                f"'{command.name} {number}'" for number in range(place, place + (8 if each.repeated else 1))
            )
            words.append(f"        {after}) value='{_bash_value(each)}' ;;")
    names = [command.name for command in program.commands]
    commands.append(f"        '') options='{' '.join((*_names(program.whole), *names))}' ;;")
    for each in program.whole.options:
        if _takes(each):
            pattern = "|".join(f"' {name}'" for name in each.options)
            values.append(f"        {pattern}) value='{_bash_value(each)}' ;;")
    filled = _BASH.replace("@TAKING@", "|".join(sorted(taking)))
    for mark, lines in (("@VALUES@", values), ("@COMMANDS@", commands), ("@WORDS@", words)):
        filled = filled.replace(mark, "\n".join(lines))
    return filled


def _bash_value(argument: Argument) -> str:
    return " ".join(argument.choices) if argument.value is Value.CHOICE else argument.value.value


def _zsh(program: Program) -> str:
    lines = [
        "#compdef icalsyncd",
        "# made by `icalsyncd print completion zsh`",
        "_icalsyncd() {",
        "  local -a commands",
    ]
    lines.append("  commands=(")
    lines += [f"    {quote(f'{each.name}:{_plain(each.help)}')}" for each in program.commands]
    lines += ["  )", "  local state line", "  _arguments -C \\"]
    lines += [f"    {each} \\" for option in program.whole.options for each in _zsh_options(option)]
    lines += ["    '1:command:->command' '*::argument:->argument'", "  case $state in"]
    lines += ["    command) _describe command commands ;;", "    argument) case $line[1] in"]
    for command in program.commands:
        specs = [each for option in command.options for each in _zsh_options(option)]
        specs += [_zsh_word(each) for each in command.words]
        lines.append(f"      {command.name}) _arguments {' '.join(specs)} ;;")
    lines += ["    esac ;;", "  esac", "}", 'if [ "$funcstack[1]" = "_icalsyncd" ]; then _icalsyncd "$@"']
    lines += ["else compdef _icalsyncd icalsyncd; fi"]
    return "\n".join(lines) + "\n"


def _zsh_options(argument: Argument) -> Iterator[str]:
    for name in argument.options:
        described = f"{name}[{_plain(argument.help)}]"
        yield quote(
            described if not _takes(argument) else f"{described}:{_plain(argument.called)}:{_zsh_value(argument)}"
        )


def _zsh_word(argument: Argument) -> str:
    places = "*" if argument.repeated else ""
    separator = ":" if places or not argument.optional else "::"
    return quote(f"{places}{separator}{_plain(argument.called)}:{_zsh_value(argument)}")


def _zsh_value(argument: Argument) -> str:
    match argument.value:
        case Value.CHOICE:
            return f"({' '.join(argument.choices)})"
        case Value.FILE:
            return "_files"
        case Value.FOLDER:
            return "_files -/"
        case _:
            return " "


def _plain(text: str) -> str:
    """*text* without what `_arguments` reads as its own."""
    return text.replace("[", "(").replace("]", ")").replace(":", ",")


def _fish(program: Program) -> str:
    names = " ".join(command.name for command in program.commands)
    lines = ["# made by `icalsyncd print completion fish`", "complete -c icalsyncd -f"]
    lines += [_fish_option(f"not __fish_seen_subcommand_from {names}", each) for each in program.whole.options]
    for command in program.commands:
        alone = f"not __fish_seen_subcommand_from {names}"
        lines.append(f"complete -c icalsyncd -n {quote(alone)} -a {command.name} -d {quote(command.help)}")
        seen = f"__fish_seen_subcommand_from {command.name}"
        lines += [_fish_option(seen, each) for each in command.options]
        lines += [
            f"complete -c icalsyncd -n {quote(seen)} {_fish_value(each)}"
            for each in command.words
            if each.value is not Value.WORD
        ]
    return "\n".join(lines) + "\n"


def _fish_option(when: str, argument: Argument) -> str:
    flags = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in argument.options)
    value = f" -r {_fish_value(argument)}" if _takes(argument) else ""
    return f"complete -c icalsyncd -n {quote(when)} {flags}{value} -d {quote(argument.help)}"


def _fish_value(argument: Argument) -> str:
    match argument.value:
        case Value.CHOICE:
            return f"-a {quote(' '.join(argument.choices))}"
        case Value.FILE:
            return "-F"
        case Value.FOLDER:
            return "-a '(__fish_complete_directories)'"
        case _:
            return ""


def _takes(argument: Argument) -> bool:
    return argument.value is not Value.NOTHING


def _names(command: Command) -> Iterator[str]:
    for each in command.options:
        yield from each.options


_OF: Final[dict[str, Callable[[Program], str]]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
SHELLS: Final = tuple(_OF)
