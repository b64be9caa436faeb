"""The values of a config file checked against the schema, each mistake in words for the host.

Where something is wrong, the rest is looked at as well, so that the host sees every mistake at once: what is wrong is
taken out or replaced by something harmless, and what is left is checked again.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from icalsyncd.config import schema
from icalsyncd.config.look_alikes import GLUED_KEY, SPACE_MISSING
from icalsyncd.config.mistakes import Remark, listed, meant
from icalsyncd.config.nodes import Path, Plain, Step

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAY_BE_EMPTY: Final = frozenset(
    (
        "server",
        "users",
        "pull",
        "store",
        "publish",
        "notify",
        "calendars",
        "accommodations",
        "blocks",
        "syncs",
        "buffer",
        "official_only",
        "parts",
        "offer",
    )
)
"""Mappings and lists that a host may leave empty, as when each of their lines is a comment."""
_TARGETS: Final[dict[str, type[schema.Keys]]] = {
    "folder": schema.Folder,
    "webdav": schema.WebDav,
    "s3": schema.S3,
    "gcs": schema.Gcs,
    "azure": schema.Azure,
}
_STORES: Final[dict[str, type[schema.Keys]]] = {"sqlite": schema.FileStore, "postgresql": schema.ServerStore}
_MODELS: Final[tuple[tuple[str, type[schema.Keys]], ...]] = (
    ("", schema.File),
    ("server", schema.Server),
    ("server/admin_tls", schema.AdminTls),
    ("pull", schema.Pull),
    ("accommodations/[^/]+", schema.Accommodation),
    ("accommodations/[^/]+/buffer", schema.Buffer),
    ("accommodations/[^/]+(/syncs/[^/]+)?/offer", schema.Offer),
    ("accommodations/[^/]+/syncs/[^/]+/buffer", schema.Buffer),
    (r"accommodations/[^/]+/blocks/\d+", schema.Block),
    ("accommodations/[^/]+/syncs/[^/]+", schema.Sync),
    (r"notify/\d+", schema.Receiver),
    ("heartbeat", schema.Heartbeat),
)
_MISSING: Final = {
    "terms": 'write `terms: accepted` once you have read "Terms of use" in the README',
    "timezone": "such as `timezone: Europe/Madrid`",
    "portal": "such as `portal: holidu`, or `portal: generic`",
    "direction": "`bidirectional`, `export` or `import`",
    "from": "the first night, such as `from: 2026-12-24`",
    "to": "the morning that the nights are free again, such as `to: 2026-12-27`",
}
_HARMLESS: Final[dict[str, Plain]] = {"terms": "accepted", "timezone": "UTC", "portal": "generic"}
_WANTED: Final = {
    "bool_type": "must be `true` or `false`",
    "int_type": "must be a whole number",
    "list_type": "must be a list: `- ` before each item, or `[a, b]`",
    "dict_type": "must be a mapping: `id:` and below it its keys",
    "model_type": "must be a mapping of `key: value`",
}


_SYNONYMS: Final = {
    "both": "bidirectional",
    "two-way": "bidirectional",
    "twoway": "bidirectional",
    "sync": "bidirectional",
    "send": "export",
    "out": "export",
    "receive": "import",
    "in": "import",
    "pull": "import",
}
"""Other programs' words for ours."""


def validate(value: Plain, *, ran_before: bool = False) -> tuple[schema.File | None, tuple[Remark, ...]]:
    """The file that *value* makes, and what is wrong in it.

    With mistakes, the file is what is left without them. It is None if nothing can be left. What *ran_before* may hold a
    regular expression that is not known any more.
    """
    if not isinstance(value, dict):
        return None, (Remark((), "must be a mapping of `key: value`, and begin with `terms: accepted`"),)
    remarks: list[Remark] = []
    if any(_empties(value, ())):
        value = copy.deepcopy(value)
        for path in list(_empties(value, ())):
            # a second time where an alias leads to the same mapping
            _parent(value, path).pop(path[-1], None)
            if path[-1] not in MAY_BE_EMPTY:
                remarks.append(_nothing_behind(path))
    empty = {remark.path for remark in remarks}
    try:
        return schema.File.model_validate(value, context=ran_before), tuple(remarks)
    except ValidationError as error:
        details = error.errors(include_url=False)
    paths = [_path(detail["loc"], value) for detail in details]
    for detail, path in zip(details, paths, strict=True):
        if path not in empty:
            remarks.append(_remark(detail, path, value))
    value = copy.deepcopy(value)
    for path in paths:
        with suppress(KeyError, TypeError):  # what is above it may have been taken out already
            _repair(path, value)
    try:
        return schema.File.model_validate(value, context=ran_before), tuple(remarks)
    except ValidationError:
        return None, tuple(remarks)


