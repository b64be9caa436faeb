"""The unit that is printed, under a real systemd: it installs, starts, is watched, reloads, refuses, and stops."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.home.conftest import CONFIG, configure, nights
from tests.home.machine import PROJECT, STATE, Machine, guide

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("systemd-nspawn", "nsenter", "mount", "systemd-sysusers", "curl", "ss"),
]

WEBSITE = "casa-azul/website"
TWO_BLOCKS = CONFIG.replace("note: family}\n", "note: family}\n      - {from: 2030-02-10, to: 2030-02-12}\n")
BAD = CONFIG.replace("timezone: UTC", "timezone: Madird")


def main_pid(made: Machine) -> int:
    return int(made.shown("MainPID"))


def restarted(made: Machine, pid: int) -> None:
    """Wait until another process than *pid* is READY."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if main_pid(made) not in (0, pid) and made.shown("ActiveState") == "active":
            return
        time.sleep(0.05)
    raise AssertionError(made.run("systemctl status icalsyncd").stdout)


def test_it_is_ready_when_it_serves(service: Machine) -> None:
    link = service.link(WEBSITE)
    service.says("systemctl restart icalsyncd")
    assert nights(service, link) == "20300110"
    assert service.shown("StatusText") == "1 sync: 1 ok"


def test_where_it_cannot_serve_it_is_never_ready(service: Machine) -> None:
    service.says("systemctl stop icalsyncd")
    service.says("systemd-run --unit=squatter --collect python3 -m http.server 5545")
    service.until("curl --silent --output /dev/null --write-out %{http_code} http://127.0.0.1:5545/", "200")
    try:
        assert service.run("systemctl start icalsyncd").returncode != 0
        assert service.shown("ActiveState") != "active"
        assert "another program has this port" in service.says("journalctl -u icalsyncd -n 20 -o cat")
    finally:
        service.says("systemctl stop squatter")
    # nobody has to do anything: it comes as soon as it can
    service.until("systemctl is-active icalsyncd; true", "active\n")


def test_kill_9_is_survived_and_every_feed_is_the_same(service: Machine) -> None:
    link = service.link(WEBSITE)
    before = service.says(f"curl --silent --fail {link}")
    pid = main_pid(service)
    service.says(f"kill -9 {pid}")
    restarted(service, pid)
    assert service.says(f"curl --silent --fail {link}") == before


def test_the_watchdog_restarts_a_daemon_whose_loop_hangs(service: Machine) -> None:
    link, pid = service.link(WEBSITE), main_pid(service)
    service.says("journalctl --rotate && journalctl --vacuum-time=1s")
    service.says(f"kill -STOP {pid}")
    restarted(service, pid)
    assert nights(service, link) == "20300110"
    journal = service.says("journalctl -u icalsyncd -o cat")
    assert "Watchdog timeout" in journal
    assert "Fatal Python error: Aborted" in journal, "the journal says where it hung"


def test_a_daemon_that_waits_for_a_portal_is_alive(service: Machine) -> None:
    """A portal that takes the connection and says nothing is no reason for the watchdog, which strikes after 2 s."""
    service.write(
        "/root/mute.py",
        "import socket, time\nlistening = socket.create_server(('127.0.0.1', 8000))\ntime.sleep(60)\n",
    )
    service.says("systemd-run --unit=mute --collect python3 /root/mute.py")
    pid = main_pid(service)
    url = "      mute: {portal: holidu, direction: import, url: 'http://127.0.0.1:8000/x.ics'}\n"
    configure(service, CONFIG + url)
    service.says("systemctl reload icalsyncd")
    time.sleep(4)
    assert main_pid(service) == pid
    service.says("systemctl stop mute")


def test_a_reload_has_happened_when_it_returns(service: Machine) -> None:
    link = service.link(WEBSITE)
    configure(service, TWO_BLOCKS)
    service.says("systemctl reload icalsyncd")
    assert nights(service, link) == "20300110 20300210"


