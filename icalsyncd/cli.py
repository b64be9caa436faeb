"""The command `icalsyncd`: reads the command line, does what it says, and ends without a traceback.

What a command needs is imported when it is run, so that the short ones, which monitors call often, start at once.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from icalsyncd.commands.arguments import FIRST, parser
from icalsyncd.commands.outcome import FAILED, INTERRUPTED, USAGE, CommandError
from icalsyncd.config import paths
from icalsyncd.config.paths import Paths

_OF_THEIR_OWN = frozenset({None, "run", "restore", "read", "print", "demo", "password"})
"""Commands that begin a state folder, or need none; and no command at all."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command of *argv* (the process's own) and return its exit code."""
    try:
        given = parser().parse_args(argv)
        found = paths.find(getattr(given, "config", None), getattr(given, "state_dir", None), os.environ)
        if given.command not in _OF_THEIR_OWN:
            from icalsyncd.commands.meant import meant

            found = meant(found)
        code = _execute(given, found)
        sys.stdout.flush()
    except CommandError as error:
        print(f"icalsyncd: {error}", file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # whoever read has seen enough; what Python would still flush at its end has nowhere to go
        from icalsyncd.state.directory import nowhere

        os.dup2(nowhere(), sys.stdout.fileno())
        return FAILED
    return code


def _execute(given: Namespace, where: Paths) -> int:
    match given.command:
        case None:
            there = f"\n  your config is there:   {where.config}: icalsyncd check" if where.config.exists() else ""
            raise CommandError(f"say what to do\n\n{FIRST}{there}", USAGE)
        case "run" | "reload" | "healthcheck" | "rotate":
            return _daemon(given, where)
        case "status":
            from icalsyncd.commands.status import status

            return status(where, as_json=given.json)
        case "pull":
            from icalsyncd.commands.pull import pull

            return pull(where, given.syncs, dry_run=given.dry_run, as_json=given.json)
        case "history":
            from icalsyncd.commands.history import history

            return history(where, given.accommodation, given.night, as_json=given.json)
        case "explain":
            from icalsyncd.commands.explain import explain

            return explain(where, given.accommodation, given.night, as_json=given.json)
        case "accept":
            from icalsyncd.commands.accept import accept

            return accept(where, given.name, yes=given.yes, as_json=given.json)
        case "confirm":
            from icalsyncd.commands.confirm import confirm

            return confirm(where, given.accommodation, given.start, given.end, by=given.by, yes=given.yes)
        case "notify":
            from icalsyncd.commands.notify import notify_test

            return notify_test(where, given.name, as_json=given.json)
        case "check":
            from icalsyncd.commands.check import check

            chosen = replace(where, config=given.file) if given.file else where
            return check(chosen, plan=given.plan, probing=given.probe, as_json=given.json)
        case "links":
            from icalsyncd.commands.links import links

            return links(where, as_json=given.json)
        case "read":
            from icalsyncd.commands.read import read

            return read(given.source, given.portal, given.timezone, given.today, as_json=given.json)
        case "add":
            from icalsyncd.commands.add import add
            from icalsyncd.commands.interview import Given

            wanted = (given.portal, given.accommodation, given.timezone, given.public_url, given.accept_terms)
            return add(where, Given(*wanted, given.name, given.direction, given.url, given.yes))
        case "pause" | "resume":
            from icalsyncd.commands.pause import pause, resume

            if given.command == "resume":
                return resume(where, given.sync, yes=given.yes)
            return pause(where, given.sync, keeping=given.keep, yes=given.yes)
        case "block":
            from icalsyncd.commands.block import block

            return block(where, given.accommodation, given.first, given.until, given.note)
        case "unblock":
            from icalsyncd.commands.block import unblock

            return unblock(where, given.accommodation, given.first, given.until)
        case "backup":
            from icalsyncd.commands.backup import backup

            return backup(where, given.file)
        case "restore":
            from icalsyncd.commands.backup import restore

            return restore(where, given.file, replace=given.replace)
        case "store":
            from icalsyncd.commands.store import copy

            return copy(where, given.to, replace=given.replace)
        case "password":
            from icalsyncd.commands.password import password

            return password()
        case "print":
            return _print(given.what, given.shell)
        case "demo":
            from icalsyncd.commands.demo import demo

            return demo(given.dir, given.listen, family=given.family)
        case _:
            raise CommandError(f"there is no command {given.command}", USAGE)


def _daemon(given: Namespace, where: Paths) -> int:
    from icalsyncd.commands import daemon

    match given.command:
        case "run":
            return daemon.run(where, given.log_format, given.log_level)
        case "reload":
            return daemon.reload(where)
        case "rotate":
            return daemon.rotate(where, given.sync, now=given.now)
        case _:
            return daemon.healthcheck(where)


def _print(what: str, shell: str | None) -> int:
    from icalsyncd.commands import prints

    if (what == "completion") is not (shell is not None):
        raise CommandError("say which shell: icalsyncd print completion bash|zsh|fish", USAGE)
    match what:
        case "completion":
            return prints.print_completion(str(shell))
        case "man":
            return prints.print_man_page()
        case "openapi":
            return prints.print_openapi()
        case "schema":
            return prints.print_schema()
        case "unit":
            return prints.print_unit()
        case "dashboard":
            return prints.print_data("dashboard.json")
        case _:
            return prints.print_data("alerts.yaml")
