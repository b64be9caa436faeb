"""The machine that the tests of the service share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.home.machine import Machine, NoMachineError, guide, machine

CONFIG = """\
terms: accepted
server:
  public_url: http://127.0.0.1:5545
pull:
  allow_private_addresses: true
accommodations:
  casa-azul:
    timezone: UTC
    blocks:
      - {from: 2030-01-10, to: 2030-01-12, note: family}
    syncs:
      website: {portal: generic, direction: export}
"""

# the time that the printed unit leaves between two starts, and until the watchdog strikes, is not what is tested here
_HURRY = "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=200ms\nWatchdogSec=2\n"


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the service installed as the guide says."""
    try:
        with machine(tmp_path_factory.mktemp("machine")) as made:
            made.write("/root/config.yaml", CONFIG)
            made.says(f"cd /root && set -e\n{guide('systemd-sysusers')}")
            made.write("/etc/systemd/system/icalsyncd.service.d/hurry.conf", _HURRY)
            made.says("systemctl daemon-reload")
            yield made
    except NoMachineError as error:
        if os.environ.get("ICALSYNCD_REQUIRE_ALL"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


@pytest.fixture
def service(house: Machine) -> Machine:
    """The same with the service freshly started, without a past."""
    house.says("systemctl stop icalsyncd; systemctl reset-failed icalsyncd; rm -rf /var/lib/icalsyncd/*; true")
    configure(house, CONFIG)
    house.says("systemctl start icalsyncd")
    return house


def configure(made: Machine, text: str) -> None:
    """Save the service's config."""
    made.write("/etc/icalsyncd/config.yaml", text, mode="640", group="icalsyncd")


def nights(made: Machine, link: str, *, as_portal: bool = False) -> str:
    """The starts of the events in a feed, those long past left out; a browser's look, unless it is *as_portal*."""
    look = "" if as_portal else "--header 'Accept: text/html' --header 'Accept-Language: en'"
    feed = made.says(f"curl --silent --fail {look} {link}")
    starts = [line.partition(":")[2].strip() for line in feed.splitlines() if line.startswith("DTSTART")]
    return " ".join(start for start in starts if start > "2026")