def test_a_refused_config_fails_the_reload_and_the_one_before_goes_on(service: Machine) -> None:
    link, pid = service.link(WEBSITE), main_pid(service)
    configure(service, BAD)
    assert service.run("systemctl reload icalsyncd").returncode != 0
    status = service.run("systemctl status --no-pager --full icalsyncd").stdout
    (line,) = (line for line in status.splitlines() if "Status:" in line)
    assert "/etc/icalsyncd/config.yaml:8:15: accommodations.casa-azul.timezone" in line
    assert "did you mean Europe/Madrid" in line or "IANA name" in line
    assert "active (running)" in status
    assert main_pid(service) == pid
    assert nights(service, link) == "20300110"
    configure(service, CONFIG)
    service.says("systemctl reload icalsyncd")
    assert service.shown("StatusText") == "1 sync: 1 ok"


def test_a_bad_config_at_the_first_boot_is_tried_once(service: Machine) -> None:
    service.says(f"systemctl stop icalsyncd; rm -rf {STATE}/*")
    configure(service, BAD)
    assert service.run("systemctl start icalsyncd").returncode != 0
    time.sleep(1)
    assert service.shown("ExecMainStatus") == "78"
    assert service.shown("NRestarts") == "0"
    assert service.shown("ActiveState") == "failed"
    assert "config.yaml:8:15:" in service.run("systemctl status --no-pager --full icalsyncd").stdout


def test_a_bad_config_at_a_later_boot_leaves_the_last_accepted_one_running(service: Machine) -> None:
    link = service.link(WEBSITE)
    configure(service, BAD)
    service.says("systemctl restart icalsyncd")
    assert nights(service, link) == "20300110"
    assert "config.yaml:8:15:" in service.shown("StatusText")


def test_a_full_disk_is_survived_and_said(service: Machine) -> None:
    service.says(f"systemctl stop icalsyncd; mount -t tmpfs -o size=1m tmpfs {STATE}")
    try:
        service.says("systemctl start icalsyncd")
        link, pid = service.link(WEBSITE), main_pid(service)
        service.run(f"dd if=/dev/zero of={STATE}/ballast bs=4k")
        configure(service, TWO_BLOCKS)
        service.says("systemctl reload icalsyncd")
        assert nights(service, link) == "20300110 20300210", "what closes is served though it cannot be stored"
        service.until("systemctl show --property=StatusText icalsyncd", "the state is not stored")
        # longer than the watchdog waits
        time.sleep(2.5)
        assert main_pid(service) == pid
        service.says(f"rm {STATE}/ballast")
        service.until("systemctl show --property=StatusText icalsyncd", "StatusText=1 sync: 1 ok", 40)
    finally:
        service.says(f"systemctl stop icalsyncd; umount {STATE}")


def test_it_stops_within_five_seconds_though_readers_take_for_ever(service: Machine) -> None:
    service.write(
        "/root/slow.py",
        "import socket, time\n"
        "readers = [socket.create_connection(('127.0.0.1', 5545)) for _ in range(20)]\n"
        "for reader in readers:\n"
        "    reader.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\n')\n"
        "time.sleep(60)\n",
    )
    service.says("systemd-run --unit=slow --collect python3 /root/slow.py")
    service.until("ss -Htn state established sport = :5545 | wc -l", "20")
    began = time.monotonic()
    service.says("systemctl stop icalsyncd")
    assert time.monotonic() - began < 5
    assert service.shown("Result") == "success"
    service.says("systemctl stop slow")


