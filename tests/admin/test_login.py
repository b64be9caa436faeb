"""The admin listener with users, attacked as a stranger would: by a real daemon, over real sockets."""

from __future__ import annotations

import base64
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from tests.admin.users import (
    ANNA,
    BEN,
    BROWSER,
    GUARDED,
    HASHES,
    POSTS,
    House,
    basic,
    cookie,
    stranger,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("login"))
    made.write(HASHES, admin_hosts="[page.lan]")
    made.start()
    yield made
    made.daemon.kill()


def test_everything_but_health_asks_who_it_is(house: House) -> None:
    for path in GUARDED:
        answer = house.ask("GET", path)
        assert (answer.status, b"casa" in answer.body) == (401, False), path
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="icalsyncd"'
        # a browser that shows a page is led to the form, a script of a page is not asked in a window of the browser
        assert house.ask("GET", path, BROWSER).status == 303
        fetched = house.ask("GET", path, {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})
        assert (fetched.status, fetched.headers["WWW-Authenticate"]) == (401, None)
    for path in POSTS:
        assert house.ask("POST", path).status == 401, path
    for path in ("/-/healthy", "/-/ready", "/login", "/static/login.css"):
        answer = house.ask("GET", path)
        assert (answer.status, b"casa" in answer.body) == (200, False), path
    assert house.ask("GET", "/nowhere").status == 401
    assert house.ask("GET", "/api/v1/../../-/links").status == 401


def test_a_password_opens_the_page_and_the_cookie_is_for_this_site_alone(house: House) -> None:
    answer = house.log_in("Anna ", ANNA, house.own())
    assert (answer.status, answer.headers["Location"]) == (303, "./")
    told = answer.headers["Set-Cookie"]
    assert re.fullmatch(r"icalsyncd=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000", told), told
    assert house.ask("GET", "/", cookie(answer.session)).status == 200
    assert house.ask("GET", "/metrics", basic("anna", ANNA)).status == 200
    assert house.ask("POST", "/-/pull", {**cookie(answer.session), **house.own()}).status == 200


def test_under_tls_the_cookie_is_secure_and_no_other_site_can_lay_one(house: House) -> None:
    by_tls = {"X-Forwarded-Proto": "https", "Host": "page.lan"}
    answer = house.log_in("anna", ANNA, {**by_tls, "Origin": "https://page.lan"})
    told = answer.headers["Set-Cookie"]
    assert told.startswith("__Host-icalsyncd=")
    assert told.endswith("; Secure")
    # what a neighbour under http has laid counts for nothing
    assert house.ask("GET", "/", {**by_tls, **cookie(answer.session)}).status == 401
    assert house.ask("GET", "/", {**by_tls, "Cookie": f"__Host-icalsyncd={answer.session}"}).status == 200


def test_logging_out_ends_the_session_for_whoever_has_copied_it(house: House) -> None:
    first, second = house.log_in("anna", ANNA).session, house.log_in("anna", ANNA).session
    assert house.ask("POST", "/logout", {**cookie(first), "Origin": "http://evil.example"}).status == 403
    answer = house.ask("POST", "/logout", {**cookie(first), **house.own()})
    assert (answer.status, answer.session, answer.headers["Location"]) == (303, "", "login")
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert house.ask("GET", "/", cookie(first)).status == 401
    assert house.ask("GET", "/", cookie(second)).status == 200


def test_who_listens_hears_nothing_more_once_logged_out(house: House) -> None:
    session = house.log_in("anna", ANNA).session
    with socket.create_connection(("127.0.0.1", house.daemon.admin)) as listening:
        listening.settimeout(20)
        listening.sendall(f"GET /-/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: icalsyncd={session}\r\n\r\n".encode())
        assert b" 200 " in listening.recv(1000)
        assert house.ask("POST", "/logout", {**cookie(session), **house.own()}).status == 303
        end = time.monotonic() + 20
        while listening.recv(1000):
            assert time.monotonic() < end
    assert house.ask("GET", "/-/events").status == 401


def test_a_session_is_made_here_and_never_taken_from_the_browser(house: House) -> None:
    laid = "A" * 43
    answer = house.log_in("anna", ANNA, cookie(laid))
    assert answer.session != laid
    for wrong in (laid, "", answer.session[:-1], answer.session + "A", answer.session.swapcase(), "é" * 43, "a" * 4000):
        assert house.ask("GET", "/", {"Cookie": f"icalsyncd={wrong}".encode().decode("latin-1")}).status in (400, 401)
    assert house.ask("GET", "/", cookie(answer.session)).status == 200


