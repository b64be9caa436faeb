"""Run by the clients' own Python: what the library behind Home Assistant's remote calendar makes of a calendar."""

import json
import sys

from ical.calendar_stream import IcsCalendarStream

calendar = IcsCalendarStream.calendar_from_ics(sys.stdin.read())
found = [
    {
        "uid": event.uid,
        "title": event.summary,
        "from": event.dtstart.isoformat(),
        "to": event.dtend.isoformat(),
        "sequence": event.sequence,
        "modified": event.last_modified.isoformat(),
    }
    for event in calendar.timeline
]
print(json.dumps(found))
