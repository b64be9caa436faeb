"""Feeds in storage elsewhere: folders, WebDAV and object stores from which portals read them.

In: the view. Out: what lies at each target, and since when.
Never here: a night that is decided; an older copy is never left over a newer one unnoticed.
"""
