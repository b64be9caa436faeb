"""``config.yaml``, read and checked: either a config that can run, or every mistake in it."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeAlias

from icalsyncd.config import schema
from icalsyncd.config.credentials import Credentials
from icalsyncd.config.document import Document, read
from icalsyncd.config.look_alikes import curly_at
from icalsyncd.config.mistakes import Mistake, Remark, written
from icalsyncd.config.nodes import Fault, Lines
from icalsyncd.config.refusals import refusals, warnings
from icalsyncd.config.resolved import Config
from icalsyncd.config.resolving import resolve
from icalsyncd.config.secret import Secret
from icalsyncd.config.telling import resolve_telling
from icalsyncd.config.url import destination_of
from icalsyncd.config.validation import validate
from icalsyncd.redaction import told, wordless
from icalsyncd.state.files import LARGEST, content

NO_FILE: Final = (
    "there is no such file; a config is looked for at --config, else $ICALSYNCD_CONFIG, else ./config.yaml, else "
    "/etc/icalsyncd/config.yaml: `icalsyncd add` makes one"
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A config that can run."""

    config: Config
    text: str = field(repr=False)
    """The file as it was read, to be kept as the last one accepted."""
    warnings: tuple[Mistake, ...]
    files: tuple[Path, ...]
    """The config file, then each file that it names a secret in: a change of any of them is a change of the config."""
    digest: bytes
    """The same as long as the text, and what it names in files and variables, are the same."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that cannot run, with everything that is wrong in it, in the order of the file."""

    mistakes: tuple[Mistake, ...]
    """All, or of very many the first :data:`MOST_MISTAKES`, and one that counts the others."""
    warnings: tuple[Mistake, ...]
    files: tuple[Path, ...]
    """As far as they could be told; the config file always."""
    bug: Exception | None = field(default=None, compare=False)
    """For the log, if a bug of ours kept the file from being read, and not a mistake of the host's."""


MOST_MISTAKES: Final = 200

Loaded: TypeAlias = Accepted | Refused


def load(path: Path, environ: Mapping[str, str]) -> Loaded:
    """Read the config file at *path*, and the files and variables of *environ* that it names. Raises nothing."""
    try:
        return _loaded(path, environ)
    except Exception as error:  # any bug: the daemon goes on under the config that it has
        return _bug(path, error)


def _loaded(path: Path, environ: Mapping[str, str]) -> Loaded:
    try:
        found = content(path, LARGEST)
        if len(found.data) > LARGEST:
            return _unread(path, "the file is larger than any config")
        text = found.data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _unread(path, "this is not UTF-8: save the file as UTF-8", error.object[: error.start])
    except FileNotFoundError:
        return _unread(path, NO_FILE)
    except OSError as error:
        return _unread(path, f"the file cannot be read: {error.strerror}")
    others = [Remark((), "others can read this file, and its URLs are passwords: chmod 600")]
    return _parsed(text, path, environ, others if found.is_open_to_others else [])


def parse(text: str, path: Path, environ: Mapping[str, str], *, ran_before: bool = False) -> Loaded:
    """The same for *text*, as if it were in the file at *path*. Raises nothing.

    A text that *ran_before* can run again, even if files or variables that it names secrets in are not there (a sync
    without its URL fails its pulls until they are), or a regular expression in it is not known any more (it matches
    nothing): these are warnings then.
    """
    try:
        return _parsed(text, path, environ, [], ran_before=ran_before)
    except Exception as error:  # the same
        return _bug(path, error)


