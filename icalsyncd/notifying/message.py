"""What a message says: one matter in a sentence, or several in a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from icalsyncd.language import say, say_many, speaking
from icalsyncd.state.outbox import About, Notice, Turn

MAX_LINES: Final = 40
"""Matters that one message tells at most."""
MAX_BYTES: Final = 3_500
"""Bytes of a message's body at most: ntfy and Telegram take some four thousand."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one receiver is given at once."""

    title: str
    body: str
    urgent: bool


def gathered(notices: Sequence[Notice], language: str) -> tuple[Message, int]:
    """One message of the first of *notices*, in order, as many as it can hold; and how many they are, at least one."""
    with speaking(language):
        lines: list[str] = []
        size = 0
        for notice in notices[:MAX_LINES]:
            line = _line(notice, language)
            size += len(line.encode()) + 3
            if lines and size > MAX_BYTES:
                break
            lines.append(line)
        told = notices[: len(lines)]
        urgent = any(each.about is About.URGENT and each.turn is not Turn.OVER for each in told)
        if len(lines) == 1:
            return Message(_title(told[0]), lines[0], urgent), 1
        title = say_many("icalsyncd: {count} thing to know", "icalsyncd: {count} things to know", len(lines))
        if urgent:
            title = say("icalsyncd: urgent, and {count} things to know", count=len(lines))
        return Message(title, "\n".join(f"- {line}" for line in lines), urgent), len(lines)


def trial(language: str) -> Message:
    """What is sent to see whether a receiver takes messages."""
    with speaking(language):
        return Message(
            say("icalsyncd: a trial"), say("This is a trial: messages of icalsyncd reach you here."), urgent=False
        )


def _line(notice: Notice, language: str) -> str:
    words = notice.in_language(language)
    return say("It is over: {sentence}", sentence=words) if notice.turn is Turn.OVER else words


def _title(notice: Notice) -> str:
    match notice.turn, notice.about:
        case Turn.OVER, _:
            return say("icalsyncd: it is over")
        case (Turn.TAKEN, _):
            return say("icalsyncd: a booking")
        case (Turn.FREE, _):
            return say("icalsyncd: nights are free again")
        case _, About.URGENT:
            return say("icalsyncd: urgent")
        case _:
            return say("icalsyncd: something needs you")
