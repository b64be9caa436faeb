"""The host's YAML: read, checked and resolved, and edited with its comments and layout kept.

In: text. Out: a config that can run, or every mistake in it with line and column.
Never here: what is known of nights, or anything that pulls or serves.
"""
