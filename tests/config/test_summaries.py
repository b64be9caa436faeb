"""Patterns of summaries: no summary makes one take long, and one that is not known any more frees no night."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from icalsyncd.config.loading import Accepted, Refused, parse
from icalsyncd.config.summaries import LONGEST, check, compiled

EXPLOSIVE = ["/(a+)+$/", "/((a)+b?)+$/", "/(?:(?:a+))+$/", r"/((\w)+\s?)+$/", "/(a|aa)+$/", "/(a*)*b/"]
CONFIG = """\
terms: accepted
accommodations:
  casa:
    timezone: UTC
    syncs:
      one: {{portal: generic, direction: import, url: "https://portal.example/x.ics", {more}}}
"""


def ran_before(more: str) -> Accepted:
    text = CONFIG.format(more=more)
    assert isinstance(parse(text, Path("config.yaml"), {}), Refused)
    loaded = parse(text, Path("config.yaml"), {}, ran_before=True)
    assert isinstance(loaded, Accepted)
    return loaded


@pytest.mark.parametrize("written", EXPLOSIVE)
def test_no_summary_makes_a_pattern_take_long(written: str):
    check(written)
    # the engine that tries one way after the other doubles its time with each letter, from half a second at 25
    began = time.process_time()
    for _ in range(20):
        compiled((written,)).match("a" * 4095 + "!")
    assert time.process_time() - began < 5


def test_a_pattern_of_many_steps_is_refused():
    for written in ("/(?:a?){500}a{500}$/", r"/(\pL{1,30}\s?){20}z$/", "/((a?){30}){30}$/"):
        with pytest.raises(ValueError, match="too many repeats"):
            check(written)
        assert len(written) <= LONGEST


@pytest.mark.parametrize("more", ["ignore: ['/^Block(?!ed)/']", "claims: not_blocks, block: [b, '/^Block(?!ed)/']"])
def test_a_pattern_that_is_not_known_any_more_matches_nothing_and_is_told(more: str):
    loaded = ran_before(more)
    read = loaded.config.syncs()[0].read
    assert not read.ignore.match("Blocks")
    assert not read.block.match("Blocks")
    (warning,) = loaded.warnings
    assert warning.line == 6
    assert "it matches nothing: not a regular expression of RE2" in warning.message


def test_what_may_be_a_reservation_is_not_dropped_as_a_block():
    more = "claims: not_blocks, block: ['/Block/'], reservation: ['/^Block(?!ed)/']"
    assert not ran_before(more).config.syncs()[0].read.drop_blocks
    known = parse(CONFIG.format(more=more.replace("(?!ed)", "s")), Path("config.yaml"), {})
    assert isinstance(known, Accepted)
    assert known.config.syncs()[0].read.drop_blocks


def test_letters_of_words_and_digits_are_those_of_ascii():
    words = compiled((r"/\bcasa\b/", r"/^\w+$/", r"/^\d+$/"))
    assert words.match("la casa azul")
    assert words.match("abc_1")
    assert not words.match("día")
    assert not words.match("٣")
    # to the engine, no letter of a word is beside it
    assert words.match("écasa")


@pytest.mark.parametrize("text", ["\ud800", "a\0b", "", "\U0010ffff"])
def test_any_text_can_be_looked_at(text: str):
    assert not compiled(("/nothing of it/",)).match(text)


def test_nothing_of_a_pattern_is_written_to_standard_error(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(ValueError, match="RE2"):
        check("/(unclosed/")
    assert capfd.readouterr().err == ""
