"""`icalsyncd demo`, at a real terminal."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path

import pytest

from icalsyncd.commands.demo import _hosts
from icalsyncd.config.forms import Address
from tests.commands.program import at_a_terminal
from tests.end_to_end.daemon import free_port

pytestmark = pytest.mark.slow


def test_the_demo_tells_its_story_and_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    with at_a_terminal("demo", "--dir", tmp_path / "demo") as session:
        page = re.search(r"http://127\.0\.0\.1:(\d+)/", session.expect(r"Status page\s+http\S+"))
        session.expect("Config .*edit it while I run")
        for chapter in (
            "Alma takes a booking",
            "Brisa has read its feed and closed the same nights",
            "icalsyncd knows the echo",
            "Brisa takes a booking",
            "Brisa goes down",
            "stays closed at Alma",
            "Brisa is back",
            "guest cancels",
            "Open again at both portals",
            "Ctrl-C ends them",
        ):
            session.expect(chapter, 40)
        config = tmp_path / "demo" / "config.yaml"
        config.write_text(config.read_text().replace("Casa Demo", "My House"))
        session.expect("config.yaml was taken over")
        config.write_text(config.read_text().replace("terms: accepted", "terms: no"))
        session.expect("cannot be run(.|\n)*terms")
        session.press_ctrl_c()
        assert session.ended() == 0
        assert "Traceback" not in session.shown
        assert len(session.shown.splitlines()) < 26
    assert "Traceback" not in (tmp_path / "demo" / "daemon.log").read_text()
    assert page is not None
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", int(page[1])).connect()


def test_the_demo_of_a_family_tells_which_booking_closes_what(tmp_path: Path) -> None:
    with at_a_terminal("demo", "--family", "--dir", tmp_path / "demo") as session:
        for chapter in (
            "Brisa sells room 1",
            "Room 2 stays open at Cala",
            "it never reaches room 2",
            "closed both rooms",
            "Open again everywhere",
            "Ctrl-C ends them",
        ):
            session.expect(chapter, 40)
        session.press_ctrl_c()
        assert session.ended() == 0
        assert "Traceback" not in session.shown


def test_its_page_is_where_it_was_asked_to_be(tmp_path: Path) -> None:
    port = free_port()
    with at_a_terminal("demo", "--dir", tmp_path / "demo", "--listen", f"127.0.0.1:{port}") as session:
        session.expect(f"Status page\\s+http://127.0.0.1:{port}/")
        session.expect("Alma takes a booking")
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        session.press_ctrl_c()
        assert session.ended() == 0
    assert _hosts(Address("192.0.2.7", 1)) == ["192.0.2.7"]
    assert socket.gethostname() in _hosts(Address("0.0.0.0", 1))
    with at_a_terminal("demo", "--listen", "nowhere:at all") as session:
        session.expect("not an address to listen on")
        assert session.ended() == 2


def test_a_folder_with_a_config_of_somebody_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("terms: accepted\n")
    with at_a_terminal("demo", "--dir", tmp_path) as session:
        session.expect("is no demo's")
        assert session.ended() == 1
    assert (tmp_path / "config.yaml").read_text() == "terms: accepted\n"


def test_a_log_is_not_written_through_a_link_that_somebody_laid(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("theirs")
    folder = tmp_path / "demo"
    folder.mkdir()
    for name in ("daemon.log", ".config.yaml.new", "config.yaml.new"):
        (folder / name).symlink_to(tmp_path / "victim")
    with at_a_terminal("demo", "--dir", folder) as session:
        session.expect("edit it while I run")
        session.press_ctrl_c()
        assert session.ended() == 0
    assert (tmp_path / "victim").read_text() == "theirs"
    assert not (folder / "daemon.log").is_symlink()


def test_a_folder_that_others_can_write_into_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    folder.chmod(0o777)
    with at_a_terminal("demo", "--dir", folder) as session:
        session.expect("others can write into it")
        assert session.ended() == 1
    assert list(folder.iterdir()) == []
