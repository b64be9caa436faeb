"""The JSON Schema that editors check the file with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import icalsyncd
from icalsyncd.config.document import Document, read
from icalsyncd.config.json_schema import json_schema

SHIPPED = Path(icalsyncd.__file__).parent / "config" / "config.schema.json"
EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
# what shows when keys are compared, or files and calendars are looked at, is not in a schema
BEYOND = (
    *(
        "anchored",
        "block_backward",
        "block_of",
        "block_on",
        "block_that",
        "import_and",
        "link_of",
        "listen_",
        "networks",
    ),
    *("not_blocks", "official_", "pattern_", "public_url", "publish_acc", "publish_name", "publish_password_file"),
    *(
        "regex_",
        "reservation_",
        "same_calendar",
        "timezone_",
        "unknown_timezone",
        "url_",
        "was_itself",
        "was_still",
        "was_taken",
    ),
    *("offer_of", "parts_in", "parts_twice", "parts_unknown"),
    "address_with",
)


def value_of(file: Path) -> Any:
    document = read(file.read_text(encoding="utf-8"))
    return document.value if isinstance(document, Document) else None


BAD = {
    file.stem: value
    for file in sorted((Path(__file__).parent / "bad").glob("*.yaml"))
    if (value := value_of(file)) is not None and not file.stem.startswith(BEYOND)
}


def test_the_shipped_schema_is_in_step() -> None:
    """Made anew by ``icalsyncd print schema > icalsyncd/config/config.schema.json``."""
    assert json.loads(SHIPPED.read_text(encoding="utf-8")) == json_schema()


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())


def test_the_example_passes_and_names_it() -> None:
    Draft202012Validator(json_schema()).validate(value_of(EXAMPLE))
    first = EXAMPLE.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (EXAMPLE.parent / named).resolve() == SHIPPED.resolve()


@pytest.mark.parametrize("name", BAD)
def test_what_the_daemon_refuses_by_its_form_does_not_pass(name: str) -> None:
    assert list(Draft202012Validator(json_schema()).iter_errors(BAD[name]))


GOOD = {
    "smallest": "terms: accepted\n",
    "empty": "terms: accepted\nserver:\npull:\npublish:\naccommodations:\nofficial_only:\n",
    "off": "terms: accepted\nserver: {listen: off}\npublish: [{name: w, type: folder, path: p}]\n",
    "networks": "terms: accepted\npull: {allow_private_addresses: [10.0.0.0/8], hold: 0s, max_size: 512KiB}\n",
    "all": "terms: accepted\npull: {allow_private_addresses: true, interval: 1h30m}\n",
    "syncs": "terms: accepted\naccommodations: {a: {timezone: UTC, blocks: , syncs: {"
    "b: {portal: x, direction: export}, "
    "c: {portal: vrbo, direction: import, url_env: C, claims: not_blocks, ignore: ['/x/'], echo_padding: 1}}}}\n",
    "cloud": "terms: accepted\npublish: [{name: a, type: s3, bucket: b}, "
    "{name: b, type: azure, account: a, container: c}]\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_daemon_runs_passes(name: str) -> None:
    document = read(GOOD[name])
    assert isinstance(document, Document)
    Draft202012Validator(json_schema()).validate(document.value)


def test_every_key_is_described() -> None:
    schema = json_schema()
    for mapping in (schema, *schema["$defs"].values()):
        for key, described in mapping["properties"].items():
            assert described.get("description") or key in UNDESCRIBED, key


# what their names say is all there is to say
UNDESCRIBED = {
    *("type", "bucket", "region", "account", "container", "username", "username_file", "username_env"),
    *("access_key_id_file", "access_key_id_env", "secret_access_key_file", "secret_access_key_env"),
    *("account_key_file", "account_key_env"),
}
