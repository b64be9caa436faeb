"""Each mistake by itself, with every word that the host is told; and all of them at once."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Final

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.config import document
from icalsyncd.config.excerpt import excerpt
from icalsyncd.config.loading import NO_FILE, Accepted, Refused, load, parse
from icalsyncd.config.mistakes import Mistake
from tests.config.written import Writer

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
SECRET: Final = "MARK"  # stands in every URL and password of the bad files


def told(file: Path) -> str:
    loaded = load(file, {})
    assert isinstance(loaded, Refused)
    return "".join(str(mistake).replace(str(file), file.name) + "\n" for mistake in loaded.mistakes)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(file: Path) -> None:
    words = told(file)
    assert words == file.with_suffix(".txt").read_text(encoding="utf-8")
    assert SECRET not in words


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_an_excerpt_points_at_the_place_and_shows_no_secret(file: Path) -> None:
    loaded = load(file, {})
    assert isinstance(loaded, Refused)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    for mistake in loaded.mistakes:
        shown = excerpt(text, mistake)
        if shown is not None:
            line, caret = shown
            assert SECRET not in line
            if len(text.split("\n")[mistake.line - 1]) <= 100:
                # of a longer line only the part around the place is shown
                assert len(caret) == mistake.column
            assert line == "" or len(caret) <= len(line) + 1


def test_an_excerpt_shows_what_is_no_secret() -> None:
    text = "  a: {direction: both, url: https://x.example/abc}\nname: 0123456789abcdef0123456789abcdef\n"
    first, second = (Mistake("c", line, column, "", "wrong") for line, column in ((1, 6), (2, 7)))
    assert excerpt(text, first) == ("  a: {direction: both, url: " + "·" * 21 + "}", "     ^")
    assert excerpt(text, second) == ("name: " + "·" * 32, "      ^")
    assert excerpt(text, Mistake("c", 9, 1, "", "wrong")) is None


def test_ten_mistakes_are_told_at_once() -> None:
    lines = told(Path(__file__).parent / "bad" / "ten_at_once.yaml").splitlines()
    assert [line.split(": ")[0].removeprefix("ten_at_once.yaml:") for line in lines] == [
        *("3:11", "4:3", "6:13", "7:13", "10:15", "12:32", "16:20", "19:17", "22:7", "25:17")
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_are_those_that_an_editor_shows(newline: str, mark: str) -> None:
    text = mark + newline.join(("# é𝄞", "terms: accepted", "pull: {hold: 6h, interval: soon}", ""))
    loaded = parse(text, Path("config.yaml"), {})
    assert isinstance(loaded, Refused)
    assert [(mistake.line, mistake.column) for mistake in loaded.mistakes] == [(3, 28)]


def test_a_mistake_on_the_first_line_is_in_the_column_that_an_editor_shows() -> None:
    loaded = parse("\ufeffterms: no", Path("config.yaml"), {})
    assert isinstance(loaded, Refused)
    assert [(mistake.line, mistake.column) for mistake in loaded.mistakes] == [(1, 8)]


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    loaded = load(tmp_path / "config.yaml", {})
    assert isinstance(loaded, Refused)
    assert [str(mistake) for mistake in loaded.mistakes] == [f"{tmp_path}/config.yaml:1:1: {NO_FILE}"]


def test_a_file_in_another_encoding_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes("terms: accepted\n# Häuser\n".encode("latin-1"))
    loaded = load(file, {})
    assert isinstance(loaded, Refused)
    assert [(mistake.line, mistake.column) for mistake in loaded.mistakes] == [(2, 4)]
    assert "UTF-8" in loaded.mistakes[0].message


@pytest.mark.slow
@given(st.text())
def test_any_text_is_accepted_or_refused(text: str) -> None:
    assert isinstance(parse(text, Path("config.yaml"), {}), Accepted | Refused)


SCRAPS = (
    "",
    " ",
    "  ",
    "\n",
    "\n  ",
    ":",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "#",
    "&a ",
    "*a",
    "<<: ",
    "~",
    "!",
    "é",
    "\t",
)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_refused_without_a_word_of_its_secrets(seed: int) -> None:
    draw = Random(seed)
    text = Writer(seed).text().replace("portal.example", f"{SECRET}.example")
    for _ in range(10):
        at = draw.randrange(len(text))
        damaged = text[:at] + draw.choice(SCRAPS) + text[at + draw.choice((0, 0, 1, 3, 80)) :]
        loaded = parse(damaged, Path("config.yaml"), {})
        told = loaded.warnings if isinstance(loaded, Accepted) else loaded.mistakes + loaded.warnings
        assert SECRET not in repr(told)


@pytest.mark.parametrize("seed", range(10))
def test_the_parser_without_libyaml_reads_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # it knows neither a tab before a comment nor a `?` inside of braces, and refuses them
    text = Writer(seed).text().replace("\t", " ").replace("?s=1", "")
    first = parse(text, Path("config.yaml"), {})
    monkeypatch.setattr(document, "Parser", yaml.SafeLoader)
    assert parse(text, Path("config.yaml"), {}) == first


@pytest.mark.slow
def test_ten_thousand_syncs_are_read() -> None:
    lines = ["terms: accepted", "accommodations:"]
    for house in range(2_500):
        lines += [f"  house-{house}:", "    timezone: Europe/Madrid", "    syncs:"]
        for sync in range(4):
            lines += [f"      sync-{sync}:", "        portal: holidu", "        direction: bidirectional"]
            lines += [f"        url: https://portal.example/{house}/{sync}.ics"]
    loaded = parse("\n".join(lines), Path("config.yaml"), {})
    assert isinstance(loaded, Accepted)
    assert len(loaded.config.syncs()) == 10_000
