"""A call with interruptions, put together from its trace, its messages and the sound that arrived.

The trace says when the gateway noticed speech over the avatar (a turn's span begins) and when it decided to
stop the reply (a generation's span ends). All processes are on one machine; its wall clock, which spans
have, and its monotonic clock, which packets have, are read together.
"""

import time
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from reference import Heard, Received, Reference, Voice, last_audible_s
from spans import Span
from visavis_cli.talk.record import Message, Record

TRANSIT_S = 0.3  # after its end a reply's last packets are still on their way for less than this
FULL, DUCKED = 0.8, 0.55  # of the amplitude: a codec's error is less than 2 dB, a ducked voice 12 dB down
SETTLED_S = 0.06  # after the first attenuated packet the level has been reached


def wall_clock_s() -> float:
    """What to add to the monotonic clock for the wall clock."""
    readings = []
    for _ in range(9):
        before, wall, after = time.monotonic(), time.time(), time.monotonic()
        readings.append((after - before, wall - (before + after) / 2))
    return min(readings)[1]


@dataclass(frozen=True)
class Move:
    """A turn of the trace, times in seconds of the caller's monotonic clock."""

    turn_id: str
    origin: str
    outcome: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Reply:
    """A generation that sounded, from its release to its end."""

    move: Move
    text: str
    remembered: str
    released_s: float
    over_s: float
    was_cut: bool


@dataclass(frozen=True)
class Duck:
    """How a reply was turned down: None where it was silent just then, or cut before it could be heard."""

    noticed_to_attenuated_ms: float | None
    depth: float | None  # of the amplitude
    back_after_ms: float | None  # from the decision to turn it up again


@dataclass(frozen=True)
class Memory:
    """What went into memory of a cut reply, beside the words whose sound had arrived to their end."""

    remembered_words: int
    heard_words: int
    remembered: str
    heard: str


