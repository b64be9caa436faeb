"""Who is told what, and when: decided from what is the case and from what each receiver knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from icalsyncd.calendars.nights import EMPTY, Nights
from icalsyncd.config.secret import Secret
from icalsyncd.config.telling import Receiver
from icalsyncd.notifying.message import MAX_BYTES, MAX_LINES, gathered
from icalsyncd.notifying.outbox import MAX_BOOKINGS, Outbox, Seeing, Taken
from icalsyncd.state.outbox import SEEN, About, Kept, Key, Notice, Turn, read

HOUR = 3_600.0
BOTH = frozenset({About.URGENT, About.PROBLEMS})
ALL = BOTH | {About.BOOKINGS}


def receiver(name: str, about: frozenset[About] = BOTH, language: str = "en") -> Receiver:
    return Receiver(name, Secret(f"json://{name}"), about, language)


class World:
    """An outbox whose rows are kept, so that it can be killed."""

    def __init__(self, *receivers: Receiver) -> None:
        self.rows: dict[Key, str] = {}
        self.receivers = receivers
        self.now = 1_000.0
        self.again()

    def again(self) -> None:
        """A kill, and the next start."""
        kept = read((name, number, text) for (name, number), text in self.rows.items())
        self.outbox = Outbox(kept, self._post)
        self.outbox.configure(self.receivers)

    def _post(self, rows: Mapping[Key, str | None]) -> None:
        for key, text in rows.items():
            if text is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = text

    def sees(self, *seen: Seeing, after: float = 0.0, all_known: bool = True) -> None:
        self.now += after
        self.outbox.see(seen, self.now, all_known=all_known)

    def waiting(self, name: str = "phone") -> list[tuple[str, str]]:
        return [(each.turn.value, each.words["en"]) for each in self.outbox.waiting(name)]

    def tell(self, name: str = "phone") -> list[str]:
        """Give *name* all that waits: the messages' bodies."""
        bodies = []
        while waiting := list(self.outbox.waiting(name)):
            message, count = gathered(waiting, "en")
            self.outbox.trying(name, waiting[:count])
            self.outbox.told(name, waiting[:count])
            bodies.append(message.body)
        return bodies


def overbooked(first: int, last: int, house: str = "casa", words: str = "overbooked") -> Seeing:
    nights = Nights.between(first, last)
    return Seeing("overbooked", (house, "", ""), About.URGENT, 0.0, {"en": f"{house}: {words} {first}..{last}"}, nights)


def ghost(first: int, house: str = "casa") -> Seeing:
    nights = Nights.between(first, first + 2)
    return Seeing("possible ghost", (house, "", ""), About.PROBLEMS, HOUR, {"en": f"{house}: ghost {first}"}, nights)


def failing(sync: str, wait: float = 300.0, since: str = "09:12") -> Seeing:
    return Seeing("failing", ("casa", sync, ""), About.PROBLEMS, wait, {"en": f"casa/{sync} failing since {since}"})


def test_a_problem_is_told_once_it_has_lasted_and_its_end_to_who_was_told() -> None:
    world = World(receiver("phone"), receiver("office", frozenset({About.URGENT})))
    world.sees(failing("holidu"))
    assert world.waiting() == []
    world.sees(failing("holidu", since="09:13"), after=299.0)
    assert world.waiting() == []
    world.sees(failing("holidu", since="09:14"), after=1.0)
    assert world.tell() == ["casa/holidu failing since 09:12"]
    world.sees(failing("holidu"), after=HOUR)
    assert world.waiting() == []
    world.sees()
    assert world.tell() == ["It is over: casa/holidu failing since 09:12"]
    assert world.waiting("office") == []
    assert world.rows == {}


def test_what_came_and_went_before_it_was_told_is_not_told_unless_it_is_urgent() -> None:
    world = World(receiver("phone"))
    world.sees(failing("holidu"), overbooked(10, 13))
    world.sees(failing("holidu"), overbooked(10, 13), after=300.0)
    world.sees(after=10.0)
    assert world.waiting() == [("begun", "casa: overbooked 10..13"), ("over", "casa: overbooked 10..13")]
    world.again()
    assert world.tell() == ["- casa: overbooked 10..13\n- It is over: casa: overbooked 10..13"]
    assert world.rows == {}


def test_a_first_start_with_forty_possible_ghosts_is_one_message() -> None:
    world = World(receiver("phone"))
    found: list[Seeing] = []
    for number in range(40):
        # the portals are pulled one after the other
        found.append(ghost(10 * number, f"house-{number}"))
        world.sees(*found, after=0.5)
    world.sees(*found, after=HOUR - 19.0)
    (body,) = world.tell()
    assert body.count("\n- ") == 39
    world.sees(*found, after=HOUR)
    assert world.waiting() == []


def test_of_one_matter_that_moves_with_the_days_nothing_is_told_again() -> None:
    world = World(receiver("phone"))
    world.sees(overbooked(10, 20))
    assert len(world.tell()) == 1
    for first in range(11, 20):
        world.sees(overbooked(first, 20), after=24 * HOUR)
        assert world.waiting() == []
    world.sees(overbooked(19, 22))
    assert world.tell() == ["casa: overbooked 19..22"]
    # of many stretches one sentence is said for all: that is no end of each
    many = Nights.of_stays(((19, 22), (30, 32)))
    world.sees(Seeing("overbooked", ("casa", "", ""), About.URGENT, 0.0, {"en": "in 2 stretches"}, many))
    assert world.tell() == ["in 2 stretches"]
    world.sees(overbooked(30, 32))
    assert world.waiting() == []
    world.sees()
    assert world.tell() == ["It is over: in 2 stretches"]


