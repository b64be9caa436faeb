"""What lets in, and what it costs: bounded whatever strangers send, and the same for a name that nobody has."""

from __future__ import annotations

import base64
import threading
from types import SimpleNamespace
from typing import Any

import bcrypt
import pytest
from aiohttp.test_utils import make_mocked_request

from icalsyncd.admin import passwords
from icalsyncd.admin.caller import By, Caller
from icalsyncd.admin.gate import MOST_VERIFIED, Gate, Stopped
from icalsyncd.admin.guesses import MOST_KNOWN, MOST_PEERS, OF_HOST, OF_NAME, OF_PEER, SLOTS, Guesses
from icalsyncd.admin.passwords import Lane, matches
from icalsyncd.admin.sessions import LONGEST, MOST, Sessions
from icalsyncd.config.forms import LEAST_COST

USERS = {name: bcrypt.hashpw(name.encode(), bcrypt.gensalt(LEAST_COST)).decode() for name in ("anna", "ben")}


def gate(now: list[float]) -> Gate:
    sessions = Sessions(lambda: now[0], lambda text: None)
    return Gate(lambda: USERS, lambda: (), "t" * 43, sessions, lambda: now[0])


def asking(name: str, password: str, peer: str = "192.168.1.9") -> Any:
    given = base64.b64encode(f"{name}:{password}".encode()).decode()
    transport = SimpleNamespace(get_extra_info=lambda name, default=None: (peer, 1) if name == "peername" else default)
    return make_mocked_request(
        "GET", "/metrics", headers={"Host": "10.0.0.1", "Authorization": f"Basic {given}"}, transport=transport
    )


async def test_an_unknown_name_costs_what_a_known_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def counted(password: str, known: str) -> bool:
        # never on the event loop
        assert threading.current_thread().name.startswith("password")
        compared.append(known)
        return matches(password, known)

    monkeypatch.setattr(passwords, "matches", counted)
    made, now = gate([0.0]), [0.0]
    for name in ("anna", "ben", "carla", "root", "", "ANNA", "é"):
        before = len(compared)
        answer = await made.caller(asking(name, "no", f"10.1.1.{len(compared)}"))
        assert isinstance(answer, Stopped)
        assert len(compared) == before + 1, name
        assert compared[-1] in USERS.values()
    # a name that nobody has is always compared with the same one, as a known one is
    first, again = (
        await made.caller(asking("carla", "x", "10.2.0.1")),
        await made.caller(asking("carla", "y", "10.2.0.2")),
    )
    assert first == again
    assert compared[-1] == compared[-2]
    # the password of the one that it is compared with lets nobody in by that name
    stand_in = next(name for name, known in USERS.items() if known == compared[-1])
    assert isinstance(await made.caller(asking("carla", stand_in, "10.2.0.3")), Stopped)
    assert now == [0.0]


async def test_a_password_that_was_right_is_not_compared_again_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def counted(password: str, known: str) -> bool:
        compared.append(known)
        return matches(password, known)

    monkeypatch.setattr(passwords, "matches", counted)
    made = gate([0.0])
    for _ in range(50):
        assert await made.caller(asking("anna", "anna")) == Caller(By.PASSWORD, "anna")
    assert len(compared) == 1
    held = repr([vars(made), *made._verified])
    assert "'anna'" not in held
    assert b"anna" not in b"".join(made._verified)
    for each in range(MOST_VERIFIED + 20):
        made._verified[made._mark(str(each))] = None
    await made.caller(asking("ben", "ben"))
    assert len(made._verified) == MOST_VERIFIED


def test_what_is_remembered_of_guesses_is_bounded() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for each in range(MOST_PEERS + 500):
        guesses.wrong(f"name-{each}", f"peer-{each}")
        guesses.right(f"name-{each}", f"peer-{each}")
    assert len(guesses._peers) == MOST_PEERS
    assert len(guesses._known) == MOST_KNOWN
    assert len(guesses._names) == SLOTS


def test_a_peer_waits_for_one_guess_at_a_time_and_is_let_go_later() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for _ in range(int(OF_PEER.most)):
        assert guesses.wait("anna", "p") == 0
        guesses.wrong("anna", "p")
    assert guesses.wait("anna", "p") == OF_PEER.every
    assert guesses.wait("ben", "p") == OF_PEER.every
    assert guesses.wait("anna", "q") == 0
    now[0] += OF_PEER.every
    assert guesses.wait("anna", "p") == 0
    guesses.wrong("anna", "p")
    assert guesses.wait("anna", "p") == OF_PEER.every
    now[0] += OF_PEER.most * OF_PEER.every
    assert guesses.wait("anna", "p") == 0


def test_whoever_sits_at_the_machine_waits_for_nobody_but_itself() -> None:
    now = [0.0]
    guesses = Guesses(lambda: now[0])
    for each in range(int(OF_NAME.most) * 3):
        guesses.wrong("anna", f"peer-{each}")
    assert guesses.wait("anna", "new") > 0
    assert guesses.wait("anna", None) == 0
    for _ in range(int(OF_HOST.most)):
        guesses.wrong("anna", None)
    assert 0 < guesses.wait("anna", None) <= OF_HOST.every


def test_sessions_are_bounded_and_end_by_themselves() -> None:
    now, kept = [1e9], [""]
    sessions = Sessions(lambda: now[0], lambda text: kept.__setitem__(0, text))
    tokens = []
    for each in range(MOST + 10):
        now[0] += 1
        tokens.append(sessions.begin("anna" if each else "ben", USERS))
    assert len(sessions._known) == MOST + 1
    assert sessions.user_of(tokens[1], USERS) is None
    assert sessions.user_of(tokens[0], USERS) == "ben"
    assert sessions.user_of(tokens[-1], USERS) == "anna"
    assert not any(token in kept[0] for token in tokens)
    # another process knows them by what was kept
    again = Sessions(lambda: now[0], lambda text: None, kept[0])
    assert again.user_of(tokens[-1], USERS) == "anna"
    assert again.user_of(tokens[-1], {"ben": USERS["ben"]}) is None
    assert again.user_of(tokens[-1], {"anna": USERS["ben"]}) is None
    now[0] += LONGEST
    assert again.user_of(tokens[-1], USERS) is None
    for broken in ("", "[]", "{", '{"a": 1}', '{"a": {"user": "anna"}}', "null"):
        assert Sessions(lambda: now[0], lambda text: None, broken)._known == {}


async def test_a_lane_takes_no_more_than_it_can_bear() -> None:
    lane = Lane()
    async with lane:
        assert not lane.is_full
        assert await lane.matches("anna", USERS["anna"])
    lane.close()


def test_a_password_that_bcrypt_would_cut_matches_nothing() -> None:
    whole = "x" * 72
    known = bcrypt.hashpw(whole.encode(), bcrypt.gensalt(LEAST_COST)).decode()
    assert matches(whole, known)
    assert not matches(whole + "y", known)
    assert not matches("\ud800", known)
    with pytest.raises(ValueError, match="72"):
        passwords.hashed(whole + "y")
