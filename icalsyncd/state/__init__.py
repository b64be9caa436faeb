"""What is known, and what is durable: the state of each accommodation, its file, and the view made from both.

In: new states. Out: commits, the stored copies of calendars, and one frozen view that is swapped whole.
Never here: a portal, a listener, or a decision about nights.
"""
