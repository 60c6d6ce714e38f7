"""What came of calls in which the avatar was spoken over: a verdict on each, the sums, the table."""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from overheard import Duck, Memory, Reply, Story
from trials import first_speech_sent_s
from turns import progress, spread, text
from visavis_cli.talk.record import Question, Record

NOTICED_WITHIN_S = 0.7  # speech is noticed within this after its end, or never
STOPS_WITHIN_S = 2.5  # and stops a reply within this after its end


@dataclass(frozen=True)
class Said:
    """Something that the user said: an opening, a question, an interruption, or the sound of a listener."""

    kind: str
    question: Question

    def is_out(self, record: Record) -> bool:
        """Its last speech sample has left."""
        return self.question.last_speech_sent_s(record.sent) is not None

    def span_s(self, story: Story) -> tuple[float, float]:
        """When its first and its last speech sample left."""
        end_s = self.question.last_speech_sent_s(story.record.sent)
        assert end_s is not None
        return first_speech_sent_s(self.question, story.record), end_s


@dataclass(frozen=True)
class Interruption:
    """One reply that was to be stopped; without times when it was not."""

    said: str
    onset_to_silence_ms: float | None = None
    decision_to_silence_ms: float | None = None
    memory: Memory | None = None
    note: str = ""


@dataclass(frozen=True)
class Backchannel:
    """One sound of a listener over a reply."""

    kind: str
    file: str
    was_noticed: bool
    has_stopped: bool


@dataclass(frozen=True)
class OwnEcho:
    """A call beside a loudspeaker: times of what the avatar did while the user was silent."""

    replies: int
    onsets_s: list[float]
    stops_s: list[float]
    answers_to_itself: int


@dataclass
class Verdicts:
    """Of all calls."""

    interruptions: list[Interruption] = field(default_factory=list)
    ducks: list[Duck] = field(default_factory=list)
    backchannels: list[Backchannel] = field(default_factory=list)
    lost_ms: list[float] = field(default_factory=list)
    echo: list[OwnEcho] = field(default_factory=list)
    echo_turns: int = 0
    echo_interruptions: list[Interruption] = field(default_factory=list)
    echo_frames: int = 0
    echo_frames_without: int = 0
    failures: list[str] = field(default_factory=list)
    load_average: dict[str, float] = field(default_factory=dict)

    def judge_interruptions(self, said: Sequence[Said], story: Story) -> None:
        """A call of the first part."""
        for each in said:
            if each.kind == "interruption":
                self.interruptions.append(self._interruption(each, story))
                self._judge_ducks(each, story)

    def judge_backchannels(self, said: Sequence[Said], story: Story) -> None:
        """A call of the second part."""
        for each in said:
            start_s, end_s = each.span_s(story)
            judged = Backchannel(
                each.kind,
                each.question.speech.path.name,
                bool(story.noticed(start_s, end_s + NOTICED_WITHIN_S)),
                cut_by(each, story) is not None,
            )
            self.backchannels.append(judged)
            self._judge_ducks(each, story)
            stopped = "STOPPED the avatar" if judged.has_stopped else "spoke on"
            progress(f"  {judged.file}: {'noticed' if judged.was_noticed else 'not noticed'}, {stopped}")
        for reply in story.replies:
            if reply.move.origin == "say" and not reply.was_cut:
                self._judge_whole(reply, story)

    def judge_echo(self, said: Sequence[Said], story: Story) -> None:
        """A call of the third part."""
        spans_s = [each.span_s(story) for each in said]
        stops = [r.over_s for r in story.replies if r.was_cut and is_alone(r.over_s, spans_s, STOPS_WITHIN_S)]
        onsets = [
            move
            for move in story.moves
            if move.origin == "speech" and is_alone(move.from_s, spans_s, NOTICED_WITHIN_S)
        ]
        answered = sum(move.outcome != "dropped" for move in onsets)
        zero_s = story.record.sent[0].sent_s
        judged = OwnEcho(
            len(story.replies),
            [round(move.from_s - zero_s, 2) for move in onsets],
            [round(at_s - zero_s, 2) for at_s in stops],
            answered,
        )
        self.echo.append(judged)
        self.echo_turns += sum(each.kind in ("question", "opening") for each in said)
        progress(
            f"  {judged.replies} replies; noticed itself at {judged.onsets_s} s, "
            f"stopped itself at {judged.stops_s} s, answered itself {answered} times"
        )
        self.echo_interruptions += [
            self._interruption(each, story) for each in said if each.kind == "interruption"
        ]

    def _interruption(self, said: Said, story: Story) -> Interruption:
        words, (start_s, _) = said.question.speech.path.stem, said.span_s(story)
        reply = cut_by(said, story)
        if reply is None:
            note = "not stopped" if story.sounding(start_s) else "the reply was over before"
            judged = Interruption(words, note=note)
        else:
            stopped_s, memory = story.stopped_s(reply), story.memory(reply)
            if stopped_s is None:
                return Interruption(words, note="nothing of the reply arrived")
            judged = Interruption(
                words,
                round(1000 * (stopped_s - start_s), 1),
                round(1000 * (stopped_s - reply.over_s), 1),
                memory,
                "" if memory else "the reply is not like what its text should sound like",
            )
        progress(f"  {described(judged)}")
        return judged

    def _judge_ducks(self, said: Said, story: Story) -> None:
        start_s, end_s = said.span_s(story)
        for move in story.noticed(start_s, end_s + NOTICED_WITHIN_S):
            if (reply := story.sounding(move.from_s)) is not None:
                self.ducks.append(story.duck(reply, move))

    def _judge_whole(self, reply: Reply, story: Story) -> None:
        lost_ms = story.lost_ms(reply)
        if lost_ms is None:
            self.failures.append("a story did not sound like its text")
        else:
            self.lost_ms.append(lost_ms)
            progress(f"  the story came whole but for {lost_ms:.0f} ms")
        if reply.remembered != reply.text:
            self.failures.append("a story that was told to its end is not remembered whole")