def test_a_matter_given_and_not_known_as_taken_is_told_again_and_ends_through_a_kill() -> None:
    world = World(receiver("phone"))
    world.sees(overbooked(10, 13), failing("holidu", wait=0.0))
    world.outbox.trying("phone", list(world.outbox.waiting("phone")))
    world.again()
    assert len(world.waiting()) == 2
    world.sees()
    # it may have come: so its end is told, too
    assert [turn for turn, _ in world.waiting()] == ["begun", "begun", "over", "over"]


def test_right_after_a_start_what_is_not_seen_is_not_over() -> None:
    world = World(receiver("phone"))
    world.sees(failing("holidu", wait=0.0))
    world.tell()
    world.again()
    world.sees(all_known=False)
    assert world.waiting() == []
    world.sees(failing("holidu", wait=0.0))
    assert world.waiting() == []


def test_a_new_receiver_is_told_what_is_the_case_and_one_that_is_gone_is_forgotten() -> None:
    world = World(receiver("phone"))
    world.sees(overbooked(10, 13))
    world.tell()
    world.receivers = (receiver("office"),)
    world.outbox.configure(world.receivers)
    world.sees(overbooked(10, 13))
    assert world.waiting("office") == [("begun", "casa: overbooked 10..13")]
    assert world.outbox.known() == {"phone", "office"}
    # half a file lacked it: nothing has happened
    world.receivers = (receiver("office"), receiver("phone"))
    world.outbox.configure(world.receivers)
    world.sees(overbooked(10, 13))
    assert world.waiting() == []
    world.outbox.forget(["phone"])
    assert world.outbox.known() == {"office"}


def test_a_receiver_that_takes_nothing_is_told_through_the_others() -> None:
    world = World(receiver("phone"), receiver("office"))
    deaf = Seeing("not told", ("", "", "notify/phone"), About.PROBLEMS, 0.0, {"en": "phone is not told"})
    world.sees(deaf)
    assert world.waiting() == []
    assert world.waiting("office") == [("begun", "phone is not told")]


def nights_of(sync: str, nights: Nights, unsure: Nights = EMPTY) -> Taken:
    def tell(found: Nights, turn: Turn) -> Iterator[Mapping[str, str]]:
        for stay in found.stays():
            yield {"en": f"{turn.value} {sync} {stay.check_in}..{stay.check_out}"}

    return Taken("casa", sync, nights, unsure, 5, tell)


def test_bookings_are_told_once_and_none_that_was_there_before() -> None:
    world = World(receiver("phone", ALL), receiver("office"))
    world.outbox.see_nights([nights_of("vrbo", Nights.between(10, 13))], 1.0)
    assert world.waiting() == []
    world.outbox.see_nights([nights_of("vrbo", Nights.of_stays(((10, 13), (20, 22))))], 2.0)
    world.again()
    world.outbox.see_nights([nights_of("vrbo", Nights.of_stays(((10, 13), (20, 22))))], 3.0)
    assert world.tell() == ["taken vrbo 20..22"]
    world.outbox.see_nights([nights_of("vrbo", Nights.between(20, 22))], 4.0)
    assert world.tell() == ["free again vrbo 10..13"]
    # of what may be nobody's nothing is said, whichever way it goes
    world.outbox.see_nights([nights_of("vrbo", Nights.between(20, 26), Nights.between(20, 26))], 5.0)
    world.outbox.see_nights([nights_of("vrbo", Nights.between(20, 22))], 6.0)
    assert world.waiting() == []
    assert world.waiting("office") == []
    assert {name for name, _ in world.rows} == {SEEN}
    world.receivers = (receiver("office"),)
    world.outbox.configure(world.receivers)
    world.outbox.see_nights([], 7.0)
    assert world.rows == {}


def test_of_bookings_that_nobody_takes_the_newest_wait() -> None:
    world = World(receiver("phone", ALL))
    nights = EMPTY
    world.outbox.see_nights([nights_of("vrbo", nights)], 1.0)
    for number in range(MAX_BOOKINGS + 20):
        nights = nights | Nights.between(10 + 3 * number, 12 + 3 * number)
        world.outbox.see_nights([nights_of("vrbo", nights)], 2.0)
    assert len(world.waiting()) == MAX_BOOKINGS
    assert world.waiting()[-1][1].endswith(f"{12 + 3 * (MAX_BOOKINGS + 19)}")


def test_a_message_holds_what_every_service_takes_and_the_rest_follows_in_order() -> None:
    notices = [
        Notice(number, str(number), About.PROBLEMS, Turn.BEGUN, 0.0, {"en": f"{number:03} " + "ñ" * 100})
        for number in range(100)
    ]
    left, said = list(notices), []
    while left:
        message, count = gathered(left, "en")
        assert len(message.body.encode()) <= MAX_BYTES
        assert count <= MAX_LINES
        said += [line[2:5] for line in message.body.splitlines()]
        left = left[count:]
    assert said == [f"{number:03}" for number in range(100)]
    long = Notice(1, "1", About.URGENT, Turn.BEGUN, 0.0, {"en": "x" * 5000})
    assert gathered([long, long], "en")[1] == 1


def test_damaged_rows_are_left_out_and_the_others_are_there() -> None:
    world = World(receiver("phone"))
    world.sees(overbooked(10, 13), failing("holidu", wait=0.0))
    rows = dict(world.rows)
    for text in ("", "{", "[]", "null", '{"turn": "never"}', '{"nights": [1, -1]}'):
        for key in rows:
            damaged = [(name, number, text if (name, number) == key else kept) for (name, number), kept in rows.items()]
            found: Kept = read(damaged)
            assert found.last == max(number for _, number in rows)
            assert len(found.affairs) + len(found.notices.get("phone", ())) == len(rows) - 1
