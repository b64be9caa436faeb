"""What the guide puts around the daemon: the container's process, and nginx in front of the feeds."""

from __future__ import annotations

import json
import shlex
from pathlib import PurePosixPath

import pytest

from tests.home.conftest import CONFIG, configure, nights
from tests.home.machine import STATE, Machine, guide
from tests.home.test_unit import instructions

pytestmark = [pytest.mark.slow, pytest.mark.needs("systemd-nspawn", "nsenter", "mount", "curl")]

WEBSITE = "casa-azul/website"


def test_the_containers_process_runs_as_its_user_on_a_read_only_root_and_is_healthy(service: Machine) -> None:
    """Not the image, which takes a container engine: its command, environment, user and health check, in this machine."""
    service.says("systemctl stop icalsyncd; mkdir -p /srv/image")
    # the machine has a user of that name already
    service.says(instructions("RUN")[1].replace("/var/lib/icalsyncd", "/srv/image/state").replace("icalsyncd", "image"))
    service.write("/srv/image/etc/config.yaml", CONFIG, mode="644")
    environment = [line for each in instructions("ENV") for line in shlex.split(each)]
    user, group = instructions("USER")[0].split(":")
    command = json.loads(instructions("ENTRYPOINT")[0]) + json.loads(instructions("CMD")[0])
    unit = [
        *("systemd-run", "--unit=image", f"--uid={user}", f"--gid={group}", "--property=ReadOnlyPaths=/"),
        *("--property=BindReadOnlyPaths=/srv/image/etc:/etc/icalsyncd", "--property=CapabilityBoundingSet="),
        *("--property=BindPaths=/srv/image/state:/var/lib/icalsyncd", "--property=NoNewPrivileges=yes"),
        *(f"--setenv={line}" for line in environment),
        *("/usr/bin/env", *command),
    ]
    try:
        service.says(shlex.join(unit))
        check = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])
        inside = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "env", "-i", *environment]
        entered = f"nsenter --target=$(systemctl show -P MainPID image) --mount {shlex.join([*inside, *check])}"
        assert "healthy" in service.until(f"{entered}; true", "healthy")
        links = service.says(
            "nsenter --target=$(systemctl show -P MainPID image) --mount "
            f"{shlex.join([*inside, 'icalsyncd', 'links', '--json'])}"
        )
        assert nights(service, json.loads(links)[0]["url"]) == "20300110"
    finally:
        service.says("systemctl stop image; rm -rf /srv/image")


@pytest.mark.needs("nginx", "openssl")
def test_behind_nginx_as_in_the_guide_portals_reach_the_feeds_and_nothing_else(service: Machine) -> None:
    block = guide("proxy_pass")
    folder = PurePosixPath("/etc/letsencrypt/live/cal.example.org")
    service.says(
        f"mkdir -p {folder} && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=cal.example.org "
        f"-keyout {folder}/privkey.pem -out {folder}/fullchain.pem"
    )
    service.write("/root/nginx.conf", f"pid /run/behind.pid;\nevents {{}}\nhttp {{\n{block}}}\n")
    configure(
        service,
        CONFIG.replace(
            "public_url: http://127.0.0.1:5545", "listen: 127.0.0.1:5545\n  public_url: https://cal.example.org"
        ),
    )
    service.says("systemctl restart icalsyncd")
    service.says("systemd-run --unit=behind --collect nginx -c /root/nginx.conf -g 'daemon off;'")
    try:
        link = service.link(WEBSITE)
        assert link.startswith("https://cal.example.org/")
        curl = "curl --silent --insecure --resolve cal.example.org:443:127.0.0.1"
        service.until(f"{curl} --output /dev/null --write-out %{{http_code}} https://cal.example.org/", "404")
        head = service.says(f"{curl} --user-agent Portal/1.0 --dump-header - --output /dev/null {link}").lower()
        assert "http/1.1 200" in head
        assert "server: nginx" in head
        (tag,) = (line.partition(": ")[2] for line in head.splitlines() if line.startswith("etag: "))
        assert tag.startswith('"'), "a strong one, as the daemon gave it"
        status = f"{curl} --output /dev/null --write-out '%{{http_code}} %{{size_download}}'"
        assert service.says(f"{status} --header 'If-None-Match: {tag}' {link}") == "304 0"
        assert "content-encoding: gzip" in service.says(f"{curl} --compressed --head --request GET {link}").lower()
        for path in ("", "metrics", "-/healthy", "-/reload", "api/v1/status"):
            assert service.says(f"{status} https://cal.example.org/{path}").startswith("404")
        shown = json.loads(service.says(f"icalsyncd status --json --state-dir {STATE}"))
        assert shown["accommodations"][0]["syncs"][0]["last_fetch"] is not None
        token = link.rpartition("/")[2]
        assert service.run(f"grep -r {token} /var/log/nginx").returncode != 0, "a link is a password"
    finally:
        service.says("systemctl stop behind")
