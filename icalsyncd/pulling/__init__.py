"""From a portal's URL into the ledger: when each calendar is pulled, how it is asked for, read, admitted and attributed.

In: the syncs that receive. Out: new states in the journal, and a report of each pull.
Never here: answers to portals, or what the host is told.
"""
