"""Asking a person one question after another, with answers from the command line taken as given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from icalsyncd.commands.outcome import USAGE, CommandError
from icalsyncd.commands.terminal import Colour, painted


def answered(
    given: str | None,
    flag: str,
    question: str,
    *,
    default: str | None = None,
    accept: Callable[[str], str],
) -> str:
    """What *accept* makes of the answer: *given* on the command line as *flag*, else what the person types.

    *accept* raises ValueError, with words for the person, for an answer that will not do. Raises CommandError if
    there is no terminal to ask at.
    """
    if given is not None:
        try:
            return accept(given)
        except ValueError as error:
            raise CommandError(f"{flag}: {error}", USAGE) from None
    if not sys.stdin.isatty():
        raise CommandError(f"nobody can be asked here: {flag} is missing", USAGE)
    prompt = painted(question, Colour.STRONG) + (f" [{default}]" if default else "") + ": "
    while True:
        try:
            typed = input(prompt).strip() or default or ""
        except EOFError:
            print()
            raise CommandError("nothing was changed", USAGE) from None
        try:
            return accept(typed)
        except ValueError as error:
            print(painted(str(error), Colour.WARNING))


def one_of(choices: Sequence[str], words: str) -> Callable[[str], str]:
    """Accepts one of *choices*, or its number, or the start of exactly one."""

    def accept(typed: str) -> str:
        if typed.isdecimal() and 1 <= int(typed) <= len(choices):
            return choices[int(typed) - 1]
        found = [choice for choice in choices if typed and choice.startswith(typed.lower())]
        if len(found) != 1:
            raise ValueError(words)
        return found[0]

    return accept
