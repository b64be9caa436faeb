"""The secret that all links hang on, and the folder that one daemon holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icalsyncd.availability.link import Link
from icalsyncd.state.installation import Installation, SecretUnusable, open_installation, path_of
from icalsyncd.state.state_folder import FolderHeld, StateFolder


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "state" / "secret"
    first = open_installation(path)
    again = open_installation(path)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.secret == again.secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secret"]


def test_no_two_installations_have_one_secret(tmp_path: Path):
    assert open_installation(tmp_path / "a").secret != open_installation(tmp_path / "b").secret


@pytest.mark.parametrize("content", [b"", b"\n", b"no secret", b"abcd", b"\xff\xfe", b"00" * 15, "é".encode() * 40])
def test_a_file_that_holds_no_secret_is_refused_and_not_replaced(tmp_path: Path, content: bytes):
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(SecretUnusable) as refusal:
        open_installation(path)
    assert path.read_bytes() == content
    assert "no secret" not in str(refusal.value).removeprefix(f"{path} does not hold a secret")


def test_a_draft_that_a_crash_left_does_not_stop_the_next_start(tmp_path: Path):
    (tmp_path / ".secret.new").write_text("half")
    assert open_installation(tmp_path / "secret").is_new


def test_the_secret_is_in_no_repr(tmp_path: Path):
    installation = open_installation(tmp_path / "secret")
    assert installation.secret.hex() not in repr(installation)
    assert repr(installation.secret) not in repr(installation)


links = st.builds(Link, st.from_regex(r"[a-z0-9-]{1,6}/[a-z0-9-]{1,6}(#[2-9])?", fullmatch=True), st.integers(1, 9))


@pytest.mark.slow
@given(links, links)
def test_two_links_have_one_token_only_where_they_are_the_same(one: Link, other: Link):
    installation = Installation(b"s" * 32)
    assert (installation.token(one) == installation.token(other)) is (one == other)
    assert installation.token(one) == installation.token(Link(one.first_name, 99), one.generation)
    assert installation.token(one) != Installation(b"t" * 32).token(one)
    assert path_of(installation.token(one)).removesuffix(".ics").strip("/").isalnum()


def test_two_calendars_are_told_apart_without_keeping_their_urls():
    installation = Installation(b"s" * 32)
    url = "https://portal.example/calendar/123.ics"
    assert installation.fingerprint(url) == installation.fingerprint(url)
    assert installation.fingerprint(url) != installation.fingerprint(url + "?t=1")
    assert "portal" not in installation.fingerprint(url)
    assert installation.fingerprint("") == ""


def test_a_folder_is_held_by_one_daemon_at_a_time(tmp_path: Path):
    first, second = StateFolder(tmp_path / "state"), StateFolder(tmp_path / "state")
    first.hold()
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    with pytest.raises(FolderHeld):
        second.hold()
    first.write(first.address, "127.0.0.1:15545\n")
    first.release()
    second.hold()
    assert not second.address.exists(), "nobody is found where nobody runs"
    second.release()


def test_a_file_of_the_folder_is_replaced_whole_and_for_its_owner_alone(tmp_path: Path):
    folder = StateFolder(tmp_path)
    for text in ("one", "two"):
        folder.write(folder.accepted, text)
        assert folder.accepted.read_text() == text
    assert folder.accepted.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["accepted.yaml"]
