"""`icalsyncd check`, what concerns the shared cloud: what a target lacks, and whether it takes a file."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator
from importlib.util import find_spec

from icalsyncd.config.places import AzurePlace, FolderPlace, GcsPlace, S3Place, Target, WebDavPlace
from icalsyncd.config.resolved import Config
from icalsyncd.publishing.targets.opening import open_storage
from icalsyncd.publishing.targets.storage import Unsent

_BODY = b"icalsyncd tries whether it can write here. This file can be removed.\r\n"


def lacks(config: Config) -> Iterator[tuple[str, str]]:
    """What keeps targets from being used, as far as can be seen from here: a target's name, and what it lacks."""
    for target in config.publish:
        what = _lack(target)
        if what is not None:
            yield target.name, what


def probe(config: Config) -> dict[str, Unsent | None]:
    """Put a small file at each target, and delete it again: why that failed, by the target's name; None if it did not."""
    return asyncio.run(_probe(config.publish))


def _lack(target: Target) -> str | None:
    match target.place:
        case FolderPlace(path):
            if not path.is_dir():
                return (
                    f"{path} is no folder: make it; it is not made by itself, since it may be a mount that is not there"
                )
            return None if os.access(path, os.W_OK | os.X_OK) else f"this user may not write in {path}"
        case S3Place() | GcsPlace() | AzurePlace():
            return None if find_spec("obstore") else "the extra is not installed: pip install 'icalsyncd[cloud]'"
        case WebDavPlace():
            return None


async def _probe(targets: tuple[Target, ...]) -> dict[str, Unsent | None]:
    tried = await asyncio.gather(*map(_try, targets))
    return {target.name: unsent for target, unsent in zip(targets, tried, strict=True)}


async def _try(target: Target) -> Unsent | None:
    storage = open_storage(target.place)
    name = f"icalsyncd-probe-{secrets.token_hex(4)}.txt"
    try:
        return await storage.put(name, _BODY) or await storage.delete(name)
    finally:
        await storage.close()
