"""Nights that the host takes and gives back, from the command line into the file."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, timedelta

import pytest

from icalsyncd.commands.dates import iso_date, said
from tests.commands.household import CONFIG, Home

TUESDAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "after", "day"),
    [
        ("2026-12-24", None, date(2026, 12, 24)),
        ("tonight", None, TUESDAY),
        ("today", None, TUESDAY),
        ("Tomorrow", None, date(2026, 11, 25)),
        ("tuesday", None, TUESDAY),
        ("fri", None, date(2026, 11, 27)),
        ("monday", None, date(2026, 11, 30)),
        ("friday", date(2026, 11, 27), date(2026, 12, 4)),
        ("sunday", date(2026, 11, 27), date(2026, 11, 29)),
        ("sunday", date(2027, 1, 1), date(2027, 1, 3)),
    ],
)
def test_a_day_is_what_a_person_means(text: str, after: date | None, day: date) -> None:
    assert said(text).on(TUESDAY, after) == day


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("24.12.2026", "write 2026-12-24 for 24 December 2026"),
        ("24/12/26", "write 2026-12-24 for 24 December 2026"),
        ("24-12-2026", "write 2026-12-24"),
        ("12/24/2026", "write 2026-12-24 for 24 December 2026"),
        ("3/4/2027", "write 2027-04-03 for 3 April 2027 or 2027-03-04 for 4 March 2027"),
        ("2026/12/24", "write 2026-12-24"),
        ("2026-12-4", "write 2026-12-04"),
        ("24.12.", "-12-24 for 24 December "),
        ("2026-02-30", "there is no such day"),
        ("31.2.2026", "2026-12-24"),
        ("morgen", "2026-12-24"),
        ("20261224", "2026-12-24"),
        ("fr", "2026-12-24"),
    ],
)
def test_another_form_is_refused_with_the_right_one(text: str, advice: str) -> None:
    for read in (said, iso_date):
        with pytest.raises(ArgumentTypeError) as refused:
            read(text)
        assert advice in str(refused.value)


@pytest.mark.slow
async def test_nights_are_taken_and_given_back_in_the_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    home = Home(tmp_path / "home")
    home.write(CONFIG)
    today = datetime.now(UTC).date()
    done = await home.run("block", "casa-azul", "tonight", "tomorrow", "--note", "for a friend")
    assert done.code == 0, done.err
    assert "1 night" in done.out
    assert "takes effect when the daemon runs" in done.out
    text = home.config.read_text()
    assert f"{{from: {today}, to: {today + timedelta(1)}, note: for a friend}}" in text
    assert "# read them" in text
    done = await home.run("unblock", "casa-azul", "tonight", "tomorrow")
    assert (done.code, "30 minutes" in done.out) == (0, True), done.err
    assert str(today) not in home.config.read_text()
    for arguments, code, why in (
        (("block", "casa-azul", "tomorrow", "tonight"), 2, "must come after"),
        (("block", "casa-azul", "24.12.2026", "2026-12-27"), 2, "write 2026-12-24"),
        (("block", "casa-azull", "tonight", "tomorrow"), 1, "did you mean"),
        (("unblock", "casa-azul", "tonight", "tomorrow"), 1, "no block has any of these nights"),
    ):
        refused = await home.run(*arguments)
        assert refused.code == code
        assert why in refused.err