def test_a_page_of_another_origin_can_drive_nobodys_session(house: House) -> None:
    session = cookie(house.log_in("anna", ANNA).session)
    port = house.daemon.admin
    for origin in ("http://evil.example", f"http://127.0.0.1:{port + 1}", f"http://localhost:{port}", "null", ""):
        for path in POSTS:
            assert house.ask("POST", path, {**session, "Origin": origin}).status == 403, (origin, path)
    for site in ("cross-site", "same-site"):
        assert house.ask("POST", "/-/pull", {**session, **house.own(**{"Sec-Fetch-Site": site})}).status == 403
    # a browser so old that it does not say where it comes from
    assert house.ask("POST", "/-/pull", session).status == 403
    assert house.ask("POST", "/-/pull", {**session, **house.own()}).status == 200
    # the password that a browser keeps for a site helps no other page either
    assert house.ask("POST", "/-/pull", {**basic("anna", ANNA), "Origin": "http://evil.example"}).status == 403


def test_no_other_page_logs_a_browser_in(house: House) -> None:
    for foreign in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = house.log_in("anna", ANNA, foreign)
        assert (answer.status, answer.session) == (403, "")


def test_a_name_made_to_lead_here_opens_nothing_even_to_who_is_logged_in(house: House) -> None:
    known = (cookie(house.log_in("anna", ANNA).session), basic("anna", ANNA), house.token(), {})
    for proof in known:
        for path in (*GUARDED, "/login"):
            for host in ("evil.example", f"evil.example:{house.daemon.admin}", "127.0.0.1.evil.example", ""):
                answer = house.ask("GET", path, {**proof, "Host": host})
                assert (answer.status, b"casa" in answer.body) == (403, False), (path, host)
    assert house.log_in("anna", ANNA, {"Host": "evil.example", "Origin": "http://evil.example"}).status == 403
    # an address cannot be made to lead elsewhere: so the page may stand on the home network
    assert house.ask("GET", "/", {**basic("anna", ANNA), "Host": "192.168.1.5:15545"}).status == 200
    assert house.ask("GET", "/", {**basic("anna", ANNA), "Host": "page.lan"}).status == 200


def test_a_login_leads_to_no_other_site_and_into_no_header(house: House) -> None:
    evil = (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "x\r\nSet-Cookie: icalsyncd=evil",
        "?a=b\r\nX-Evil: 1",
        "explain/../../evil",
        ".evil.example",
        "@evil.example",
        "?" + "a" * 400,
        "\x00",
        "?é",
    )
    for wanted in evil:
        answer = house.log_in("anna", ANNA, wanted=wanted)
        assert (answer.status, answer.headers["Location"]) == (303, "./"), wanted
        assert "X-Evil" not in answer.headers
        assert len(answer.headers.get_all("Set-Cookie", [])) == 1
        shown = house.ask("GET", f"/login?{urlencode({'next': wanted})}")
        assert b"evil" not in shown.body
    good = "explain?accommodation=casa&night=2027-01-01"
    assert house.log_in("anna", ANNA, wanted=good).headers["Location"] == f"./{good}"
    assert house.ask("GET", f"/{good}", BROWSER).headers["Location"] == f"login?{urlencode({'next': good})}"
    assert house.ask("GET", "//evil.example/", BROWSER).headers["Location"] in ("../login", "../../login")
    assert house.ask("GET", "/-/links", BROWSER).headers["Location"] == "../login"
    markup = '"><script>alert(1)</script>'
    assert b"<script" not in house.ask("GET", f"/login?{urlencode({'next': markup})}").body
    assert b"<script" not in house.log_in(markup, markup, wanted=markup).body


def test_what_is_no_form_is_refused_and_bounded(house: House) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bodies = (
        ({}, b"name=anna&password=x"),
        ({"Content-Type": "application/json"}, b'{"name": "anna"}'),
        (form, b"name=anna"),
        (form, b"name=anna&password=" + b"x" * 200_000),
        (form, b"&".join(b"a=%d" % each for each in range(1000))),
        (form, b"name=anna&password=%ff%fe"),
        (form, b"name=anna&password=\xff"),
        ({**form, "Content-Encoding": "gzip"}, b"\x1f\x8b" + b"\0" * 100),
        (form, b""),
    )
    for headers, body in bodies:
        assert house.ask("POST", "/login", headers, body).status == 400, body[:40]
    for password in ("", "x" * 73, ANNA + "x", "x" * 1000, ANNA + "\0", "\0", "é" * 36):
        assert house.log_in("anna", password, stranger("203.0.113.200")).status in (401, 429), password
    for given in ("Basic", "Basic !!", "Basic " + base64.b64encode(b"anna").decode(), "Basic " + "A" * 3000):
        assert house.ask("GET", "/", {"Authorization": given}).status in (401, 400), given
    assert house.ask("GET", "/", {"Authorization": f"Bearer {'x' * 43}"}).status == 401
    assert b"500" not in house.daemon.log.read_bytes()


