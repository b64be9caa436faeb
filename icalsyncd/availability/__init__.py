"""Whose night it is: claims, echoes and origins, and from them the nights that each portal must close.

In: the stays that a portal shows, what it was told, and the time as an argument. Out: a new frozen ledger, the nights
of each feed, and why a night is closed.
Never here: a clock, a file, a socket, or the host's YAML.
"""
