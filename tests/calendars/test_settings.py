"""Whether other settings have a calendar read again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icalsyncd.calendars.settings import ReadSettings, Summaries, digest_of


@pytest.mark.parametrize(
    "other",
    [
        {"timezone": "Europe/Madrid"},
        {"ignore": Summaries(frozenset({"x"}))},
        {"reservation": Summaries(frozenset({"x"}))},
        {"block": Summaries(frozenset({"x"}))},
        {"drop_blocks": True},
        {"dtend_inclusive": True},
        {"transparent_blocks": False},
        {"empty_is_valid": True},
    ],
)
def test_each_setting_of_reading_has_a_calendar_read_again(other: dict[str, object]):
    plain = ReadSettings("UTC")
    assert digest_of(plain) == digest_of(ReadSettings("UTC"))
    assert digest_of(replace(plain, **other)) != digest_of(plain)


def test_a_summary_under_another_word_has_a_calendar_read_again():
    texts = Summaries(frozenset({"closed"}))
    digests = {digest_of(ReadSettings("UTC", **{word: texts})) for word in ("ignore", "reservation", "block")}
    assert len(digests) == 3
