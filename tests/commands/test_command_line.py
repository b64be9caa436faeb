"""What holds for every command."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from pathlib import Path

import pytest

from tests.commands.household import Home
from tests.commands.program import at_a_terminal, icalsyncd
from tests.end_to_end.daemon import Daemon
from tests.end_to_end.portal import Portal

pytestmark = pytest.mark.slow


async def test_the_version_is_printed() -> None:
    done = await icalsyncd("--version")
    assert (done.code, done.out) == (0, "icalsyncd 0.1.0\n")


async def test_what_asks_the_daemon_needs_neither_pydantic_nor_aiohttp() -> None:
    program = (
        "import sys; import icalsyncd.cli, icalsyncd.commands.status, icalsyncd.commands.daemon; "
        "sys.exit(bool({'pydantic', 'aiohttp', 'yaml'} & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0


async def test_what_reads_the_config_starts_no_server_and_no_client() -> None:
    commands = ("links", "check", "pause", "block", "backup", "store", "history", "confirm", "explain")
    program = (
        f"import sys; import {', '.join(f'icalsyncd.commands.{each}' for each in commands)}; "
        "sys.exit(bool({'aiohttp', 'jinja2', 'prometheus_client', 'icalendar', 'watchfiles'} & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    assert await process.wait() == 0


async def test_a_command_line_that_means_nothing_ends_with_2() -> None:
    for wrong in ((), ("dance",), ("explain", "casa", "tomorrow"), ("rotate", "casa/holidu"), ("links", "--conf", "x")):
        assert (await icalsyncd(*wrong)).code == 2, wrong


async def test_options_stand_before_the_command_or_after_it(home: Home) -> None:
    home.make_secret()
    before = await icalsyncd(*home.where, "links")
    after = await icalsyncd("links", *home.where)
    assert before.code == after.code == 0
    assert before.out == after.out != ""


async def test_config_and_state_are_found_by_the_environment(home: Home) -> None:
    home.make_secret()
    named = await home.run("links")
    found = await icalsyncd("links", ICALSYNCD_CONFIG=str(home.config), STATE_DIRECTORY=f"{home.state}:/elsewhere")
    assert found.out == named.out != ""
    xdg = home.folder / "xdg"
    shutil.copytree(home.state, xdg / "icalsyncd")
    by_xdg = await icalsyncd("links", "--config", home.config, XDG_STATE_HOME=str(xdg))
    assert by_xdg.out == named.out


async def test_a_broken_config_ends_with_78_where_it_is_needed(home: Home) -> None:
    home.write("terms: no\n")
    for command in (("links",), ("pause", "casa-azul/holidu"), ("run",)):
        done = await home.run(*command)
        assert done.code == 78, command
        assert "terms" in done.err


async def test_without_a_daemon_those_that_need_one_say_so(home: Home) -> None:
    for command in (("status",), ("pull",), ("reload",), ("healthcheck",), ("explain", "casa-azul", "2030-01-01")):
        done = await home.run(*command)
        assert (done.code, done.out) == (1, ""), command
        assert "no daemon runs" in done.err


async def test_an_address_that_nobody_listens_at_any_more_is_no_daemon(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    home.state.mkdir()
    (home.state / "address").write_text(f"0.0.0.0:{port}\n")
    done = await home.run("healthcheck")
    assert done.code == 1
    assert "no daemon runs" in done.err


async def test_a_reader_that_has_seen_enough_is_no_error(home: Home) -> None:
    command = f"{sys.executable} -m icalsyncd print schema | head -1"
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (out, err) == (b"{\n", b"")


def test_ctrl_c_ends_a_question_without_a_traceback(tmp_path: Path) -> None:
    with at_a_terminal("add", "--config", tmp_path / "config.yaml") as session:
        session.expect("Portal: ")
        assert session.leave() == 130
        assert "Traceback" not in session.shown


async def test_a_second_daemon_on_the_state_folder_says_so_and_ends(house: tuple[Daemon, Portal, Portal]) -> None:
    running, *_ = house
    done = await icalsyncd("run", "--config", running.config, "--state-dir", running.state)
    assert done.code == 1
    assert "another icalsyncd runs" in done.err


async def test_without_a_command_it_says_what_to_do_first() -> None:
    done = await icalsyncd()
    assert done.code == 2
    assert "icalsyncd add" in done.err
    assert "icalsyncd demo" in done.err


async def test_the_help_of_status_says_what_its_columns_are() -> None:
    told = (await icalsyncd("status", "--help")).out
    assert all(f"{column}:" in told for column in ("PULLED", "FETCHED", "CLAIMS", "ECHOES", "CLOSES"))


async def test_run_without_a_config_says_where_it_was_looked_for(tmp_path: Path) -> None:
    done = await icalsyncd("run", "--config", tmp_path / "none.yaml", "--state-dir", tmp_path / "state")
    assert done.code == 78
    for place in ("$ICALSYNCD_CONFIG", "./config.yaml", "/etc/icalsyncd/config.yaml", "icalsyncd add"):
        assert place in done.err + done.out


def test_at_a_terminal_check_shows_the_line_with_a_caret(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("terms: accepted\npull: {interval: soon}\n")
    with at_a_terminal("check", "--config", config) as session:
        assert session.ended() == 1
    lines = session.shown.splitlines()
    place = lines.index("    pull: {interval: soon}")
    assert lines[place + 1] == "                     ^"
