"""The JSON Schema of ``config.yaml``, for editors, made from the models of :mod:`icalsyncd.config.schema`."""

from __future__ import annotations

from typing import Any

from icalsyncd.config.schema import File
from icalsyncd.config.validation import MAY_BE_EMPTY


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ``config.yaml`` (draft 2020-12), for editors: it knows the form of each value.

    What only shows when keys are compared, or files are read, is left to the daemon.
    """
    schema = File.model_json_schema()
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "icalsyncd", **_tidied(schema)}
    definitions = whole["$defs"]
    for mapping in (whole, *definitions.values()):
        for key in MAY_BE_EMPTY & mapping["properties"].keys():
            _allow_nothing(mapping["properties"], key)
    url = [{"required": [key]} for key in ("url", "url_file", "url_env")]
    for kind in ("Receiver", "Heartbeat"):
        definitions[kind]["oneOf"] = url
    definitions["Sync"].update(
        {
            "if": {"properties": {"direction": {"const": "export"}}, "required": ["direction"]},
            "then": {"not": {"anyOf": url}},
            "else": {"oneOf": url},
        }
    )
    return whole


def _tidied(written: Any) -> Any:
    """Without the titles, which only repeat the keys, and without the null that stands for a missing key."""
    if isinstance(written, list):
        return [_tidied(below) for below in written]
    if not isinstance(written, dict):
        return written
    tidied = {key: _tidied(below) for key, below in written.items() if key != "title" or not isinstance(below, str)}
    if tidied.get("default", ...) is None:
        del tidied["default"]
    if "patternProperties" in tidied:
        tidied["additionalProperties"] = False
        del tidied["propertyNames"]
    choices = tidied.get("anyOf", [])
    if {"type": "null"} in choices:
        choices.remove({"type": "null"})
        if len(choices) == 1:
            tidied = {**choices[0], **{key: below for key, below in tidied.items() if key != "anyOf"}}
    return tidied


def _allow_nothing(properties: dict[str, Any], key: str) -> None:
    """A key with nothing behind it, as where each line below it is a comment."""
    description = properties[key].pop("description", "")
    default = properties[key].pop("default", None)
    properties[key] = {"description": description, "anyOf": [properties[key], {"type": "null"}]}
    if default is not None:
        properties[key]["default"] = default
