"""What is done in a call, and what came of it: judged by its two audio tracks alone, for every system."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lines import Line, says_it_is_busy
from visavis_cli.talk.arrivals import AudioPacket
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import speech_spans
from visavis_cli.talk.microphone import FRAME_SAMPLES
from visavis_cli.talk.record import Question, Record
from visavis_cli.talk.report import voice_to_voice_ms
from visavis_cli.talk.speech import RATE_HZ, Speech

ANSWER_WITHIN_S = 10.0  # longer than the longest wait of any system; after it the turn was missed
LONGEST_ANSWER_S = 60.0
QUIET_S = 1.5  # longer than any pause between two sentences of a reply
STOP_GAP_S = 0.7
INTERRUPT_AFTER_S = 0.8  # of the reply
STILL_TALKING_S = 0.25


@dataclass(frozen=True)
class Asked:
    """One question. Without an answer, or with one that began too early, it has no latency.

    An `opener` ("Let me think.") is not the answer: the latency counts from what comes after it.
    """

    file: str
    voice_to_voice_ms: float | None
    was_cut_off: bool
    was_missed: bool
    transcript: str
    reply: str
    opener: str


@dataclass(frozen=True)
class Interrupted:
    """One interruption: from its first speech sample sent to the last audible packet of the reply."""

    file: str
    stop_ms: float | None
    note: str


async def ask(line: Line, speech: Speech) -> None:
    """Say one question and wait until its answer has ended, or until it is clear that there is none."""
    question = await say(line, speech)
    try:
        await line.until(lambda: answered(question, line.record), ANSWER_WITHIN_S, "no answer")
    except TalkError as error:
        if "no answer" not in str(error):
            raise
        return
    await line.until(
        lambda: quiet(line.record) and not says_it_is_busy(line), LONGEST_ANSWER_S, "no end of the answer"
    )


async def interrupt(line: Line, opening: Speech, interruption: Speech) -> None:
    """Ask for something long, speak over the answer, and wait until all is quiet again."""
    question = await say(line, opening)
    await line.until(lambda: answered(question, line.record), ANSWER_WITHIN_S, "nothing to interrupt")
    begun_s = line.record.audio.sounded_s
    await line.until(
        lambda: (
            line.record.audio.newest is not None
            and line.record.audio.newest.arrival_s > begun_s + INTERRUPT_AFTER_S
        ),
        ANSWER_WITHIN_S,
        "the audio stopped",
    )
    await ask(line, interruption)


async def say(line: Line, speech: Speech) -> Question:
    question = Question(speech, line.microphone.say(speech.samples))
    line.record.questions.append(question)
    await line.until(question.saying.said.is_set, 3 * len(speech.samples) / RATE_HZ + 5, "could not be said")
    return question


def answered(question: Question, record: Record) -> bool:
    """Something was heard after the question's end."""
    end_s = question.last_speech_sent_s(record.sent)
    return end_s is not None and record.audio.sounded_s > end_s


def quiet(record: Record) -> bool:
    newest = record.audio.newest
    return newest is not None and newest.arrival_s - record.audio.sounded_s >= QUIET_S


def first_speech_sent_s(question: Question, record: Record) -> float:
    """When the packet with the question's first speech sample left."""
    first = speech_spans(question.speech.samples, RATE_HZ)[0].start
    return record.sent[question.saying.first_frame + first // FRAME_SAMPLES].sent_s


def judge_asked(question: Question, record: Record, onsets: Sequence[AudioPacket]) -> Asked:
    """A turn was cut off when the system was heard while the user was not done."""
    start_s, end_s = first_speech_sent_s(question, record), question.last_speech_sent_s(record.sent)
    was_cut_off = end_s is not None and any(
        not packet.silent and start_s < packet.arrival_s < end_s for packet in record.received
    )
    latency = voice_to_voice_ms(question, record, onsets)
    return Asked(
        file=question.speech.path.name,
        voice_to_voice_ms=None if was_cut_off else latency,
        was_cut_off=was_cut_off,
        was_missed=not was_cut_off and latency is None,
        transcript=" | ".join(str(turn.get("transcript")).strip() for turn in question.turns),
        reply=" | ".join(str(turn.get("reply")).strip() for turn in question.turns),
        opener=opener_of(question),
    )


def opener_of(question: Question) -> str:
    """What was said before the answer because it was late; only visavis has that, and says so."""
    return str((question.turns[-1] if question.turns else {}).get("opener") or "")


def judge_interrupted(interruption: Question, record: Record) -> Interrupted:
    """The reply has stopped at the last packet before the first long gap in what is audible."""
    name, start_s = interruption.speech.path.name, first_speech_sent_s(interruption, record)
    audible = [packet.arrival_s for packet in record.received if not packet.silent]
    if not any(start_s - STILL_TALKING_S < at <= start_s for at in audible):
        return Interrupted(name, None, "the reply was over before")
    after = [start_s, *(at for at in audible if at > start_s)]
    stopped_s = next((at for at, later in pairwise(after) if later - at > STOP_GAP_S), after[-1])
    return Interrupted(name, round(1000 * (stopped_s - start_s), 1), "")
