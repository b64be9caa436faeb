"""States of every shape that the types allow, for properties of what stores them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from icalsyncd.availability.channel import Channel, Narrowing
from icalsyncd.availability.claims import Claim, Rule
from icalsyncd.availability.habits import Habits
from icalsyncd.availability.ledger import Block, Ledger, Presence, Standing, SyncLedger, Word
from icalsyncd.availability.link import Link
from icalsyncd.availability.missing import Broken, Lack
from icalsyncd.availability.readers import Reader
from icalsyncd.availability.rules import Edge, Rules
from icalsyncd.availability.stamps import Stamps
from icalsyncd.availability.taking import Parting, Shrinking
from icalsyncd.calendars.calendar import Kind, Reason
from icalsyncd.calendars.expressions import expression
from icalsyncd.calendars.nights import Nights, Stay
from icalsyncd.calendars.settings import ReadSettings, Summaries
from icalsyncd.state.copy import Copies, Copy, ReadAs, Validators
from icalsyncd.state.schedule import Attempts
from icalsyncd.state.state import Facts, State

TODAY = 740_000

moments = st.floats(0, 4e9, allow_nan=False)
counts = st.integers(0, 99)
# no text of a state can hold a NUL: names, headers and patterns have none, and PostgreSQL takes none
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-~", min_size=1, max_size=8)
nights = st.lists(st.integers(TODAY - 60, TODAY + 1100), max_size=8).map(Nights)
stays = st.builds(lambda start, length: Stay(start, start + length), st.integers(1, 2_000_000), st.integers(1, 1000))
stamps = st.builds(Stamps, st.lists(st.tuples(moments, nights), max_size=3).map(tuple))
verdicts = st.lists(st.tuples(st.sampled_from(Rule), nights), max_size=3).map(tuple)


def some(of: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A tuple of a few of them."""
    return st.lists(of, max_size=3).map(tuple)


patterns = st.sampled_from(("a", "^b$", "[cd]")).map(expression)
summaries = st.builds(Summaries, st.frozensets(texts, max_size=2), some(patterns))
read_settings = st.builds(
    ReadSettings,
    timezone=texts,
    ignore=summaries,
    reservation=summaries,
    block=summaries,
    drop_blocks=st.booleans(),
    dtend_inclusive=st.booleans(),
    transparent_blocks=st.booleans(),
    empty_is_valid=st.booleans(),
)
channels = st.builds(
    Channel,
    portal=texts,
    receives=st.booleans(),
    sends=st.booleans(),
    lag=moments,
    padding=counts,
    reads_every=moments,
    hold=moments,
    read=st.none() | read_settings,
    buffer=st.none() | st.tuples(counts, counts),
    offer_notice=counts,
    offer_window=st.none() | counts,
    linked=st.booleans(),
    rules=st.sampled_from(("", "free", "close")),
    notice=st.none() | counts,
    window=st.none() | counts,
    horizon=st.none() | counts,
    lag_is_given=st.booleans(),
)
habits = st.builds(
    Habits,
    gaps=some(moments),
    awaited=some(st.tuples(stays, moments)),
    shows=some(moments),
    changes=some(st.tuples(st.integers(-2, 2), st.integers(-2, 2))),
    forms=some(st.sampled_from(("whole", "merged"))),
    undropped=stamps,
    told_lately=stamps,
    drops=some(moments),
    dropped_at=moments,
    vanished=some(st.tuples(stays, moments)),
    came_back=some(st.booleans()),
    lacked=nights,
)
edges = st.builds(Edge, counts, counts, moments, counts, st.sampled_from((0, 1, 2)))
rules = st.builds(
    Rules,
    notices=some(edges),
    windows=some(edges),
    ends=st.none() | edges,
    labelled=st.booleans(),
    notice=nights,
    window=nights,
)
links = st.builds(
    Link, first_name=texts, generation=counts, old=some(st.tuples(counts, moments)), ended=counts, refused=counts
)
claims = st.builds(
    Claim,
    stay=stays,
    kind=st.sampled_from(Kind),
    began=moments,
    verdicts=verdicts,
    initial=st.booleans(),
    contested=nights,
    grown=nights,
    doubtful=nights,
)
syncs = st.builds(
    SyncLedger,
    channel=channels,
    link=links,
    calendar=texts,
    presence=st.sampled_from(Presence),
    since=moments,
    former=st.none() | st.builds(Standing, st.sampled_from(Presence), moments),
    narrowing=st.none() | st.builds(Narrowing, channels, moments),
    muted_until=st.none() | moments,
    claims=some(claims),
    pulled_at=st.none() | moments,
    counted_empty=st.booleans(),
    held=some(st.builds(Lack, nights, moments, counts)),
    broken=st.none() | st.builds(Broken, st.frozensets(texts, max_size=3), moments, counts, nights),
    retained=nights,
    returned=nights,
    departed=nights,
    told=st.none() | stamps,
    fetches=some(moments),
    readers=some(st.builds(Reader, texts, moments, stamps, counts, counts)),
    unsure_since=st.none() | moments,
    in_force=some(nights),
    unfetched=st.booleans(),
    withdrawn=stamps,
    offered=stamps,
    published=some(st.tuples(moments, nights)),
    untold=some(st.booleans()),
    shown_on=nights,
    doubts_told=nights,
    given_up=stamps,
    silent=st.booleans(),
    shown_before=nights,
    own_before=some(claims),
    rules=rules,
    habits=habits,
)
copy = st.builds(
    Copy,
    read_as=st.builds(ReadAs, texts, counts),
    calendar=texts,
    validators=st.none() | st.builds(Validators, st.none() | texts, st.none() | texts),
    mark=st.none() | st.binary(max_size=4),
)
copies = st.builds(Copies, st.none() | copy) | st.builds(
    lambda before, waiting: before.with_waiting(waiting), st.builds(Copies, st.none() | copy), copy
)
facts = st.builds(
    Facts,
    attempts=st.builds(Attempts, st.none() | moments, counts, st.none() | moments),
    last_success=st.none() | moments,
    last_change=st.none() | moments,
    last_whole=st.none() | moments,
    outcome=st.sampled_from(("never", "updated", "not_modified", "partial", "held", "failed")),
    reason=st.none() | st.sampled_from(Reason),
    detail=texts,
    failing_since=st.none() | moments,
    copies=copies,
    problems=some(texts),
    feed_changed=st.none() | moments,
    reader=texts,
    manner=texts,
)
ledgers = st.builds(
    Ledger,
    today=st.integers(1, 3_000_000),
    timezone=st.sampled_from(("UTC", "Europe/Madrid")),
    before=counts,
    after=counts,
    shrinking=st.none() | st.builds(Shrinking, counts, counts, moments),
    blocks=some(st.builds(Block, stays, st.none() | moments)),
    syncs=st.dictionaries(names, syncs, max_size=3),
    awake_since=moments,
    complete=st.booleans(),
    parts=some(names),
    parting=st.none() | st.builds(Parting, some(names), moments),
    words=some(st.builds(Word, nights, st.none() | names, moments)),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    """An accommodation of some syncs, of each of which facts are known, and that shares nothing with any other."""
    ledger = replace(draw(ledgers), parts=(), parting=None)
    return State(ledger, {name: draw(facts) for name in ledger.syncs})
