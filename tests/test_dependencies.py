"""Nothing is installed on a host's machine that the program does not use."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest

import icalsyncd

_PACKAGE: Final = Path(icalsyncd.__file__).parent
_PROJECT: Final = _PACKAGE.parent
_DATA: Final = {"tzdata": "time zones, which zoneinfo finds by itself where the system has none"}
"""What is used without being imported."""


def normal(name: str) -> str:
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def depended_on() -> set[str]:
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    written = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    return {normal(re.match(r"[\w.-]+", each)[0]) for each in written}  # type: ignore[index]


def imported() -> set[str]:
    """The modules outside of it that the program imports, at the top or where they are needed."""
    modules = set()
    for path in _PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    return modules


@pytest.mark.slow
def test_every_dependency_is_used_by_the_program() -> None:
    owners = packages_distributions()
    used = {normal(owner) for module in imported() for owner in owners.get(module, ())}
    assert depended_on() - used == _DATA.keys()


def locked(name: str) -> dict[str, str]:
    """The versions in a lock file."""
    text = (_PROJECT / name).read_text(encoding="utf-8")
    return {
        normal(each): version for each, version in re.findall(r"^([\w.-]+)(?:\[\w+\])?==([^ ;\\]+)", text, re.MULTILINE)
    }


def test_the_smaller_locks_are_parts_of_the_whole_one_and_lack_nothing() -> None:
    """Made anew by `make lock`."""
    whole, image, daemon = map(locked, ("requirements.lock", "requirements.image.lock", "requirements.daemon.lock"))
    assert daemon.items() <= image.items() <= whole.items()
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {normal(re.match(r"[\w.-]+", each)[0]) for each in project["dependencies"]}  # type: ignore[index]
    assert needed <= daemon.keys()
    assert depended_on() <= image.keys()
    assert len(daemon) < len(whole) / 2


def test_every_dependency_has_its_reason_in_the_readme() -> None:
    table = (_PROJECT / "README.md").read_text(encoding="utf-8").partition("## Dependencies")[2]
    rows = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    named = {normal(name) for row in rows for name in re.findall(r"[\w.-]+", row)}
    assert {name for name in depended_on() if name not in named} == set()


@pytest.mark.slow
def test_what_only_the_tests_need_is_not_used_by_the_program() -> None:
    groups = tomllib.loads((_PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    of_tests = {normal(re.match(r"[\w.-]+", each)[0]) for each in groups["test"]}  # type: ignore[index]
    owners = packages_distributions()
    assert {module for module in imported() for owner in owners.get(module, ()) if normal(owner) in of_tests} == set()
