"""The program as a host starts it: a process of its own, with or without a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HOST = {key: value for key, value in os.environ.items() if not key.startswith(("ICALSYNCD", "XDG_", "STATE_"))}
_ENVIRONMENT = {**_HOST, "TZ": "UTC", "PYTHONWARNINGS": "error", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


async def icalsyncd(
    *arguments: object, stdin: bytes = b"", start: tuple[str, ...] = ("-m", "icalsyncd"), **environment: str
) -> Done:
    """Run a command without a terminal; *start* is what Python runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *start, *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**_ENVIRONMENT, **environment},
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 30)
    assert process.returncode is not None
    done = Done(process.returncode, out.decode(), err.decode())
    assert "Traceback" not in done.err, done.err
    return done


class Session:
    """A command at a terminal: what is shown on it, and what a person types."""

    def __init__(self, pid: int, terminal: int) -> None:
        self.pid = pid
        self.shown = ""
        self._terminal = terminal
        self._read = 0

    def expect(self, text: str, patience: float = 15.0) -> str:
        """Wait until *text*, a regular expression, is shown after what was expected before; what was shown up to it."""
        end = time.monotonic() + patience
        while True:
            found = re.compile(text).search(self.shown, self._read)
            if found is not None:
                before = self.shown[self._read : found.end()]
                self._read = found.end()
                return before
            if time.monotonic() > end or not self._more(end):
                raise AssertionError(f"{text!r} was not shown; this was:\n{self.shown}")

    def type(self, line: str) -> None:
        """Type *line* and press Enter."""
        os.write(self._terminal, line.encode() + b"\n")

    def press_ctrl_c(self) -> None:
        # between the prompt and the read() behind it CPython only notes the signal; no person is that fast
        before = None
        while (now := self._at_rest()) is None or now != before:
            before = now
            time.sleep(0.3)
        os.write(self._terminal, b"\x03")

    def leave(self) -> int:
        """Press Ctrl-C, again where nothing comes of it, as a person does; the exit code."""
        for _ in range(5):
            self.press_ctrl_c()
            end = time.monotonic() + 3
            while time.monotonic() < end:
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                    return self.ended()
                time.sleep(0.02)
        return self.ended()

    def _at_rest(self) -> tuple[str, ...] | None:
        """The processor's time that it has used, while it waits for something; None while it runs."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return tuple(fields[11:13]) if fields[0] == "S" else None

    def ended(self, patience: float = 15.0) -> int:
        """Wait for the end; the exit code."""
        end = time.monotonic() + patience
        while self._more(end):
            pass
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() < end, f"it goes on:\n{self.shown}"
            time.sleep(0.02)
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        os.close(self._terminal)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def _more(self, end: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            return False
        try:
            read = os.read(self._terminal, 65536)
        except OSError:  # Linux says so when the other end has closed
            return False
        self.shown += read.decode().replace("\r\n", "\n")
        return bool(read)


@contextmanager
def at_a_terminal(*arguments: object, **environment: str) -> Iterator[Session]:
    """Run a command at a pseudo-terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        # as a shell starts what stands in front, whatever ignores the signal that started the tests
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        command = [sys.executable, "-m", "icalsyncd", *map(str, arguments)]
        os.execve(sys.executable, command, {**_ENVIRONMENT, "TERM": "xterm", **environment})
    session = Session(pid, terminal)
    try:
        yield session
    finally:
        session.close()
