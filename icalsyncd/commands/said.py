"""What can be said on the command line, as values: what the completion of shells and the man page are made from."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Value(StrEnum):
    """What a shell can complete."""

    NOTHING = "nothing"
    """It is a switch."""
    WORD = "word"
    """Something that no shell knows, as the name of a sync."""
    FILE = "file"
    FOLDER = "folder"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or a word at a place of its own."""

    options: tuple[str, ...]
    """As `--yes`; none for a word at its place."""
    value: Value
    called: str
    """What stands for its value in a help text."""
    choices: tuple[str, ...]
    help: str
    optional: bool = False
    """A word at its place that may be missing."""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or the whole program for what stands before any command."""

    name: str
    help: str
    arguments: tuple[Argument, ...]

    @property
    def options(self) -> tuple[Argument, ...]:
        return tuple(each for each in self.arguments if each.options)

    @property
    def words(self) -> tuple[Argument, ...]:
        """What stands at a place of its own, in order."""
        return tuple(each for each in self.arguments if not each.options)


@dataclass(frozen=True, slots=True)
class Program:
    """All that can be said."""

    whole: Command
    commands: tuple[Command, ...]


def program(parser: argparse.ArgumentParser) -> Program:
    """What *parser* takes."""
    (below,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    helps = {action.dest: action.help or "" for action in below._choices_actions}
    commands = (
        Command(name, helps[name], tuple(_arguments(command._actions))) for name, command in below.choices.items()
    )
    own = tuple(_arguments(action for action in parser._actions if action is not below))
    return Program(Command(parser.prog, parser.description or "", own), tuple(commands))


def _arguments(actions: Iterable[argparse.Action]) -> Iterator[Argument]:
    for action in actions:
        choices = tuple(map(str, action.choices or ()))
        called = action.metavar if isinstance(action.metavar, str) else action.dest.upper().replace("_", "-")
        yield Argument(
            tuple(action.option_strings),
            _value(action, called, choices),
            "|".join(choices) if choices else called,
            choices,
            (action.help or "").replace("%%", "%"),
            action.nargs in ("?", "*"),
            action.nargs in ("*", "+"),
        )


def _value(action: argparse.Action, called: str, choices: tuple[str, ...]) -> Value:
    if action.nargs == 0:
        return Value.NOTHING
    if choices:
        return Value.CHOICE
    if action.type is Path:
        return Value.FOLDER if called == "DIR" else Value.FILE
    return Value.FILE if called.startswith("FILE") else Value.WORD
