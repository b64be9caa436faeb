"""`icalsyncd password`: the hash of a password, for `server.users` in the config."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import Final

from icalsyncd.admin.passwords import hashed
from icalsyncd.commands.outcome import DONE, FAILED, CommandError

SHORTEST: Final = 8
"""Characters of a password that is not said to be short."""


def password() -> int:
    """Ask twice without showing what is typed, or take the first line of standard input; print the hash alone."""
    asked = sys.stdin.isatty()
    given = _asked() if asked else _read()
    if not given:
        raise CommandError("an empty password keeps nobody out", FAILED)
    try:
        made = hashed(given)
    except (ValueError, UnicodeEncodeError):
        raise CommandError("this is too long: bcrypt looks at 72 bytes, and at no NUL", FAILED) from None
    if len(given) < SHORTEST:
        print(f"icalsyncd: fewer than {SHORTEST} characters are soon guessed", file=sys.stderr)
    print(made)
    if asked:
        print('write it into the config, as server: {users: {anna: "…"}}', file=sys.stderr)
    return DONE


def _asked() -> str:
    try:
        first = getpass("Password: ")
        again = getpass("The same again: ")
    except EOFError:
        raise CommandError("nothing was typed", FAILED) from None
    if first != again:
        raise CommandError("these were two different passwords", FAILED)
    return first


def _read() -> str:
    try:
        return sys.stdin.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise CommandError("this is not UTF-8", FAILED) from None
