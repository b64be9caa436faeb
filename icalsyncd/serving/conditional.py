"""A document over HTTP: plain or compressed, whole, or as the word that the reader has it already."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from aiohttp.hdrs import ACCEPT_ENCODING, IF_MODIFIED_SINCE, IF_NONE_MATCH

from icalsyncd.pulling.header_fields import epoch
from icalsyncd.state.served_feed import Document


def conditional(request: web.BaseRequest, document: Document, *, told: bool) -> web.Response:
    """*document* as *request* wants it; *told*: this reader is known to have had it, so that a time alone is believed."""
    asked = request.headers
    chosen = document.zipped if "gzip" in asked.get(ACCEPT_ENCODING, "") else document.plain
    if _is_known(asked, document, told=told):
        return web.Response(status=304, headers=chosen.unsent_headers)
    return web.Response(body=chosen.body, headers=chosen.headers)


def _is_known(asked: Mapping[str, str], document: Document, *, told: bool) -> bool:
    """Whether the reader has this very document (RFC 9110 §13).

    A time alone is believed only where the reader is known to have had it: two documents may share a second.
    """
    wanted = asked.get(IF_NONE_MATCH)
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return not tags.isdisjoint(document.tags)
    since = epoch(asked.get(IF_MODIFIED_SINCE)) if told else None
    return since is not None and int(document.modified) <= since
