"""What a log line looks like, and what never gets into one."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys

import pytest

from icalsyncd import log, redaction

URL = "https://portal.example/calendar/s3cr3t-key.ics?token=abc%2Fdef"


@pytest.fixture(autouse=True)
def kept_logging():
    """Leave pytest's own logging as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, logging.raiseExceptions)
    yield
    root.handlers[:], sys.excepthook, logging.raiseExceptions = before[0], before[2], before[3]
    root.setLevel(before[1])
    logging.captureWarnings(False)


@pytest.fixture
def secret():
    redaction.register(URL)
    yield URL
    redaction.forget(URL)


def lines(style=None, level=logging.INFO):
    stream = io.StringIO()
    log.configure(style, level, stream)
    return stream


def test_text_is_for_people():
    stream = lines()
    log.info("pulled", sync="casa-azul/holidu", nights=12, took=0.25, held=False, reason=None, note="two words")
    told = stream.getvalue()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d info    pulled "
        r'sync=casa-azul/holidu nights=12 took=0.25 held=false note="two words"\n',
        told,
    )


def test_json_is_one_object_a_line():
    stream = lines(log.Style.JSON)
    log.warning("pull failed", sync="a/b", reason="timeout", level="x", nights=3, last=None)
    told = json.loads(stream.getvalue())
    assert told.pop("time").endswith("Z")
    assert told == {
        "level": "warning",
        "message": "pull failed",
        "sync": "a/b",
        "reason": "timeout",
        "nights": 3,
        "last": None,
    }


def test_logfmt_is_pairs():
    stream = lines(log.Style.LOGFMT)
    log.error("pull failed", sync="a/b", why='he said "no"', empty="")
    told = stream.getvalue()
    assert told.endswith(' level=error message="pull failed" sync=a/b why="he said \\"no\\"" empty=""\n')


def test_below_the_level_nothing_is_told():
    stream = lines(level=logging.WARNING)
    log.info("quiet")
    log.debug("quieter")
    assert stream.getvalue() == ""


@pytest.mark.parametrize("style", list(log.Style))
@pytest.mark.parametrize(
    "evil", ["a\nb", "a\r\nb", "\x1b[31mred", "\x00", "\u2028", "\u202eback", "\x9b", "\udcff", "\x7f"]
)
def test_no_value_breaks_the_line_or_the_terminal(style, evil):
    stream = lines(style)
    log.info(f"told {evil}", value=evil)
    told = stream.getvalue()
    assert told.endswith("\n")
    assert told[:-1].isprintable()


def test_a_traceback_is_part_of_its_line():
    stream = lines()
    try:
        int("inner")
    except ValueError:
        log.exception("a bug", sync="a/b")
    assert stream.getvalue().count("\n") == 1
    assert "ValueError: invalid literal" in stream.getvalue()


@pytest.mark.parametrize("style", list(log.Style))
def test_a_secret_is_blacked_out_wherever_it_appears(style, secret):
    stream = lines(style)
    log.info(f"pulled {secret}", url=secret, sync="a/b")
    logging.getLogger("aiohttp.client").warning("GET %s", secret)
    logging.getLogger("asyncio").error("path %r", "/calendar/s3cr3t-key.ics?token=abc%2Fdef")
    try:
        try:
            int(f"bad url {secret}")
        except ValueError as error:
            raise RuntimeError("outer") from error
    except RuntimeError:
        log.exception("a bug")
    told = stream.getvalue()
    assert told.count("\n") == 4
    assert told.count("[redacted]") == 5
    assert "s3cr3t" not in told
    assert "abc%2Fdef" not in told


def test_what_is_forgotten_or_tiny_is_told():
    redaction.register("s3cr3t-token")
    assert redaction.redacted("a s3cr3t-token b") == "a [redacted] b"
    redaction.forget("s3cr3t-token")
    assert redaction.redacted("a s3cr3t-token b") == "a s3cr3t-token b"
    redaction.register("a")
    assert redaction.redacted("banana") == "banana"
    redaction.forget("a")


@pytest.mark.parametrize(
    "line", ["GET /TOKEN HTTP/1.1", "'/TOKEN.ics'", "aTOKEN", "TOKENics", "TOKENTOKEN", "b'\\xffTOKEN'"]
)
def test_a_links_token_is_blacked_out_whatever_stands_around_it(line):
    token = "abcdefghijklmnopqrstuvwxyz234567"
    told = redaction.redacted(line.replace("TOKEN", token))
    assert "[redacted]" in told
    assert token[:6] not in told
    assert token[-6:] not in told


def test_of_two_secrets_the_longer_one_is_blacked_out_whole():
    for secret in ("secret-1", "secret-123"):
        redaction.register(secret)
    assert redaction.redacted("secret-123") == "[redacted]"
    for secret in ("secret-1", "secret-123"):
        redaction.forget(secret)


def test_requests_and_chatter_of_libraries_are_not_logged():
    stream = lines()
    logging.getLogger("aiohttp.access").info("GET /secret.ics")
    logging.getLogger("watchfiles.main").info("1 change detected")
    assert stream.getvalue() == ""


JOURNAL = """
import os, sys
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
from icalsyncd import log
log.configure(log.Style(sys.argv[1]))
log.info("pulled", sync="a/b")
log.warning("late")
log.error("bad")
raise RuntimeError("a bug")
"""


@pytest.mark.parametrize(("style", "first"), [("text", "<6>pulled sync=a/b"), ("json", '<6>{"time": ')])
def test_in_the_journal_each_line_says_its_severity(style, first):
    done = subprocess.run([sys.executable, "-c", JOURNAL, style], capture_output=True, text=True, check=False)
    told = done.stderr.splitlines()
    assert [line[:3] for line in told] == ["<6>", "<4>", "<3>", "<2>"]
    assert told[0].startswith(first)
    assert "ended by a bug" in told[3]
    assert done.returncode == 1


def test_a_stream_that_is_not_the_journal_is_none(monkeypatch):
    monkeypatch.setenv("JOURNAL_STREAM", f"{os.fstat(2).st_dev}:1")
    stream = lines()
    log.info("pulled")
    assert not stream.getvalue().startswith("<")
