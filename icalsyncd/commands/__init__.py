"""The commands, one file each, and what they share: the terminal, the daemon's client, the paths of an installation.

In: the command line. Out: words for people or JSON, and an exit code.
Never here: what the daemon does while it runs.
"""
