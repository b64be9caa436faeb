"""The whole daemon, played on one seed: its loop's time and order, its disk, network, portals and host are the test's."""
