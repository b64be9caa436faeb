"""Calendars as bytes: what a portal sends becomes stays, and nights become the bytes of a feed (RFC 5545).

In: a body, the settings of its sync and the day. Out: events with their nights, or why the body is not a calendar; and feeds.
Never here: a clock, a file, a socket, or an opinion on whose night it is.
"""
