"""The templates of the pages, and how sentences get into them; and the files that the pages use."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from icalsyncd import __version__
from icalsyncd.admin.concern import first_night
from icalsyncd.language import listed, spoken, translated, translated_many

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

STATIC: Final = {
    "/static/page.css": "text/css",
    "/static/page.js": "text/javascript",
    "/static/login.css": "text/css",
    "/static/acts.css": "text/css",
    "/static/acts.js": "text/javascript",
    "/static/choose.js": "text/javascript",
    "/static/icon.svg": "image/svg+xml",
    "/static/trouble.svg": "image/svg+xml",
}
"""The files that the pages use, and their types."""


@lru_cache(maxsize=1)
def templates() -> Environment:
    """All of them; whatever comes into them is escaped."""
    # two megabytes that are not needed until the host first looks
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("icalsyncd.admin", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(version=__version__, say=_say, say_many=_say_many, listed=listed, spoken=spoken)
    made.globals.update(code=lambda text: element("code", text), first_night=first_night, explain_url=explain_url)
    return made


def _say(sentence: str, /, **values: object) -> Markup:
    """A sentence for a template: what stands in it is text, but for what is markup of ours already."""
    from markupsafe import escape

    return escape(translated(sentence)).format(**values)


def _say_many(one: str, many: str, count: int, /, **values: object) -> Markup:
    """The same for a number of things."""
    from markupsafe import escape

    return escape(translated_many(one, many, count)).format(count=count, **values)


def element(name: str, text: str, **attributes: str) -> Markup:
    """An element of *name* around *text*, both escaped, for a sentence in which it stands."""
    from markupsafe import Markup

    written = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in attributes.items())
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, text)


def explain_url(accommodation: str, night: str) -> str:
    """Where the page of a night is."""
    return f"explain?accommodation={quote(accommodation)}&night={night}"


@lru_cache(maxsize=len(STATIC))
def static(path: str) -> bytes:
    """The file behind one of the paths of :data:`STATIC`, compressed by gzip."""
    return gzip.compress(files("icalsyncd.admin").joinpath("data", path.rpartition("/")[2]).read_bytes(), mtime=0)
