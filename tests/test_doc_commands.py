"""Each command of each page of the docs: what it says is understood by the program, and who runs it, or why nobody does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from icalsyncd.commands.arguments import parser

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(^ *<!-- (run by|not run:) ([^\n]*?) -->\n)?^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"(?:^|&& )(?:sudo |podman exec icalsyncd )?(icalsyncd(?: (?:[a-z]|--)[^`\n|>#&]+)?)")
STANDS_FOR = {
    "SYNC": "casa/holidu",
    "CALENDAR": "owner",
    "ACCOMMODATION": "casa",
    "DATE": "2026-12-24",
    "FROM": "2026-12-24",
    "TO": "2026-12-27",
    "SHELL": "bash",
}
PROMISED: set[str] = set()
"""Commands that the docs name, and that are still to come."""


def commands(block: str, language: str) -> list[str]:
    """The lines of *block* that somebody is to type; none where it is no block of commands."""
    lines = [line.strip() for line in block.splitlines()]
    if language == "console":
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    typed = re.compile(r"(?:sudo |git |make |icalsyncd |pipx |podman |docker |apt )")
    if language == "sh" or (language == "" and any(map(typed.match, lines))):
        return [line for line in lines if line]
    return []


@pytest.mark.parametrize("page", PAGES)
def test_each_block_of_commands_is_run_by_a_test_or_says_why_it_is_not(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for marked, how, what, language, block in BLOCK.findall(text):
        if not commands(block, language):
            continue
        first = commands(block, language)[0]
        assert marked, f"{page}: `{first}` …: say above it <!-- run by tests/… --> or <!-- not run: why -->"
        if how == "run by":
            assert (ROOT / what).exists(), f"{page}: {what}"
        else:
            assert len(what.split()) > 3, f"{page}: why is `{first}` not run?"


def said(page: str) -> Iterator[str]:
    """The commands of ours on *page*: in its blocks, and in its sentences."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for *_, language, block in BLOCK.findall(text):
        for line in commands(block, language):
            yield from OURS.findall(line)
    for inline in re.findall(r"`(icalsyncd [^`\n]+)`", BLOCK.sub("", text)):
        yield from OURS.findall(inline.replace("\\|", "|"))


@pytest.mark.parametrize("page", PAGES)
def test_each_command_that_is_named_is_one_that_the_program_takes(page: str) -> None:
    names = {action.dest: action for action in parser()._actions}["command"].choices
    assert names
    for line in said(page):
        # what stands in brackets may be left out
        words = re.sub(r"\[[^\]]*\]", "", line.replace("…", "x")).split()
        arguments = [STANDS_FOR.get(word.strip(",.;"), word.rstrip(",.;)")) for word in words[1:]]
        # a mention that stops at the name of the command is one, too
        if arguments and arguments[0] not in PROMISED and not (len(arguments) == 1 and arguments[0] in names):
            assert is_understood(arguments), f"{page}: {line}"


def is_understood(arguments: list[str]) -> bool:
    try:
        parser().parse_args(arguments)
    except SystemExit as ended:
        return ended.code == 0
    return True
