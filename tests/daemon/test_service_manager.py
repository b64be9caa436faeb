"""What systemd hears and hands over, over its real socket."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time

import pytest

from icalsyncd.daemon import service_manager
from icalsyncd.serving import socket_activation


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path, monkeypatch):
    name = str(tmp_path / "notify") if request.param == "path" else f"@icalsyncd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(name.replace("@", "\0", 1))
        sock.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield sock


def test_systemd_hears_each_state(systemd):
    service_manager.ready("3 syncs")
    service_manager.ready()
    service_manager.status("two\nlines")
    service_manager.stopping()
    service_manager.watchdog()
    heard = [systemd.recv(1000) for _ in range(5)]
    assert heard == [b"READY=1\nSTATUS=3 syncs", b"READY=1", b"STATUS=two lines", b"STOPPING=1", b"WATCHDOG=1"]


def test_a_reload_tells_when_it_began(systemd):
    before = time.monotonic_ns() // 1000
    service_manager.reloading()
    state, _, stamp = systemd.recv(1000).decode().partition("\nMONOTONIC_USEC=")
    assert state == "RELOADING=1"
    assert before <= int(stamp) <= time.monotonic_ns() // 1000


@pytest.mark.parametrize("name", [None, "", "relative", "/nowhere/notify"])
def test_without_systemd_nothing_happens(monkeypatch, name):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if name is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", name)
    service_manager.ready("here")


def test_a_systemd_that_does_not_listen_does_not_stop_the_daemon(systemd):
    for _ in range(1000):
        service_manager.watchdog()


def test_the_watchdog_is_fed_twice_as_often_as_it_asks(monkeypatch):
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert service_manager.watchdog_interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert service_manager.watchdog_interval() == 15.0
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert service_manager.watchdog_interval() == 15.0
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert service_manager.watchdog_interval() is None


HANDED = """
import os, socket
os.environ["LISTEN_PID"] = str(os.getpid())
from icalsyncd.serving.socket_activation import listen_fds
handed = listen_fds()
print(sorted((name, [s.getsockname()[1] for s in sockets]) for name, sockets in handed.items()))
print(all(not s.get_inheritable() for sockets in handed.values() for s in sockets), listen_fds())
"""


def test_sockets_that_systemd_opened_are_taken_by_name():
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [sock.getsockname()[1] for sock in listening]
    # each once out of the way, then to 3, 4 and 5, where systemd puts them
    moves = " ".join(f"{20 + n}<&{sock.fileno()}" for n, sock in enumerate(listening))
    settle = " ".join(f"{3 + n}<&{20 + n}" for n in range(3))
    script = f'exec {moves}; exec {settle}; exec "$0" -c "$1"'
    environment = {**os.environ, "LISTEN_FDS": "3", "LISTEN_FDNAMES": "feeds:admin:feeds"}
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, HANDED],
        pass_fds=[sock.fileno() for sock in listening],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    for sock in listening:
        sock.close()
    first, second = done.stdout.splitlines()
    assert first == str([("admin", [ports[1]]), ("feeds", [ports[0], ports[2]])])
    assert second == "True {}"


def test_sockets_meant_for_another_process_are_left_alone(monkeypatch):
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert socket_activation.listen_fds() == {}


def test_a_sign_of_life_needs_no_descriptor_once_one_was_given(systemd):
    service_manager.ready()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        service_manager.watchdog()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert [systemd.recv(1000) for _ in range(2)] == [b"READY=1", b"WATCHDOG=1"]