def _parsed(
    text: str, path: Path, environ: Mapping[str, str], noticed: list[Remark], *, ran_before: bool = False
) -> Loaded:
    document = read(text)
    if not isinstance(document, Document):
        return Refused(_first(_faults(document, text, path)), (), (path,))
    file, mistakes = validate(document.value, ran_before=ran_before)
    found = list(mistakes)
    credentials = Credentials(path.parent, environ)
    if file is not None:
        urls = _urls(file, credentials)
        dsn = credentials.named(file.store, "dsn", ("store",))
        if (tls := file.server.admin_tls) is not None:
            credentials.watch(path.parent / tls.cert_file)
            credentials.watch(path.parent / tls.key_file)
        places = tuple(credentials.place(target, ("publish", index)) for index, target in enumerate(file.publish))
        telling = resolve_telling(file, credentials)
        if ran_before:
            noticed = [*noticed, *credentials.remarks]
        else:
            found += credentials.remarks
        calendars = {name: destination_of(url.reveal()) for name, url in urls.items()}
        found += refusals(file, calendars)
        noticed = [*noticed, *credentials.warnings, *warnings(file, calendars)]
        found += _look_at_secret(file, path.parent, noticed)
    files = (path, *dict.fromkeys(credentials.files))
    remarked = _placed(noticed, document, path)
    if found or file is None:
        return Refused(_first(_placed(found, document, path)), remarked, files)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass") + b"\0" + credentials.digest.digest()).digest()
    config = replace(resolve(file, path.parent, urls, places, dsn), telling=telling)
    return Accepted(config, text, remarked, files, digest)


def _urls(file: schema.File, credentials: Credentials) -> dict[str, Secret]:
    urls: dict[str, Secret] = {}
    for id, accommodation in file.accommodations.items():
        for key, sync in accommodation.syncs.items():
            url = credentials.named(sync, "url", ("accommodations", id, "syncs", key))
            if url is not None:
                urls[f"{id}/{key}"] = url
    return urls


def _look_at_secret(file: schema.File, folder: Path, noticed: list[Remark]) -> list[Remark]:
    """What is wrong with the file of the secret, if one is named; what is worth a warning is added to *noticed*."""
    if file.server.secret_file is None:
        return []
    at = ("server", "secret_file")
    try:
        mode = (folder / file.server.secret_file).stat().st_mode
    except FileNotFoundError:
        return []  # it is made on the first start
    except PermissionError:
        return []  # the daemon may run as another user than this check
    except OSError as error:
        return [Remark(at, f"the file cannot be used: {error.strerror}")]
    if not stat.S_ISREG(mode):
        return [Remark(at, "names something that is no file")]
    if mode & stat.S_IROTH:
        noticed.append(Remark(at, "others can read this file, and make every link: chmod 600"))
    return []


def _first(mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    """*mistakes*, of very many the first: each is logged and shown, and a file that is no config has one a line."""
    if len(mistakes) <= MOST_MISTAKES:
        return mistakes
    begin = mistakes[MOST_MISTAKES]
    more = f"here are {len(mistakes) - MOST_MISTAKES} mistakes more: is this the right file?"
    return (*mistakes[:MOST_MISTAKES], replace(begin, path="", message=more))


def _placed(remarks: Iterable[Remark], document: Document, path: Path) -> tuple[Mistake, ...]:
    lines = Lines(document.text)
    placed: dict[tuple[int, str], Mistake] = {}
    for remark in remarks:
        index = document.index(remark.path, key=remark.of_key)
        message = remark.message + curly_at(document.text, index)
        line, column = lines.position(index)
        # a mistake that an alias repeats is reported once, where it is written
        placed.setdefault((index, message), Mistake(str(path), line, column, written(remark.path), message))
    return tuple(placed[key] for key in sorted(placed))


def _faults(faults: Iterable[Fault], text: str, path: Path) -> tuple[Mistake, ...]:
    lines = Lines(text)
    return tuple(
        Mistake(
            str(path),
            *lines.position(fault.index),
            written(fault.path),
            fault.message + (f" (first on line {lines.position(fault.first).line})" if fault.first is not None else ""),
        )
        for fault in sorted(faults, key=lambda fault: fault.index)
    )


def _bug(path: Path, error: Exception) -> Refused:
    return Refused((Mistake(str(path), 1, 1, "", told(error)),), (), (path,), wordless(error))


def _unread(path: Path, message: str, before: bytes = b"") -> Refused:
    text = before.decode("utf-8")
    line, column = Lines(text).position(len(text))
    return Refused((Mistake(str(path), line, column, "", message),), (), (path,))
