"""What a host is told about a night: who has it, why we think so, who knows of it, and what would open it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icalsyncd.availability.claims import ECHOES, Rule
from icalsyncd.availability.explanation import Explanation, Telling, explain, frees_when
from icalsyncd.availability.ledger import Presence, Standing, SyncLedger
from icalsyncd.availability.missing import Broken
from icalsyncd.availability.wording import in_words, words
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.nights import EMPTY, date_of
from tests.availability.house import DAY_ONE, HOUR, House, nights, uid

RESERVATION = Kind.RESERVATION


def started(*names: str, padding: int = 0, before: int = 0, after: int = 0) -> House:
    """Every portal has been pulled, empty, and has read its empty feed."""
    house = House(*names, padding=padding, before=before, after=after)
    for name in names:
        house.shows(name)
    house.all_read()
    return house


def about(house: House, day: int) -> Explanation:
    return explain(house.ledger, DAY_ONE + day)


def opens(house: House, day: int) -> str:
    return frees_when(house.ledger, about(house, day))


def told(house: House, day: int) -> str:
    return "\n".join(words(house.ledger, about(house, day), "casa", lambda moment: f"at {moment / HOUR:.2f}"))


def change(house: House, name: str, **fields: object) -> None:
    sync: SyncLedger = replace(house.ledger.syncs[name], **fields)  # type: ignore[arg-type]
    house.ledger = house.ledger.with_sync(name, sync)


def reserved(house: House) -> House:
    house.shows("a", (10, 12, RESERVATION))
    return house


def untold(house: House) -> House:
    house.shows("a", (10, 12))
    return house


def repeated(house: House) -> House:
    house.shows("b", (10, 12))
    house.reads("a")
    house.shows("a", (10, 12))
    return house


def ours(house: House) -> House:
    house.shows("b", (10, 12))
    house.reads("a")
    house.shows("a", (10, 12, Kind.UNKNOWN, uid(10, 12)))
    return house


def matched(house: House) -> House:
    house.shows("b", (10, 12))
    house.reads("a", looked=False)
    house.shows("a", (10, 12))
    return house


def mismatched(house: House) -> House:
    house.shows("b", (10, 12))
    house.reads("a", looked=False)
    house.shows("a", (8, 12))
    return house


def outlived(house: House) -> House:
    house = repeated(house)
    house.shows("b")
    house.reads("a")
    house.wait(7)
    house.shows("a", (10, 12))
    return house


def silent(house: House) -> House:
    house = repeated(house)
    house.wait(26)
    return house


def padded(house: House) -> House:
    house = started("a", "b", padding=1)
    house.shows("b", (10, 12))
    house.reads("a")
    house.shows("a", (9, 13))
    return house


def stands_in(house: House) -> House:
    house = matched(house)
    house.shows("b")
    return house


@pytest.mark.parametrize(
    ("story", "rule"),
    [
        (reserved, Rule.RESERVATION),
        (untold, Rule.UNTOLD),
        (mismatched, Rule.MISMATCHED),
        (outlived, Rule.OUTLIVED),
        (silent, Rule.SILENT),
        (stands_in, Rule.STANDS_IN),
        (ours, Rule.OWN_UID),
        (repeated, Rule.TOLD),
        (matched, Rule.MATCHED),
        (padded, Rule.PADDED),
    ],
)
def test_each_rule_is_told_in_words(story, rule):
    house = story(started("a", "b"))
    (statement,) = (each for each in about(house, 10).statements if each.sync == "a")
    assert statement.rule is rule
    assert statement.is_echo is (rule in ECHOES)
    text = told(house, 10)
    assert f"{in_words(rule)}." in text
    assert ("We take it for an echo: " if rule in ECHOES else "We take it for an origin: ") in text
    assert "casa, the night of " + date_of(DAY_ONE + 10).isoformat() in text


def test_every_rule_has_words_that_a_host_understands():
    for sentence in map(in_words, Rule):
        assert not any(jargon in sentence for jargon in ("claim", "UID", "snapshot", "ledger", "split horizon"))


def test_a_night_that_nobody_has_is_free():
    house = started("a", "b")
    assert not about(house, 10).taken
    assert opens(house, 10) == "Nothing keeps this night closed."
    assert told(house, 10).splitlines()[0].endswith(": free")
    assert "No portal shows it as taken, and none is told so." in told(house, 10)


def test_it_says_who_is_told_since_when_and_who_has_read_it():
    house = started("a", "b", "c")
    house.shows("a", (10, 12))
    since = house.now
    house.reads("b")
    tellings = {telling.sync: telling for telling in about(house, 10).tellings}
    assert tellings.keys() == {"b", "c"}
    assert (tellings["b"].since, tellings["b"].fetched) == (since, house.now)
    assert tellings["c"].fetched is None
    assert "c is told that it is taken since" in told(house, 10)
    assert "which its portal has yet to read" in told(house, 10)


def test_a_booking_opens_when_its_calendar_no_longer_shows_it():
    assert opens(untold(started("a", "b")), 10) == "When a's calendar no longer shows it."


def test_a_block_opens_when_it_is_taken_out_of_the_config_and_the_delay_has_passed():
    house = started("a", "b")
    house.takes(10, 12)
    assert about(house, 10).origins == ("local",)
    assert opens(house, 10) == "When the block is taken out of the config."
    block = replace(house.ledger.blocks[0], leaving_since=1.0)
    house.ledger = replace(house.ledger, blocks=(block,))
    assert "the removal delay has passed" in opens(house, 10)


def test_a_block_that_no_portal_is_told_of_is_still_a_block():
    house = House()
    house.takes(10, 12)
    assert opens(house, 10) == "When the block is taken out of the config."


def test_a_buffer_night_is_free_but_closed():
    house = started("a", "b", after=1)
    house.shows("a", (10, 12))
    assert about(house, 12).buffered
    assert not about(house, 12).taken
    assert opens(house, 12) == "When the stay beside it is cancelled or has passed: it is a buffer night."
    assert "free, but closed as a buffer" in told(house, 12)


def test_a_held_night_says_that_it_is_held():
    house = untold(started("a", "b"))
    house.shows("a", good=False, retained=nights(10, 11))
    assert opens(house, 10) == (
        "When a's calendar has gone on without it for the time of the hold (or `icalsyncd accept`)."
    )
    assert "Its last copy does not show it any more" in told(house, 10)


def test_a_night_that_is_kept_because_it_has_begun_says_when_it_is_over():
    house = started("a", "b")
    house.shows("a", (0, 3))
    house.shows("a", (1, 3), retained=nights(0, 1))
    assert opens(house, 0) == (
        "When it is over, at noon of the day after (it had begun when a's calendar stopped showing it)."
    )
    assert "the night is kept closed until it is over" in told(house, 0)


def test_a_night_kept_by_an_unreadable_calendar_says_so():
    house = untold(started("a", "b"))
    house.shows("a", good=False, retained=nights(10, 11))
    change(house, "a", broken=Broken(frozenset("x"), 0.0, 1))
    assert opens(house, 10).startswith("When a's calendar can be read whole again")


def test_a_night_of_a_sync_that_is_leaving_says_so():
    house = untold(started("a", "b"))
    change(house, "a", presence=Presence.LEAVING, former=Standing(Presence.ACTIVE, 0.0))
    assert opens(house, 10) == "When a has left for good (it is no longer in the config)."


def test_a_silent_portals_night_opens_when_it_reads_again():
    assert opens(silent(started("a", "b")), 10) == (
        "When a's calendar no longer shows it, or its portal reads our feed again and b's calendar no longer shows it."
    )


def test_an_overbooked_night_names_both_and_says_what_to_do():
    house = started("a", "b")
    house.shows("a", (10, 12, RESERVATION))
    house.shows("b", (10, 12, RESERVATION))
    found = about(house, 10)
    assert found.overbooked
    assert found.origins == ("a", "b")
    assert opens(house, 10) == "When a's calendar no longer shows it and b's calendar no longer shows it."
    assert "OVERBOOKED" in told(house, 10)
    assert "a and b each have this night. Look at both portals now and cancel one" in told(house, 10)


def test_a_portal_that_shows_a_night_in_two_events_is_named_once():
    house = started("a", "b")
    house.shows("a", (10, 12), (10, 14))
    found = about(house, 10)
    assert len(found.statements) == 2
    assert found.origins == ("a",)
    assert opens(house, 10) == "When a's calendar no longer shows it."


def test_a_possible_ghost_is_told_with_the_commands_that_end_it():
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.shows("b", (10, 12))
    found = about(house, 10)
    assert found.possible_ghost
    assert not found.overbooked
    text = told(house, 10)
    assert "perhaps a ghost" in text
    assert "a, b show this night" in text
    for who in ("--by a", "--by b", "--nobody"):
        assert f"icalsyncd confirm casa {date_of(DAY_ONE + 10)} {date_of(DAY_ONE + 12)} {who}" in text


def test_an_echo_alone_says_that_the_night_is_open_elsewhere():
    house = repeated(started("a", "b"))
    house.shows("b")
    assert not about(house, 10).taken
    assert house.offer("b") == EMPTY
    assert opens(house, 10).startswith("It is open everywhere else")


def test_an_overbooking_by_a_block_of_the_hosts_has_its_own_advice() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.takes(11, 14)
    found = explain(house.ledger, DAY_ONE + 11, "family")
    said = "\n".join(words(house.ledger, found, "casa", str))
    assert "your own block takes it: family" in said
    assert "Overbooked: your own block and a each have this night." in said
    assert "Look at a: cancel its booking, or take these nights out of your own block in the config." in said
    assert "local" not in said
    assert "both portals" not in said


def test_a_free_night_has_nothing_that_opens_it() -> None:
    house = House("a")
    said = words(house.ledger, explain(house.ledger, DAY_ONE + 10), "casa", str)
    assert said[-1] == "  Nothing keeps this night closed."


def test_a_portal_never_reads_before_it_is_told() -> None:
    house = House("a", "b")
    house.shows("a", (10, 12))
    house.reads("b")
    told = next(each for each in explain(house.ledger, DAY_ONE + 10).tellings if each.sync == "b")
    found = replace(explain(house.ledger, DAY_ONE + 10), tellings=(Telling("b", told.since, told.since - 480.0),))
    line = next(line for line in words(house.ledger, found, "casa", str) if "is told" in line)
    assert f"which its portal knows since {told.since - 480.0}" in line
