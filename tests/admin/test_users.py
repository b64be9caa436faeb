"""Users come and go in the config: what that does to sessions, and how a hash is made."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import bcrypt
import pytest

from tests.admin.users import (
    ANNA,
    BEN,
    HASHES,
    House,
    basic,
    cookie,
    hashed,
)
from tests.commands.program import at_a_terminal

pytestmark = pytest.mark.slow


def test_a_new_hash_ends_the_sessions_of_that_user_alone(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.write(HASHES)
    house.start()
    try:
        anna, ben = house.log_in("anna", ANNA).session, house.log_in("ben", BEN).session
        assert house.ask("GET", "/metrics", basic("anna", ANNA)).status == 200
        house.write({**HASHES, "anna": hashed("a new one")})
        house.reload()
        assert house.ask("GET", "/", cookie(anna)).status == 401
        assert house.ask("GET", "/", cookie(ben)).status == 200
        assert house.ask("GET", "/metrics", basic("anna", ANNA)).status == 401
        assert house.log_in("anna", "a new one").status == 303
        # the old hash again: what had ended may come back, since its password counts again
        house.write({"ben": HASHES["ben"]})
        house.reload()
        assert house.log_in("anna", "a new one").status == 401
        # a restart forgets nobody
        assert house.daemon.stop() == 0
        assert not (house.daemon.state / "token").exists()
        house.start()
        assert house.ask("GET", "/", cookie(ben)).status == 200
    finally:
        house.daemon.kill()


def test_half_a_file_without_users_opens_no_door(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.write(HASHES, removal_delay="1h")
    house.start()
    try:
        house.write(None, removal_delay="1h")
        house.reload()
        assert house.ask("GET", "/").status == 401
        assert house.log_in("anna", ANNA).status == 303
        house.daemon.kill()
        house.start()
        assert house.ask("GET", "/").status == 401
    finally:
        house.daemon.kill()


def test_without_users_only_who_sits_at_the_machine_opens_nights(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.write(None, admin_hosts="[page.lan]")
    house.start()
    try:
        assert house.ask("GET", "/").status == 200
        assert house.ask("GET", "/login").status == 303
        forwarded = (
            {"X-Forwarded-For": "127.0.0.1"},
            {"x-forwarded-proto": "https"},
            {"X-Forwarded-Host": "localhost"},
            {"Forwarded": "for=127.0.0.1"},
            {"X-Real-IP": "127.0.0.1"},
            {"Via": "1.1 caddy"},
            {"Cf-Connecting-Ip": "127.0.0.1"},
            {"Tailscale-User-Login": "anna"},
            {"Host": "page.lan"},
        )
        for act in ("/-/accept?accommodation=casa&dry_run=1", "/-/rotate?sync=casa/office"):
            for headers in forwarded:
                answer = house.ask("POST", act, headers)
                assert (answer.status, b"server.users" in answer.body) == (403, True), headers
            assert house.ask("POST", act).status == 409
            assert house.ask("POST", act, {**house.token(), **forwarded[0]}).status == 409
        for path in ("/-/reload", "/-/pull"):
            for headers in forwarded:
                assert house.ask("POST", path, headers).status == 200, (path, headers)
        with socket.create_connection(("127.0.0.1", house.daemon.admin)) as old:
            # what nginx sends by its defaults names nobody: it speaks an older HTTP
            old.sendall(b"POST /-/accept?accommodation=casa HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            assert b" 403 " in old.recv(100)
    finally:
        house.daemon.kill()


def test_a_hash_is_made_for_scripts_and_lets_in(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "icalsyncd", "password"],
        input=f"{ANNA}\n",
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert made.returncode == 0
    assert bcrypt.checkpw(ANNA.encode(), made.stdout.strip().encode())
    assert made.stdout.startswith("$2b$12$")
    assert ANNA not in made.stdout + made.stderr
    for wrong in ("\n", "", "x" * 73 + "\n", "a\0b\n"):
        done = subprocess.run(
            [sys.executable, "-m", "icalsyncd", "password"], input=wrong, capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (1, ""), wrong
    short = subprocess.run(
        [sys.executable, "-m", "icalsyncd", "password"], input="short\n", capture_output=True, text=True
    )
    assert short.returncode == 0
    assert "soon guessed" in short.stderr


async def test_at_a_terminal_a_password_is_asked_twice_and_never_shown() -> None:
    for again, code in ((ANNA, 0), ("another one", 1)):
        with at_a_terminal("password") as session:
            session.expect("Password: ")
            session.type(ANNA)
            session.expect("The same again: ")
            session.type(again)
            assert session.ended() == code
            said = session.shown
        assert ANNA not in said
        assert again not in said
        assert (("$2b$12$" in said), ("two different" in said)) == (code == 0, code == 1)
