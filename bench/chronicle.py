"""What happened in a conversation, put together from the page, the trace and the sound."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from chromium import Visit
from ear import Ear
from spans import Span

LOUD = 330  # of 32768: above a codec's noise, below any speech
FLICKER_MS = 120  # a state that is shown for less than this cannot be read
NEEDED = ("speculated", "cancelled", "confirmed")


@dataclass
class Generation:
    """One attempt at a reply, as its span tells it."""

    number: int
    speculative: bool
    outcome: str
    from_ms: float
    confirmed_ms: float | None
    released_ms: float | None
    to_ms: float
    token_count: int  # that the model wrote for it

    def told(self, zero_ms: float) -> str:
        """Its life in a line; times in milliseconds since `zero_ms`."""
        marks = [("made", self.from_ms), ("confirmed", self.confirmed_ms), ("released", self.released_ms)]
        times = ", ".join(f"{name} {at - zero_ms:+.0f}" for name, at in marks if at is not None)
        kind = "speculated" if self.speculative else "asked for"
        return f"g{self.number} {kind}, **{self.outcome}** ({times}, over {self.to_ms - zero_ms:+.0f} ms)"


@dataclass
class Turn:
    """One turn of the trace, with what the page was told of it. Times in milliseconds on the page's clock."""

    span: Span
    from_ms: float
    generations: list[Generation]
    report: dict[str, Any] | None
    said: list[dict[str, Any]] = field(default_factory=list)
    ear: str = ""
    page_latency_ms: float | None = None
    quiet_after_ms: float | None = None  # since somebody began to speak over it

    @property
    def origin(self) -> str:
        return str(self.span.attributes["visavis.turn.origin"])

    @property
    def outcome(self) -> str:
        return str(self.span.attributes.get("visavis.turn.outcome", "unknown"))

    @property
    def turn_id(self) -> str:
        return str(self.span.attributes["visavis.turn.id"])


