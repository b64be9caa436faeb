"""The catalogue of sentences: what the program says, found in its source, and what stands for it in each language.

`python -m tests.catalogue` brings `icalsyncd/catalogues/LANGUAGE/icalsyncd.po` up to date with the source, says what has yet
to be translated, and compiles each to the `.mo` that the program reads. It writes out the names of weekdays and months, too.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.dates import format_date
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import nodes

import icalsyncd
from icalsyncd.admin.templates import templates
from icalsyncd.language import DOMAIN, FIELDS, LANGUAGES, NAMES, SOURCE

PACKAGE: Final = Path(icalsyncd.__file__).parent
FOLDER: Final = PACKAGE / "catalogues"
OTHERS: Final = tuple(language for language in LANGUAGES if language != SOURCE)
_ONE: Final = {"say", "translated"}
_MANY: Final = {"say_many", "translated_many"}
_DATED: Final = datetime(2026, 1, 1, tzinfo=UTC)

Said = tuple[str, ...]
"""A sentence; of a number of things, the one for one and the one for many."""


def sentences() -> dict[Said, list[tuple[str, int]]]:
    """All that the program says to people, each with the places where it does."""
    found: dict[Said, list[tuple[str, int]]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for said, line in in_python(path.read_text(encoding="utf-8")):
            found.setdefault(said, []).append((str(path.relative_to(PACKAGE.parent)), line))
    for path in sorted((PACKAGE / "admin" / "data").glob("*.html")):
        for said, line in in_template(path.read_text(encoding="utf-8")):
            found.setdefault(said, []).append((str(path.relative_to(PACKAGE.parent)), line))
    return found


def in_python(source: str) -> Iterator[tuple[Said, int]]:
    """The sentences of a module."""
    for node in calls(source):
        if isinstance(node.func, ast.Name):
            count = 1 if node.func.id in _ONE else 2
            said = tuple(each.value for each in node.args[:count] if isinstance(each, ast.Constant))
            if len(said) == count:
                yield tuple(map(str, said)), node.lineno


def calls(source: str) -> Iterator[ast.Call]:
    """Where a module says something to people: other things are called `say`, too."""
    tree = ast.parse(source)
    said = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "icalsyncd.language"
        for name in node.names
    }
    said |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in said & (_ONE | _MANY):
            yield node


def loose(source: str) -> list[int]:
    """The lines of a module that say what is not written out, so that it can be in no catalogue."""
    found: list[int] = []
    for node in calls(source):
        if isinstance(node.func, ast.Name):
            count = 1 if node.func.id in _ONE else 2
            if not all(isinstance(each, ast.Constant) for each in node.args[:count]):
                found.append(node.lineno)
    return sorted(found)


def in_template(source: str) -> Iterator[tuple[Said, int]]:
    """The sentences of a template."""
    for call in templates().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in _ONE | _MANY:
            count = 1 if call.node.name in _ONE else 2
            said = tuple(str(each.value) for each in call.args[:count] if isinstance(each, nodes.Const))
            if len(said) == count:
                yield said, call.lineno


def path_of(language: str, kind: str = "po") -> Path:
    """The file of a language's catalogue."""
    return FOLDER / language / f"{DOMAIN}.{kind}"


def read(language: str) -> Catalog:
    """The catalogue of a language as it is written."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str) -> Catalog:
    """The catalogue of a language with what the program says now: nothing else is in it, and nothing is guessed."""
    known = read(language)
    made = Catalog(
        locale=language, domain=DOMAIN, project=DOMAIN, fuzzy=False, header_comment=f"# {DOMAIN}: {language}"
    )
    for said, places in sorted(sentences().items()):
        before = known.get(said[0])
        made.add(
            said if len(said) > 1 else said[0],
            before.string if before is not None and isinstance(before.string, str) is (len(said) == 1) else None,
            # lines move with each change; files say enough
            locations=[(place, None) for place in dict.fromkeys(path for path, _ in places)],  # type: ignore[misc]
            flags=("python-brace-format",) if "{" in said[-1] else (),
        )
    return made


def written(catalogue: Catalog) -> bytes:
    """A catalogue as its `.po` has it: the same for the same sentences."""
    text = BytesIO()
    write_po(text, catalogue, width=120, omit_header=False, sort_output=True)
    # when and by what it was written would differ each time
    dated = tuple(f'"{name}'.encode() for name in ("POT-", "PO-", "Generated-", "Last-", "Report-", "Language-Team"))
    return b"".join(line for line in text.getvalue().splitlines(keepends=True) if not line.startswith(dated))


def compiled(catalogue: Catalog) -> bytes:
    """The same as its `.mo` has it."""
    # with one date, so that the same sentences give the same bytes
    made = Catalog(locale=catalogue.locale, domain=DOMAIN, fuzzy=False, creation_date=_DATED, revision_date=_DATED)
    for message in catalogue:
        if message.id and all(strings(message)):
            made.add(message.id, message.string)
    out = BytesIO()
    write_mo(out, made)
    return out.getvalue()


def date_names(language: str) -> bytes:
    """The names of weekdays and months that the program writes dates with, as CLDR has them.

    Babel writes them out here: in the daemon it would take five megabytes for a few dozen words.
    """
    week, year = [date(2026, 6, day) for day in range(1, 8)], [date(2026, month, 1) for month in range(1, 13)]
    names = {
        field: [format_date(day, field, locale=language) for day in (year if field[0] in "ML" else week)]
        for field in FIELDS
    }
    return (json.dumps(names, ensure_ascii=False, indent=1) + "\n").encode()


def missing(catalogue: Catalog) -> list[str]:
    """What has yet to be translated."""
    return [str(message.id) for message in catalogue if message.id and not all(strings(message))]


def strings(message: Message) -> tuple[str, ...]:
    """All forms of a translation."""
    return message.string if isinstance(message.string, tuple) else (message.string,)


def main() -> int:
    """Bring all catalogues up to date."""
    left = 0
    for language in LANGUAGES:
        (FOLDER / language).mkdir(parents=True, exist_ok=True)
        (FOLDER / language / NAMES).write_bytes(date_names(language))
    for language in OTHERS:
        catalogue = updated(language)
        path_of(language).write_bytes(written(catalogue))
        path_of(language, "mo").write_bytes(compiled(catalogue))
        for each in missing(catalogue):
            print(f"{language}: {each}")
            left += 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
