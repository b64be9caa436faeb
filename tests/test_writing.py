"""One module opens files for writing, and knows how: nothing else of the program does, in any of the ways there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import icalsyncd

_ROOT = Path(icalsyncd.__file__).parent
_ALLOWED = {_ROOT / "state" / "directory.py"}
_FLAGS = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND", "O_TMPFILE"}
_WAYS = {
    *("write_text", "write_bytes", "touch", "mkdir", "makedirs", "unlink", "rmdir", "rename", "renames", "truncate"),
    *(
        "chmod",
        "lchmod",
        "fchmod",
        "chown",
        "lchown",
        "fchown",
        "symlink",
        "symlink_to",
        "hardlink_to",
        "mkfifo",
        "mknod",
    ),
    *("mkdtemp", "mkstemp", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "SpooledTemporaryFile"),
}
_MODULES = {"tempfile", "fileinput"}
_OF_SHUTIL = {
    "copy",
    "copy2",
    "copyfile",
    "copytree",
    "copyfileobj",
    "move",
    "rmtree",
    "make_archive",
    "unpack_archive",
}


def ways_to_write(source: str) -> Iterator[str]:
    """Where *source* opens, makes, renames or gives away a file: the line and the word."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names) if any(name.name.partition(".")[0] in _MODULES for name in names):
                yield f"{node.lineno} import"
            case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in _MODULES:
                yield f"{node.lineno} import"
            case ast.ImportFrom(module="shutil", names=names) if any(name.name in _OF_SHUTIL for name in names):
                yield f"{node.lineno} import"
            case ast.Attribute(value=ast.Name(id="shutil"), attr=word) if word in _OF_SHUTIL:
                yield f"{node.lineno} shutil.{word}"
            case ast.Attribute(attr=word) if word in _FLAGS:
                yield f"{node.lineno} {word}"
            case ast.Call(func=ast.Name(id="open") | ast.Attribute(attr="open")) if _may_write(node):
                yield f"{node.lineno} open"
            case ast.Call(func=ast.Attribute(value=held, attr=word)) if word in _WAYS and not _is_held(held):
                yield f"{node.lineno} {word}"
            # one argument: that of a path, and not the one of a text; a value's has keywords
            case ast.Call(func=ast.Attribute(attr="replace"), args=[_], keywords=[]):
                yield f"{node.lineno} replace"
            case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="replace" | "link")):
                yield f"{node.lineno} replace"


def _may_write(call: ast.Call) -> bool:
    """Whether the mode of an `open` writes, or is not to be seen; what is in memory is no file."""
    if any(keyword.arg == "fileobj" for keyword in call.keywords):
        return False
    modes = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    modes += [each for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)][-1:]
    if isinstance(call.func, ast.Name) and not modes:
        return len(call.args) > 1
    return any(not isinstance(mode, ast.Constant) or set(str(mode.value)) & set("wax+") != set() for mode in modes)


def _is_held(node: ast.expr) -> bool:
    """Whether it is done by a folder that is held open, which is what the one module gives."""
    return isinstance(node, ast.Name) and node.id in ("folder", "directory", "other", "where")


@pytest.mark.parametrize("path", sorted(_ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(_ROOT)))
def test_no_module_but_one_opens_a_file_for_writing(path: Path) -> None:
    found = list(ways_to_write(path.read_text(encoding="utf-8")))
    assert (found != []) is (path in _ALLOWED), found


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'w')",
        "open(path, mode='ab')",
        "open(path, mode)",
        "path.open('r+b')",
        "path.open(mode=mode)",
        "os.open(path, os.O_RDWR | os.O_CREAT)",
        "path.write_text('x')",
        "draft.replace(path)",
        "os.replace(draft, path)",
        "os.chown(path, 0, 0)",
        "path.chmod(0o600)",
        "tempfile.mkstemp()",
        "import tempfile",
        "from shutil import copyfile",
        "tarfile.open(path, 'w:gz')",
    ],
)
def test_each_way_to_write_is_seen(line: str) -> None:
    assert list(ways_to_write(line))


@pytest.mark.parametrize(
    "line",
    [
        "text.replace('a', 'b')",
        "moment.replace(tzinfo=UTC)",
        "os.open(path, os.O_RDONLY)",
        "replace(value, a=1)",
        "open(path)",
    ],
)
def test_what_reads_alone_is_not_taken_for_writing(line: str) -> None:
    assert not list(ways_to_write(line))
