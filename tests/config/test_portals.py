"""The profiles: what they know, and that each fact says from where."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import icalsyncd
from icalsyncd.calendars.feed import SUMMARY
from icalsyncd.config.loading import Accepted, parse
from icalsyncd.config.portals import FACTS, names, profile, recognise
from icalsyncd.config.summaries import check, compiled

WRITTEN = tomllib.loads((Path(icalsyncd.__file__).parent / "config" / "portals.toml").read_text(encoding="utf-8"))
KNOWN_AT_LEAST = {
    *("airbnb", "booking", "vrbo", "agoda", "holidu", "tripadvisor", "expedia", "hometogo", "plumguide", "smoobu"),
    *("lodgify", "ownerrez", "guesty", "avaibook", "google", "outlook", "apple", "generic"),
    *("rentalsunited", "bookingexperts", "hostaway", "beds24", "sirvoy", "hosthub", "lekkeslaap"),
}
HOSTS = {
    "www.airbnb.com": "airbnb",
    "www.airbnb.co.uk": "airbnb",
    "AIRBNB.DE.": "airbnb",
    "airbnb.com.evil.example": None,
    "notairbnb.com": None,
    "ical.booking.com": "booking",
    "admin.booking.com": "booking",
    "booking.com.example": None,
    "www.abritel.fr": "vrbo",
    "www.fewo-direkt.de": "vrbo",
    "www.homeaway.es": "vrbo",
    "calendar.google.com": "google",
    "www.google.com": None,
    "outlook.office365.com": "outlook",
    "p12-caldav.icloud.com": "apple",
    "www.lekkeslaap.co.za": "lekkeslaap",
    "ycs.agoda.com": "agoda",
    "portal.example": None,
    "": None,
}


def test_every_portal_has_its_profile() -> None:
    assert set(names()) >= KNOWN_AT_LEAST
    assert names()[-1] == "generic"


@pytest.mark.parametrize("name", WRITTEN)
def test_every_fact_has_its_source_or_is_marked_as_not_known(name: str) -> None:
    facts = dict(WRITTEN[name])
    assert facts.pop("name")
    unknown = facts.pop("unknown")
    assert sorted([*facts, *unknown]) == sorted(FACTS)
    assert all(set(fact) == {"value", "source"} and fact["source"] for fact in facts.values())
    assert {fact: profile(name).sources[fact] == "unknown" for fact in FACTS} == {
        fact: fact in unknown for fact in FACTS
    }


@pytest.mark.parametrize("name", names())
def test_a_profile_s_patterns_can_be_used_and_prove_no_echo(name: str) -> None:
    known = profile(name)
    for pattern in (*known.reservation, *known.block):
        check(pattern)
    assert not compiled(known.reservation).match(SUMMARY)
    assert not set(known.reservation) & set(known.block)


@pytest.mark.parametrize("name", names())
def test_a_profile_ignores_nothing(name: str) -> None:
    text = (
        "terms: accepted\nofficial_only: []\n"
        f"accommodations: {{a: {{timezone: UTC, syncs: {{s: {{portal: {name}, direction: import, url: 'https://x.example/'}}}}}}}}\n"
    )
    loaded = parse(text, Path("config.yaml"), {})
    assert isinstance(loaded, Accepted)
    read = loaded.config.syncs()[0].read
    assert not read.ignore
    assert not read.drop_blocks


@pytest.mark.parametrize("host", HOSTS)
def test_a_portal_is_recognised_by_its_hosts_alone(host: str) -> None:
    assert recognise(host) == HOSTS[host]


def test_an_unknown_portal_has_the_generic_facts() -> None:
    assert profile("somewhere") == profile("generic")


def test_what_real_calendars_say() -> None:
    airbnb, booking = profile("airbnb"), profile("booking")
    assert compiled(airbnb.reservation).match("Reserved")
    assert compiled(airbnb.block).match("Airbnb (Not available)")
    assert not booking.reservation + booking.block
    assert booking.empty_body == "failure"
    assert compiled(profile("vrbo").reservation).match("Réservée - Somebody")


def test_what_other_programs_and_help_pages_say() -> None:
    assert profile("airbnb").repeats
    assert profile("booking").repeats
    assert (profile("airbnb").horizon, profile("booking").horizon) == (366, 549)
    assert "Only reserved dates" in profile("booking").export
    assert "blocks availability" in profile("vrbo").limits
    # one word in one calendar, of which nobody knows what a closure says, proves nothing
    assert not profile("agoda").reservation
    assert profile("holidu").reads_every == 3600
