"""Configs as hosts write them: with comments, blank lines, quotes, anchors, and mappings in every style."""

from __future__ import annotations

from random import Random

DIRECTIONS = ("bidirectional", "import", "export")


class Writer:
    """Writes one config of some 200 lines, drawn from *seed*; ``syncs`` are those that it holds, by their path."""

    def __init__(self, seed: int) -> None:
        self._draw = Random(seed)
        self._step = self._draw.choice((2, 2, 3, 4))
        self._lines: list[str] = []
        self.syncs: list[tuple[str, ...]] = []
        """Those whose keys are their own: no alias leads to them."""

    def text(self) -> str:
        draw = self._draw
        self._lines += ["# my houses", "", "terms: accepted   # read on 3 May"]
        self._maybe_noise(0)
        self._lines += ["server:", f"{self._in(1)}public_url: 'https://cal.example.org'"]
        self._lines += ["", "official_only: []", "accommodations:"]
        for index in range(draw.randint(5, 7)):
            self._accommodation(f"house-{index}")
        newline = draw.choice(("\n", "\n", "\r\n"))
        mark = draw.choice(("", "", "\ufeff"))
        return mark + newline.join(self._lines) + draw.choice(("", newline, newline * 2, f"{newline}# end"))

    def _in(self, depth: int) -> str:
        return " " * (self._step * depth)

    def _maybe_noise(self, depth: int) -> None:
        for _ in range(self._draw.choice((0, 0, 0, 1, 2))):
            comment = (
                f"{self._in(self._draw.choice((0, depth, depth)))}# {self._draw.choice(('old: x', 'é ü', '---', '{'))}"
            )
            self._lines.append(self._draw.choice(("", comment, comment, "   ")))

    def _tail(self) -> str:
        return self._draw.choice(("", "", "", "  # why", " #", "\t# a tab"))

    def _quoted(self, text: str) -> str:
        return self._draw.choice((text, text, f"'{text}'", f'"{text}"'))

    def _accommodation(self, id: str) -> None:
        draw = self._draw
        self._maybe_noise(1)
        self._lines.append(f"{self._in(1)}{self._quoted(id)}:{self._tail()}")
        self._lines.append(f"{self._in(2)}timezone: {self._quoted('Europe/Madrid')}{self._tail()}")
        if draw.random() < 0.5:
            name = draw.choice(("Casa Azul", "'It''s mine'", '"A \\"house\\""', "Peñón # 3".replace(" #", "#")))
            self._lines.append(f"{self._in(2)}name: {name}{self._tail()}")
        if draw.random() < 0.5:
            self._lines += [
                f"{self._in(2)}blocks:",
                f"{self._in(2)}- {{from: 2026-12-24, to: 2026-12-27, note: 'a: b'}}",
            ]
        self._maybe_noise(2)
        self._lines.append(f"{self._in(2)}syncs:{self._tail()}")
        for index in range(draw.randint(3, 6)):
            self._maybe_noise(3)
            self._sync(id, f"sync-{index}")
            self._maybe_noise(4)

    def _sync(self, accommodation: str, id: str) -> None:
        draw = self._draw
        direction = draw.choice(DIRECTIONS)
        keys = {"portal": self._quoted(f"portal-{id}"), "direction": self._quoted(direction)}
        if direction != "export":
            keys["url"] = self._quoted(f"https://portal.example/{accommodation}/{id}.ics?s=1")
        if draw.random() < 0.4:
            keys["paused"] = draw.choice(("true", "false", "False", "TRUE"))
        if draw.random() < 0.3:
            keys["ignore"] = draw.choice(("[Cleaning]", "['a: b', \"/x/\"]", "[ a , b ]"))
        ordered = list(keys.items())
        draw.shuffle(ordered)
        self.syncs.append(("accommodations", accommodation, "syncs", id))
        style = draw.choice(("block", "block", "block", "flow", "flow over lines", "merge"))
        if style == "flow":
            inner = ", ".join(f"{key}: {value}" for key, value in ordered)
            space = draw.choice(("", " "))
            self._lines.append(f"{self._in(3)}{id}: {{{space}{inner}{space}}}{self._tail()}")
        elif style == "flow over lines":
            self._lines.append(f"{self._in(3)}{id}: {{{self._tail()}")
            self._lines += [f"{self._in(4)}{key}: {value},{self._tail()}" for key, value in ordered]
            self._lines.append(f"{self._in(3)}}}{self._tail()}")
        elif style == "merge":
            self.syncs.append(("accommodations", accommodation, "syncs", f"{id}-feed"))
            feed = f"{id}-feed: &{accommodation}-{id}"
            self._lines.append(
                f"{self._in(3)}{feed} {{portal: x, direction: export, link_generation: 2}}{self._tail()}"
            )
            self._lines += [f"{self._in(3)}{id}:", f"{self._in(4)}<<: *{accommodation}-{id}{self._tail()}"]
            self._lines += [f"{self._in(4)}{key}: {value}{self._tail()}" for key, value in ordered]
        else:
            self._lines.append(f"{self._in(3)}{id}:{self._tail()}")
            for key, value in ordered:
                self._lines.append(f"{self._in(4)}{key}: {value}{self._tail()}")
                if draw.random() < 0.1:
                    self._lines.append("")
