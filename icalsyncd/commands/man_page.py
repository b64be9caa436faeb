"""The man page, made from what the parser takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from icalsyncd import __version__
from icalsyncd.commands.said import Argument, Command, Program, Value

_END: Final = """\
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
failed
.TP
.B 2
usage
.TP
.B 78
a config that cannot be run, or a state that this version does not know: trying again does not help
.SH FILES
.TP
.I config.yaml
\\fB\\-\\-config\\fR, else \\fB$ICALSYNCD_CONFIG\\fR, \\fI./config.yaml\\fR, \\fI/etc/icalsyncd/config.yaml\\fR
.TP
.I state.sqlite3\\fR, \\fIsecret
in \\fB\\-\\-state\\-dir\\fR, else \\fB$STATE_DIRECTORY\\fR,
else \\fI/var/lib/icalsyncd\\fR where a service has it, else the user's
own state folder
"""


def man_page(program: Program) -> str:
    """Section 1 of the manual, for man(1)."""
    lines = [
        f'.TH ICALSYNCD 1 "" "icalsyncd {__version__}" "User Commands"',
        ".SH NAME",
        "icalsyncd \\- keeps availability in step across booking portals by iCal",
        ".SH SYNOPSIS",
        ".B icalsyncd",
        "[\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...",
        ".SH DESCRIPTION",
        _text(program.whole.help),
        ".SH OPTIONS",
        "They may stand before the command or after it.",
        *(line for each in program.whole.options for line in _argument(each)),
        ".SH COMMANDS",
    ]
    everywhere = {name for each in program.whole.options for name in each.options}
    for command in program.commands:
        lines += _command(command, everywhere)
    return "\n".join(lines) + "\n" + _END


def _command(command: Command, everywhere: set[str]) -> Iterator[str]:
    own = [each for each in command.options if not everywhere & set(each.options)]
    words = " ".join(_place(each) for each in command.words)
    yield f".SS icalsyncd {_text(command.name)} {words}".rstrip()
    yield _sentence(_text(command.help))
    for each in (*command.words, *own):
        if each.help or each.options:
            yield from _argument(each)


def _place(argument: Argument) -> str:
    name = f"{_text(argument.called)}{'...' if argument.repeated else ''}"
    return f"[{name}]" if argument.optional else name


def _argument(argument: Argument) -> Iterator[str]:
    yield ".TP"
    if argument.options:
        names = ", ".join(f"\\fB{_text(name)}\\fR" for name in argument.options)
        yield names if argument.value is Value.NOTHING else f"{names} \\fI{_text(argument.called)}\\fR"
    else:
        yield f"\\fI{_text(argument.called)}\\fR"
    yield _text(argument.help) or "\\&"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(text: str) -> str:
    """*text* with nothing in it that troff reads as its own."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain
