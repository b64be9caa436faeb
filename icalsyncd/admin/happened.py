"""What happened, as the history has it, in the language of whoever looks.

The history keeps its words in English: programs read them, and a host may speak another language tomorrow.
"""

from __future__ import annotations

from icalsyncd.admin.sentences import reason_words
from icalsyncd.calendars.calendar import Reason
from icalsyncd.language import say


def happened(what: str) -> str:
    """*what*, a history's word, for people; empty where that is of another release, or holds what was said by hand."""
    if said := _plain().get(what):
        return said
    head, _, rest = what.partition(": ")
    if head == "the host ended a wait":
        return say("you ended a wait")
    if head == "failing" and rest in set(Reason):
        return say("failing: {reason}", reason=reason_words(Reason(rest)))
    head, _, rest = what.rpartition(" of the calendar ")
    if head == "the host ended an old link":
        return say("you ended an old link of the calendar {calendar}", calendar=rest)
    head, _, rest = what.rpartition(" at ")
    if head == "taken":
        return say("taken at {house}", house=rest)
    if head == "taken no more":
        return say("taken no more at {house}", house=rest)
    if head == "you said that it is booked":
        return say("you said that it is booked at {sync}", sync=rest)
    return ""


def _plain() -> dict[str, str]:
    return {
        "the accommodation has left": say("the accommodation has left"),
        "you said that nobody has it": say("you said that nobody has it"),
        "you said that it is booked here": say("you said that it is booked here"),
        "the sync is forgotten": say("the sync is forgotten"),
        "overbooked": say("overbooked"),
        "overbooked no more": say("overbooked no more"),
        "perhaps booked twice": say("perhaps booked twice"),
        "perhaps booked twice no more": say("perhaps booked twice no more"),
        "possible ghost": say("possible ghost"),
        "possible ghost no more": say("possible ghost no more"),
        "your own block": say("your own block"),
        "your own block is leaving": say("your own block is leaving"),
        "your own block is back": say("your own block is back"),
        "your own block is gone": say("your own block is gone"),
        "a new sync": say("a new sync"),
        "resumed": say("resumed"),
        "paused": say("paused"),
        "paused, and kept as it was": say("paused, and kept as it was"),
        "leaving: no longer in the config": say("leaving: no longer in the config"),
        "left": say("left"),
        "held: its calendar lacks it": say("held: its calendar lacks it"),
        "held no more": say("held no more"),
        "taken": say("taken"),
        "taken no more": say("taken no more"),
        "repeats us": say("repeats us"),
        "repeats us no more": say("repeats us no more"),
        "read our feed: taken": say("read our feed: taken"),
        "read our feed: free": say("read our feed: free"),
        "answers again": say("answers again"),
        "partial: some of it cannot be read": say("partial: some of it cannot be read"),
        "readable again": say("readable again"),
        "the host says that the machine's clock is right": say("you said that the machine's clock is right"),
        "the host ended an old link": say("you ended an old link"),
        "the state was put back from an earlier one": say("the state was put back from an earlier one"),
        "the config was taken over": say("the config was taken over"),
    }
