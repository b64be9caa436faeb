"""The status page: what it says, that it says it safely, and that it is made quickly."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from icalsyncd.admin.board import Wanted
from icalsyncd.admin.concerns import concerns, needs
from icalsyncd.admin.matters import Fault, Matter
from icalsyncd.admin.overview import Overview
from icalsyncd.admin.page import POLICY, night_page, page
from icalsyncd.admin.status import ConfigStatus
from icalsyncd.admin.templates import STATIC, static
from icalsyncd.availability.ledger import Presence
from icalsyncd.availability.missing import Lack
from icalsyncd.calendars.calendar import Reason
from icalsyncd.calendars.nights import Nights
from icalsyncd.config.positions import lines_of
from icalsyncd.daemon.actions import PACKING
from icalsyncd.publishing.target_status import TargetStatus
from icalsyncd.publishing.targets.storage import Unsent, Why
from icalsyncd.state.state import Facts, State
from icalsyncd.state.view import View, see
from tests.admin.worlds import INSTALLATION, NOW, TODAY, world

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def changed(overview: Overview, change: Callable[[State], State]) -> Overview:
    """*overview* with the first accommodation changed."""
    name = min(overview.view.houses)
    states = {each: house.state for each, house in overview.view.houses.items()}
    states[name] = change(states[name])
    return replace(overview, view=see(View(), states, states, [states], INSTALLATION))


def with_sync(overview: Overview, **of_ledger: object) -> Overview:
    """*overview* with other things known of the first sync."""

    def change(state: State) -> State:
        sync = replace(state.ledger.syncs["portal-0"], **of_ledger)  # type: ignore[arg-type]
        return replace(state, ledger=state.ledger.with_sync("portal-0", sync))

    return changed(overview, change)


def with_facts(overview: Overview, facts: Facts) -> Overview:
    return changed(overview, lambda state: state.with_facts("portal-0", facts))


def calm() -> Overview:
    """One sync, and nothing that needs a human."""
    return world(1, 1)


def test_where_nothing_needs_a_human_it_says_so() -> None:
    assert "All is well" in page(calm())


def test_a_sync_is_described_in_words() -> None:
    said = words(page(calm()))
    assert "Pulled 4 min ago. Next in 26 min." in said
    assert "Its portal read the link 10 min ago as Portal/1" in said
    assert "both ways" in said
    assert "config.yaml:20" in said


def test_a_failing_sync_says_since_when_and_why() -> None:
    failing = replace(
        calm().view.houses["house-000"].state.of("portal-0"),
        outcome="failed",
        reason=Reason.HTTP_5XX,
        detail="portal answered 503",
        failing_since=NOW - 900,
    )
    soon = page(with_facts(calm(), failing))
    assert "Failing since 07:45: portal answered 503" in words(soon)
    assert "All is well" in soon
    later = with_facts(calm(), replace(failing, failing_since=NOW - 9000))
    assert "house-000/portal-0 has been failing since" in words(page(later))


def test_a_hold_says_how_far_it_is() -> None:
    overview = with_sync(
        calm(),
        held=(Lack(Nights(range(TODAY + 3, TODAY + 15)), NOW, 1),),
        retained=Nights(range(TODAY + 3, TODAY + 15)),
    )
    facts = replace(overview.view.houses["house-000"].state.of("portal-0"), outcome="held")
    said = words(page(with_facts(overview, facts)))
    assert "Held: 12 nights would be freed, confirmed 1 of 3" in said
    assert "icalsyncd accept house-000/portal-0" in said


def test_a_pause_says_when_it_is_safe_to_resume() -> None:
    said = words(page(with_sync(calm(), presence=Presence.PAUSED, since=NOW - 60)))
    assert "Paused since 07:59. Not safe to resume: its portal has still to read the empty feed." in said


def test_what_leaves_says_when_its_nights_open() -> None:
    said = words(page(with_sync(calm(), presence=Presence.LEAVING, since=NOW - 600)))
    assert "house-000/portal-0 is leaving, it is no longer in config.yaml: at 08:20 its nights open: " in said


def test_a_portal_that_does_not_read_its_link_is_named() -> None:
    said = words(page(with_sync(calm(), fetches=(NOW - 3 * 86400,), readers=())))
    assert "The portal of house-000/portal-0 has not read its link since 12 Jan, 08:00." in said


def test_a_link_that_was_never_read_is_to_be_pasted() -> None:
    assert "1 link was never read by its portal: house-000/portal-0." in words(
        page(with_sync(calm(), fetches=(), told=None))
    )


def test_a_refused_config_is_shown_with_every_mistake() -> None:
    config = ConfigStatus(
        ok=False, problems=("config.yaml:3:1: pull.intervall: did you mean `interval`?",), loaded_at=NOW
    )
    said = words(page(replace(calm(), config=config)))
    assert "config.yaml is refused: 1 mistake." in said
    assert "config.yaml:3:1: pull.intervall" in said


def test_what_is_wrong_with_the_daemon_comes_first() -> None:
    overview = replace(
        calm(), faults=(Fault(Matter.NOT_STORED, "The state is not stored: disk full.", "No night is freed."),)
    )
    assert "The state is not stored: disk full." in words(page(with_sync(overview, fetches=())))[:600]


def test_a_target_that_takes_no_feeds_is_named() -> None:
    target = TargetStatus("web", "folder", 4, 3, None, NOW - 900, Unsent(Why.MISSING, "there is no such folder"))
    said = words(page(replace(calm(), targets=(target,))))
    assert "3 feeds at web are old, and not published since 2027-01-15 07:45:00 UTC (there is no such folder)." in said


def test_another_writer_and_a_target_that_tears_are_named() -> None:
    target = TargetStatus("web", "webdav", 4, 0, NOW, None, None, overwritten=2, tears=True)
    said = words(page(replace(calm(), targets=(target,))))
    assert "2 feeds at web were overwritten: somebody else writes under our links." in said
    assert "web does not move files" in said


def test_a_note_stands_on_the_page_and_all_is_well_beside_it() -> None:
    overview = replace(calm(), targets=(TargetStatus("web", "webdav", 4, 0, NOW, None, None, tears=True),))
    html = page(overview)
    assert "All is well" in html
    assert '<li class="note">' in html
    assert "web does not move files" in words(html)
    assert "need you" not in words(html)
    assert needs(concerns(overview)) == ()


@pytest.mark.parametrize("full", [True, False])
def test_hostile_words_are_shown_as_text(full: bool) -> None:
    overview = world(1 if full else 9, 1)
    facts = replace(
        overview.view.houses["house-000"].state.of("portal-0"), reader=HOSTILE, detail=HOSTILE, reason=Reason.DNS
    )
    facts = replace(facts, outcome="failed", failing_since=NOW - 90000, problems=(HOSTILE,))
    overview = replace(with_facts(overview, facts), names={"house-000": HOSTILE}, file=HOSTILE)
    html = page(replace(overview, config=ConfigStatus(ok=False, problems=(HOSTILE,), loaded_at=NOW)))
    assert not [
        tag for tag, attributes in Tags(html).found if tag == "img" or any(name.startswith("on") for name in attributes)
    ]
    assert [attributes.get("src") for tag, attributes in Tags(html).found if tag == "script"] == [
        f"static/{name}.js?0.1.0" for name in ("page", "acts", "choose")
    ]
    assert html.count("&lt;script&gt;") >= 5


def test_nothing_comes_from_another_host_and_nothing_is_inline() -> None:
    night = night_page(calm(), "house-000", TODAY)
    assert night is not None
    for html in (page(calm()), page(world(9, 1)), night):
        for tag, attributes in Tags(html).found:
            assert "style" not in attributes
            assert tag != "style"
            for name in ("href", "src", "action"):
                assert not re.match(r"[a-z]+:|//|/", attributes.get(name) or ""), attributes
    assert "unsafe" not in POLICY
    assert POLICY.startswith("default-src 'none'")


def test_every_night_leads_to_its_explanation() -> None:
    html = page(calm())
    links = [
        attributes["href"]
        for tag, attributes in Tags(html).found
        if "night " in (attributes.get("class") or "") and tag == "a"
    ]
    assert len(links) > 330
    assert links[0] == "explain?accommodation=house-000&night=2027-01-15"


def test_a_night_is_explained() -> None:
    overview = calm()
    night = next(iter(overview.view.houses["house-000"].blocked.since(TODAY)))
    html = night_page(overview, "house-000", night)
    assert html is not None
    assert "Taken: portal-0" in words(html)
    dates = r"\w{3} \d+ \w{3} to \w{3} \d+ \w{3}"
    assert re.search(rf"portal-0 shows {dates} as taken since", words(html))
    assert night_page(overview, "nowhere", night) is None
    gone = night_page(overview, "house-000", TODAY - 400)
    assert gone is not None
    assert "This night has passed" in words(gone)


def test_many_accommodations_are_rows_that_lead_to_their_own_page() -> None:
    overview = world(9, 2)
    whole, one = page(overview), page(overview, Wanted(only="house-003"))
    assert 'href="?accommodation=house-003"' in whole
    assert 'class="night' not in whole
    assert 'id="row-house-004"' in whole
    assert 'id="house-house-003"' in one
    assert 'id="row-house-004"' not in one
    assert 'class="night' in one
    assert page(overview, Wanted(only="nowhere")) == whole


def test_the_line_of_each_sync_is_told() -> None:
    text = (
        "terms: accepted\naccommodations:\n  casa:\n    timezone: UTC\n    syncs:\n"
        "      one:\n        portal: x\n      two: {portal: y}\n"
    )
    assert lines_of(text) == {("casa", "one"): 6, ("casa", "two"): 8}
    assert lines_of("accommodations: [") == {}
    assert lines_of("accommodations: []\n") == {}


@pytest.mark.slow
def test_a_page_of_200_accommodations_is_a_row_each_and_100_kib_on_the_wire() -> None:
    html = page(world(200, 5))
    assert html.count('<li class="row ') == 200
    assert html.count("5 of 5 well") == 200
    sent = gzip.compress(html.encode(), PACKING)
    # all that it asks for, which is all that there is but for the login's own
    asked = [path for path in STATIC if path[1:] in html]
    assert {path for path in STATIC if path not in asked} <= {
        "/static/login.css",
        "/static/icon.svg",
        "/static/trouble.svg",
    }
    assert len(sent) + sum(len(static(path)) for path in asked) < 100 * 1024


@pytest.mark.slow
def test_a_calendar_of_10000_events_does_not_stop_it() -> None:
    overview = world(1, 1, stays=10_000)
    assert len(page(overview)) < 2_000_000
