"""The state file of the version before is opened and goes on: nothing is asked anew, nothing is freed."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
import zlib
from contextlib import closing
from pathlib import Path

from icalsyncd.state.installation import Installation
from icalsyncd.state.shape import APPLICATION_ID
from tests.end_to_end.portal import Portal, calendar, day, portals
from tests.pulling.house import A, B, Gate, house, sync

DUMP = Path(__file__).with_name("stored_before.sql")
"""What the version before had stored of a good copy of a, and of a good and a held one of b."""
STORED_ON = 739944
STORED_AT = 1795551498.0
GOOD = calendar((10, 12), (20, 22))
BEFORE_HELD = calendar(*[(10 * week, 10 * week + 7) for week in range(1, 8)])
HELD = calendar((10, 12))


def tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def write(path: Path, a: Portal, b: Portal) -> None:
    """The file as it would have been written today, of portals at these addresses."""
    days, seconds = day(0).toordinal() - STORED_ON, time.time() - STORED_AT
    text = DUMP.read_text()
    text = re.sub(r"\b(?:7399\d\d|7400\d\d)\b", lambda found: str(int(found[0]) + days), text)
    text = re.sub(r"\b179555149[67]\.\d+", lambda found: repr(float(found[0]) + seconds), text)
    secret = Installation(b"s" * 32)
    for old, new in (
        ("361f196c6dc33ba87b1837252a26b75c", secret.fingerprint(a.url)),
        ("980df384a2c1f37791c07a16eff17521", secret.fingerprint(b.url)),
        ("d10e5be036c5810f", tag(GOOD)),
        ("8417b2f008534c3d", tag(HELD)),
    ):
        assert old in text
        text = text.replace(old, new)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(text)
        db.executescript(f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version=1;")
        for owner, role, body in (
            ("house/a", "snapshot", GOOD),
            ("house/b", "snapshot", BEFORE_HELD),
            ("house/b", "waiting", HELD),
        ):
            changed = db.execute(
                "UPDATE copy SET body = ? WHERE owner = ? AND role = ?", (zlib.compress(body), owner, role)
            )
            assert changed.rowcount == 1


async def test_it_goes_on_where_the_version_before_stopped(tmp_path: Path) -> None:
    async with portals(2) as (a, b):
        a.body, b.body = GOOD, HELD
        at_a, at_b = Gate(a), Gate(b)
        write(tmp_path / "state.sqlite3", a, b)
        async with house(tmp_path, sync("a", a), sync("b", b)) as made:
            taken = {night for week in range(1, 8) for night in range(10 * week, 10 * week + 7)}
            assert await made.shown() == taken
            report = await made.hub.intake.pull(A)
            assert report is not None
            assert (report.outcome, at_a.answered) == ("not_modified", [304])
            report = await made.hub.intake.pull(B)
            assert report is not None
            assert (report.outcome, at_b.answered) == ("held", [304])
            assert await made.shown() == taken
            await made.hub.intake.reread(B, released=True)
            assert await made.shown() == {10, 11, 20, 21}
            report = await made.hub.intake.pull(B)
            assert report is not None
            assert (report.outcome, at_b.answered) == ("not_modified", [304, 304])


async def test_another_address_is_not_asked_with_what_the_one_before_gave(tmp_path: Path) -> None:
    async with portals(3) as (a, b, other):
        other.body = GOOD
        gate = Gate(other)
        write(tmp_path / "state.sqlite3", a, b)
        async with house(tmp_path, sync("a", other), sync("b", b)) as made:
            await made.hub.intake.pull(A)
            assert gate.answered == [200]
