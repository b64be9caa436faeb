"""Messages go out: who has still to be told what, a process for each message, and the heartbeat.

`outbox` decides what each receiver is to be told, `courier` gives it to one of them, in order and until it is taken, by way
of `post`, which starts `messenger`, the one module that knows Apprise. `heartbeat` fetches a URL while all lives.
"""