def cut_by(said: Said, story: Story) -> Reply | None:
    """The reply that sounded when this was said, and stopped for it."""
    start_s, end_s = said.span_s(story)
    return next(
        (r for r in story.replies if r.was_cut and start_s <= r.over_s <= end_s + STOPS_WITHIN_S), None
    )


def is_alone(at_s: float, spans_s: Iterable[tuple[float, float]], after_s: float) -> bool:
    """Whether the user neither speaks at this moment nor did within `after_s` before it."""
    return not any(start_s <= at_s <= end_s + after_s for start_s, end_s in spans_s)


def described(each: Interruption) -> str:
    """One interruption in a line."""
    memory = each.memory
    words = f"remembered {memory.remembered_words} words, {memory.heard_words} arrived" if memory else ""
    return (
        f"{each.said}: decision to silence {text(each.decision_to_silence_ms)} ms, "
        f"onset to silence {text(each.onset_to_silence_ms)} ms; {words}{each.note}"
    )


# -- the sums -------------------------------------------------------------------------------------------


def summary(of: Verdicts) -> dict[str, Any]:
    """The numbers, as the table has them."""
    memories = [each.memory for each in of.interruptions if each.memory]
    off = [abs(each.remembered_words - each.heard_words) for each in memories]
    depths = [20 * math.log10(max(duck.depth, 1e-3)) for duck in of.ducks if duck.depth is not None]
    return {
        "interruptions": {
            "decision_to_silence_ms": spread([each.decision_to_silence_ms for each in of.interruptions]),
            "onset_to_silence_ms": spread([each.onset_to_silence_ms for each in of.interruptions]),
            "not_measured": [each.note for each in of.interruptions if each.note],
            "words_off": off,
        },
        "ducks": {
            "noticed_to_attenuated_ms": spread([duck.noticed_to_attenuated_ms for duck in of.ducks]),
            "not_measurable": sum(duck.noticed_to_attenuated_ms is None for duck in of.ducks),
            "depth_db": spread(depths),
            "back_after_ms": spread([duck.back_after_ms for duck in of.ducks]),
        },
        "backchannels": {
            "count": len(of.backchannels),
            "noticed": sum(each.was_noticed for each in of.backchannels),
            "stopped": [each.file for each in of.backchannels if each.has_stopped],
            "lost_ms": of.lost_ms,
        },
        "echo": {
            "turns": of.echo_turns,
            "replies": sum(each.replies for each in of.echo),
            "noticed_itself": sum(len(each.onsets_s) for each in of.echo),
            "stopped_itself": sum(len(each.stops_s) for each in of.echo),
            "answered_itself": sum(each.answers_to_itself for each in of.echo),
            "interruptions": len(of.echo_interruptions),
            "interrupted": sum(each.onset_to_silence_ms is not None for each in of.echo_interruptions),
            "onset_to_silence_ms": spread([each.onset_to_silence_ms for each in of.echo_interruptions]),
            "decision_to_silence_ms": spread([each.decision_to_silence_ms for each in of.echo_interruptions]),
            "frames_without_echo": [of.echo_frames_without, of.echo_frames],
        },
        "failures": of.failures,
        "load_average": of.load_average,
        "cpu_count": os.cpu_count(),
    }


