"""The command line: what can be said, and what it means."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from icalsyncd import __version__
from icalsyncd.commands.dates import iso_date, said

_EPILOG = """\
exit codes: 0 done, 1 failed, 2 usage, 78 a config that cannot be run
config: --config, else $ICALSYNCD_CONFIG, ./config.yaml, /etc/icalsyncd/config.yaml
state:  --state-dir, else $STATE_DIRECTORY, else /var/lib/icalsyncd where a service has it, else the user's own"""


FIRST: Final = """\
icalsyncd keeps one accommodation's availability in step across booking portals by iCal.
  to see it work:         icalsyncd demo
  to begin:               icalsyncd add      asks for a portal, and writes config.yaml
  then, as the service:   icalsyncd run
  all commands:           icalsyncd --help"""
"""What is said where no command is."""

_COLUMNS: Final = (
    "PULLED: when its calendar was last read well. FETCHED: when its portal last read its link. CLAIMS: the nights that its "
    "calendar shows as taken. ECHOES: those of them that only repeat us. CLOSES: the nights that its link closes."
)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands. Options of every command may stand before its name or after it."""
    everywhere = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    everywhere.add_argument("--config", type=Path, metavar="FILE", help="the config file")
    everywhere.add_argument("--state-dir", type=Path, metavar="DIR", help="the folder of state and secret")
    whole = argparse.ArgumentParser(
        prog="icalsyncd",
        description="Keeps one accommodation's availability in step across booking portals by iCal.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere],
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"icalsyncd {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, words: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=words, description=words, parents=[everywhere], allow_abbrev=False)

    run = command("run", "the daemon")
    run.add_argument("--log-format", choices=("text", "json", "logfmt"), help="how a line of the log is written")
    run.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    demo = command("demo", "the daemon with two made-up portals: bookings, echoes, a cancellation, an outage")
    demo.add_argument("--dir", type=Path, metavar="DIR", help="where config and state are to lie (a temporary folder)")
    demo.add_argument(
        "--listen", metavar="ADDRESS", help="where other machines see its page, such as 192.168.1.5:15545 (loopback)"
    )
    demo.add_argument("--family", action="store_true", help="a house and its rooms: which booking closes what")
    check = command("check", "whether the config can be run: every mistake of it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the config file")
    check.add_argument(
        "--plan", action="store_true", help="what a reload would change, and the nights it would release"
    )
    check.add_argument(
        "--probe", action="store_true", help="try each target of `publish`: put a small file there, and delete it"
    )
    _json(check)
    _add(command("add", "a new sync: asks, pulls once, writes it into the config, prints its link"))
    _json(command("links", "the link of each sync that has a feed"))
    for name, words in (("pause", "take a sync out of play"), ("resume", "have a paused sync take part again")):
        flip = command(name, f"{words}: flips `paused:` in the config")
        _sync(flip)
        if name == "pause":
            flip.add_argument("--keep", action="store_true", help="keep everything as it was: no night opens anywhere")
        flip.add_argument("--yes", action="store_true", help="do not ask")
    status = command("status", "one line a sync; exit 1 where something wants you soon")
    status.epilog = _COLUMNS
    _json(status)
    pull = command("pull", "pull now")
    pull.add_argument(
        "syncs", nargs="*", metavar="SYNC", help="accommodation/sync; all that receive where none is named"
    )
    pull.add_argument("--dry-run", action="store_true", help="what it would change, and change nothing")
    _json(pull)
    _read(command("read", "what a calendar says, without any daemon"))
    accept = command(
        "accept",
        "end a wait now: a hold, a leaving, unreadable events kept, a sync never pulled, a clock in doubt",
    )
    accept.add_argument("name", metavar="SYNC|ACCOMMODATION|clock")
    accept.add_argument("--yes", action="store_true", help="do not ask")
    _json(accept)
    confirm = command("confirm", "say who has some nights, or that nobody has, once you have looked at the portals")
    confirm.add_argument("accommodation", metavar="ACCOMMODATION")
    confirm.add_argument("start", type=iso_date, metavar="FROM", help="the evening of the first night: 2026-12-24")
    confirm.add_argument("end", type=iso_date, metavar="TO", help="the morning after the last night: 2026-12-27")
    who = confirm.add_mutually_exclusive_group(required=True)
    who.add_argument("--by", metavar="SYNC", help="the sync at whose portal they are booked, such as holidu")
    who.add_argument("--nobody", action="store_true", help="no portal has a booking for them")
    confirm.add_argument("--yes", action="store_true", help="do not ask")
    history = command("history", "what happened to an accommodation, or to one night of it, and who was told")
    history.add_argument("accommodation", metavar="ACCOMMODATION")
    history.add_argument(
        "night", type=iso_date, nargs="?", metavar="DATE", help="the evening on which the night begins: 2026-12-24"
    )
    _json(history)
    explain = command("explain", "why a night is taken or free")
    explain.add_argument("accommodation", metavar="ACCOMMODATION")
    explain.add_argument(
        "night", type=iso_date, metavar="DATE", help="the evening on which the night begins: 2026-12-24"
    )
    _json(explain)
    for name, words in (("block", "take nights yourself"), ("unblock", "give nights back that you have taken")):
        taking = command(name, f"{words}: changes `blocks:` in the config")
        taking.add_argument("accommodation", metavar="ACCOMMODATION")
        taking.add_argument("first", type=said, metavar="FROM", help="the first night: 2026-12-24, tonight, friday")
        taking.add_argument("until", type=said, metavar="TO", help="the morning on which the house is free again")
        if name == "block":
            taking.add_argument(
                "--note", metavar="TEXT", default="", help="for you; it goes nowhere but into calendars:"
            )
    rotate = command("rotate", "end an old link at once")
    _sync(rotate)
    rotate.add_argument("--now", action="store_true", help="at once, not after the 7 days that it works on")
    notify = command("notify", "send a trial to who is told by messages")
    notify.add_argument("what", choices=("test",), help="a trial, now")
    notify.add_argument("name", nargs="?", metavar="NAME", help="of a receiver in `notify`; all where none is named")
    _json(notify)
    command("password", "the hash of a password, for `server.users` in the config")
    command("reload", "have the daemon read its config anew")
    command("healthcheck", "exit 0 where the daemon is well")
    backup = command("backup", "write state and secret to one file; the daemon may run")
    backup.add_argument("file", type=Path, metavar="FILE")
    restore = command("restore", "put a backup back; the daemon must not run")
    restore.add_argument("file", type=Path, metavar="FILE")
    restore.add_argument("--replace", action="store_true", help="put what is there aside")
    store = command("store", "where the state lies").add_subparsers(dest="deed", metavar="copy", required=True)
    copying = store.add_parser(
        "copy",
        help="copy the whole state to another place; no daemon may run",
        description="Copies the state from where the config has it to another place, with links and history.",
        parents=[everywhere],
        allow_abbrev=False,
    )
    copying.add_argument(
        "--to",
        required=True,
        metavar="URL",
        help="sqlite: the file in the state folder; file:///etc/icalsyncd/dsn: the database that a file names; "
        "postgresql://…: that database",
    )
    copying.add_argument("--replace", action="store_true", help="put what is there aside")
    prints = command("print", "what is shipped beside the daemon")
    prints.add_argument(
        "what",
        choices=("schema", "unit", "dashboard", "alerts", "completion", "man", "openapi"),
        help="the config's JSON Schema, the systemd unit, a Grafana dashboard, Prometheus rules, what a shell completes, "
        "the man page, or what the admin listener answers to programs",
    )
    prints.add_argument("shell", nargs="?", choices=("bash", "zsh", "fish"), help="of `print completion`")
    return whole


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="for programs")


def _sync(command: argparse.ArgumentParser) -> None:
    command.add_argument("sync", metavar="SYNC", help="accommodation/sync, such as casa-azul/holidu")


def _add(command: argparse.ArgumentParser) -> None:
    command.add_argument("--portal", metavar="NAME")
    command.add_argument("--accommodation", metavar="ID", help="an id of the config, or a new one")
    command.add_argument("--timezone", metavar="ZONE", help="of a new accommodation, such as Europe/Madrid")
    command.add_argument(
        "--public-url",
        metavar="URL",
        help="the start of the links as portals reach them, such as https://cal.example.org",
    )
    command.add_argument("--accept-terms", action="store_true", help="the terms of use have been read and are accepted")
    command.add_argument("--name", metavar="ID", help="of the sync")
    command.add_argument("--direction", choices=("bidirectional", "export", "import"))
    command.add_argument(
        "--url", metavar="URL", help="the calendar that the portal gives; `-`: a line of standard input"
    )
    command.add_argument(
        "--yes", action="store_true", help="ask nothing, and write it though its calendar cannot be read"
    )


def _read(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", metavar="FILE|URL", help="`-`: standard input")
    command.add_argument("--portal", metavar="NAME", help="whose summaries it has (by default that of the URL's host)")
    command.add_argument("--timezone", metavar="ZONE", help="where the accommodation lies (this machine's zone)")
    command.add_argument("--today", type=iso_date, metavar="DATE", help="read it as on that day")
    _json(command)
