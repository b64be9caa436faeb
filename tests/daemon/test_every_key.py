"""What half a file, one that lacks a key, does to the nights; and what another value that is written out does.

The keys are those of the schema: one that is new fails here until it is known what it does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from icalsyncd.availability.ledger import Ledger, SyncLedger
from icalsyncd.config import schema
from icalsyncd.config.loading import Accepted, Loaded, parse
from icalsyncd.daemon.hub import Hub
from icalsyncd.state.installation import Installation
from icalsyncd.state.store import Store
from tests.daemon.every_key import (
    DELAY,
    GONE,
    ROWS,
    Effect,
    Row,
)
from tests.end_to_end.portal import Portal, calendar, portals
from tests.pulling.house import House

PUBLISHED = {
    "folder": {"path": "cloud"},
    "webdav": {"url": "https://cloud.example", "username": "me", "username_file": "f", "username_env": "URL"}
    | {"password_file": "f", "password_env": "URL"},
    "s3": {"bucket": "b", "prefix": "p", "region": "r", "endpoint": "https://s3.example"}
    | {"access_key_id_file": "f", "access_key_id_env": "URL"}
    | {"secret_access_key_file": "f", "secret_access_key_env": "URL"},
    "gcs": {"bucket": "b", "prefix": "p", "service_account_file": "f"},
    "azure": {"account": "a", "container": "c", "prefix": "p", "account_key_file": "f", "account_key_env": "URL"},
}
"""The keys of each kind of target. What is published says what the feeds say, and these keys only where."""
OF_STORES = {"store.sqlite.type", "store.postgresql.type", "store.postgresql.dsn_file"}
OF_ALL_TARGETS = {"name", "public_url", "accommodations", "type"}


def keys(model: type[BaseModel] = schema.File, at: str = "") -> Iterator[str]:
    """Each key that may be written, as a path; those of the targets with the target's kind."""
    for name, field in model.model_fields.items():
        path = f"{at}{field.alias or name}"
        yield path
        for below in models_in(field.annotation):
            kind = get_args(below.model_fields["type"].annotation)[0] if "type" in below.model_fields else ""
            yield from keys(
                below, f"{path}.{kind or ('ID' if is_mapping(field.annotation) else '')}.".replace("..", ".")
            )


def is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is dict


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType, dict, list, Literal):
        for each in get_args(annotation):
            yield from models_in(each)


def test_it_is_known_of_each_key_what_half_a_file_without_it_does():
    known = {row.key for row in ROWS}
    known |= OF_STORES
    known |= {f"publish.{kind}.{key}" for kind, own in PUBLISHED.items() for key in (*own, *OF_ALL_TARGETS)}
    assert set(keys()) == known


class Written:
    """A household's file in parts, each key at its path."""

    def __init__(self, row: Row, url: str) -> None:
        self.file: dict[str, Any] = {
            "terms": "accepted",
            "pull": {"allow_private_addresses": True},
            "accommodations": {
                "house": {
                    "timezone": "UTC",
                    "syncs": {
                        "site": {"portal": "generic", "direction": "export"},
                        "a": {"portal": "smoobu", "direction": "import", "url": url},
                    },
                }
            },
        }
        for path, value in row.beside:
            self.set(path, deepcopy(value))
        if row.value not in (GONE, None):
            self.set(row.key, deepcopy(row.value))

    def set(self, path: str, value: Any) -> None:
        at: Any = self.file
        steps = (
            path.replace("syncs.ID", "syncs.a")
            .replace("ID", "house")
            .replace("blocks.", "blocks.0.")
            .replace("notify.", "notify.0.")
            .split(".")
        )
        for step in steps[:-1]:
            at = at[int(step)] if isinstance(at, list) else at.setdefault(step, {})
        if value == GONE:
            at.pop(steps[-1], None)
        else:
            at[steps[-1]] = value

    def read(self, folder: Path, url: str) -> Loaded:
        environ = {"URL": url, "URL2": "https://other.example/c.ics"}
        return parse(json.dumps(self.file), folder / "config.yaml", environ)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "saved" in metafunc.fixturenames:
        made = [(row, GONE, row.without, ()) for row in ROWS]
        made += [(row, row.other, row.changed, row.also) for row in ROWS if row.changed is not None]
        names = [f"{row.key.replace('accommodations.ID.', '')}={row.value}->{value}"[:70] for row, value, _, _ in made]
        metafunc.parametrize("saved", made, ids=names)


