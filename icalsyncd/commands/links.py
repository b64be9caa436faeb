"""`icalsyncd links`: what the host pastes into the portals."""

from __future__ import annotations

import json

from icalsyncd.availability.roster import reconcile
from icalsyncd.commands.household import Household, household
from icalsyncd.commands.outcome import DONE
from icalsyncd.installation import path_of
from icalsyncd.paths import Paths
from icalsyncd.terminal import table


def links(paths: Paths, *, as_json: bool) -> int:
    """Print the link of each sync that has a feed, in the order of the config."""
    home = household(paths)
    found = links_of(home)
    if as_json:
        rows = [
            {"accommodation": accommodation, "sync": sync, "url": url} for (accommodation, sync), url in found.items()
        ]
        print(json.dumps(rows, indent=2))
    elif found:
        print("\n".join(table(("SYNC", "LINK"), [("/".join(name), url) for name, url in found.items()])))
    else:
        print("no sync has a feed: none sends")
    return DONE


def links_of(home: Household) -> dict[tuple[str, str], str]:
    """The link of each sync that sends, under the config as it is in the file, taken over by the daemon or not."""
    ledgers = {each: state.ledger for each, state in home.stored.states.items()}
    # reconciled, since the link of a renamed sync is made of its first name
    ledgers = reconcile(ledgers, home.plans, today=home.today, now=home.now)
    return {
        (sync.accommodation, sync.id): home.config.public_url_of(sync.accommodation)
        + path_of(home.installation.token(ledgers[sync.accommodation].syncs[sync.id].link))
        for sync in home.config.syncs()
        if sync.sends
    }
