"""What a good file comes to: profiles, secrets and defaults applied."""

from __future__ import annotations

from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from icalsyncd.config.loading import Accepted, Refused, load, parse
from icalsyncd.config.places import AzurePlace, FolderPlace, GcsPlace, S3Place, WebDavPlace
from icalsyncd.config.portals import profile
from icalsyncd.config.resolved import Block, Config, Direction
from icalsyncd.config.secret import Secret

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
HEAD = "terms: accepted\nserver: {public_url: 'https://cal.example.org/'}\n"
SYNC = (
    "accommodations: {casa: {timezone: Europe/Madrid, syncs: {one: "
    "{portal: PORTAL, direction: import, url: 'https://portal.example/1.ics'MORE}}}}\n"
)


def accepted(text: str, environ: dict[str, str] | None = None, folder: Path = Path()) -> Accepted:
    loaded = parse(text, folder / "config.yaml", environ or {})
    assert isinstance(loaded, Accepted), [str(mistake) for mistake in loaded.mistakes]
    return loaded


def config_of(text: str) -> Config:
    return accepted(text).config


def test_the_example_runs_without_a_warning(tmp_path: Path) -> None:
    copy = tmp_path / "config.yaml"
    copy.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    copy.chmod(0o600)
    loaded = load(copy, {})
    assert isinstance(loaded, Accepted)
    assert not loaded.warnings
    assert loaded.files == (copy,)


def test_the_smallest_file_has_every_default() -> None:
    config = config_of("terms: accepted\n")
    assert (str(config.server.listen), str(config.server.admin)) == ("0.0.0.0:5545", "127.0.0.1:15545")
    assert config.server.public_url == "http://0.0.0.0:5545"
    assert (config.server.admin_hosts, config.server.secret_file, config.server.removal_delay) == ((), None, 1800)
    assert config.server.proxies == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert (config.pull.interval, config.pull.timeout, config.pull.max_size) == (1800, 30, 5 * 2**20)
    assert (config.pull.hold, config.pull.private_addresses) == (21600, False)
    assert (config.official_only, config.publish, config.accommodations) == (("airbnb", "booking"), (), ())


def test_empty_mappings_and_lists_are_as_if_left_out() -> None:
    assert config_of("terms: accepted\nserver:\npull:\npublish:\naccommodations:\n") == config_of("terms: accepted\n")


def test_a_sync_has_its_profile_unless_it_says_otherwise() -> None:
    sync = config_of(HEAD + SYNC.replace("PORTAL", "vrbo").replace("MORE", "")).syncs()[0]
    assert (sync.name, sync.portal, sync.direction) == ("casa/one", "vrbo", Direction.IMPORT)
    assert (sync.receives, sync.sends, sync.paused, sync.was, sync.link_generation) == (True, False, False, None, 1)
    assert sync.url == Secret("https://portal.example/1.ics")
    assert (sync.interval, sync.user_agent) == (1800, None)
    assert (sync.echo_lag, sync.echo_padding, sync.reads_every) == (21600, 0, profile("vrbo").reads_every)
    assert sync.read.timezone == "Europe/Madrid"
    assert sync.read.block.match("Blocked")
    assert sync.read.reservation.match("Reserved - somebody")

    more = (
        ", interval: 1h, user_agent: mine, ignore: [Cleaning], reservation: ['/^R/'], block: [B], claims: not_blocks, "
        "dtend: inclusive, all_day_transparent: free, empty_body: empty, echo_lag: 0s, echo_padding: 1, paused: true, "
        "was: casa/two, link_generation: 3"
    )
    sync = config_of(HEAD + SYNC.replace("PORTAL", "vrbo").replace("MORE", more)).syncs()[0]
    assert (sync.interval, sync.user_agent, sync.paused, sync.was) == (3600, "mine", True, "casa/two")
    assert (sync.link_generation, sync.echo_lag, sync.echo_padding) == (3, 0, 1)
    read = sync.read
    assert (read.drop_blocks, read.dtend_inclusive, read.transparent_blocks, read.empty_is_valid) == (
        True,
        True,
        False,
        True,
    )
    assert read.ignore.match(" cleaning")
    assert not read.ignore.match("cleaning day")
    assert [each.pattern for each in read.reservation.patterns] == ["^R"]
    assert read.block.match("b")
    assert not read.block.match("Blocked")