def test_it_sees_only_its_state_folder_writable(service: Machine) -> None:
    as_the_daemon = (
        f"nsenter --target={main_pid(service)} --mount "
        "setpriv --reuid=icalsyncd --regid=icalsyncd --clear-groups --no-new-privs"
    )
    writable = service.says(
        f"{as_the_daemon} find / -path /proc -prune -o -writable -not -type l -print 2>/dev/null; true"
    ).splitlines()
    assert STATE in writable
    harmless = {
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "/dev/random",
        "/dev/urandom",
        "/dev/tty",
        "/dev/ptmx",
        "/dev/pts/ptmx",
    }
    others = {path for path in writable if not path.startswith(STATE) and path not in harmless}
    assert {path for path in others if service.run(f"test -S {path}").returncode} == set(), "sockets are no files"
    assert service.run(f"{as_the_daemon} ls /root").returncode != 0
    service.run(f"cp /bin/true {STATE}/smuggled; chmod 755 {STATE}/smuggled")
    assert service.run(f"{as_the_daemon} {STATE}/smuggled").returncode == 126, "nothing in the state folder can be run"


def test_systemd_gives_the_process_the_bounds_that_the_unit_states(service: Machine) -> None:
    pid = main_pid(service)
    limits = service.says(f"cat /proc/{pid}/limits")
    files = re.search(r"^Max open files +(\d+) +(\d+) ", limits, re.MULTILINE)
    # a soft limit below the hard one would have to be raised by the daemon
    assert files is not None, limits
    assert files.groups() == ("4096", "4096")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
    assert service.shown("MemoryMax") == str(1 << 30)
    assert service.shown("TasksMax") == "256"
    # a daemon that has just started is nowhere near them
    assert len(service.says(f"ls /proc/{pid}/task").split()) < 64
    assert len(service.says(f"ls /proc/{pid}/fd").split()) < 128


def test_the_hardened_process_still_knows_its_own_figures(service: Machine) -> None:
    metrics = service.says("curl --silent http://127.0.0.1:15545/metrics")
    assert "\nprocess_resident_memory_bytes " in metrics
    assert "\nprocess_start_time_seconds " in metrics


def test_the_commands_of_root_find_it_and_leave_the_config_readable_for_it(service: Machine) -> None:
    link = service.link(WEBSITE)
    said = service.says(f"icalsyncd pause {WEBSITE} --yes --state-dir {STATE}")
    assert said
    service.until(
        f"curl --silent --header 'Accept: text/html' --header 'Accept-Language: en' {link} | grep -c 20300110; true",
        "0",
    )
    assert service.says("stat --format '%a %U %G' /etc/icalsyncd/config.yaml") == "640 root icalsyncd"
    assert service.shown("StatusText") == "1 sync: 1 paused"


def test_the_page_writes_the_config_once_the_unit_lets_it(service: Machine) -> None:
    configure(service, CONFIG.replace("server:\n", "server:\n  edit: true\n"))
    service.says("systemctl reload icalsyncd")
    digest = "$(curl --silent http://127.0.0.1:15545/api/v1/status | grep -o '[0-9a-f]\\{64\\}' | head -1)"
    block = (
        f"curl --silent --data accommodation=casa-azul --data from=2030-03-10 --data to=2030-03-12 --data digest={digest} "
        "http://127.0.0.1:15545/-/block"
    )
    before = service.says("cat /etc/icalsyncd/config.yaml")
    said = json.loads(service.says(block))
    assert (said["written"], "cannot be written" in said["why"]) == (False, True), said
    assert service.says("cat /etc/icalsyncd/config.yaml") == before
    drop_in = "/etc/systemd/system/icalsyncd.service.d/edit.conf"
    acts = (PROJECT / "docs/acts.md").read_text(encoding="utf-8")
    written = re.search(r"```ini\n(.*?)```", acts, re.DOTALL)
    owned = re.search(r"^chown icalsyncd: .*$", acts, re.MULTILINE)
    assert written is not None
    assert owned is not None
    try:
        service.write(drop_in, written[1])
        service.says(f"{owned[0]} && systemctl daemon-reload && systemctl restart icalsyncd")
        said = json.loads(service.says(block))
        assert said["written"], said
        assert "      - {from: 2030-03-10, to: 2030-03-12}" in service.says("cat /etc/icalsyncd/config.yaml")
        assert service.says("stat --format '%a %U' /etc/icalsyncd/config.yaml") == "640 icalsyncd"
        assert nights(service, service.link(WEBSITE)) == "20300110 20300310"
    finally:
        service.says(f"rm {drop_in}; chown root: /etc/icalsyncd; systemctl daemon-reload")


