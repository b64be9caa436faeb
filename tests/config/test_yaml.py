"""YAML by the rules of version 1.2, whatever the parser underneath believes."""

from __future__ import annotations

import math
import time

import pytest

from icalsyncd.config.document import Document, read
from icalsyncd.config.nodes import Plain

CORE = {
    "NO": "NO",
    "yes": "yes",
    "on": "on",
    "off": "off",
    "y": "y",
    "true": True,
    "True": True,
    "FALSE": False,
    "tRUE": "tRUE",
    "16:00": "16:00",
    "190:20:30": "190:20:30",
    "2026-12-24": "2026-12-24",
    "2026-12-24T16:00:00Z": "2026-12-24T16:00:00Z",
    "0777": 777,
    "0o17": 15,
    "0x1F": 31,
    "0b11": "0b11",
    "1_000": "1_000",
    "+12": 12,
    "-3": -3,
    "1e3": 1000.0,
    ".5": 0.5,
    "1.": 1.0,
    "+.inf": math.inf,
    "-.INF": -math.inf,
    ".": ".",
    "-": None,  # begins a list
    "~": None,
    "null": None,
    "Null": None,
    "nULL": "nULL",
    "": None,
    "'12'": "12",
    '"true"': "true",
    "!!str 12": "12",
    "!!int 12": 12,
    "=": "=",
    "5MiB": "5MiB",
    "é": "é",
    '"\\u00e9\\/"': "é/",
}


@pytest.mark.parametrize("written", [text for text in CORE if text != "-"])
def test_a_value_means_what_version_1_2_says(written: str) -> None:
    document = read(f"key: {written}\n")
    assert isinstance(document, Document)
    value = CORE[written]
    assert document.value == {"key": value}
    assert type(document.value["key"]) is type(value)


def test_keys_are_texts_as_they_are_written() -> None:
    document = read("1: a\ntrue: b\nNO: c\n0x10: d\n")
    assert isinstance(document, Document)
    assert document.value == {"1": "a", "true": "b", "NO": "c", "0x10": "d"}


def test_the_line_breaks_of_version_1_1_are_letters() -> None:
    document = read("a\u2028b: 'c\u2029d\x85e'\nf: g\n")
    assert isinstance(document, Document)
    assert document.value == {"a\u2028b": "c\u2029d\x85e", "f": "g"}


MERGED: dict[str, Plain] = {
    "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n": {"x": 1, "y": 3},
    "a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}\n": {"x": 1, "y": 3},
    "a: [&a {x: 1}, &c {x: 2, z: 3}]\nb: {<<: [*a, *c]}\n": {"x": 1, "z": 3},
    "a: &a {x: 1}\nb: {'<<': *a}\n": {"<<": {"x": 1}},
}


@pytest.mark.parametrize("text", MERGED)
def test_merge_keys_give_way_to_a_mapping_s_own(text: str) -> None:
    document = read(text)
    assert isinstance(document, Document)
    assert isinstance(document.value, dict)
    assert document.value["b"] == MERGED[text]


HOSTILE = {
    "brackets": "[" * 1_000_000,
    "braces": "{a: " * 300_000,
    "dashes": "- " * 300_000,
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"b{i}: &b{i} [{','.join([f'*b{i - 1}' if i else '*a'] * 9)}]\n" for i in range(20)),
    "itself": "a: &a [*a]",
    "merges": "a: &a {"
    + ", ".join(f"k{i}: 1" for i in range(5000))
    + "}\n"
    + "".join(f"b{i}: {{<<: *a}}\n" for i in range(500)),
    "a number of many digits": "a: " + "9" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_refused_or_read_in_little_time(text: str) -> None:
    before = time.process_time()
    read(HOSTILE[text])
    assert time.process_time() - before < 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff"])
def test_a_text_without_a_value_has_none(text: str) -> None:
    document = read(text)
    assert isinstance(document, Document)
    assert document.value is None