def test_any_other_portal_is_read_by_the_generic_rules() -> None:
    loaded = accepted(HEAD + SYNC.replace("PORTAL", "my-own-site").replace("MORE", ""))
    sync = loaded.config.syncs()[0]
    assert sync.portal == "my-own-site"
    assert sync.reads_every == profile("generic").reads_every
    assert not loaded.warnings


def test_an_accommodation_has_its_blocks_in_order_and_merged() -> None:
    loaded = accepted(
        HEAD + "accommodations:\n  casa:\n    timezone: Europe/Madrid\n    buffer: {before: 1, after: 2}\n    blocks:\n"
        "      - {from: 2026-12-26, to: 2026-12-30, note: guests}\n"
        "      - {from: 2026-12-24, to: 2026-12-27, note: family}\n"
        "      - {from: 2026-12-30, to: 2027-01-02}\n"
    )
    casa = loaded.config.accommodation("casa")
    assert casa is not None
    assert (casa.name, casa.before, casa.after) == ("casa", 1, 2)
    assert casa.blocks == (
        Block(date(2026, 12, 24), date(2026, 12, 30), "family; guests"),
        Block(date(2026, 12, 30), date(2027, 1, 2), ""),
    )
    assert [str(warning) for warning in loaded.warnings] == [
        "config.yaml:8:9: accommodations.casa.blocks[0]: overlaps another block: the two are taken as one"
    ]


def test_anchors_aliases_and_merge_keys_are_followed() -> None:
    config = config_of(
        HEAD + "accommodations:\n  a:\n    timezone: &zone Europe/Madrid\n    syncs:\n"
        "      one: &sync {portal: generic, direction: export, link_generation: 2}\n"
        "      two: {<<: *sync, link_generation: 3}\n"
        "  b: {timezone: *zone, syncs: {one: *sync}}\n"
    )
    assert [(sync.name, sync.link_generation) for sync in config.syncs()] == [("a/one", 2), ("a/two", 3), ("b/one", 2)]
    assert config.sync("b/one") is not None
    assert config.sync("b/two") is None


def test_networks_and_listening_nowhere() -> None:
    config = config_of(
        "terms: accepted\nserver: {listen: off}\npublish: [{name: web, type: folder, path: www}]\n"
        "pull: {allow_private_addresses: [192.168.1.0/24, 'fd00::/8']}\n"
    )
    assert config.server.listen is None
    assert config.pull.private_addresses == (ip_network("192.168.1.0/24"), ip_network("fd00::/8"))


