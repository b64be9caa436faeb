"""What language is chosen, and what is said in it."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from icalsyncd.language import chosen, day_of_week, day_of_year, listed, say, say_many, speaking, spoken


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("ja,en;q=0.5,de;q=0.7", "de"),
        ("pt-BR;q=0.4, fr-CH;q=0.9", "fr"),
        ("EN-us,de", "en"),
        ("de;q=0,it;q=0.1", "it"),
        ("de;q=much,it;q=0.1", "it"),
        ("ja", "en"),
        (",;=;q=,es;", "es"),
        ("x," * 5000 + "es", "en"),
    ],
)
def test_whoever_reads_gets_the_language_that_they_read_best(accepted: str, language: str) -> None:
    assert chosen(accepted) == language


def test_a_value_that_looks_like_a_name_is_left_as_it_is() -> None:
    assert say("{house}: {what}", house="{what}", what="{0} {house}") == "{what}: {0} {house}"
    assert say_many("{count} night of {house}", "{count} nights of {house}", 2, house="{x}") == "2 nights of {x}"


def test_dates_and_lists_are_said_in_english_by_itself() -> None:
    assert (day_of_week(date(2026, 12, 1)), day_of_year(date(2026, 9, 5))) == ("Tue 1 Dec", "Sat 5 Sep 2026")
    assert (listed(["a"]), listed(["a", "b"]), listed("abc")) == ("a", "a and b", "a, b and c")


async def test_what_is_spoken_goes_along_into_threads_and_ends_with_the_block() -> None:
    with speaking("es"):
        assert await asyncio.to_thread(spoken) == "es"
    assert spoken() == "en"
