"""Whatever a config holds, it is accepted or refused: nothing is raised, and nothing is waited for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from icalsyncd.config import loading
from icalsyncd.config.loading import MOST_MISTAKES, Accepted, Refused, load, parse
from icalsyncd.state import files
from tests.config.test_accepted import EXAMPLE, HEAD, SYNC

CASA = "accommodations:\n  casa:\n    timezone: Europe/Madrid\n"
REFUSED = {
    "time zone in a list": (CASA.replace("Europe/Madrid", "[Europe/Madrid]"), ":4:15: ", "not a time zone"),
    "time zone of many parts": (CASA.replace("Europe/Madrid", "a/" * 3000 + "b"), ":4:15: ", "not a time zone"),
    "label left out": ("server: {listen: 'a..b:21549'}\n", ":2:18: ", "not a host"),
    "label too long": (f"server: {{listen: '{'a' * 64}.b:21549'}}\n", ":2:18: ", "not a host"),
    "no address of IPv6": ("server: {admin: '[::::]:21549'}\n", ":2:17: ", "not a host"),
    "no address of IPv4": ("server: {admin: '999.1.1.1:21549'}\n", ":2:17: ", "not a host"),
    "name too long": (f"server: {{secret_file: {'a' * 300}}}\n", ":2:23: ", "cannot be used"),
    "secret in a folder": ("server: {secret_file: .}\n", ":2:23: ", "no file"),
    "empty id": (CASA.replace("casa", '""') + "    colour: blue\n", ":3:3: ", "not an id"),
    "id that leads elsewhere": (CASA.replace("casa", "../x") + "    colour: blue\n", ":3:3: ", "not an id"),
    "empty id of a sync": (CASA + '    syncs:\n      "": {colour: blue}\n', ":6:7: ", "not an id"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_daemon_could_run_is_a_mistake_with_its_place(case: str, tmp_path: Path) -> None:
    text, place, words = REFUSED[case]
    loaded = parse("terms: accepted\n" + text, tmp_path / "config.yaml", {})
    assert isinstance(loaded, Refused)
    assert loaded.bug is None
    assert any(place in str(mistake) and words in str(mistake) for mistake in loaded.mistakes), loaded.mistakes


def test_a_bug_is_a_refusal_that_quotes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(value: object, **_: object) -> None:
        raise KeyError("https://portal.example/secret.ics")

    monkeypatch.setattr(loading, "validate", broken)
    file = tmp_path / "config.yaml"
    file.write_text("terms: accepted\n")
    for loaded in (load(file, {}), parse("terms: accepted\n", file, {})):
        assert isinstance(loaded, Refused)
        assert "this is a bug of icalsyncd: KeyError at test_any_text.py:" in str(loaded.mistakes[0])
        assert loaded.bug is not None
        assert "secret" not in f"{loaded.bug!r} {loaded.mistakes}"


@pytest.mark.parametrize("what", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(what: str, tmp_path: Path) -> None:
    path = tmp_path / "odd"
    match what:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case _:
            path.symlink_to("/dev/zero")
    loaded = load(path, {})
    assert isinstance(loaded, Refused)
    assert "cannot be read: a folder, a pipe or a device" in str(loaded.mistakes[0])
    text = HEAD + SYNC.replace("url: 'https://portal.example/1.ics'", "url_file: odd").replace("PORTAL", "generic")
    named = parse(text.replace("MORE", ""), tmp_path / "config.yaml", {})
    assert isinstance(named, Refused)
    assert "names something that is no file" in str(named.mistakes[0])


@pytest.mark.parametrize("line", ["key{}: 1\n", "key: {}\n"], ids=["unknown keys", "one key"])
def test_of_a_file_that_is_no_config_the_first_mistakes_are_told(line: str, tmp_path: Path) -> None:
    text = "terms: accepted\n" + "".join(line.format(number) for number in range(MOST_MISTAKES * 3))
    loaded = parse(text, tmp_path / "config.yaml", {})
    assert isinstance(loaded, Refused)
    assert len(loaded.mistakes) == MOST_MISTAKES + 1
    last = str(loaded.mistakes[-1])
    assert "mistakes more: is this the right file?" in last
    assert loaded.mistakes[-1].line > loaded.mistakes[-2].line


NAMING = {
    "url_file": CASA + "    syncs: {v: {portal: generic, direction: bidirectional, url_file: odd}}\n",
    "secret_file": "server: {secret_file: odd}\n",
    "admin_tls": "server: {admin_tls: {cert_file: odd, key_file: odd}}\n",
    "webdav": "publish:\n  - {name: a, type: webdav, url: 'https://a.b/', username_file: odd, password_file: odd}\n",
    "s3": "publish:\n  - {name: a, type: s3, bucket: bbb, access_key_id_file: odd, secret_access_key_file: odd}\n",
    "gcs": "publish:\n  - {name: a, type: gcs, bucket: bbb, service_account_file: odd}\n",
    "folder": "publish:\n  - {name: a, type: folder, path: odd}\n",
    "postgresql": "store: {type: postgresql, dsn_file: odd}\n",
    "notify": "notify:\n  - {name: a, url_file: odd}\n",
}
PLANTED: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "loop": lambda path: path.symlink_to("odd"),
    "empty": Path.touch,
    "blank": lambda path: path.write_bytes(b"\n \n"),
    "zeros": lambda path: path.write_bytes(bytes(100)),
    "no text": lambda path: path.write_bytes(bytes(range(256))),
    "of another kind": lambda path: path.write_text('{"a":' * 1000),
    "hollow": lambda path: (path.touch(), os.truncate(path, 2**40)),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_whatever_a_named_file_is_the_config_is_accepted_or_refused(kind: str, tmp_path: Path) -> None:
    PLANTED[kind](tmp_path / "odd")
    for key, text in NAMING.items():
        loaded = parse(f"terms: accepted\n{text}", tmp_path / "config.yaml", {})
        if isinstance(loaded, Refused):
            assert loaded.bug is None, key
            assert all("unknown key" not in str(mistake) for mistake in loaded.mistakes), loaded.mistakes
            continue
        # what is not looked into here is refused when it is used; what was taken out of a file is text
        assert key in ("secret_file", "admin_tls", "folder", "gcs") or kind == "of another kind", key


def test_a_file_that_has_nothing_yet_is_refused_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "odd"
    os.mkfifo(path)
    # as the kernel says of /proc/kmsg, which only root may read
    monkeypatch.setattr(files.stat, "S_ISREG", lambda mode: True)
    other_end = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        loaded = load(path, {})
        text = HEAD + SYNC.replace("url: 'https://portal.example/1.ics'", "url_file: odd").replace("PORTAL", "generic")
        named = parse(text.replace("MORE", ""), tmp_path / "config.yaml", {})
    finally:
        os.close(other_end)
    assert isinstance(loaded, Refused)
    assert isinstance(named, Refused)
    assert loaded.bug is named.bug is None
    assert "names something that is no file" in str(named.mistakes[0])


ODD = ("", '""', "[]", "{}", "~", "null", "[a]", "{a: b}", "-1", "1e999", "../x", "a..b:1", "'\\ud800'", '"\\ud800"',
       "a" * 300, "/((/", "*x", "&x y", "off", "true", "2026-02-30", "9" * 5000, "[::1", "%", "$CREDENTIALS_DIRECTORY/",
       "\u2028", "https://[", "https://a:99999", "file:///", "/a|*/", "<<", "!!binary x", "0x", "- a")  # fmt: skip


def _mutated(text: str, draw: Random) -> str:
    lines = text.splitlines()
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(lines))
        key, colon, value = lines[at].partition(":")
        match draw.randrange(7):
            case 0:
                del lines[at]
                lines = lines or [""]
            case 1:
                lines.insert(at, draw.choice(lines))
            case 2:
                lines[at] = f"{key[: len(key) - len(key.lstrip())]}{draw.choice(ODD)}{colon}{value}"
            case 3:
                lines[at] = "  " * draw.randrange(5) + lines[at].lstrip()
            case 4:
                place = draw.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + draw.choice(ODD) + lines[at][place:]
            case _:
                lines[at] = f"{key}: {draw.choice(ODD)}"
    return "\n".join(lines) + "\n"


def _full() -> str:
    live = [line.replace("# ", "", 1) if line.startswith("# ") and ":" in line else line for line in _example()]
    return "\n".join(live)


def _example() -> list[str]:
    return EXAMPLE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("count", [400, pytest.param(8000, marks=pytest.mark.slow)])
def test_any_mutated_config_is_accepted_or_refused_by_mistakes_with_places(count: int, tmp_path: Path) -> None:
    texts = ("\n".join(line for line in _example() if line.strip() and not line.lstrip().startswith("#")), _full())
    for seed in range(count):
        text = _mutated(texts[seed % 2], Random(seed))
        loaded = parse(text, tmp_path / "config.yaml", {})
        if isinstance(loaded, Accepted):
            continue
        assert loaded.bug is None, f"seed {seed}: {loaded.mistakes}"
        assert loaded.mistakes
        assert all(mistake.line >= 1 and mistake.column >= 1 for mistake in loaded.mistakes)