def _empties(value: Plain, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, below in value.items():
            if below is None:
                yield (*path, key)
            elif isinstance(below, (dict, list)):
                yield from _empties(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            if isinstance(below, (dict, list)):
                yield from _empties(below, (*path, index))


def _nothing_behind(path: Path) -> Remark:
    key = path[-1]
    if isinstance(key, str) and GLUED_KEY.match(key):
        return Remark(path, SPACE_MISSING, of_key=True)
    return Remark(path, "there is nothing behind the key: write a value, or leave the key out")


def _parent(value: Plain, path: Path) -> Any:
    found: Any = value
    for step in path[:-1]:
        found = found[step]
    return found


def _path(loc: Path, value: Plain) -> Path:
    """The place that pydantic means: it puts the names of variants and of keys in between."""
    path: list[str | int] = []
    found: Any = value
    for place, step in enumerate(loc):
        if step == "[key]":
            break
        last = place == len(loc) - 1
        inside = (isinstance(found, dict) and step in found) or (
            isinstance(found, list) and isinstance(step, int) and step < len(found)
        )
        if not inside and not last:
            continue
        path.append(step)
        found = found[step] if inside else None
    return tuple(path)


def _remark(detail: ErrorDetails, path: Path, value: dict[str, Plain]) -> Remark:
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    of_key = detail["loc"][-1] == "[key]"
    if kind == "value_error":
        return Remark(path, str(context["error"]), of_key)
    if kind == "extra_forbidden":
        return Remark(path, _unknown_key(path, value), of_key=True)
    if kind == "missing":
        hint = _MISSING.get(str(path[-1]))
        return Remark(path, f"this key is missing: {hint}" if hint else "this key is missing")
    kinds = _STORES if path[:1] == ("store",) else _TARGETS
    if kind == "union_tag_not_found":
        return Remark((*path, "type"), f"this key is missing: one of {listed(kinds)}")
    if kind == "union_tag_invalid":
        return Remark((*path, "type"), f"must be {listed(kinds)}{meant(context['tag'], kinds)}")
    if kind == "literal_error":
        if path == ("terms",):
            return Remark(path, f"must be `accepted`: {_MISSING['terms']}")
        choices = re.findall(r"'(\w+)'", context["expected"])
        given = _SYNONYMS.get(given.lower(), given) if isinstance(given, str) else given
        return Remark(path, f"must be {listed(choices)}{meant(given, choices)}")
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = f"{context['ge']} or more" if kind == "greater_than_equal" else f"{context['le']} or less"
        return Remark(path, f"must be {bound}")
    return Remark(path, _WANTED.get(kind, "has a wrong form"))


def _unknown_key(path: Path, value: dict[str, Plain]) -> str:
    model: type[schema.Keys] | None = None
    # a wrong id may hold anything, or nothing
    place = "/".join(str(step).replace("/", "_") or "_" for step in path[:-1])
    if path[0] in ("publish", "store"):
        model = (_STORES if path[0] == "store" else _TARGETS).get(_parent(value, path)["type"])
    else:
        model = next((model for pattern, model in _MODELS if re.fullmatch(pattern, place)), None)
    keys = [field.alias or name for name, field in model.model_fields.items()] if model is not None else []
    near = meant(path[-1], keys)
    return f"unknown key{near}" if near or not keys else f"unknown key: here belong {listed(keys, 'and')}"


def _repair(path: Path, value: dict[str, Plain]) -> None:
    """Take out what is wrong, or replace it by something that no other rule refuses."""
    item = next((depth for depth, step in enumerate(path) if isinstance(step, int)), None)
    if item is not None and path[item - 1] == "parts":
        # what another accommodation would be in its place nobody can say
        _parent(value, path[:item]).pop("parts")
        return
    if item is not None:
        # it stays in the list, so that those behind it stay where they are
        _parent(value, path[: item + 1])[path[item]] = _harmless_item(path[item - 1], path[item])
        return
    if not path:
        return
    above, key = _parent(value, path), path[-1]
    if path[0] == "store":
        # nothing else of it means anything
        value.pop("store")
    elif key in _HARMLESS:
        above[key] = _HARMLESS[str(key)]
    elif key == "direction":
        above[key] = "bidirectional" if {"url", "url_file", "url_env"} & above.keys() else "export"
    else:
        above.pop(key, None)


def _harmless_item(of: Step, index: Step) -> Plain:
    if of == "blocks":
        return {"from": "2000-01-01", "to": "2000-01-02"}
    if of == "notify":
        return {"name": f"target-{index}", "url": "json://localhost"}
    if of == "publish":
        return {"type": "folder", "name": f"target-{index}", "path": "."}
    return "generic"
