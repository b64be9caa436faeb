"""What a reload would change, found without any daemon."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from icalsyncd.availability.attribution import pulled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.ledger import Ledger
from icalsyncd.availability.plan import Plan, Seat
from icalsyncd.availability.roster import reconcile
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Nights, Stay, night_of
from icalsyncd.commands.preview import Preview, Step, preview_of

TODAY = night_of(date(2030, 6, 1))
NOW = 1_906_545_600.0
DELAY = 1800.0
HOLIDU = Seat(Channel("holidu", receives=True, sends=True), calendar="h")
VRBO = Seat(Channel("vrbo", receives=True, sends=True), calendar="v")
BLOCK = Stay(TODAY + 60, TODAY + 62)
PLAN = Plan("UTC", blocks=(BLOCK,), syncs={"holidu": HOLIDU, "vrbo": VRBO})
AT_HOLIDU = Nights.between(TODAY + 10, TODAY + 13)
AT_VRBO = Nights.between(TODAY + 20, TODAY + 22)


def _house() -> dict[str, Ledger]:
    ledger = reconcile({}, {"casa": PLAN}, today={"casa": TODAY}, now=NOW)["casa"]
    for name, nights in (("holidu", AT_HOLIDU), ("vrbo", AT_VRBO)):
        events = [Event(start, end, Kind.RESERVATION, "") for start, end in nights.stays()]
        ledger = pulled(ledger, name, events, began=NOW, now=NOW, ours=lambda uid: EMPTY)
    return {"casa": ledger}


def _ahead(plan: Plan | None, **others: Plan) -> Preview:
    plans = ({"casa": plan} if plan else {}) | others
    return preview_of(_house(), plans, today=dict.fromkeys(plans, TODAY), now=NOW + 60, delay=DELAY)


def _told(preview: Preview) -> list[tuple[str, Step]]:
    return [(change.subject, change.step) for change in preview.changes]


def test_the_same_config_changes_nothing() -> None:
    assert _ahead(PLAN) == Preview((), ())


def test_a_sync_that_is_no_longer_there_leaves_and_frees_its_nights_after_the_delay() -> None:
    preview = _ahead(replace(PLAN, syncs={"vrbo": VRBO}))
    assert _told(preview) == [("casa/holidu", Step.LEAVES)]
    (turn,) = preview.turns
    assert (turn.at, turn.freed) == (NOW + 60 + DELAY, AT_HOLIDU)
    assert turn.opened == {"holidu": AT_VRBO | Nights.between(*BLOCK)}


def test_a_pause_frees_at_once_and_opens_what_others_have_taken() -> None:
    preview = _ahead(replace(PLAN, syncs={"holidu": replace(HOLIDU, paused=True), "vrbo": VRBO}))
    assert _told(preview) == [("casa/holidu", Step.PAUSED)]
    (turn,) = preview.turns
    assert (turn.at, turn.freed) == (NOW + 60, AT_HOLIDU)
    assert turn.opened == {"holidu": AT_VRBO | Nights.between(*BLOCK)}


def test_a_sync_with_the_same_calendar_is_renamed_and_frees_nothing() -> None:
    preview = _ahead(replace(PLAN, syncs={"other": HOLIDU, "vrbo": VRBO}))
    assert _told(preview) == [("casa/other", Step.RENAMED)]
    assert preview.turns == ()
    assert "write `was: casa/holidu` beside it" in preview.changes[0].detail
    said = _ahead(replace(PLAN, syncs={"other": replace(HOLIDU, was=("casa", "holidu")), "vrbo": VRBO}))
    assert _told(said) == [("casa/other", Step.RENAMED)]
    assert "write" not in said.changes[0].detail


def test_a_sync_with_another_name_and_calendar_is_a_removal_and_a_new_one_and_that_is_said() -> None:
    preview = _ahead(replace(PLAN, syncs={"other": replace(HOLIDU, calendar="new"), "vrbo": VRBO}))
    assert sorted(_told(preview)) == [("casa/holidu", Step.LEAVES), ("casa/other", Step.JOINS)]
    (hint,) = (change.detail for change in preview.changes if change.step is Step.JOINS)
    assert "`was:`" in hint


def test_an_accommodation_that_is_no_longer_there_leaves_with_all_its_nights() -> None:
    preview = _ahead(None)
    assert ("casa", Step.LEAVES) in _told(preview)
    (turn,) = preview.turns
    assert turn.freed == AT_HOLIDU | AT_VRBO | Nights.between(*BLOCK)


def test_blocks_close_at_once_and_open_after_the_delay() -> None:
    moved = Stay(TODAY + 70, TODAY + 71)
    preview = _ahead(replace(PLAN, blocks=(moved,)))
    assert [step for _, step in _told(preview)] == [Step.JOINS, Step.LEAVES]
    now, then = preview.turns
    assert (now.at, now.closed, now.freed) == (NOW + 60, Nights.between(*moved), EMPTY)
    assert (then.at, then.closed, then.freed) == (NOW + 60 + DELAY, EMPTY, Nights.between(*BLOCK))


def test_a_direction_that_is_given_up_frees_after_the_delay() -> None:
    one_way = replace(HOLIDU, channel=replace(HOLIDU.channel, receives=False))
    preview = _ahead(replace(PLAN, syncs={"holidu": one_way, "vrbo": VRBO}))
    assert _told(preview) == [("casa/holidu", Step.CHANGES)]
    assert "no longer receives" in preview.changes[0].detail
    (turn,) = preview.turns
    assert (turn.at, turn.freed, turn.opened) == (NOW + 60 + DELAY, AT_HOLIDU, {})


def test_new_links_and_calendars_are_told() -> None:
    preview = _ahead(replace(PLAN, syncs={"holidu": replace(HOLIDU, calendar="new", generation=2), "vrbo": VRBO}))
    assert _told(preview) == [("casa/holidu", Step.CHANGES), ("casa/holidu", Step.CHANGES)]
    assert preview.turns == ()


def test_two_syncs_that_swap_their_calendars_are_named() -> None:
    swapped = {"holidu": replace(HOLIDU, calendar="v"), "vrbo": replace(VRBO, calendar="h")}
    details = [change.detail for change in _ahead(replace(PLAN, syncs=swapped)).changes]
    assert "so far that of casa/vrbo" in details[0]
    assert "so far that of casa/holidu" in details[1]


def test_parts_that_are_gone_open_after_the_delay_and_new_ones_close_at_once() -> None:
    whole = Plan(
        "UTC", syncs={"agoda": Seat(Channel("agoda", receives=True, sends=True), calendar="a")}, parts=("casa",)
    )
    joins = _ahead(PLAN, finca=whole)
    closed = AT_HOLIDU | AT_VRBO | Nights.between(*BLOCK)
    assert [(turn.accommodation, turn.at, turn.closed) for turn in joins.turns] == [("finca", NOW + 60, closed)]
    plans = {"casa": PLAN, "finca": whole}
    family = reconcile(_house(), plans, today=dict.fromkeys(plans, TODAY), now=NOW)
    alone = {"casa": PLAN, "finca": replace(whole, parts=())}
    parts = preview_of(family, alone, today=dict.fromkeys(plans, TODAY), now=NOW + 60, delay=DELAY)
    assert "without casa" in parts.changes[0].detail
    assert [(turn.accommodation, turn.at, turn.freed) for turn in parts.turns] == [("finca", NOW + 60 + DELAY, closed)]
