"""Calendars from valid to absurd, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from icalsyncd.calendars.nights import Night, date_of, horizon
from icalsyncd.calendars.settings import ReadSettings, Summaries
from tests.calendars.calendars import TODAY, plain_event

_WINDOW = horizon(TODAY)
_NAMES = [
    *(
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
        "STATUS",
        "TRANSP",
        "SUMMARY",
        "UID",
    ),
    *("SEQUENCE", "FREEBUSY", "METHOD", "BEGIN", "END", "X-MICROSOFT-CDO-ALLDAYEVENT", "X-MICROSOFT-CDO-BUSYSTATUS"),
    *("TZID", "DTSTAMP", "X-NOTE"),
]
_COMPONENTS = ["VEVENT", "VCALENDAR", "VTIMEZONE", "VALARM", "VFREEBUSY", "VTODO", "X-THING"]

days = st.integers(_WINDOW.check_in - 400, _WINDOW.check_out + 400).map(date_of)
dates = days.map(lambda day: f"{day:%Y%m%d}")
clocks = st.tuples(st.integers(0, 24), st.integers(0, 60), st.integers(0, 61)).map(
    lambda hms: "T{:02}{:02}{:02}".format(*hms)
)
times = st.tuples(dates, clocks | st.sampled_from(["T000000", "T235959"]), st.sampled_from(["", "Z"])).map("".join)
durations = st.from_regex(r"-?P([0-9]W|[0-9]{1,2}D)?(T[0-9]{1,2}H)?", fullmatch=True)
rules = st.builds(
    lambda parts: "RRULE:" + ";".join(parts),
    st.lists(
        st.sampled_from([f"FREQ={name}" for name in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "SECONDLY")])
        | st.sampled_from(
            ["COUNT=3", "COUNT=999999999", "INTERVAL=2", "INTERVAL=0", "UNTIL=20260801", "BYDAY=MO,2TU,-1SU"]
        )
        | st.sampled_from(
            ["BYMONTH=2", "BYMONTHDAY=30", "BYMONTHDAY=-1", "BYSETPOS=-1", "BYHOUR=3,4", "WKST=SU", "X=1"]
        ),
        max_size=4,
    ),
)
values = st.one_of(
    dates, times, durations, st.sampled_from(["", "CANCELLED", "TRANSPARENT", "FREE", "TRUE"]), st.text(max_size=12)
)
parameters = st.sampled_from(
    [
        "",
        ";VALUE=DATE",
        ";TZID=Europe/Paris",
        ";TZID=",
        ";TZID=Nowhere",
        ';X="a:b"',
        ';X="',
        ";TZID=Romance Standard Time",
        ";RANGE=THISANDFUTURE",
    ]
)
absurd_lines = st.one_of(
    rules,
    st.builds("{}{}:{}".format, st.sampled_from(_NAMES), parameters, values),
    st.builds("{}:{}".format, st.sampled_from(["BEGIN", "END"]), st.sampled_from(_COMPONENTS)),
    st.text(max_size=30),
    st.sampled_from(["", " ", "\t", " folded", "FREEBUSY:20260801T100000Z/P2D,x/y"]),
)


@st.composite
def stays(draw: st.DrawFn) -> tuple[Night, Night]:
    """A stay, half-open, that may lie beyond the horizon."""
    check_in = draw(st.integers(_WINDOW.check_in - 10, _WINDOW.check_out + 10))
    return check_in, check_in + draw(st.integers(1, 30))


@st.composite
def odd_events(draw: st.DrawFn) -> list[str]:
    """An event made of properties that belong there, with whatever values."""
    lines = draw(
        st.lists(st.builds("{}{}:{}".format, st.sampled_from(_NAMES[:12]), parameters, values) | rules, max_size=6)
    )
    return ["BEGIN:VEVENT", *lines, "END:VEVENT"]


@st.composite
def spoilt_events(draw: st.DrawFn) -> list[str]:
    """A plain event with one of its lines changed, lost, doubled or replaced."""
    check_in, check_out = draw(stays())
    lines = plain_event(77, check_in, check_out)
    at = draw(st.integers(0, len(lines) - 1))
    how = draw(st.sampled_from(["lost", "doubled", "replaced", "cut", "changed"]))
    if how == "lost":
        del lines[at]
    elif how == "doubled":
        lines.insert(at, lines[at])
    elif how == "replaced":
        lines[at] = draw(absurd_lines)
    elif how == "cut":
        lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
    else:
        place = draw(st.integers(0, len(lines[at]) - 1))
        lines[at] = lines[at][:place] + draw(st.characters(codec="utf-8")) + lines[at][place + 1 :]
    return lines


@st.composite
def settings(draw: st.DrawFn) -> ReadSettings:
    """How to read, of every kind but those that leave plain events out."""
    return ReadSettings(
        draw(st.sampled_from(["Europe/Paris", "America/New_York", "Pacific/Kiritimati", "UTC"])),
        reservation=Summaries(frozenset({"reserved"})) if draw(st.booleans()) else Summaries(),
        dtend_inclusive=draw(st.booleans()),
        transparent_blocks=draw(st.booleans()),
        empty_is_valid=draw(st.booleans()),
    )
