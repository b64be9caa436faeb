"""The catalogue: every sentence that people read is in it, whole, in every language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from gettext import NullTranslations
from html.parser import HTMLParser
from itertools import product
from string import Formatter

import pytest
from babel.dates import format_date

from icalsyncd import language
from icalsyncd.admin.habits import learned
from icalsyncd.admin.happened import happened
from icalsyncd.admin.page import night_page, page
from icalsyncd.availability.habits import Habits
from icalsyncd.calendars.calendar import Reason
from icalsyncd.config.schema import Server
from icalsyncd.language import (
    LANGUAGES,
    day_of_month,
    day_of_week,
    day_of_year,
    month,
    month_of_year,
    speaking,
    weekday,
    weekday_letter,
)
from icalsyncd.language import NAMES as NAMES_OF_DATES
from tests.admin.scenes import NAMES, PORTALS, scenes
from tests.admin.worlds import TODAY, world
from tests.catalogue import (
    FOLDER,
    OTHERS,
    PACKAGE,
    compiled,
    date_names,
    in_template,
    loose,
    missing,
    path_of,
    read,
    sentences,
    strings,
    updated,
    written,
)


@pytest.mark.slow
@pytest.mark.parametrize("spoken", OTHERS)
def test_every_sentence_is_in_the_catalogue_and_the_catalogue_has_no_other(spoken: str) -> None:
    assert written(updated(spoken)).decode() == path_of(spoken).read_text(encoding="utf-8"), (
        "python -m tests.catalogue brings it up to date"
    )
    assert missing(read(spoken)) == []
    assert path_of(spoken, "mo").read_bytes() == compiled(read(spoken)), "python -m tests.catalogue compiles it"


@pytest.mark.parametrize("spoken", LANGUAGES)
def test_dates_are_written_as_the_locale_data_of_their_language_has_them(spoken: str) -> None:
    assert (FOLDER / spoken / NAMES_OF_DATES).read_bytes() == date_names(spoken), "python -m tests.catalogue writes it"
    with speaking(spoken):
        patterns = {each: language.translated(each) for each in sorted(PATTERNS)}
        said = {"EEE d MMM y": day_of_year, "EEE d MMM": day_of_week, "d MMM": day_of_month, "LLLL y": month_of_year}
        for number in range(366):
            day = date(2028, 1, 1) + timedelta(number)
            for each, pattern in patterns.items():
                assert said[each](day) == format_date(day, pattern, locale=spoken)
            alone = (("ccc", weekday), ("ccccc", weekday_letter), ("LLL", month))
            assert [say(day) for _, say in alone] == [format_date(day, each, locale=spoken) for each, _ in alone]


@pytest.mark.parametrize("spoken", OTHERS)
def test_every_translation_speaks_of_the_same_things(spoken: str) -> None:
    for message in read(spoken):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        meant = set().union(*map(names, ids))
        for form in strings(message):
            # one night has but one date, and needs no number
            assert names(form) <= meant, form
            assert names(form) >= min(map(names, ids), key=len) - {"count"}, form
            assert form.endswith(tuple(".:?")) == ids[0].endswith(tuple(".:?")), form


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.slow
def test_no_sentence_is_put_together_from_parts() -> None:
    # what is given to `say` is written out: what is worked out cannot be in a catalogue
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name not in ("language.py", "templates.py"):
            assert loose(path.read_text(encoding="utf-8")) == [], path


def test_a_language_of_the_config_is_one_that_can_be_spoken() -> None:
    for spoken in LANGUAGES:
        assert Server.model_validate({"language": spoken}).language == spoken


class Pseudo(NullTranslations):
    """A language in which every sentence stands in brackets, so that what is in none was never looked up."""

    def gettext(self, message: str) -> str:
        return message if message in PATTERNS else f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


PATTERNS = {"EEE d MMM y", "EEE d MMM", "d MMM", "LLLL y"}
"""They are filled in, and come out as dates."""
SHOWN = ("aria-label", "title", "placeholder", "alt", "data-none", "data-copied", "data-dead", "data-why", "data-label")


class Read(HTMLParser):
    """All that a reader sees or hears of a page, but for what is code and what another program said."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = [""]
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.texts += [given[name] or "" for name in SHOWN if name in given]
        if (
            self._silent
            or tag in ("code", "q", "svg")
            or ("details" in (given.get("class") or "").split() and tag == "ul")
        ):
            self._silent += tag not in ("input", "link", "meta", "use", "path", "rect", "circle")
        elif given.get("lang") == "en" and tag != "html":
            self._silent += 1

    def handle_endtag(self, tag: str) -> None:
        self._silent -= self._silent > 0 and tag not in ("input", "link", "meta", "use", "path", "rect", "circle")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            # a sentence goes on through the markup that stands in it
            self.texts[0] += f"{data}\n"


def outside(text: str) -> str:
    """What of *text* stands in no bracket."""
    depth, left = 0, []
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        left.append(char if depth == 0 and char != "⟧" else " ")
    return "".join(left)


