"""The picture that handlers read: swapped whole, and only what changed is made anew."""

from __future__ import annotations

import gzip
from dataclasses import replace

from icalsyncd.availability.attribution import settled
from icalsyncd.availability.channel import Channel
from icalsyncd.availability.claims import Claim, Rule
from icalsyncd.availability.ledger import Block, Ledger, Presence, SyncLedger
from icalsyncd.availability.link import Link
from icalsyncd.calendars.calendar import Kind
from icalsyncd.calendars.feed import render
from icalsyncd.calendars.nights import EMPTY, Nights, Stay
from icalsyncd.state.installation import Installation, path_of
from icalsyncd.state.state import State
from icalsyncd.state.view import LinkTarget, View, see

TODAY = 740_000
INSTALLATION = Installation(b"s" * 32)
CHANNEL = Channel("portal", receives=True, sends=True)


def nights(*ranges: tuple[int, int]) -> Nights:
    return Nights.of_stays((TODAY + start, TODAY + end) for start, end in ranges)


def claim(start: int, end: int) -> Claim:
    stay = Stay(TODAY + start, TODAY + end)
    return Claim(stay, Kind.UNKNOWN, 1.0, ((Rule.UNTOLD, Nights.between(*stay)),))


def state(house: str = "casa", *names: str, now: float = 1.0, **claimed: tuple[tuple[int, int], ...]) -> State:
    syncs = {
        name: SyncLedger(CHANNEL, Link(f"{house}/{name}"), claims=tuple(claim(*each) for each in claimed.get(name, ())))
        for name in names or ("a", "b")
    }
    ledger = settled(Ledger(TODAY, syncs=syncs), now)
    return State(ledger).with_ledger(ledger, now)


def path(link: Link, generation: int | None = None) -> str:
    return path_of(INSTALLATION.token(link, generation))


def seen(current: State, durable: State | None = None, view: View | None = None, house: str = "casa") -> View:
    stored = {} if durable is None else {house: durable}
    return see(view or View(), [house], {house: current}, [stored], INSTALLATION)


def shown(view: View, name: str, house: str = "casa") -> Nights:
    feed = view.feed((house, name))
    assert feed is not None
    return feed.nights


def test_a_feed_holds_what_is_known_and_what_is_stored_together():
    view = seen(state(a=((10, 12),)), state(a=((11, 14),)))
    assert shown(view, "b") == nights((10, 14))
    assert shown(view, "a") == EMPTY


def test_stored_nights_that_have_passed_are_left_out():
    current = state(a=((10, 12),))
    current = replace(current, ledger=replace(current.ledger, today=TODAY + 20))
    view = seen(current, state(a=((10, 12), (19, 21), (18, 19))))
    assert shown(view, "b") - current.ledger.syncs["b"].offered.nights == nights((19, 21))


def test_a_sync_that_no_longer_sends_keeps_its_stored_nights_until_its_end_is_stored():
    before = state(a=((10, 12),))
    muted = replace(before.ledger.syncs["b"], channel=replace(CHANNEL, sends=False), muted_until=9.0)
    current = replace(before, ledger=before.ledger.with_sync("b", muted))
    assert shown(seen(current, before), "b") == nights((10, 12))
    assert shown(seen(current, current), "b") == EMPTY


def test_what_a_renamed_sync_was_told_is_kept_until_its_new_name_is_stored():
    before = state(a=((10, 12),))
    ledger = before.ledger
    renamed = replace(ledger, syncs={"c": replace(ledger.syncs["b"], offered=state().ledger.syncs["b"].offered)})
    current = State(renamed)
    assert shown(seen(current, before), "c") == nights((10, 12))
    view = see(View(), ["villa"], {"villa": current}, [{"casa": before}], INSTALLATION)
    assert shown(view, "c", "villa") == nights((10, 12))
    assert shown(seen(current, current), "c") == EMPTY


def test_what_a_renamed_sync_was_told_is_kept_while_its_new_name_is_being_stored():
    before = state(a=((10, 12),))
    ledger = before.ledger
    renamed = replace(ledger, syncs={"c": replace(ledger.syncs["b"], offered=state().ledger.syncs["b"].offered)})
    current = State(renamed)
    view = see(View(), ["casa"], {"casa": current}, [{"casa": before}, {"casa": current}], INSTALLATION)
    assert shown(view, "c") == nights((10, 12)), "the commit may fail"
    kept = [{"casa": before, "villa": state("villa")}, {"villa": current}]
    view = see(View(), ["villa"], {"villa": current}, kept, INSTALLATION)
    assert shown(view, "c", "villa") == nights((10, 12)), "and so it is where the accommodation is another one"


def test_a_feed_is_rendered_zipped_and_tagged():
    view = seen(state(a=((10, 12),)))
    feed = view.feed(("casa", "b"))
    assert feed is not None
    assert feed.plain.body == render(nights((10, 12)), INSTALLATION.signature("casa"))
    assert gzip.decompress(feed.zipped.body) == feed.plain.body
    assert {tag[0] + tag[-1] for tag in feed.tags} == {'""'}
    assert feed.tags == (feed.plain.headers["ETag"], feed.zipped.headers["ETag"])
    assert feed.tags[0] != feed.tags[1]


