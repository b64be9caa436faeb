"""What the programs that portals are written in, and browsers, send with a plain GET: their real default headers."""

from __future__ import annotations

from multidict import CIMultiDict

_JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
_NODE = {"accept": "*/*", "accept-language": "*", "sec-fetch-mode": "cors", "user-agent": "node"}

PORTALS: dict[str, dict[str, str]] = {
    "Java HttpURLConnection": {"User-Agent": "Java/17.0.9", "Accept": _JAVA, "Connection": "keep-alive"},
    "Java HttpURLConnection of later years": {
        "User-Agent": "Java/21",
        "Accept": "text/html, image/gif, image/jpeg, */*; q=0.2",
    },
    "Java HttpClient": {"User-Agent": "Java-http-client/17.0.9", "Connection": "Upgrade, HTTP2-Settings"},
    "Go net/http": {"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"},
    "PHP curl": {"Accept": "*/*"},
    "PHP streams": {"Connection": "close"},
    "Ruby Net::HTTP": {
        "Accept-Encoding": "gzip;q=1.0,deflate;q=0.6,identity;q=0.3",
        "Accept": "*/*",
        "User-Agent": "Ruby",
    },
    "Python urllib": {"Accept-Encoding": "identity", "User-Agent": "Python-urllib/3.12", "Connection": "close"},
    "Python requests": {
        "User-Agent": "python-requests/2.32.3",
        "Accept-Encoding": "gzip, deflate",
        "Accept": "*/*",
        "Connection": "keep-alive",
    },
    "Python aiohttp": {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "Python/3.12 aiohttp/3.10.5"},
    ".NET HttpClient": {},
    "curl": {"User-Agent": "curl/8.5.0", "Accept": "*/*"},
    "wget": {
        "User-Agent": "Wget/1.21.4",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "Keep-Alive",
    },
    "Node fetch": {**_NODE, "accept-encoding": "gzip, deflate"},
    "Node fetch that asks for a page": {**_NODE, "accept": "text/html"},
    "okhttp": {"Accept-Encoding": "gzip", "User-Agent": "okhttp/4.12.0", "Connection": "Keep-Alive"},
}

_CHROMIUM = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en-US,en;q=0.9",
    "Upgrade-Insecure-Requests": "1",
}
_FIREFOX = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en-US,en;q=0.5",
    "Upgrade-Insecure-Requests": "1",
}
_SAFARI = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "en-GB,en;q=0.9",
}
_NAVIGATION = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}

BROWSERS: dict[str, dict[str, str]] = {
    "Chromium over https": {**_CHROMIUM, **_NAVIGATION, "Sec-Fetch-User": "?1"},
    "Chromium over http": _CHROMIUM,
    "Firefox over https": {**_FIREFOX, **_NAVIGATION, "Sec-Fetch-User": "?1", "Priority": "u=0, i"},
    "Firefox over http": _FIREFOX,
    "Safari over https": {**_SAFARI, **_NAVIGATION},
    "Safari over http": _SAFARI,
}


def headers(sent: dict[str, str]) -> CIMultiDict[str]:
    """*sent* as the daemon looks them up."""
    return CIMultiDict(sent)