@pytest.mark.slow
async def test_what_a_save_does_to_the_nights(saved: tuple[Row, Any, Effect, Any], tmp_path: Path) -> None:
    row, value, effect, also = saved
    body = row.body or calendar((10, 12), (20, 22, "Closed"), (30, 32, "Reserved"), (34, 35, "Ignored"))
    async with portals(1) as (a,):
        a.body = body
        for name, url in (("url", a.url), ("url2", "https://other.example/c.ics"), ("secret", "s" * 64)):
            (tmp_path / name).write_text(url)
        whole, half = Written(row, a.url), Written(row, a.url)
        half.set(row.key, value)
        for path, other in also:
            half.set(path, other)
        first, second = whole.read(tmp_path, a.url), half.read(tmp_path, a.url)
        assert isinstance(first, Accepted), first
        if effect is Effect.REFUSED:
            assert not isinstance(second, Accepted)
            return
        assert isinstance(second, Accepted), second
        await _save(row, a, first, second, effect, tmp_path, added=value != GONE)


async def _save(
    row: Row, a: Portal, first: Accepted, second: Accepted, effect: Effect, folder: Path, *, added: bool
) -> None:
    async with at_work(first, folder) as made:
        await made.hub.intake.pull(("house", "a"))
        if row.then is not None:
            a.body = row.then
            for _ in range(3):
                await made.hub.intake.pull(("house", "a"))
            pass_time(made, 7 * 3600.0, held=True)
        before = await made.shown(row.feed)
        await save(made, second)
        now = await made.shown(row.feed)
        check(effect, before, now)
        if effect in (Effect.NOTHING, Effect.WAITS):
            # in two steps: the whole file comes back, and nothing has happened
            await save(made, first)
            assert await made.shown(row.feed) == before
            ledger = made.journal.current["house"].ledger
            assert ledger.shrinking is None
            assert ledger.parting is None
            # another value may have added something that goes again with it
            assert added or not any(sync.narrowing for sync in ledger.syncs.values())
            await save(made, second)
    # this start finds the half file
    async with at_work(second, folder) as made:
        await save(made, second)
        check(effect, before, await made.shown(row.feed))
        pass_time(made, DELAY)
        made.hub.deadlines.attend("house")
        await made.quiet()
        await made.hub.intake.pull(("house", "a"))
        later = await made.shown(row.feed) if "house" in made.hub.view.houses else set()
    match effect:
        case Effect.WAITS:
            assert later < before, "this row proves nothing: the change opens no night"
        case Effect.NOTHING:
            assert later == before
        case _:
            assert later == now


def check(effect: Effect, before: set[int], now: set[int]) -> None:
    match effect:
        case Effect.NOTHING | Effect.WAITS:
            assert now == before
        case Effect.CLOSES:
            assert now > before
        case Effect.OPENS:
            assert now < before
        case Effect.REFUSED:
            raise AssertionError


class at_work:  # noqa: N801 (it reads as the function that it stands for)
    """A hub under a config, for as long as the block runs."""

    def __init__(self, accepted: Accepted, folder: Path) -> None:
        self.house = House(
            Hub(accepted, Installation(b"s" * 32), Store(folder / "state.sqlite3")),
            folder,
        )

    async def __aenter__(self) -> House:
        await self.house.hub.begin()
        self.house.runs(self.house.hub.journal.run())
        return self.house

    async def __aexit__(self, *_: object) -> None:
        for task in self.house.tasks:
            task.cancel()
        await self.house.hub.end()


async def save(made: House, accepted: Accepted) -> None:
    """The host saves a config, and each portal is pulled under it."""
    await made.hub.apply(accepted)
    await made.quiet()
    await made.hub.intake.pull(("house", "a"))
    await made.quiet()


def pass_time(made: House, seconds: float, *, held: bool = False) -> None:
    """What waits has waited for *seconds* longer; *held*: only what a suspicious copy lacked."""
    state = made.journal.current["house"]
    ledger = state.ledger
    syncs = {name: _older(sync, seconds, held=held) for name, sync in ledger.syncs.items()}
    older: Ledger = replace(ledger, syncs=syncs)
    if not held:
        blocks = tuple(
            replace(block, leaving_since=block.leaving_since - seconds) if block.leaving_since is not None else block
            for block in ledger.blocks
        )
        shrinking = ledger.shrinking and replace(ledger.shrinking, since=ledger.shrinking.since - seconds)
        parting = ledger.parting and replace(ledger.parting, since=ledger.parting.since - seconds)
        older = replace(older, blocks=blocks, shrinking=shrinking, parting=parting)
    made.journal.put("house", replace(state, ledger=older))


def _older(sync: SyncLedger, seconds: float, *, held: bool) -> SyncLedger:
    if held:
        return replace(sync, held=tuple(replace(lack, since=lack.since - seconds) for lack in sync.held))
    narrowing = sync.narrowing and replace(sync.narrowing, since=sync.narrowing.since - seconds)
    return replace(sync, since=sync.since - seconds, narrowing=narrowing)
