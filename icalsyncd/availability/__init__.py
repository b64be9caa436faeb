"""What is taken, by whom, and who must be told: pure functions over plain values.

Nothing here reads a clock, a file or a socket, and nothing here is told a guest's name: time comes in as a value, and
of a summary only its kind leaves the reader.
"""
