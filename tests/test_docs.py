"""What the manual says of keys, commands and metrics is what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from icalsyncd.commands.arguments import parser
from icalsyncd.config.json_schema import json_schema

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text of one of the manual's chapters."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def keys(schema: dict[str, Any], node: dict[str, Any], path: str = "") -> set[str]:
    """Every key of the config, with its place."""
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    found: set[str] = set()
    for name, child in node.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        found |= {here} | keys(schema, child, here)
    for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        found |= keys(schema, branch, path)
    if isinstance(node.get("items"), dict):
        found |= keys(schema, node["items"], f"{path}[]")
    for pattern in (*node.get("patternProperties", {}).values(), node.get("additionalProperties")):
        if isinstance(pattern, dict):
            found |= keys(schema, pattern, f"{path}.ID")
    return found


def test_every_key_is_in_the_manual() -> None:
    schema = json_schema()
    chapter = section("config.yaml")
    written = set(re.findall(r"`([^`]+)`", chapter))
    for key in keys(schema, schema):
        short = re.sub(r"^accommodations\.ID\.syncs\.ID\.", "….", key)
        if key.startswith("publish[]"):
            continue  # docs/publish.md has them
        names = {key, short, key.rpartition(".")[2]}
        assert names & written or any(key.rpartition(".")[2] in each for each in written), key


def test_every_command_is_in_the_manual() -> None:
    chapter = section("Commands")
    (commands,) = [action for action in parser()._actions if action.dest == "command"]
    assert commands.choices
    for command in commands.choices:
        assert f"icalsyncd {command}" in chapter, command


def test_every_metric_is_in_the_manual_and_no_other() -> None:
    rows = re.findall(r"^\| (.*?) \|", section("Metrics"), re.MULTILINE)
    written = {name for row in rows for name in re.findall(r"`([a-z_]+)(?:\{[a-z,]+\})?`", row)}
    admin = ROOT / "icalsyncd" / "admin"
    source = "".join(
        (admin / name).read_text(encoding="utf-8") for name in ("metrics.py", "telling_metrics.py", "lease_metrics.py")
    )
    made = re.findall(r"out\.(?:gauge|counter)\(\s*\"([a-z_]+)\"", source)
    made += re.findall(r"\"(icalsyncd_[a-z_]+)\"", source)
    assert {name.removeprefix("icalsyncd_") for name in made} == written


@pytest.mark.parametrize(
    "page", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", *map(str, (ROOT / "docs").glob("*.md"))]
)
def test_every_link_of_the_docs_leads_somewhere(page: str) -> None:
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file) if file else path
        assert other.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
            marks = set(re.findall(r'(?:id|name)="([^"]+)"', other.read_text(encoding="utf-8")))
            assert anchor in slugs | marks, target