class Chronicle:
    """The turns in order, and what is wrong with them."""

    def __init__(
        self, visit: Visit, spans: Sequence[Span], shots: Sequence[str], complaints: Sequence[str]
    ) -> None:
        self.visit = visit
        self._spans = spans
        self._shots = shots
        self._complaints = list(complaints)

    @cached_property
    def turns(self) -> list[Turn]:
        roots = sorted((s for s in self._spans if s.name == "visavis.turn"), key=lambda span: span.from_ms)
        turns = [self._turn(root) for root in roots]
        for said in self.visit.spoken:
            for turn in turns:
                if turn.origin == "speech" and said["from_ms"] - 100 <= turn.from_ms <= said["to_ms"] + 500:
                    turn.said.append(said)
        ear = Ear()
        for turn, following in zip(turns, [*turns[1:], None], strict=True):
            self._listen(turn, following, ear)
        return turns

    def _turn(self, root: Span) -> Turn:
        made = [s for s in self._spans if s.name == "visavis.generation" and s.trace_id == root.trace_id]
        reports = (m for m in self.visit.messages if m["type"] == "turn")
        report = next((m for m in reports if m["trace_id"] == root.trace_id), None)
        generations = sorted((self._generation(span) for span in made), key=lambda each: each.number)
        return Turn(root, root.from_ms - self.visit.origin_ms, generations, report)

    def _generation(self, span: Span) -> Generation:
        events = {name: at - self.visit.origin_ms for name, at in span.events.items()}
        return Generation(
            int(span.attributes["visavis.generation"]),
            bool(span.attributes["visavis.generation.speculative"]),
            str(span.attributes.get("visavis.generation.outcome", "unknown")),
            span.from_ms - self.visit.origin_ms,
            events.get("confirmed"),
            events.get("released"),
            span.to_ms - self.visit.origin_ms,
            sum(self._tokens(span)),
        )

    def _tokens(self, generation: Span) -> Iterator[int]:
        for span in self._spans:
            is_its = span.trace_id == generation.trace_id and span.name.startswith("chat ")
            key = "visavis.generation"
            if is_its and span.attributes.get(key) == generation.attributes[key]:
                yield int(span.attributes.get("gen_ai.usage.output_tokens", 0))

    def _listen(self, turn: Turn, following: Turn | None, ear: Ear) -> None:
        """What the page received of this reply, and how long after the user's last word."""
        released = [g.released_ms for g in turn.generations if g.released_ms is not None]
        if turn.report is None or not released:
            return
        later = [g.released_ms for g in following.generations if g.released_ms] if following else []
        over_ms = min([turn.report["at_ms"] + 700, *later])
        sound = self.visit.sound
        turn.ear = ear.words(sound.between(released[0], over_ms), sound.rate_hz)
        loud = sound.at_ms[(sound.at_ms >= released[0]) & (np.abs(sound.samples) > LOUD)]
        if turn.said and len(loud):
            turn.page_latency_ms = float(loud[0]) - turn.said[-1]["to_ms"]
        if turn.outcome == "interrupted" and following is not None and following.said:
            over_from_ms = following.said[0]["from_ms"]
            after = loud[(loud >= over_from_ms) & (loud < min([over_from_ms + 3000, *later]))]
            turn.quiet_after_ms = float(after.max(initial=over_from_ms)) - over_from_ms

    def page(self) -> dict[str, Any]:
        """What the page was told and what was said to it; times on its clock."""
        return {"spoken": self.visit.spoken, "messages": self.visit.messages, "captions": self.visit.captions}

    # -- the report -------------------------------------------------------------------------------------

    def counts(self) -> list[str]:
        """The sums, a line each."""
        made = [each for turn in self.turns for each in turn.generations]
        fates, outcomes = self._fates(), Counter(turn.outcome for turn in self.turns)
        seconds = (self.visit.messages[-1]["at_ms"] - self.visit.messages[0]["at_ms"]) / 1000
        latencies = [t.report["voice_to_voice_ms"] for t in self.turns if t.report]
        known = sorted(each for each in latencies if each is not None)
        return [
            f"{seconds:.0f} s, {len(self.turns)} turns: "
            + ", ".join(f"{n} {k}" for k, n in outcomes.items()),
            f"{len(made)} generations in the trace: " + ", ".join(f"{n} {k}" for k, n in fates.items()),
            self._waste(made),
            f"states shown for less than {FLICKER_MS} ms: "
            f"{sum(lasted < FLICKER_MS for _, _, lasted in self._states())}",
            f"voice to voice: median {known[len(known) // 2]:.0f} ms of {len(known)}"
            if known
            else "no answers",
        ]

    def problems(self) -> list[str]:
        """Whatever should not have been."""
        fates = self._fates()
        found = [f"no {fate} generation in the trace" for fate in NEEDED if not fates[fate]]
        found += [f"complaint: {line}" for line in self._complaints]
        for said in self.visit.spoken:
            heard = [turn for turn in self.turns if said in turn.said]
            if not heard:
                found.append(f"nobody heard {said['text']!r}")
            elif sum(turn.report is not None for turn in heard) > 1:
                found.append(f"cut off: {said['text']!r} became {len(heard)} turns")
        for side, key in (("user", "transcript"), ("avatar", "heard")):
            shown = Counter(words.strip() for each, words in self.visit.captions if each == side)
            told = Counter(t.report[key] for t in self.turns if t.report and t.report[key])
            found += [f"caption of no turn: {words!r}" for words in shown - told]
            found += [f"no caption: {words!r}" for words in told - shown]
        found += [f"no fate: {t.turn_id} g{g.number}" for t in self.turns for g in t.generations
                  if g.outcome == "unknown"]  # fmt: skip
        return found

    def text(self) -> str:
        """The whole report in Markdown."""
        parts = ["# A conversation\n", *(f"* {line}" for line in self.counts())]
        parts += [f"* problem: {line}" for line in self.problems()] or ["* no problems"]
        parts += [
            "\nTimes on the left: since the page was opened; `+ms`: since the user's last sample (or the"
        ]
        parts += ["turn's start where nobody spoke).\n", "## Turns\n"]
        parts += [block for turn in self.turns for block in self._told(turn)]
        parts += ["## States\n", "| at | state | ms |", "|---|---|---|"]
        parts += [f"| {clock(at)} | {name} | {lasted:.0f} |" for name, at, lasted in self._states()]
        parts += [
            "\n## Captions at the end\n",
            *(f"* {side}: {words}" for side, words in self.visit.captions),
        ]
        parts += ["\n## The page\n"]
        parts += [f"{name}\n\n![{name}]({name}.png)\n" for name in self._shots]
        return "\n".join(parts)

    def _told(self, turn: Turn) -> list[str]:
        zero_ms = turn.said[-1]["to_ms"] if turn.said else turn.from_ms
        lines = [f"### {clock(turn.from_ms)} {turn.turn_id}, {turn.origin}: {turn.outcome}\n"]
        lines += [f"* said: “{said['text']}”" for said in turn.said]
        if (report := turn.report) is not None:
            if report["transcript"]:
                lines.append(f"* understood: “{report['transcript']}”")
            lines.append(f"* reply: “{report['reply']}”")
            lines.append(f"* remembered: “{report['heard']}”")
            lines.append(f"* the page's sound, read by the recogniser: “{turn.ear}”"
                         f" ({differing(report['heard'], turn.ear)} words differ)")  # fmt: skip
            stages = ", ".join(f"{name} {ms:.0f}" for name, ms in report["stages_ms"].items())
            lines.append(f"* stages: {stages} ms; voice to voice {ms(report['voice_to_voice_ms'])},"
                         f" at the page {ms(turn.page_latency_ms)}"
                         f"{' (an opener)' if report['opener'] else ''}")  # fmt: skip
        if turn.quiet_after_ms is not None:
            lines.append(
                f"* quiet at the page {turn.quiet_after_ms:.0f} ms after the user began to speak over it"
            )
        lines += [f"* {each.told(zero_ms)}" for each in turn.generations]
        return [*lines, f"* trace `{turn.span.trace_id}`\n"]

    def _waste(self, made: Sequence[Generation]) -> str:
        tokens = Counter[bool]()
        for each in made:
            tokens[each.outcome == "cancelled"] += each.token_count
        share = tokens[True] / max(1, tokens[False])
        return f"{tokens[True]} tokens written in vain, {tokens[False]} for answers that sounded: {share:.2f}"

    def _fates(self) -> Counter[str]:
        fates: Counter[str] = Counter()
        for each in (each for turn in self.turns for each in turn.generations):
            fates["speculated"] += each.speculative
            fates["confirmed"] += each.confirmed_ms is not None
            fates[each.outcome] += 1
        return fates

    def _states(self) -> list[tuple[str, float, float]]:
        """(state, when, for how long)."""
        states = [m for m in self.visit.messages if m["type"] == "state"]
        ends = [*(m["at_ms"] for m in states[1:]), self.visit.messages[-1]["at_ms"] + FLICKER_MS]
        return [(m["state"], m["at_ms"], end - m["at_ms"]) for m, end in zip(states, ends, strict=True)]


def clock(at_ms: float) -> str:
    return f"{int(at_ms // 60_000)}:{at_ms % 60_000 / 1000:04.1f}"


def ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"


def differing(one: str, other: str) -> int:
    """How many words of the longer text are not in the other, in order."""
    first, second = (re.findall(r"[a-z0-9']+", text.lower()) for text in (one, other))
    same = difflib.SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return max(len(first), len(second)) - sum(block.size for block in same)
