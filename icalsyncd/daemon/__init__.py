"""The running program: it opens, starts, reloads, does the housekeeping and stops, and connects the other rooms.

In: the config file, signals, time that passes, what the host asks for. Out: every other room, at work.
Never here: how a calendar is read, a night decided, or an answer worded.
"""