def test_the_same_nights_have_the_same_bytes_and_tags_after_a_restart():
    current = state(a=((10, 12),))
    before, after = seen(current).feed(("casa", "b")), seen(current, current).feed(("casa", "b"))
    assert before is not None
    assert after is not None
    assert (before.plain.body, before.tags) == (after.plain.body, after.tags)


def test_a_feed_whose_nights_stay_is_not_made_again_and_was_not_modified():
    first = state(a=((10, 12),))
    view = seen(first)
    other = settled(first.ledger.with_sync("b", replace(first.ledger.syncs["b"], claims=(claim(20, 22),))), 60.0)
    later = seen(first.with_ledger(other, 60.0), first, view)
    assert later.feed(("casa", "b")) is view.feed(("casa", "b"))
    changed = later.feed(("casa", "a"))
    assert changed is not None
    assert changed.modified == 60.0
    assert changed.plain.headers["Last-Modified"] == "Thu, 01 Jan 1970 00:01:00 GMT"


def test_each_link_leads_to_its_feed_and_nothing_else_does():
    view = seen(state())
    assert view.links == {path(Link(f"casa/{name}")): LinkTarget(("casa", name), old=False) for name in "ab"}


def test_an_old_link_leads_to_the_same_feed_and_is_known_as_old():
    current = state()
    link = Link("casa/a", 3, ((1, 9.0), (2, 9.0)))
    moved = replace(current, ledger=current.ledger.with_sync("a", replace(current.ledger.syncs["a"], link=link)))
    view = seen(moved, current, seen(current))
    assert len(view.links) == 4
    assert [view.links[path(link, each)] for each in (1, 2, 3)] == [
        LinkTarget(("casa", "a"), old=True),
        LinkTarget(("casa", "a"), old=True),
        LinkTarget(("casa", "a"), old=False),
    ]


def test_a_sync_that_only_receives_has_no_link():
    current = state()
    silent = replace(current.ledger.syncs["a"], channel=replace(CHANNEL, sends=False))
    view = seen(replace(current, ledger=current.ledger.with_sync("a", silent)), current, seen(current))
    assert path(Link("casa/a")) not in view.links
    assert view.feed(("casa", "a")) is None
    assert path(Link("casa/b")) in view.links


def test_a_paused_sync_answers_without_nights():
    current = state(a=((10, 12),))
    paused = replace(current.ledger.syncs["b"], presence=Presence.PAUSED)
    ledger = settled(current.ledger.with_sync("b", paused), 2.0)
    view = seen(current.with_ledger(ledger, 2.0))
    assert shown(view, "b") == EMPTY
    assert path(Link("casa/b")) in view.links


def test_a_link_that_moves_to_another_accommodation_leads_there():
    before, after = state(), state("villa")
    sync = before.ledger.syncs["a"]
    view = see(View(), ["casa", "villa"], {"casa": before, "villa": after}, [{}], INSTALLATION)
    emptied = replace(before, ledger=replace(before.ledger, syncs={"b": before.ledger.syncs["b"]}))
    moved = replace(after, ledger=after.ledger.with_sync("c", sync))
    for order in (["casa", "villa"], ["villa", "casa"]):
        later = see(view, order, {"casa": emptied, "villa": moved}, [{}], INSTALLATION)
        assert later.links[path(sync.link)] == LinkTarget(("villa", "c"), old=False)
        assert len(later.links) == 4


def test_an_accommodation_that_is_dropped_takes_its_links_with_it():
    view = see(seen(state()), ["casa"], {}, [{}], INSTALLATION)
    assert view == View()


def test_the_view_before_stays_as_it_was():
    view = seen(state(a=((10, 12),)))
    seen(state(), None, view)
    assert shown(view, "b") == nights((10, 12))
    assert len(view.links) == 2


def test_the_links_are_the_same_mapping_while_no_link_changes():
    first = state(a=((10, 12),))
    view = seen(first)
    assert seen(state(a=((11, 12),)), first, view).links is view.links


def test_blocks_and_trouble_are_in_the_picture():
    current = state(a=((10, 12),), b=((11, 13),))
    ledger = settled(replace(current.ledger, blocks=(Block(Stay(TODAY + 30, TODAY + 31)),)), 2.0)
    house = seen(current.with_ledger(ledger, 2.0)).houses["casa"]
    assert house.blocked == nights((10, 13), (30, 31))
    assert house.trouble.overbooked == nights((11, 12))


def test_one_change_makes_nothing_anew_of_other_accommodations_and_feeds():
    states = {house: state(house, "a", "b", "c", a=((10, 12),)) for house in ("casa", "finca", "villa")}
    view = see(View(), states, states, [states], INSTALLATION)
    known = states["finca"].ledger
    more = settled(known.with_sync("c", replace(known.syncs["c"], claims=(claim(20, 22),))), 2.0)
    relinked = known.with_sync("c", replace(known.syncs["c"], link=Link("finca/c", 2)))
    for ledger, same in ((more, ("c",)), (relinked, ("a", "b", "c"))):
        change = {**states, "finca": states["finca"].with_ledger(ledger, 2.0)}
        later = see(view, ["finca"], change, [states], INSTALLATION)
        assert all(later.houses[house] is view.houses[house] for house in ("casa", "villa"))
        before, after = view.houses["finca"].feeds, later.houses["finca"].feeds
        assert tuple(name for name in after if after[name] is before[name]) == same