class Story:
    """The turns and replies of one call."""

    def __init__(
        self, record: Record, messages: Sequence[Message], spans: Sequence[Span], wall_s: float, voice: Voice
    ) -> None:
        self.record = record
        session_id = record.session.get("session_id")
        self._spans = [span for span in spans if span.attributes.get("session.id") == session_id]
        self._reports = {m["trace_id"]: m for m in messages if m.get("type") == "turn"}
        self._wall_s = wall_s
        self._voice = voice
        self._compared: dict[float, tuple[Reference, list[Heard]]] = {}
        self.received = Received(record.received)

    @cached_property
    def moves(self) -> list[Move]:
        return sorted(map(self._move, self._roots), key=lambda move: move.from_s)

    @cached_property
    def replies(self) -> list[Reply]:
        """In the order in which they sounded."""
        found = [reply for root in self._roots for reply in self._replies_of(root)]
        return sorted(found, key=lambda reply: reply.released_s)

    def sounding(self, at_s: float) -> Reply | None:
        """The reply that sounds at this moment."""
        return next((each for each in self.replies if each.released_s <= at_s <= each.over_s), None)

    def noticed(self, from_s: float, to_s: float) -> list[Move]:
        """The turns that speech began in this time."""
        return [move for move in self.moves if move.origin == "speech" and from_s <= move.from_s <= to_s]

    def stopped_s(self, reply: Reply) -> float | None:
        """When the last audible sample of a reply arrived; None if nothing of it was heard."""
        return last_audible_s(self.received.between(reply.released_s, self._until_s(reply)))

    def compared(self, reply: Reply) -> tuple[Reference, list[Heard]]:
        """The reply as it should sound, and its packets beside that; no packets if they are not alike."""
        if reply.released_s not in self._compared:
            reference = self._voice.read(reply.text)
            until_s = min(self._until_s(reply), reply.over_s + TRANSIT_S)
            packets = self.received.between(reply.released_s, until_s)
            self._compared[reply.released_s] = reference, self.received.compared(reference, packets)
        return self._compared[reply.released_s]

    def memory(self, reply: Reply) -> Memory | None:
        """None when the reply is not found in what arrived, so nothing can be said."""
        reference, heard = self.compared(reply)
        stopped_s = self.stopped_s(reply)
        if not heard or stopped_s is None:
            return None
        last = heard[bisect_right([each.packet.arrival_s for each in heard], stopped_s) - 1]
        sample = last.sample + round((stopped_s - last.packet.arrival_s) * 24_000)
        whole = [word for word in reference.words if word.end_sample <= sample]
        return Memory(
            reference.words_in(len(reply.remembered)),
            len(whole),
            reply.remembered,
            reference.text[: whole[-1].text_end if whole else 0],
        )

    def duck(self, reply: Reply, move: Move) -> Duck:
        """What the speech of `move` over `reply` did to its level."""
        _, heard = self.compared(reply)
        after = [each for each in heard if move.from_s <= each.packet.arrival_s]
        first_s = first_attenuated_s(after)
        if first_s is None or first_s > reply.over_s:
            return Duck(None, None, None)
        turned_up_s = min(move.to_s, reply.over_s)
        low = [
            each.gain
            for each in after
            if each.gain is not None and first_s + SETTLED_S <= each.packet.arrival_s < turned_up_s
        ]
        back = [
            each.packet.arrival_s
            for each in after
            if each.packet.arrival_s >= turned_up_s and each.gain is not None and each.gain >= FULL
        ]
        return Duck(
            1000 * (first_s - move.from_s),
            sorted(low)[len(low) // 2] if low else None,
            1000 * (back[0] - turned_up_s) if back and turned_up_s == move.to_s else None,
        )

    def lost_ms(self, reply: Reply) -> float | None:
        """How much of a whole reply's audible sound did not arrive; None if it is not found at all."""
        reference, heard = self.compared(reply)
        if not heard:
            return None
        jumps = [b.sample - a.sample - (b.packet.rtp - a.packet.rtp) // 2 for a, b in pairwise(heard)]
        missing = max(0, reference.words[-1].end_sample - heard[-1].sample - 480)
        return 20.0 * sum(each.is_gone for each in heard) + (sum(max(0, j) for j in jumps) + missing) / 24

    # -- inside -----------------------------------------------------------------------------------------

    @property
    def _roots(self) -> list[Span]:
        return [span for span in self._spans if span.name == "visavis.turn"]

    def _move(self, root: Span) -> Move:
        of = root.attributes
        return Move(
            str(of["visavis.turn.id"]),
            str(of["visavis.turn.origin"]),
            str(of.get("visavis.turn.outcome", "unknown")),
            self._at_s(root.from_ms),
            self._at_s(root.to_ms),
        )

    def _replies_of(self, root: Span) -> list[Reply]:
        """An opener sounds before the answer and is a generation, too."""
        made = [s for s in self._spans if s.name == "visavis.generation" and s.trace_id == root.trace_id]
        released = sorted((s for s in made if "released" in s.events), key=lambda s: s.events["released"])
        report: dict[str, Any] = self._reports.get(root.trace_id, {})
        opener = str(report.get("opener") or "")
        texts = [opener] if opener else []
        texts.append(str(report.get("reply") or "").removeprefix(opener).strip())
        memory = str(report.get("heard") or "")
        memories = [memory[: len(opener)]] if opener else []
        memories.append(memory.removeprefix(opener).strip())
        return [
            Reply(
                self._move(root),
                text,
                remembered,
                self._at_s(span.events["released"]),
                self._at_s(span.to_ms),
                span.attributes.get("visavis.generation.outcome") != "heard",
            )
            for span, text, remembered in zip(released, texts, memories, strict=False)
        ]

    def _until_s(self, reply: Reply) -> float:
        """When the next reply begins to sound."""
        return min(
            (each.released_s for each in self.replies if each.released_s > reply.released_s),
            default=float("inf"),
        )

    def _at_s(self, wall_ms: float) -> float:
        return wall_ms / 1000 - self._wall_s


def first_attenuated_s(heard: Sequence[Heard]) -> float | None:
    """When the first packet that was turned down arrived; None if a pause or an "s" hides it."""
    before: Heard | None = None
    for each in heard:
        if each.gain is None:
            return None
        if each.gain < DUCKED:
            began = before if before is not None and before.gain is not None and before.gain < FULL else each
            return began.packet.arrival_s
        before = each
    return None
