"""What a save changes is named by the keys under which it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from icalsyncd.config.differences import differences
from icalsyncd.config.loading import Accepted, parse
from icalsyncd.config.resolved import Config
from icalsyncd.config.schema import Sync

HEAD = "terms: accepted\nserver: {public_url: 'https://example.com'}\n"
HOUSE = "accommodations:\n  casa:\n    timezone: Europe/Madrid\n"
SYNC = "    syncs:\n      a: {portal: holidu, direction: bidirectional, url: 'https://portal.example/a.ics'}\n"
VALUES = {
    "user_agent": "Mozilla/5.0",
    "dtend": "inclusive",
    "all_day_transparent": "free",
    "echo_lag": "3h",
    "echo_padding": "1",
    "empty_body": "empty",
    "interval": "15m",
    "claims": "not_blocks",
    "block": "[/Closed/]",
    "reservation": "[/Reserved/]",
    "ignore": "[/Nothing/]",
    "rules": "close",
    "portal_notice": "2d",
    "portal_window": "300d",
    "buffer": "{before: 1}",
    "offer": "{notice: 1d}",
    "linked": "true",
}
"""Another value for each key of a sync that is no matter of who takes part."""
TAKING_PART = {"portal", "url", "url_file", "url_env", "direction", "paused", "was", "link_generation"}


def config(house: str = HOUSE, sync: str = SYNC, rest: str = "") -> Config:
    loaded = parse(HEAD + house + sync + rest, Path("config.yaml"), {})
    assert isinstance(loaded, Accepted), loaded
    return loaded.config


@pytest.mark.parametrize("key", sorted(set(Sync.model_fields) - TAKING_PART))
def test_each_key_of_a_sync_is_named_by_its_own_word(key: str) -> None:
    name = Sync.model_fields[key].alias or key
    beside = ", block: [/Closed/]" if name == "claims" else ""
    before = config(sync=SYNC.replace("}", f"{beside}}}"))
    after = config(sync=SYNC.replace("}", f"{beside}, {name}: {VALUES[name]}}}"))
    assert list(differences(before, after)) == [("casa/a", name)]
    assert list(differences(after, after)) == []


def test_a_name_a_website_and_the_calendars_for_people_are_named_too() -> None:
    assert list(differences(config(), config(HOUSE + "    name: Casa Azul\n"))) == [("casa", "name")]
    assert list(differences(config(), config(HOUSE + "    website: true\n"))) == [("casa", "website")]
    shown = config(rest="calendars:\n  who: {show: stays}\n")
    assert list(differences(config(), shown)) == [("calendars", "")]