def test_targets_of_the_shared_cloud(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hush\n")
    (tmp_path / "password").chmod(0o600)
    (tmp_path / "account.json").write_text("{}")
    (tmp_path / "account.json").chmod(0o600)
    loaded = accepted(
        HEAD + "publish:\n"
        "  - {name: web, type: folder, path: www, public_url: 'https://files.example.org/', accommodations: [b]}\n"
        "  - {name: later, type: folder, path: further, public_url: 'https://later.example.org', accommodations: [b]}\n"
        "  - {name: dav, type: webdav, url: 'https://dav.example.org/x', username: me, password_file: password}\n"
        "  - {name: s, type: s3, bucket: b, prefix: p/, region: r, access_key_id_env: ID, secret_access_key_env: KEY}\n"
        "  - {name: g, type: gcs, bucket: b, service_account_file: account.json}\n"
        "  - {name: a, type: azure, account: a, container: c, account_key_env: KEY}\n"
        "accommodations: {a: {timezone: UTC}, b: {timezone: UTC}}\n",
        {"ID": "id", "KEY": "key"},
        tmp_path,
    )
    config = loaded.config
    assert [target.place for target in config.publish] == [
        FolderPlace(tmp_path / "www"),
        FolderPlace(tmp_path / "further"),
        WebDavPlace("https://dav.example.org/x", Secret("me"), Secret("hush")),
        S3Place("b", "p/", "r", None, Secret("id"), Secret("key")),
        GcsPlace("b", "", tmp_path / "account.json"),
        AzurePlace("a", "c", "", Secret("key")),
    ]
    assert [target.accommodations for target in config.publish[1:3]] == [("b",), ("a", "b")]
    assert config.public_url_of("a") == "https://cal.example.org"
    assert config.public_url_of("b") == "https://files.example.org"
    assert loaded.files == (tmp_path / "config.yaml", tmp_path / "password", tmp_path / "account.json")
    assert "hush" not in repr(loaded)


WARNED = {
    "http": (HEAD + SYNC.replace("https://portal", "http://portal"), "url: not encrypted"),
    "public http": (HEAD.replace("https", "http"), "public_url: not encrypted"),
    "nearly a profile": (HEAD + SYNC.replace("PORTAL", "holiduu"), "did you mean `holidu`?"),
    "published nowhere known": (
        "terms: accepted\nserver: {listen: off}\npublish: [{name: w, type: folder, path: w}]\n"
        + SYNC.replace("import, url: 'https://portal.example/1.ics'", "export"),
        "give the targets their `public_url`",
    ),
    "nobody can reach it": (
        "terms: accepted\n" + SYNC.replace("import, url: 'https://portal.example/1.ics'", "export"),
        "set it",
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_what_can_run_and_may_not_be_meant_is_warned_of(case: str) -> None:
    text, words = WARNED[case]
    warnings = accepted(text.replace("PORTAL", "generic").replace("MORE", "")).warnings
    assert [words in str(warning) for warning in warnings] == [True]


def test_a_file_of_secrets_that_others_can_read_is_warned_of(tmp_path: Path) -> None:
    config, url = tmp_path / "config.yaml", tmp_path / "url"
    config.write_text(
        HEAD
        + SYNC.replace("url: 'https://portal.example/1.ics'", "url_file: url")
        .replace("PORTAL", "generic")
        .replace("MORE", "")
    )
    url.write_text("https://portal.example/1.ics\n")
    for mode, warned in ((0o644, 2), (0o640, 0), (0o600, 0)):
        config.chmod(mode)
        url.chmod(mode)
        loaded = load(config, {})
        assert isinstance(loaded, Accepted)
        assert len(loaded.warnings) == warned


def test_a_url_may_lie_in_a_file_or_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://portal.example/1.ics\r\n")
    inline = SYNC.replace("PORTAL", "generic").replace("MORE", "")
    in_file = accepted(HEAD + inline.replace("url: 'https://portal.example/1.ics'", "url_file: url"), folder=tmp_path)
    in_variable = accepted(
        HEAD + inline.replace("url: 'https://portal.example/1.ics'", "url_env: ONE"),
        {"ONE": "https://portal.example/1.ics"},
    )
    assert accepted(HEAD + inline).config == in_file.config == in_variable.config


def test_only_a_change_of_what_the_file_says_or_names_is_a_change(tmp_path: Path) -> None:
    config, url = tmp_path / "config.yaml", tmp_path / "url"
    config.write_text(
        HEAD
        + SYNC.replace("url: 'https://portal.example/1.ics'", "url_file: url")
        .replace("PORTAL", "generic")
        .replace("MORE", "")
    )
    url.write_text("https://portal.example/1.ics")
    first, again = load(config, {}), load(config, {})
    url.write_text("https://portal.example/2.ics")
    changed = load(config, {})
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert isinstance(changed, Accepted)
    assert first.digest == again.digest != changed.digest
    assert first.config == again.config != changed.config


def test_a_refused_file_tells_what_to_watch_for_its_repair(tmp_path: Path) -> None:
    loaded = parse(
        HEAD
        + SYNC.replace("url: 'https://portal.example/1.ics'", "url_file: url")
        .replace("PORTAL", "generic")
        .replace("MORE", ""),
        tmp_path / "config.yaml",
        {},
    )
    assert isinstance(loaded, Refused)
    assert loaded.files == (tmp_path / "config.yaml", tmp_path / "url")


def test_iCal_can_be_allowed_for_a_portal_with_an_official_connection() -> None:  # noqa: N802
    text = HEAD + "official_only: []\n" + SYNC.replace("PORTAL", "airbnb").replace("MORE", "")
    assert config_of(text).syncs()[0].portal == "airbnb"


@pytest.mark.parametrize("portal", ["bookings-direct", "booky", "air-rent", "lodgix", "my-house"])
def test_a_name_that_only_resembles_a_portal_is_a_portal_of_its_own(portal: str) -> None:
    assert not accepted(HEAD + SYNC.replace("PORTAL", portal).replace("MORE", "")).warnings
