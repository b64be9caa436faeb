"""How commands speak to people."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from icalsyncd.calendars.nights import EMPTY, Nights
from icalsyncd.commands.terminal import Colour, listed, painted, table, told

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_end_without_spaces() -> None:
    assert table(("A", "B"), [("long", ""), ("x", "y")]) == ["A     B", "long", "x     y"]


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=5), "just now ("),
        (timedelta(minutes=4), "4 min ago ("),
        (timedelta(hours=30), "1 d ago (2030-05-31 "),
        (timedelta(minutes=-29), "in 29 min ("),
    ],
)
def test_a_moment_is_told_relatively_with_the_absolute_one_at_hand(ago: timedelta, words: str) -> None:
    assert told(NOW - ago, NOW).startswith(words)
    assert told(None, NOW) == "never"


def test_colours_are_for_terminals_whose_person_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert painted("x", Colour.BAD, _Terminal()) == "\x1b[31mx\x1b[0m"
    assert painted("x", Colour.BAD, io.StringIO()) == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert painted("x", Colour.BAD, _Terminal()) == "x"


def test_nights_are_listed_as_stays_and_not_without_end() -> None:
    assert listed(EMPTY) == "no nights"
    assert listed(Nights([730000])) == "1 night (1999-09-03 to 1999-09-04)"
    assert listed(Nights(range(730000, 730040, 2))).endswith(", and 8 more ranges)")
