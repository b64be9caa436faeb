"""What a request gives: the fields of its query, and those of a short form that is its body."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

LARGEST: Final = 8192
"""Bytes of a body."""
PATIENCE: Final = 4.0
"""Seconds in which the whole of it must come."""
MOST: Final = 32
"""Fields."""


async def form_of(request: web.BaseRequest) -> Mapping[str, str] | None:
    """The fields of the body, an HTML form; the first of each name. None where it is none, or more than is ever needed."""
    if request.content_type != "application/x-www-form-urlencoded" or request.headers.get(hdrs.CONTENT_ENCODING):
        return None
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while len(body) <= LARGEST and (part := await request.content.readany()):
                body += part
    except TimeoutError:
        return None
    if len(body) > LARGEST:
        return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError:
        return None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


async def fields_of(request: web.BaseRequest) -> Mapping[str, str]:
    """The fields of the query, and of the body where it is a form; the query's hold."""
    written = await form_of(request) if request.body_exists else None
    return {**(written or {}), **{name: request.query[name] for name in request.query}}