def print_table(result: dict[str, Any]) -> None:
    """What was measured, and what it must be."""
    spoken, ducks, echo = result["interruptions"], result["ducks"], result["echo"]
    listened, off = result["backchannels"], spoken["words_off"]
    print()
    if spoken["onset_to_silence_ms"]["count"] or spoken["not_measured"]:
        row(
            "decision to interrupt -> last audible sample",
            times(spoken["decision_to_silence_ms"]),
            "p95 <= 150 ms",
        )
        row("  the user's onset -> last audible sample", times(spoken["onset_to_silence_ms"]))
        row("remembered and arrived words differ by", f"{off}", "<= 1 in each")
        for note in spoken["not_measured"]:
            row("  not measured", note)
    if ducks["noticed_to_attenuated_ms"]["count"]:
        row(
            "speech noticed -> first attenuated sample",
            times(ducks["noticed_to_attenuated_ms"]),
            "p95 <= 60 ms",
        )
        row("  level while the user speaks", times(ducks["depth_db"], "dB"), "-12 dB")
        row("  backchannel over -> level back", times(ducks["back_after_ms"]))
        row("  in a pause of the reply, not measurable", ducks["not_measurable"])
    if listened["count"]:
        stopped = len(listened["stopped"])
        share = f"{stopped} of {listened['count']} ({100 * stopped / listened['count']:.0f} %)"
        row("backchannels that stopped the avatar", share, "<= 5 %")
        row("  they were", ", ".join(listened["stopped"]) or "none")
        row("  noticed as speech", f"{listened['noticed']} of {listened['count']}")
        row("  sound lost in whole stories", f"{[round(each) for each in listened['lost_ms']]} ms", "0 ms")
    if echo["turns"]:
        row("it interrupted itself", f"{echo['stopped_itself']} in {echo['turns']} turns", "0 of 20")
        row("  noticed itself, answered itself", f"{echo['noticed_itself']}, {echo['answered_itself']}")
        row("  interrupted through the echo", f"{echo['interrupted']} of {echo['interruptions']}", "all")
        row("  the user's onset -> last audible sample", times(echo["onset_to_silence_ms"]))
        without, frames = echo["frames_without_echo"]
        row("  microphone frames whose echo came too late", f"{without} of {frames}")
    print(f"load average {result['load_average']} on {result['cpu_count']} cores")
    for failure in result["failures"]:
        print(f"FAILED {failure}")


def row(name: str, value: object, must: str = "") -> None:
    print(f"{name:46} {value!s:44}{'must: ' + must if must else ''}".rstrip())


def times(values: dict[str, float | None], unit: str = "ms") -> str:
    return f"p50 {text(values['p50'])} {unit}, p95 {text(values['p95'])} {unit} (n={values['count']})"
