"""The Debian package in a machine with a real systemd: installed, configured, upgraded with its state, removed, purged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.home.conftest import CONFIG, nights
from tests.home.machine import STATE, Machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("systemd-nspawn", "nsenter", "mount", "dpkg-deb", "strip", "curl", "lintian"),
]

ASIDE = "/etc/systemd/system/icalsyncd.service /etc/systemd/system/icalsyncd.service.d /usr/local/bin/icalsyncd"
WEBSITE = "casa-azul/website"


def test_it_lives_from_installation_to_purge(deb: Path, house: Machine) -> None:
    # what the guide had installed by hand goes first
    house.says(f"systemctl disable --now icalsyncd; rm -rf {ASIDE} /etc/icalsyncd /var/lib/icalsyncd")
    house.says("rm -f /etc/sysusers.d/icalsyncd.conf; systemctl daemon-reload")
    shutil.copyfile(deb, house.root / "root/icalsyncd.deb")

    # installed: nothing runs before there is a config, and the way to one is named
    said = house.says("dpkg --force-unsafe-io --install /root/icalsyncd.deb", patience=120)
    assert "icalsyncd add --config /etc/icalsyncd/config.yaml" in said
    assert house.says("icalsyncd --version").startswith("icalsyncd ")
    # messages, clouds and a database want nothing more
    house.says("/usr/lib/icalsyncd/bin/python -c 'import apprise, obstore, psycopg'", patience=60)
    assert house.says("stat --format '%U %G %a' /etc/icalsyncd") == "root icalsyncd 750"
    assert house.shown("ActiveState") == "inactive"
    assert house.says("man --whatis icalsyncd 2>/dev/null || ls /usr/share/man/man1/icalsyncd.1.gz")
    assert not house.says("dpkg --verify icalsyncd")

    # configured, as the message says
    house.write("/etc/icalsyncd/config.yaml", CONFIG, mode="640", group="icalsyncd")
    house.says("systemctl enable --now icalsyncd")
    link = house.link(WEBSITE)
    assert nights(house, link, as_portal=True) == "20300110"
    secret = house.says(f"cat {STATE}/secret")

    # upgraded with its state: the same links, and another process
    before = house.shown("MainPID")
    house.says("dpkg --force-unsafe-io --install /root/icalsyncd.deb", patience=120)
    assert house.shown("ActiveState") == "active"
    assert house.shown("MainPID") != before
    assert house.link(WEBSITE) == link
    assert nights(house, link) == "20300110"
    assert house.says("systemctl is-enabled icalsyncd") == "enabled"

    # removed: it runs no more, and what is the host's stays
    house.says("dpkg --remove icalsyncd")
    assert house.shown("ActiveState") == "inactive"
    assert house.run("command -v icalsyncd").returncode != 0
    assert house.says(f"cat {STATE}/secret") == secret
    assert not house.says("ls --directory /usr/lib/icalsyncd 2>/dev/null || true")

    # purged: nothing is left
    house.says("dpkg --purge icalsyncd")
    left = f"/etc/icalsyncd {STATE} /usr/lib/icalsyncd /usr/bin/icalsyncd /lib/systemd/system/icalsyncd.service"
    assert not house.says(f"ls --directory {left} 2>/dev/null || true")
    assert "icalsyncd" not in house.says("dpkg --list | grep icalsyncd || true")
