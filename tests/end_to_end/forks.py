"""Daemons that start at once: a Python that has imported the program already forks one whenever a test starts it.

Each is a process of its own, with its own descriptors, environment and folder, and ends as any Python ends. What it lacks of
a start as a host makes it are the imports, a second of the processor for each of hundreds. `tests/home/test_service.py`,
`tests/distribution` and the demo start it from nothing, and so does each test whose environment counts before Python begins.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_EARLY = ("PYTHON", "LD_", "LC_", "LANG", "SSL_", "FAKETIME", "MALLOC")
"""How variables begin that count while Python or a library is loaded."""


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_EARLY)}


class Forked:
    """A daemon that was forked; what tests use of :class:`subprocess.Popen`."""

    def __init__(self, parent: Parent, pid: int, arguments: Sequence[str]) -> None:
        self.pid = pid
        self.args = arguments
        self.returncode: int | None = None
        self._parent = parent

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._parent.ask({"code of": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if end is not None and timeout is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(list(self.args), timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        # nobody else has this number while nobody has asked how it ended
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Parent:
    """The process that forks, as the tests ask it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._early = _early(environment)
        self._one = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env=dict(environment),
        )
        atexit.register(self.close)

    def begins_like_the_others(self, environment: Mapping[str, str]) -> bool:
        """Whether *environment* has nothing that would have counted before a fork."""
        return _early(environment) == self._early

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, descriptors: int | None
    ) -> Forked:
        """`icalsyncd` with *arguments*, all that it says appended to *log*."""
        wanted = {
            "start": list(arguments),
            "environment": dict(environment),
            "folder": str(Path.cwd()),
            "log": str(log.absolute()),
            "descriptors": descriptors,
        }
        return Forked(self, self.ask(wanted), arguments)

    def ask(self, wanted: Mapping[str, object]) -> Any:
        with self._one:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.wait(30)
            self._process.stdout.close()


@cache
def parent() -> Parent:
    """The one that forks for this process of tests."""
    return Parent({**os.environ, "TZ": "UTC", "PYTHONWARNINGS": "default"})


def _serve() -> list[str]:
    """Fork whenever it is wanted; in a process that was forked: its arguments. Ends with whoever asks."""
    while line := sys.stdin.buffer.readline():
        wanted = json.loads(line)
        if "start" not in wanted:
            pid, status = os.waitpid(wanted["code of"], os.WNOHANG)
            _say(os.waitstatus_to_exitcode(status) if pid else None)
        elif pid := os.fork():
            _say(pid)
        else:
            _become(wanted)
            return ["icalsyncd", *wanted["start"]]
    raise SystemExit


def _say(answer: int | None) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _become(wanted: Mapping[str, Any]) -> None:
    nothing, log = (
        os.open(os.devnull, os.O_RDONLY),
        os.open(wanted["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644),
    )
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    os.chdir(wanted["folder"])
    if (most := wanted["descriptors"]) is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    from icalsyncd.cli import main
    from icalsyncd.config.validation import validate
    from icalsyncd.daemon import app

    assert app.EX_CONFIG
    validate({"terms": "accepted"})
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()
    sys.argv = _serve()
    gc.unfreeze()
    sys.exit(main(sys.argv[1:]))