def test_a_url_may_be_a_credential_of_systemd(service: Machine) -> None:
    marker = "m4rker-in-the-credential"
    service.write("/etc/icalsyncd/secrets/holidu", f"http://127.0.0.1:8001/{marker}.ics\n", mode="600")
    calendar = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\n"
        "DTSTART;VALUE=DATE:20280105\nDTEND;VALUE=DATE:20280107\nSUMMARY:Booked\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    service.write(f"/srv/portal/{marker}.ics", calendar)
    service.says("systemd-run --unit=portal --collect python3 -m http.server 8001 --directory /srv/portal")
    drop_in = "/etc/systemd/system/icalsyncd.service.d/credential.conf"
    service.write(drop_in, "[Service]\nLoadCredential=holidu:/etc/icalsyncd/secrets/holidu\n")
    configure(
        service, CONFIG + "      holidu: {portal: holidu, direction: import, url_file: $CREDENTIALS_DIRECTORY/holidu}\n"
    )
    try:
        service.says("systemctl daemon-reload && systemctl restart icalsyncd")
        service.until(f"icalsyncd status --json --state-dir {STATE}", '"claimed_nights": 2')
        assert "20280105" in nights(service, service.link(WEBSITE))
        assert "1" in service.says("icalsyncd check /etc/icalsyncd/config.yaml"), "root's commands find it as well"
        seen = service.says("journalctl -u icalsyncd -o cat; systemctl show icalsyncd")
        seen += service.says("tr '\\0' '\\n' < /proc/$(systemctl show -P MainPID icalsyncd)/environ")
        assert marker not in seen
    finally:
        service.says(f"rm {drop_in} && systemctl daemon-reload; systemctl stop portal")


def test_with_the_socket_unit_a_restart_refuses_no_portal(service: Machine) -> None:
    link = service.link(WEBSITE)
    service.says(f"set -e\n{guide('FileDescriptorName=feeds')}")
    try:
        knocking = (
            "import sys, time, urllib.request\n"
            "end, answered = time.monotonic() + 4, 0\n"
            "while time.monotonic() < end:\n"
            "    asked = urllib.request.Request(sys.argv[1], headers={'Accept': 'text/html', 'Accept-Language': 'en'})\n"
            "    assert urllib.request.urlopen(asked, timeout=20).status == 200\n"
            "    answered += 1\n"
            "print(answered)\n"
        )
        service.write("/root/knocking.py", knocking)
        pid = main_pid(service)
        service.says(f"systemd-run --unit=knocking python3 /root/knocking.py {link}")
        for _ in range(3):
            time.sleep(0.3)
            service.says("systemctl restart icalsyncd")
        service.until("systemctl show --property=SubState knocking", "dead")
        assert main_pid(service) != pid
        assert service.run("systemctl is-failed knocking").stdout.strip() != "failed", service.run(
            "journalctl -u knocking -o cat"
        ).stdout
        assert int(service.says("journalctl -u knocking -o cat | grep -E '^[0-9]+$'")) > 100
    finally:
        service.says("systemctl disable --now icalsyncd.socket; systemctl stop icalsyncd")


def test_a_backup_that_root_puts_back_is_the_services_again(service: Machine) -> None:
    link = service.link(WEBSITE)
    service.says(f"icalsyncd backup /root/before.backup --state-dir {STATE}")
    service.says(f"systemctl stop icalsyncd; rm {STATE}/secret")
    service.says(f"icalsyncd restore /root/before.backup --replace --state-dir {STATE} && systemctl start icalsyncd")
    assert service.link(WEBSITE) == link
    assert nights(service, link) == "20300110"
    assert service.says(f"find {STATE} -not -user icalsyncd") == ""