def data() -> Iterator[str]:
    """Words that are no sentences: names, ids, and parts of dates."""
    yield from (
        "icalsyncd",
        "config.yaml",
        "Europe/Madrid",
        "UTC",
        "house",
        "Bot/2.1",
        "family",
        "JSON",
        "Booking.com",
        "CET",
        "cleaners",
    )
    for year, number in product((2026, 2027, 2028), range(1, 13)):
        yield month_of_year(date(year, number, 1))
        yield month(date(year, number, 1))
    for number in range(1, 8):
        yield weekday(date(2027, 1, number))
        yield weekday_letter(date(2027, 1, number))
    for name in (*NAMES, *PORTALS):
        yield from (name, name.capitalize(), name.lower().replace(" ", "-"))
    yield from ("atico-sol", "la-cabana", "mas-pinos", "casa-limon")


def history_words() -> list[str]:
    """What the history may say, as its source has it."""
    tree = ast.parse((PACKAGE / "state" / "history.py").read_text(encoding="utf-8"))
    told = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith(("events", "_of_"))
    ]
    said = [node for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)]
    found: list[str] = []
    for each in (*told, *said):
        described = ast.get_docstring(each, clean=False) if isinstance(each, ast.FunctionDef) else None
        inside = {part for node in ast.walk(each) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
        texts = [node for node in ast.walk(each) if isinstance(node, ast.Constant) and node not in inside]
        found += [str(node.value) for node in texts if isinstance(node.value, str)]
        found = [word for word in found if word and word not in (described, "partial")]
    found += [f"failing: {reason.value}" for reason in Reason]
    return [*found, "taken at holidu", "taken no more at holidu", "you said that it is booked at room-1/holidu"]


def test_all_that_the_history_says_is_said_in_every_language() -> None:
    words = history_words()
    assert {"repeats us", "held no more", "leaving: no longer in the config", "failing: dns", "resumed"} < set(words)
    for spoken in OTHERS:
        with speaking(spoken):
            assert [word for word in words if not happened(word) or happened(word) == word] == []
    assert happened("the host ended a wait: casa/holidu: 3 nights") == "you ended a wait"
    assert happened("what a later release says") == ""


def test_what_was_learned_of_a_portal_is_said_in_every_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_catalogue", lambda spoken: Pseudo())
    overview = world(1, 1)
    ((name, house),) = overview.view.houses.items()
    row = next(iter(overview.syncs_of(name, house)))
    seen = 0
    for changes in ((-1, -1), (2, 2), (-1, 2), (1, -2), (0, 1)):
        habits = Habits(changes=(changes,) * 5, shows=(60.0,) * 5, drops=(9000.0,) * 5)
        for sentence in learned(row._replace(ledger=replace(row.ledger, habits=habits))):
            assert sentence.startswith("⟦")
            assert not re.findall(r"[^\W\d_]{2,}", outside(sentence)), sentence
            seen += 1
    assert seen > 12


@pytest.mark.slow
def test_no_word_of_the_pages_is_outside_of_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_catalogue", lambda spoken: Pseudo())
    known = set(data())
    seen = 0
    for name, make in scenes().items():
        if name in ("two-hundred", "large"):
            continue
        overview = make()
        pages = [page(overview)]
        for house in list(overview.names)[:1]:
            past = [{"at": "2027-01-02T03:04:05Z", "what": what, "sync": "holidu"} for what in history_words()]
            pages += [night_page(overview, house, TODAY + night, past) or "" for night in (0, 2, 12, 18, 41, 44)]
            pages.append(page(replace(overview, calendars={"cleaners": "https://cal.example.org/x.ics"})))
        for html in pages:
            for text in Read(html).texts:
                left = outside(text)
                own = {*overview.names, *overview.names.values(), *(each.words for each in overview.faults)}
                own |= {fault.what for fault in overview.faults} | {fault.more for fault in overview.faults}
                for word in sorted(known | own, key=len, reverse=True):
                    left = left.replace(word, " ")
                assert not re.findall(r"[^\W\d_]{2,}", left), (name, text)
                seen += text.count("⟦")
    assert seen > 3000


@pytest.mark.slow
def test_a_sentence_that_is_in_no_catalogue_is_found() -> None:
    assert list(in_template('{{ say("a {b}", b=1) }}{{ say_many("one", "many", 2) }}')) == [
        (("a {b}",), 1),
        (("one", "many"), 1),
    ]
    head = "from icalsyncd.language import say, say_many\n"
    assert loose(f"{head}say(f'a {{b}}')\nsay(words)\nsay('a' 'b')\nsay_many('a', b, 2)\nsay('a' + b)") == [2, 3, 5, 6]
    assert outside("⟦a ⟦b⟧ c⟧ d ⟦e⟧").split() == ["d"]
    with speaking("es"):
        assert language.say("All is well") == "Todo va bien"
    assert len(sentences()) > 200
