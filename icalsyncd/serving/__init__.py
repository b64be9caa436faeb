"""Feeds for portals: the listeners, each answer, and what the portal knows once it has been answered.

In: requests, and the view. Out: calendars of the nights to close, and the readings of each link.
Never here: a night that is decided, or anything that only the host may see.
"""
