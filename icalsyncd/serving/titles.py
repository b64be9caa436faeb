"""The titles of events in calendars for people, in each language that a calendar may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """Whole phrases of one language; what stands in braces is put in."""

    night: str
    nights: str
    stay: str
    closed: str
    own: str
    own_with_note: str
    leaves: str
    arrives: str
    closure_ends: str
    closure_begins: str
    own_ends: str
    own_begins: str
    overbooked: str
    possible_ghost: str
    incomplete: str


WORDS: Final = {
    "en": Words(
        night="1 night",
        nights="{count} nights",
        stay="{house}: {portal}, {nights}",
        closed="{house}: closed at {portal}, {nights}",
        own="{house}: own block, {nights}",
        own_with_note="{house}: own block ({note}), {nights}",
        leaves="{portal} leaves",
        arrives="{portal} arrives",
        closure_ends="closure at {portal} ends",
        closure_begins="closure at {portal} begins",
        own_ends="own block ends",
        own_begins="own block begins",
        overbooked="OVERBOOKED: {title}",
        possible_ghost="Possible ghost: {title}",
        incomplete="{house}: incomplete, not every portal was read yet",
    ),
    "de": Words(
        night="1 Nacht",
        nights="{count} Nächte",
        stay="{house}: {portal}, {nights}",
        closed="{house}: bei {portal} gesperrt, {nights}",
        own="{house}: eigene Sperre, {nights}",
        own_with_note="{house}: eigene Sperre ({note}), {nights}",
        leaves="{portal} reist ab",
        arrives="{portal} reist an",
        closure_ends="Sperre bei {portal} endet",
        closure_begins="Sperre bei {portal} beginnt",
        own_ends="eigene Sperre endet",
        own_begins="eigene Sperre beginnt",
        overbooked="ÜBERBUCHT: {title}",
        possible_ghost="Vielleicht nur ein Geist: {title}",
        incomplete="{house}: unvollständig, noch nicht jedes Portal wurde gelesen",
    ),
    "es": Words(
        night="1 noche",
        nights="{count} noches",
        stay="{house}: {portal}, {nights}",
        closed="{house}: cerrado en {portal}, {nights}",
        own="{house}: bloqueo propio, {nights}",
        own_with_note="{house}: bloqueo propio ({note}), {nights}",
        leaves="{portal} sale",
        arrives="{portal} llega",
        closure_ends="termina el cierre en {portal}",
        closure_begins="empieza el cierre en {portal}",
        own_ends="termina el bloqueo propio",
        own_begins="empieza el bloqueo propio",
        overbooked="SOBRERRESERVA: {title}",
        possible_ghost="Posible fantasma: {title}",
        incomplete="{house}: incompleto, aún no se han leído todos los portales",
    ),
    "fr": Words(
        night="1 nuit",
        nights="{count} nuits",
        stay="{house} : {portal}, {nights}",
        closed="{house} : fermé chez {portal}, {nights}",
        own="{house} : blocage personnel, {nights}",
        own_with_note="{house} : blocage personnel ({note}), {nights}",
        leaves="{portal} part",
        arrives="{portal} arrive",
        closure_ends="fin de la fermeture chez {portal}",
        closure_begins="début de la fermeture chez {portal}",
        own_ends="fin du blocage personnel",
        own_begins="début du blocage personnel",
        overbooked="SURRÉSERVATION : {title}",
        possible_ghost="Peut-être un fantôme : {title}",
        incomplete="{house} : incomplet, tous les portails n'ont pas encore été lus",
    ),
    "it": Words(
        night="1 notte",
        nights="{count} notti",
        stay="{house}: {portal}, {nights}",
        closed="{house}: chiuso su {portal}, {nights}",
        own="{house}: blocco proprio, {nights}",
        own_with_note="{house}: blocco proprio ({note}), {nights}",
        leaves="{portal} parte",
        arrives="{portal} arriva",
        closure_ends="finisce la chiusura su {portal}",
        closure_begins="inizia la chiusura su {portal}",
        own_ends="finisce il blocco proprio",
        own_begins="inizia il blocco proprio",
        overbooked="OVERBOOKING: {title}",
        possible_ghost="Possibile fantasma: {title}",
        incomplete="{house}: incompleto, non tutti i portali sono stati letti",
    ),
    "pt": Words(
        night="1 noite",
        nights="{count} noites",
        stay="{house}: {portal}, {nights}",
        closed="{house}: fechado em {portal}, {nights}",
        own="{house}: bloqueio próprio, {nights}",
        own_with_note="{house}: bloqueio próprio ({note}), {nights}",
        leaves="{portal} sai",
        arrives="{portal} chega",
        closure_ends="termina o fecho em {portal}",
        closure_begins="começa o fecho em {portal}",
        own_ends="termina o bloqueio próprio",
        own_begins="começa o bloqueio próprio",
        overbooked="SOBRERRESERVA: {title}",
        possible_ghost="Possível fantasma: {title}",
        incomplete="{house}: incompleto, nem todos os portais foram lidos ainda",
    ),
}


@dataclass(frozen=True, slots=True)
class Guest:
    """Whoever a visit is of: never a person, of whom nothing is known, but where it was booked."""

    portal: str
    """For people; `""` for the host's own block."""
    closed: bool = False
    """The portal calls it a closure."""
    note: str = ""
    """What the host wrote beside the block."""


def stay_title(words: Words, house: str, guest: Guest, nights: int) -> str:
    """The title of a whole stay."""
    length = words.night if nights == 1 else words.nights.format(count=nights)
    if not guest.portal:
        form = words.own_with_note if guest.note else words.own
        return form.format(house=house, note=guest.note, nights=length)
    form = words.closed if guest.closed else words.stay
    return form.format(house=house, portal=guest.portal, nights=length)


def turnover_title(words: Words, house: str, leaving: Sequence[Guest], arriving: Sequence[Guest]) -> str:
    """The title of a day on which somebody leaves or arrives; no note is in it, which is the owner's."""
    moves = [_move(guest, words.leaves, words.closure_ends, words.own_ends) for guest in leaving]
    moves += [_move(guest, words.arrives, words.closure_begins, words.own_begins) for guest in arriving]
    colon = words.stay.partition("{house}")[2].partition("{portal}")[0]
    return f"{house}{colon}{', '.join(dict.fromkeys(moves))}"


def marked(words: Words, title: str, *, overbooked: bool, possible_ghost: bool) -> str:
    """*title* with what is to be seen at a glance before it."""
    if overbooked:
        return words.overbooked.format(title=title)
    return words.possible_ghost.format(title=title) if possible_ghost else title


def _move(guest: Guest, person: str, closure: str, own: str) -> str:
    if not guest.portal:
        return own
    return (closure if guest.closed else person).format(portal=guest.portal)
