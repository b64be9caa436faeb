"""What leaves the config and comes back: a half-written file frees nothing, and no link is ever given twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.availability.attribution import fetched, pulled
from icalsyncd.availability.ledger import Channel, Ledger, Link, Presence, SyncLedger
from icalsyncd.availability.offers import blocked, offers
from icalsyncd.availability.plan import Place, Plan, Seat
from icalsyncd.availability.roster import GONE_KEPT, OLD_LINK_KEPT, expire, expiries, hasten, reconcile, renames
from icalsyncd.calendars.calendar import Event, Kind
from icalsyncd.calendars.nights import EMPTY, Nights, Stay

TODAY = 740_000
DELAY = 1800.0
DAY = 86400.0
HOUSE = "casa"


def nights(*ranges: tuple[int, int]) -> Nights:
    return Nights.of_stays((TODAY + start, TODAY + end) for start, end in ranges)


def stay(start: int, end: int) -> Stay:
    return Stay(TODAY + start, TODAY + end)


def seat(
    calendar: str = "",
    *,
    receives: bool = True,
    sends: bool = True,
    paused: bool = False,
    was: str = "",
    generation: int = 1,
    portal: str = "portal",
) -> Seat:
    former: Place | None = (HOUSE, was) if was and "/" not in was else None
    if "/" in was:
        accommodation, _, name = was.partition("/")
        former = (accommodation, name)
    return Seat(Channel(portal, receives, sends), calendar if receives else "", paused, former, generation)


def plan(*blocks: Stay, before: int = 0, after: int = 0, **syncs: Seat) -> Plan:
    return Plan("Europe/Madrid", before, after, blocks, syncs)


class Host:
    """A host who edits the config while time passes."""

    def __init__(self, **plans: Plan) -> None:
        self.ledgers: dict[str, Ledger] = {}
        self.now = 1e9
        self.write(**plans)

    def write(self, **plans: Plan) -> Host:
        today = dict.fromkeys(plans, TODAY)
        self.ledgers = reconcile(self.ledgers, plans, today=today, now=self.now)
        return self

    def wait(self, seconds: float) -> Host:
        """Time passes; what it changes is changed at its moment."""
        end = self.now + seconds
        while True:
            due = [moment for ledger in self.ledgers.values() for moment in expiries(ledger, DELAY)]
            assert all(moment > self.now for moment in due), "what is due was not done"
            self.now = min([*(moment for moment in due if moment <= end), end])
            self.ledgers = {name: expire(ledger, delay=DELAY, now=self.now) for name, ledger in self.ledgers.items()}
            if self.now == end:
                return self

    def shows(self, name: str, *ranges: tuple[int, int], house: str = HOUSE) -> Host:
        self.now += 60
        events = [Event(TODAY + start, TODAY + end, Kind.UNKNOWN, "") for start, end in ranges]
        self.ledgers[house] = pulled(
            self.ledgers[house], name, events, began=self.now, now=self.now, ours=lambda uid: EMPTY
        )
        return self

    def reads(self, name: str, house: str = HOUSE) -> Host:
        self.now += 60
        feed = self.offer(name, house)
        self.ledgers[house] = fetched(self.ledgers[house], name, feed, now=self.now, looked=True)
        return self

    def sync(self, name: str, house: str = HOUSE) -> SyncLedger:
        return self.ledgers[house].syncs[name]

    def names(self, house: str = HOUSE) -> set[str]:
        return set(self.ledgers[house].syncs)

    def offer(self, name: str, house: str = HOUSE) -> Nights:
        assert offers(self.ledgers[house])[name] == self.sync(name, house).offered.nights
        return self.sync(name, house).offered.nights

    def taken(self, house: str = HOUSE) -> Nights:
        return blocked(self.ledgers[house])


def two() -> Host:
    """Two portals, each with a booking, and a block."""
    host = Host(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    return host.shows("a", (10, 12)).shows("b", (20, 22)).reads("a").reads("b")


# leaving


def test_a_sync_that_leaves_stays_as_it_was_until_the_delay_has_passed():
    host = two()
    told = host.offer("a"), host.offer("b")
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    assert host.sync("a").presence is Presence.LEAVING
    assert (host.offer("a"), host.offer("b")) == told


def test_after_the_delay_its_claims_go_and_its_feed_is_empty_for_seven_days_and_then_it_is_forgotten():
    host = two()
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY)
    assert host.sync("a").presence is Presence.GONE
    assert host.offer("a") == EMPTY
    assert host.offer("b") == nights((50, 53))
    host.wait(GONE_KEPT - 1)
    assert host.offer("a") == EMPTY
    host.wait(1)
    assert host.names() == {"b"}


def test_a_sync_that_is_back_in_time_never_left():
    host = two()
    before = host.ledgers[HOUSE]
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"))).wait(10 * DAY)
    assert host.ledgers[HOUSE] == before


def test_a_sync_that_comes_back_after_the_delay_begins_without_a_snapshot_and_keeps_link_and_history():
    host = two()
    link, fetches = host.sync("a").link, host.sync("a").fetches
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(2 * DAY)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    back = host.sync("a")
    assert (back.presence, back.claims, back.pulled_at) == (Presence.ACTIVE, (), None)
    assert (back.link, back.fetches) == (link, fetches)
    assert host.offer("a") == nights((20, 22), (50, 53))


def test_a_whole_accommodation_that_leaves_stays_as_it_was():
    host = two()
    told = host.offer("a"), host.offer("b")
    host.write().wait(DELAY - 1)
    assert (host.offer("a"), host.offer("b")) == told
    host.wait(1)
    assert host.offer("a") == host.offer("b") == host.taken() == EMPTY
    host.wait(GONE_KEPT)
    assert host.ledgers[HOUSE].syncs == {}


def test_a_file_that_is_written_again_and_again_does_not_put_off_the_end():
    host = two()
    for _ in range(3):
        host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY / 3)
    assert host.sync("a").presence is Presence.GONE


def test_a_block_that_leaves_counts_until_the_delay_has_passed():
    host = two()
    host.write(casa=plan(a=seat("A"), b=seat("B"))).wait(DELAY - 1)
    assert host.taken() == nights((10, 12), (20, 22), (50, 53))
    host.wait(1)
    assert host.taken() == nights((10, 12), (20, 22))


def test_a_block_that_is_moved_closes_its_new_nights_at_once_and_its_old_ones_until_the_delay_has_passed():
    host = two()
    host.write(casa=plan(stay(51, 55), a=seat("A"), b=seat("B")))
    assert nights((50, 55)) <= host.offer("a")
    host.wait(DELAY)
    assert host.offer("a") == nights((20, 22), (51, 55))


def test_buffers_grow_at_once_and_shrink_after_the_delay():
    host = two()
    host.write(casa=plan(stay(50, 53), before=1, after=2, a=seat("A"), b=seat("B")))
    wide = nights((19, 24), (49, 55)) | nights((9, 10), (12, 14))
    assert host.offer("a") == wide
    host.write(casa=plan(stay(50, 53), before=1, a=seat("A"), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == wide
    host.wait(1)
    assert host.offer("a") == nights((19, 22), (49, 53), (9, 10))


def test_a_stored_sync_that_the_file_lacks_at_boot_leaves_like_any():
    host = two()
    stored = host.ledgers
    host = Host(casa=plan(stay(50, 53), b=seat("B")))
    host.ledgers = reconcile(stored, {HOUSE: plan(stay(50, 53), b=seat("B"))}, today={HOUSE: TODAY}, now=host.now)
    assert host.sync("a").presence is Presence.LEAVING
    assert host.offer("b") == nights((10, 12), (50, 53))


def test_a_config_that_changes_nothing_leaves_every_ledger_as_it_is():
    host = two()
    before = dict(host.ledgers)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    assert host.ledgers[HOUSE] is before[HOUSE]


# pause


def test_a_paused_sync_neither_sends_nor_receives():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("A", paused=True), b=seat("B")))
    assert host.offer("a") == EMPTY
    assert host.offer("b") == nights((50, 53))
    host.reads("a")
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    resumed = host.sync("a")
    assert (resumed.claims, resumed.pulled_at, len(resumed.fetches)) == ((), None, 2)
    assert host.offer("a") == nights((20, 22), (50, 53))


def test_a_sync_that_leaves_while_paused_stays_paused():
    host = two()
    paused = plan(stay(50, 53), a=seat("A", paused=True), b=seat("B"))
    host.write(casa=paused).wait(60)
    before = host.sync("a")
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == EMPTY
    host.write(casa=paused)
    assert host.sync("a") == before, "also since when it is paused"
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY)
    assert (host.sync("a").presence, host.offer("a")) == (Presence.GONE, EMPTY)


def test_a_sync_that_comes_back_resumed_has_been_resumed():
    host = two()
    host.write(casa=plan(a=seat("A", paused=True), b=seat("B")))
    host.write(casa=plan(b=seat("B"))).wait(60)
    host.write(casa=plan(a=seat("A"), b=seat("B")))
    assert host.sync("a").presence is Presence.ACTIVE
    assert host.offer("a") == nights((20, 22), (50, 53))


# renames


def test_a_sync_with_the_same_calendar_under_another_name_is_renamed():
    host = two()
    before = host.sync("a")
    host.write(casa=plan(stay(50, 53), c=seat("A"), b=seat("B")))
    assert host.names() == {"b", "c"}
    assert host.sync("c") == before
    assert host.offer("b") == nights((10, 12), (50, 53))


def test_a_sync_without_a_calendar_is_renamed_by_its_earlier_name():
    host = Host(casa=plan(out=seat(receives=False)))
    link = host.sync("out").link
    host.write(casa=plan(other=seat(receives=False, was="out")))
    assert host.names() == {"other"}
    assert host.sync("other").link == link
    # the word may stay in the config
    host.write(casa=plan(other=seat(receives=False, was="out"), out=seat(receives=False)))
    assert host.sync("other").link == link
    assert host.sync("out").link != link


def test_a_chain_of_renames_that_names_the_first_of_them_finds_it():
    host = Host(casa=plan(one=seat(receives=False)))
    link = host.sync("one").link
    host.write(casa=plan(two=seat(receives=False, was="one")))
    host.write(casa=plan(three=seat(receives=False, was="one")))
    assert (host.names(), host.sync("three").link) == ({"three"}, link)


def test_an_accommodation_that_is_renamed_keeps_links_snapshots_and_service():
    host = two()
    links = {name: host.sync(name).link for name in "ab"}
    told = host.offer("a"), host.offer("b")
    host.write(villa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    assert {name: host.sync(name, "villa").link for name in "ab"} == links
    assert (host.offer("a", "villa"), host.offer("b", "villa")) == told
    assert host.ledgers["villa"].complete
    assert not host.ledgers[HOUSE].syncs


def test_an_accommodation_that_got_one_sync_from_another_is_not_complete_by_that():
    host = two()
    host.write(casa=plan(b=seat("B")), villa=plan(a=seat("A"), new=seat("N")))
    assert not host.ledgers["villa"].complete


def test_without_a_word_it_is_a_removal_and_a_new_sync():
    host = Host(casa=plan(out=seat(receives=False)))
    host.write(casa=plan(other=seat(receives=False)))
    assert host.names() == {"out", "other"}
    assert host.sync("out").presence is Presence.LEAVING
    assert host.sync("other").link != host.sync("out").link


def test_a_new_sync_under_the_former_name_of_a_renamed_one_gets_a_link_of_its_own():
    host = two()
    link = host.sync("a").link
    host.write(casa=plan(c=seat("A"), b=seat("B")))
    host.write(casa=plan(a=seat("N"), c=seat("A"), b=seat("B")))
    assert host.sync("c").link == link
    assert host.sync("a").link.first_name not in (link.first_name, host.sync("b").link.first_name)


def test_on_a_new_machine_the_config_alone_restores_the_links():
    config = plan(a=seat("N"), b=seat("B"), c=seat("A", was="a"))
    host = two()
    host.write(casa=plan(c=seat("A", was="a"), b=seat("B")))
    host.write(casa=config)
    restored = Host(casa=config)
    assert {name: host.sync(name).link for name in "abc"} == {name: restored.sync(name).link for name in "abc"}


def test_a_sync_that_names_a_living_one_as_its_earlier_self_gets_a_link_of_its_own():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"), c=seat("N", was="a")))
    assert host.sync("a").claimed == nights((10, 12))
    assert host.sync("c").link.first_name != host.sync("a").link.first_name


def test_a_sync_that_is_renamed_to_the_name_of_one_that_has_left_keeps_its_own_link():
    for wait in (60.0, DELAY):
        host = two()
        host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(wait)
        leaving, moving, told = host.sync("a"), host.sync("b"), host.offer("a")
        host.write(casa=plan(stay(50, 53), a=seat("B")))
        assert host.sync("a") == moving
        assert host.sync("a~2") == leaving
        assert host.offer("a~2") == told, "it goes on leaving"
        host.wait(DELAY + GONE_KEPT)
        assert host.names() == {"a"}


def test_a_sync_that_was_renamed_and_vanishes_for_a_moment_is_not_taken_for_the_new_bearer_of_its_name():
    host = Host(casa=plan(a=seat(receives=False)))
    host.write(casa=plan(b=seat(receives=False, was="a")))
    host.write(casa=plan(b=seat(receives=False, was="a"), a=seat(receives=False)))
    links = {name: host.sync(name).link for name in "ab"}
    host.write(casa=plan())
    host.write(casa=plan(b=seat(receives=False, was="a")))
    host.write(casa=plan(b=seat(receives=False, was="a"), a=seat(receives=False)))
    assert {name: host.sync(name).link for name in "ab"} == links


# calendar, direction, link


def test_a_new_calendar_keeps_the_claims_of_the_old_one_until_a_copy_of_it_comes():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("other"), b=seat("B")))
    assert host.sync("a").claimed == nights((10, 12))
    assert host.sync("a").calendar == "other"


def test_a_direction_that_no_longer_sends_gives_up_its_feed_as_one_that_leaves():
    host = two()
    told = host.offer("a")
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == told
    host.wait(1)
    sync = host.sync("a")
    assert not sync.channel.sends
    assert sync.muted_until == host.now + GONE_KEPT
    assert sync.claimed == nights((10, 12))
    host.wait(GONE_KEPT)
    assert host.sync("a").muted_until is None


def test_a_direction_that_no_longer_receives_gives_up_its_claims_as_one_that_leaves():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat(receives=False), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("b") == nights((10, 12), (50, 53))
    host.wait(1)
    assert host.offer("b") == nights((50, 53))
    assert host.offer("a") == nights((20, 22), (50, 53))
    assert not host.sync("a").channel.receives


def test_a_direction_that_is_back_in_time_was_never_given_up():
    host = two()
    before = host.ledgers[HOUSE]
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat(receives=False))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"))).wait(DELAY)
    assert host.ledgers[HOUSE] == before


def test_each_direction_that_is_given_up_has_the_whole_delay():
    host = two()
    told = host.offer("a")
    host.write(casa=plan(stay(50, 53), a=seat(receives=False), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat("B"))).wait(DELAY - 1)
    assert host.offer("a") == told
    assert host.sync("a").claimed == nights((10, 12))


def test_a_direction_waits_while_its_sync_is_leaving():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat(receives=False), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), b=seat("B"))).wait(DELAY - 1)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B"))).wait(DELAY)
    assert host.sync("a").claimed == nights((10, 12))


def test_a_direction_that_sends_anew_is_told_at_once():
    host = two()
    host.write(casa=plan(stay(50, 53), a=seat("A", sends=False), b=seat("B"))).wait(DELAY)
    host.write(casa=plan(stay(50, 53), a=seat("A"), b=seat("B")))
    assert host.sync("a").muted_until is None
    assert host.offer("a") == nights((20, 22), (50, 53))


def test_an_old_link_works_seven_days_more():
    host = two()
    for generation, other in ((2, 1), (1, 2)):
        host.write(casa=plan(a=seat("A", generation=generation), b=seat("B")))
        assert host.sync("a").link.generation == generation
        assert host.sync("a").link.old == ((other, host.now + OLD_LINK_KEPT),)
    host.wait(OLD_LINK_KEPT - 1)
    assert host.sync("a").link.old
    host.wait(1)
    assert not host.sync("a").link.old


def test_a_link_that_has_ended_does_not_work_again_when_its_generation_is_written_once_more():
    host = two()
    host.write(casa=plan(a=seat("A", generation=2), b=seat("B")))
    host.wait(OLD_LINK_KEPT)
    host.write(casa=plan(a=seat("A"), b=seat("B")))
    assert host.sync("a").link == Link("casa/a", 2, (), ended=1, refused=1)
    host.write(casa=plan(a=seat("A", generation=2), b=seat("B")))
    assert host.sync("a").link == Link("casa/a", 2, (), ended=1)
    host.write(casa=plan(a=seat("A", generation=3), b=seat("B")))
    assert host.sync("a").link.generation == 3
    host.write(casa=plan(a=seat("A", generation=2), b=seat("B")))
    assert host.sync("a").link.generation == 2, "it has not ended yet"


# complete


def test_an_accommodation_is_complete_when_each_sync_that_receives_has_been_pulled():
    host = Host(casa=plan(out=seat(receives=False), a=seat("A"), b=seat("B"), c=seat("C", paused=True)))
    assert not host.ledgers[HOUSE].complete
    assert not host.shows("a").ledgers[HOUSE].complete
    assert host.shows("b").ledgers[HOUSE].complete
    host.write(casa=plan(a=seat("A"), b=seat("B"), c=seat("C"), d=seat("D")))
    assert host.ledgers[HOUSE].complete, "one that was complete stays served"


def test_a_half_written_file_completes_nothing():
    whole = plan(a=seat("A"), b=seat("B"))
    host = Host(casa=whole).shows("a")
    host.write(casa=plan(a=seat("A")))
    host.write(casa=whole)
    assert not host.ledgers[HOUSE].complete
    host = Host(casa=plan())
    host.write(casa=whole)
    assert not host.ledgers[HOUSE].complete


def test_a_sync_that_is_gone_for_good_is_not_waited_for():
    host = Host(casa=plan(a=seat("A"), b=seat("B"))).shows("a")
    host.write(casa=plan(a=seat("A"))).wait(DELAY)
    assert host.ledgers[HOUSE].complete


# accept


def accepted(host: Host, name: str | None) -> Host:
    host.ledgers[HOUSE] = hasten(host.ledgers[HOUSE], name, now=host.now)
    return host


def test_accept_ends_a_leaving_at_once():
    host = two()
    host.write(casa=plan(b=seat("B")))
    accepted(host, "a")
    assert host.sync("a").presence is Presence.GONE
    assert host.offer("b") == nights((50, 53)), "the block was not asked for"
    accepted(host, None)
    assert host.offer("b") == EMPTY
    before = host.ledgers[HOUSE]
    assert accepted(host, None).ledgers[HOUSE] == before, "what is gone stays for its seven days"


def test_accept_ends_what_a_direction_and_smaller_buffers_wait_for():
    host = Host(casa=plan(after=2, a=seat("A"), b=seat("B"))).shows("a", (10, 12)).shows("b", (20, 22))
    host.write(casa=plan(a=seat(receives=False), b=seat("B")))
    accepted(host, None)
    assert host.offer("b") == EMPTY
    assert host.offer("a") == nights((20, 22))


def test_accept_counts_a_sync_that_was_never_pulled_as_empty():
    host = Host(casa=plan(a=seat("A"), b=seat("B"))).shows("a")
    accepted(host, "b")
    assert host.ledgers[HOUSE].complete
    assert host.sync("b").counted_empty


# properties

MANY: Mapping[str, Plan] = {
    "casa": plan(
        stay(50, 53),
        stay(60, 64),
        before=1,
        after=1,
        a=seat("A"),
        b=seat("B"),
        p=seat("P", paused=True),
        out=seat(receives=False),
    ),
    "villa": plan(stay(5, 8), a=seat("VA"), b=seat("VB", sends=False)),
}


def many() -> Host:
    host = Host(**MANY)
    host.shows("a", (10, 12), (30, 33)).shows("b", (20, 22)).reads("a").reads("b").reads("out").reads("p")
    host.shows("b", (10, 12), (20, 22), (41, 42)).reads("a")
    return host.shows("a", (1, 3), house="villa").shows("b", (2, 4), house="villa").reads("a", house="villa")


@st.composite
def half_written(draw: st.DrawFn) -> dict[str, Plan]:
    """The config as a hand may leave it for a moment: any part of it is not there."""
    written: dict[str, Plan] = {}
    for name, whole in MANY.items():
        if draw(st.integers(0, 3)):
            syncs = {each: kept for each, kept in whole.syncs.items() if draw(st.booleans())}
            blocks = tuple(block for block in whole.blocks if draw(st.booleans()))
            before, after = draw(st.sampled_from(((whole.before, whole.after), (0, 0))))
            written[name] = replace(whole, syncs=syncs, blocks=blocks, before=before, after=after)
    return written


@given(st.lists(half_written(), min_size=1, max_size=4), st.data())
def test_whatever_is_missing_from_the_file_for_less_than_the_delay_no_feed_ever_changes(
    writings: list[dict[str, Plan]], data: st.DataObject
):
    host = many()
    before = dict(host.ledgers)
    told = {name: offers(ledger) for name, ledger in before.items()}
    left = DELAY
    for written in writings:
        host.write(**written)
        assert {name: offers(ledger) for name, ledger in host.ledgers.items()} == told
        waited = data.draw(st.floats(0, left / 2))
        left -= waited
        host.wait(waited)
        assert {name: offers(ledger) for name, ledger in host.ledgers.items()} == told
    host.write(**MANY)
    assert host.ledgers == before
    host.wait(DELAY)
    assert host.ledgers == before


NAMES = ("a", "b", "c")
seats = st.builds(
    seat,
    st.sampled_from(("U", "V", "W", "X")),
    receives=st.booleans(),
    sends=st.booleans(),
    paused=st.booleans(),
    was=st.sampled_from(("", "", "a", "b", "casa/a", "villa/b")),
    generation=st.integers(1, 3),
)
edited = st.dictionaries(
    st.sampled_from(("casa", "villa")), st.dictionaries(st.sampled_from(NAMES), seats).map(lambda syncs: plan(**syncs))
)


def links(ledgers: Iterable[Ledger]) -> list[str]:
    return [sync.link.first_name for ledger in ledgers for sync in ledger.syncs.values()]


@given(st.lists(st.tuples(edited, st.sampled_from((0.0, 60.0, DELAY, 8 * DAY))), max_size=8))
def test_no_two_syncs_ever_have_the_same_link_and_nothing_that_is_due_stays_undone(
    edits: list[tuple[dict[str, Plan], float]],
):
    host = Host()
    for plans, wait in edits:
        known = set(links(host.ledgers.values()))
        moved = renames(host.ledgers, plans)
        assert len(set(moved.values())) == len(moved), "no sync becomes two"
        host.write(**plans)
        made = links(host.ledgers.values())
        assert len(made) == len(set(made))
        assert known <= set(made), "no link is lost by writing the config"
        for name, written in plans.items():
            assert written.syncs.keys() <= host.ledgers[name].syncs.keys()
        host.wait(wait)
        for name, ledger in host.ledgers.items():
            for each, sync in ledger.syncs.items():
                if name not in plans or each not in plans[name].syncs:
                    assert sync.presence in (Presence.LEAVING, Presence.GONE)
