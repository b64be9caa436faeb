"""Blocks are added and given back in the config's text, and no other byte of it changes."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.config.blocks import add_block, remove_block
from icalsyncd.config.edit import EditRefused, as_lines, line_changed
from tests.config.test_edit import change, config_of, value_of
from tests.config.written import Writer

HEAD = "# mine\nterms: accepted\naccommodations:\n  casa:\n    timezone: Europe/Madrid\n"
TAIL = "\n# pulls\npull: {interval: 30m}\n"
FIRST = date(2026, 12, 24)


def day(number: int) -> date:
    return date(2026, 12, number)


def nights(text: str, accommodation: str = "casa") -> set[date]:
    taken: set[date] = set()
    for block in value_of(text)["accommodations"][accommodation].get("blocks") or ():
        first, until = date.fromisoformat(block["from"]), date.fromisoformat(block["to"])
        taken.update(first + timedelta(each) for each in range((until - first).days))
    return taken


ADDED = {
    "where none was": ("    buffer: {}\n", "    buffer: {}\n    blocks:\n      - {from: 2026-12-24, to: 2026-12-27}\n"),
    "below an empty key": (
        "    blocks: # family\n",
        "    blocks: # family\n      - {from: 2026-12-24, to: 2026-12-27}\n",
    ),
    "in an empty list": ("    blocks: [ ] # none\n", "    blocks: [{from: 2026-12-24, to: 2026-12-27} ] # none\n"),
    "in a flow": (
        "    blocks: [{from: 2026-01-01, to: 2026-01-02}] # x\n",
        "    blocks: [{from: 2026-01-01, to: 2026-01-02}, {from: 2026-12-24, to: 2026-12-27}] # x\n",
    ),
    "after a flow item": (
        "    blocks:\n    - {from: 2026-01-01, to: 2026-01-02} # - x\n",
        "    blocks:\n    - {from: 2026-01-01, to: 2026-01-02} # - x\n    - {from: 2026-12-24, to: 2026-12-27}\n",
    ),
    "after an item of lines": (
        "    blocks:\n       # why\n       - from: 2026-01-01 # a\n         to: 2026-01-02\n",
        "    blocks:\n       # why\n       - from: 2026-01-01 # a\n         to: 2026-01-02\n"
        "       - from: 2026-12-24\n         to: 2026-12-27\n",
    ),
}


@pytest.mark.parametrize("case", ADDED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_block_is_added_in_the_layout_that_is_there(case: str, newline: str) -> None:
    before, after = ADDED[case]
    text = (HEAD + before + TAIL).replace("\n", newline)
    wanted = (HEAD + after + TAIL).replace("\n", newline)
    assert add_block(text, "casa", FIRST, day(27)) == wanted
    assert nights(remove_block(wanted, "casa", FIRST, day(27))) == nights(text)


REMOVED = {
    "the only one": ("    blocks: # a\n      - {from: 2026-12-24, to: 2026-12-27} # b\n", "    blocks: [] # a\n"),
    "the only one in a flow": ("    blocks: [ {from: 2026-12-24, to: 2026-12-27}, ] # a\n", "    blocks: [  ] # a\n"),
    "the first in a flow": (
        "    blocks: [{from: 2026-12-24, to: 2026-12-27}, {from: 2026-01-01, to: 2026-01-02}]\n",
        "    blocks: [{from: 2026-01-01, to: 2026-01-02}]\n",
    ),
    "the last in a flow": (
        "    blocks: [{from: 2026-01-01, to: 2026-01-02}, {from: 2026-12-24, to: 2026-12-27}]\n",
        "    blocks: [{from: 2026-01-01, to: 2026-01-02}]\n",
    ),
    "the last in a flow with a comment before it": (
        "    blocks: [\n      {from: 2026-01-01, to: 2026-01-02}, # a\n      {from: 2026-12-24, to: 2026-12-27},\n    ]\n",
        "    blocks: [\n      {from: 2026-01-01, to: 2026-01-02}, # a\n      \n    ]\n",
    ),
    "one between others": (
        "    blocks:\n    - from: 2026-01-01\n      to: 2026-01-02\n    # b\n    -\n      from: 2026-12-24\n"
        "      to: 2026-12-27 # c\n    # d\n    - {from: 2026-02-01, to: 2026-02-02}\n",
        "    blocks:\n    - from: 2026-01-01\n      to: 2026-01-02\n    # b\n    # d\n"
        "    - {from: 2026-02-01, to: 2026-02-02}\n",
    ),
    "one with a note over lines": (
        "    blocks:\n      - from: 2026-12-24\n        to: 2026-12-27\n        note: |\n          a\n\n"
        "      - {from: 2026-02-01, to: 2026-02-02}\n",
        "    blocks:\n      - {from: 2026-02-01, to: 2026-02-02}\n",
    ),
    "its first nights": (
        "    blocks:\n      - {from: 2026-12-25, to: 2026-12-30} # a\n",
        "    blocks:\n      - {from: 2026-12-27, to: 2026-12-30} # a\n",
    ),
    "its last nights": (
        '    blocks:\n      - {to: "2026-12-25", from: 2026-12-20}\n',
        "    blocks:\n      - {to: 2026-12-24, from: 2026-12-20}\n",
    ),
    "the middle of it": (
        "    blocks:\n      - {from: 2026-12-20, to: 2026-12-30, note: 'a: b'}\n",
        "    blocks:\n      - {from: 2026-12-20, to: 2026-12-24, note: 'a: b'}\n"
        '      - {from: 2026-12-27, to: 2026-12-30, note: "a: b"}\n',
    ),
}


@pytest.mark.parametrize("case", REMOVED)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_nights_are_given_back_and_nothing_else_changes(case: str, newline: str) -> None:
    before, after = REMOVED[case]
    text = (HEAD + before + TAIL).replace("\n", newline)
    assert remove_block(text, "casa", FIRST, day(27)) == (HEAD + after + TAIL).replace("\n", newline)


@pytest.mark.parametrize("seed", range(60))
def test_a_block_goes_into_any_hosts_file_and_out_of_it_again(seed: int) -> None:
    text, draw = Writer(seed).text(), Random(seed)
    house = draw.choice(sorted(value_of(text)["accommodations"]))
    had = nights(text, house)
    first = date(2027, 1, 1) + timedelta(draw.randrange(300))
    until = first + timedelta(draw.randint(1, 9))
    note = draw.choice(("", "a: b # c", "Peñón"))
    added = add_block(text, house, first, until, note)
    removed, new = change(text, added)
    assert not removed
    assert new.count("\n") <= 2
    assert nights(added, house) == had | {first + timedelta(each) for each in range((until - first).days)}
    assert next(each.blocks[-1].note for each in config_of(added).accommodations if each.id == house) == note
    back = remove_block(added, house, first, until)
    if had:
        assert back == text or back == text + ("\r\n" if "\r\n" in text else "\n")
    assert nights(back, house) == had


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(1, 28), st.integers(1, 6), st.booleans()), max_size=5),
    st.tuples(st.integers(1, 28), st.integers(1, 9)),
    st.booleans(),
)
def test_what_is_given_back_is_open_and_nothing_else_is(
    blocks: list[tuple[int, int, bool]], freed: tuple[int, int], in_flow: bool
) -> None:
    start = date(2026, 5, 1)
    spans = [(start + timedelta(at), start + timedelta(at + length), lines) for at, length, lines in blocks]
    if in_flow:
        items = ", ".join(f"{{from: {first}, to: {until}}}" for first, until, _ in spans)
        text = f"{HEAD}    blocks: [{items}]\n{TAIL}"
    else:
        items = "".join(
            f"    - from: {first}\n      to: {until}\n" if lines else f"    - {{from: {first}, to: {until}}} # x\n"
            for first, until, lines in spans
        )
        text = f"{HEAD}    blocks:\n{items}{TAIL}"
    first, until = start + timedelta(freed[0]), start + timedelta(sum(freed))
    gone = {first + timedelta(each) for each in range(freed[1])}
    had = nights(text)
    if not had & gone:
        with pytest.raises(EditRefused, match="no block has any of these nights"):
            remove_block(text, "casa", first, until)
        return
    edited = remove_block(text, "casa", first, until)
    assert nights(edited) == had - gone
    assert edited.startswith(HEAD)
    assert edited.endswith(TAIL)


REFUSED: dict[str, tuple[str, Any, int, str]] = {
    "an alias": (
        "x: &x [{from: 2026-12-01, to: 2026-12-28}]\naccommodations: {casa: {blocks: *x}}\n",
        lambda text: add_block(text, "casa", FIRST, date(2027, 1, 2)),
        2,
        "no list of its own",
    ),
    "what an alias leads to": (
        "accommodations:\n  casa:\n    blocks: &x\n    - {from: 2026-12-01, to: 2026-12-28}\n  b: {blocks: *x}\n",
        lambda text: remove_block(text, "casa", FIRST, day(27)),
        4,
        "tied|ties it",
    ),
    "a text": (
        "accommodations:\n  casa:\n    blocks: none\n",
        lambda text: add_block(text, "casa", FIRST, day(27)),
        3,
        "no list of its own",
    ),
    "no such accommodation": (
        "\naccommodations:\n  casa: {}\n",
        lambda text: add_block(text, "cas", FIRST, day(27)),
        3,
        "this accommodation is not in the file",
    ),
    "nights that are blocked": (
        "accommodations:\n  casa:\n    blocks:\n    - {from: 2026-12-20, to: 2026-12-28}\n",
        lambda text: add_block(text, "casa", FIRST, day(27)),
        4,
        "a block has all these nights already",
    ),
    "what cannot be read": ("x: [\n", lambda text: remove_block(text, "casa", FIRST, day(27)), 2, "cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_block_that_cannot_be_changed_alone_is_refused_with_its_line(case: str) -> None:
    text, edit, line, words = REFUSED[case]
    with pytest.raises(EditRefused, match=words) as refused:
        edit(text)
    assert refused.value.line == line


def test_the_line_of_a_change_is_told() -> None:
    text = HEAD + "    blocks: []\n" + TAIL
    assert line_changed(text, add_block(text, "casa", FIRST, day(27))) == 6
    assert line_changed(text, text) == text.count("\n") + 1
    assert line_changed("a\nb\nc\n", "a\nc\n") == 2


def test_an_entry_is_shown_as_the_lines_to_paste() -> None:
    path = ("accommodations", "casa", "blocks")
    lines = as_lines(path, [{"from": "2026-12-24", "to": "2026-12-27"}])
    assert lines == "accommodations:\n  casa:\n    blocks:\n      - {from: 2026-12-24, to: 2026-12-27}"
    assert value_of(lines)["accommodations"]["casa"]["blocks"] == [{"from": "2026-12-24", "to": "2026-12-27"}]