def test_a_body_that_drips_is_not_waited_for(house: House) -> None:
    with socket.create_connection(("127.0.0.1", house.daemon.admin)) as dripping:
        dripping.sendall(
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 100\r\n\r\nname="
        )
        dripping.settimeout(25)
        # nobody else waits for it
        assert house.log_in("anna", ANNA).status == 303
        assert b" 400 " in dripping.recv(100)


def test_guesses_of_one_peer_end_soon_and_keep_nobody_else_out(house: House) -> None:
    guesser = stranger("203.0.113.7")
    answers = [house.log_in("anna", f"guess {each}", guesser) for each in range(12)]
    assert [answer.status for answer in answers[:8]] == [401] * 8
    assert {answer.status for answer in answers[8:]} == {429}
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    # not even with the right one, by either way; and what a monitor has proved before is of no use to it
    assert house.ask("GET", "/metrics", basic("anna", ANNA)).status == 200
    assert house.log_in("anna", ANNA, guesser).status == 429
    assert house.ask("GET", "/metrics", {**basic("anna", ANNA), **guesser}).status == 429
    # what somebody claims to come from before the proxy's own word is nothing
    assert house.log_in("anna", ANNA, {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}).status == 429
    assert house.log_in("anna", ANNA, stranger("203.0.113.8")).status == 303
    assert house.log_in("anna", ANNA).status == 303
    # an IPv6 network is one peer, whatever address of it is taken
    for each in range(9):
        last = house.log_in("ben", "no", stranger(f"2001:db8:1:2::{each:x}")).status
    assert last == 429


def test_guesses_of_many_peers_do_not_lock_the_host_out(house: House) -> None:
    assert house.log_in("ben", BEN, stranger("198.51.100.77")).status == 303
    with ThreadPoolExecutor(8) as threads:
        peers = [stranger(f"198.18.{each // 250}.{each % 250}") for each in range(64)]
        statuses = list(threads.map(lambda peer: house.log_in("ben", "no", peer).status, peers))
    assert set(statuses) <= {401, 429, 503}
    while (answer := house.log_in("ben", "no", stranger(f"198.19.0.{len(statuses) % 250}"))).status != 429:
        statuses.append(answer.status)
        assert len(statuses) < 300
    # a new peer waits now, whoever it is
    assert house.log_in("ben", BEN, stranger("198.51.100.78")).status == 429
    # who sits at the machine does not, nor where this password was right before, nor another user
    assert house.log_in("ben", BEN).status == 303
    assert house.log_in("ben", BEN, stranger("198.51.100.77")).status == 303
    assert house.log_in("anna", ANNA, stranger("198.51.100.79")).status == 303


def test_a_flood_of_passwords_keeps_neither_loop_nor_host_waiting(house: House) -> None:
    def guess(each: int) -> int:
        return house.log_in("anna", "no", stranger(f"192.0.{each % 200}.{each // 200}")).status

    with ThreadPoolExecutor(32) as threads:
        flood = [threads.submit(guess, each) for each in range(200)]
        assert house.ask("GET", "/-/healthy").status == 200
        assert house.log_in("anna", ANNA).status == 303
        assert {each.result() for each in flood} <= {401, 429, 503}


def test_the_commands_prove_themselves_by_a_token_of_the_state_folder(house: House) -> None:
    token = house.daemon.state / "token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert house.ask("GET", "/api/v1/status", house.token()).status == 200
    assert house.ask("POST", "/-/pull", house.token()).status == 200
    command = [sys.executable, "-m", "icalsyncd"]
    where = ["--config", str(house.daemon.config), "--state-dir", str(house.daemon.state)]
    for words in (["status"], ["links"], ["reload"], ["healthcheck"], ["pull"]):
        done = subprocess.run([*command, *words, *where], capture_output=True, text=True)
        assert done.returncode == 0, (words, done)
    hidden = token.read_text()
    try:
        token.write_text("x" * 43)
        done = subprocess.run([*command, "status", *where], capture_output=True, text=True)
        assert done.returncode == 1
        assert "password" in done.stderr
    finally:
        token.write_text(hidden)


def test_nothing_that_lets_in_is_logged_or_stored(house: House) -> None:
    session = house.log_in("anna", ANNA).session
    house.log_in("anna", "my wrong secret", stranger("203.0.113.99"))
    token = house.token()["Authorization"].partition(" ")[2]
    kept = house.daemon.state / "sessions.json"
    for _ in range(200):
        if kept.exists():
            break
        time.sleep(0.02)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    files = [path.read_bytes() for path in house.daemon.state.iterdir() if path.is_file() and path.name != "token"]
    for text in (house.daemon.words().encode(), *files):
        for hidden in (ANNA, "my wrong secret", session, token):
            assert hidden.encode() not in text
    assert HASHES["anna"] not in house.daemon.words()
