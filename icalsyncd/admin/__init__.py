"""What the host sees: the status page, what needs the host, metrics, JSON, and the listener that answers with them.

In: the view, the config and what pulls, serving and publishing say of themselves. Out: words, pictures and numbers.
Never here: a guest's name or a calendar's URL; links only on the page.
"""
