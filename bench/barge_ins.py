"""Calls in which the avatar is spoken over: what the user says and when, in each part of the bench."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import lines
import trials
from backchannels import STORIES, Listener
from lines import Line
from loopback import Echo, Loudspeaker
from material import LONG_ANSWERS, Speaker
from overheard import Story, wall_clock_s
from reference import Voice
from rpckit.bus import Bus
from spans import Receiver
from turns import QUESTIONS, progress
from verdicts import Said, Verdicts
from visavis.events.v1 import events_pb2 as events
from visavis_cli.stack import Stack
from visavis_cli.talk.client import Call
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.record import Message, Record
from visavis_cli.talk.recording import write_recording
from visavis_cli.talk.speech import Speech, read_speech

ECHO_GAIN, ECHO_DELAY_S = 10 ** (-6 / 20), 0.120
# What is said over an answer, and so long after its first sound.
OVER = [
    ("Wait a moment.", 1.0),
    ("No, I meant something else.", 2.6),
    ("Stop.", 1.7),
    ("What time is it in Tokyo right now?", 3.4),
    ("Hold on.", 0.7),
    ("Sorry, can we talk about music instead?", 2.2),
    ("Mira, stop please.", 4.1),
    ("Okay, that is enough, thank you.", 1.4),
    ("Excuse me, I have a question.", 3.0),
    ("How many days are there in a leap year?", 0.9),
]
OPENINGS = [
    *LONG_ANSWERS,
    "Please tell me all about the planets and the sun.",
    "Please explain step by step how to bake a bread.",
    "Please tell me how people lived a thousand years ago.",
]
PER_CALL = 5
TRIES = 4  # for an answer that is long enough to be interrupted
SOUNDING_S = 0.4  # longer than a pause between two sentences
STORY_WITHIN_S = 10.0
STORY_ENDS_S = 120.0
GOES_ON_WITHIN_S = 4.0  # after a cut that came to nothing
BETWEEN_S = (1.2, 3.1, 2.0, 0.8, 2.6)  # from one sound of a listener to the next
EXPORTED_S = 1.5

Talk = Callable[[Line, list[Said]], Awaitable[None]]


@dataclass
class Held:
    """A call: its record, what the viewer was told, what was said over the avatar."""

    record: Record
    messages: list[Message] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    wall_s: float = 0.0
    echo: Echo | None = None


class Calls:
    """Holds the calls of each part and has them judged."""

    def __init__(self, stack: Stack, receiver: Receiver, bus: Bus, out: Path) -> None:
        self._stack, self._receiver, self._bus, self._out = stack, receiver, bus, out
        self._speaker, self._listener = Speaker(out / "speech"), Listener(out / "speech")
        self._voice = Voice()
        self._openings = 0
        self.verdicts = Verdicts()

    async def interruptions(self, count: int) -> None:
        """Over answers of the model."""
        for first in range(0, count, PER_CALL):
            numbers = range(first, min(first + PER_CALL, count))
            progress(f"interruptions {numbers.start + 1} to {numbers.stop} of {count}")
            over = [(self._said(OVER[n % len(OVER)][0]), OVER[n % len(OVER)][1]) for n in numbers]
            name = f"interruptions-{1 + first // PER_CALL:02}"
            held = await self._hold(name, partial(self._interrupt_all, over))
            self._judge(name, held, self.verdicts.judge_interruptions)

    async def backchannels(self, count: int) -> None:
        """Over stories that the avatar is told to tell."""
        left = [(kind, read_speech(path)) for kind, path in map(self._listener.sound, range(count))]
        for number in range(2 * count):  # a story that is stopped leaves sounds for another one
            if not left:
                return
            progress(f"backchannels: {len(left)} of {count} left")
            name, text = f"backchannels-{1 + number:02}", STORIES[number % len(STORIES)]
            held = await self._hold(name, partial(self._listen_to, text, left))
            self._judge(name, held, self.verdicts.judge_backchannels)
        self.verdicts.failures.append(f"{len(left)} backchannels were never said")

    async def echo(self, turns: int, interruptions: int) -> None:
        """Beside a loudspeaker: questions, and among them answers that are interrupted."""
        every = max(1, turns // max(1, interruptions))
        script: list[str | None] = []  # None stands for an interruption
        for number in range(turns):
            script.append(QUESTIONS[number % len(QUESTIONS)])
            if number % every == every - 1 and script.count(None) < interruptions:
                script.append(None)
        script += [None] * (interruptions - script.count(None))
        size = PER_CALL + 1
        for first in range(0, len(script), size):
            part = script[first : first + size]
            progress(f"echo: {first + 1} to {first + len(part)} of {len(script)}")
            name = f"echo-{1 + first // size:02}"
            held = await self._hold(name, partial(self._talk_beside, part), with_echo=True)
            self._judge(name, held, self.verdicts.judge_echo)
            if held.echo is not None:
                self.verdicts.echo_frames += held.echo.frames
                self.verdicts.echo_frames_without += held.echo.frames_without

    # -- what is said -----------------------------------------------------------------------------------

    async def _interrupt_all(
        self, over: Sequence[tuple[Speech, float]], line: Line, said: list[Said]
    ) -> None:
        for speech, moment_s in over:
            await self._until_talking(line, moment_s, said)
            await self._ask("interruption", speech, line, said)

    async def _listen_to(
        self, text: str, left: list[tuple[str, Speech]], line: Line, said: list[Said]
    ) -> None:
        begun_s = line.record.audio.sounded_s
        session_id = str(line.record.session["session_id"])
        await self._bus.publish(session_id, "say", events.Say(session_id=session_id, text=text))
        await line.until(lambda: line.record.audio.sounded_s > begun_s, STORY_WITHIN_S, "no story")
        number = 0
        while left and await still_talking(line, BETWEEN_S[number % len(BETWEEN_S)]):
            kind, speech = left.pop(0)
            said.append(Said(kind, await trials.say(line, speech)))
            number += 1
        await line.until(lambda: silent_s(line) > GOES_ON_WITHIN_S, STORY_ENDS_S, "no end of the story")

    async def _talk_beside(self, script: Sequence[str | None], line: Line, said: list[Said]) -> None:
        for text in script:
            if text is not None:
                await self._ask("question", self._said(text), line, said)
            else:
                over, moment_s = OVER[len(said) % len(OVER)]
                await self._until_talking(line, moment_s, said)
                await self._ask("interruption", self._said(over), line, said)

    async def _until_talking(self, line: Line, moment_s: float, said: list[Said]) -> None:
        """Ask for long answers until one is still under way after `moment_s`."""
        for _ in range(TRIES):
            opening = OPENINGS[self._openings % len(OPENINGS)]
            self._openings += 1
            question = await trials.say(line, self._said(opening))
            said.append(Said("opening", question))
            heard = partial(trials.answered, question, line.record)
            await line.until(heard, trials.ANSWER_WITHIN_S, f"no answer to {opening!r}")
            if await still_talking(line, moment_s):
                return
            await line.until(
                lambda: trials.quiet(line.record), trials.LONGEST_ANSWER_S, "no end of the answer"
            )
        raise TalkError(f"{TRIES} answers were over within {moment_s:g} s")

    async def _ask(self, kind: str, speech: Speech, line: Line, said: list[Said]) -> None:
        """Say it, and wait for the end of its answer."""
        before = len(line.record.questions)
        await trials.ask(line, speech)
        said.append(Said(kind, line.record.questions[before]))

    def _said(self, text: str) -> Speech:
        name = "-".join("".join(c for c in text.lower() if c.isalnum() or c == " ").split())
        return read_speech(self._speaker.spoken(name, text))

    # -- a call -----------------------------------------------------------------------------------------

    async def _hold(self, name: str, talk: Talk, *, with_echo: bool = False) -> Held:
        """One call; what it came to, also when it fails half way."""
        loudspeaker = Loudspeaker() if with_echo else None
        record = Record(audio=loudspeaker) if loudspeaker else Record()
        held = Held(record, wall_s=wall_clock_s())

        def on_open(call: Call) -> None:
            call.channel.on("message", lambda data: held.messages.append(message_of(data)))
            if loudspeaker is not None:
                held.echo = Echo(call, loudspeaker, ECHO_GAIN, ECHO_DELAY_S)

        try:
            await lines.call_visavis(
                self._stack.url, record, lambda line: talk(line, held.said), progress, on_open
            )
        except TalkError as error:
            self.verdicts.failures.append(f"{name}: {error}")
            progress(f"  {error}")
        await asyncio.sleep(EXPORTED_S)
        return held

    def _judge(self, name: str, held: Held, judge: Callable[[Sequence[Said], Story], None]) -> None:
        """Record the call and have it judged, as far as it came."""
        if held.record.received:
            write_recording(self._out / f"{name}.mp4", held.record, name)
            story = Story(held.record, held.messages, self._receiver.spans, held.wall_s, self._voice)
            judge([each for each in held.said if each.is_out(held.record)], story)


def message_of(data: str | bytes) -> Message:
    """What the gateway tells its viewer."""
    message: Message = json.loads(data)
    return message


async def still_talking(line: Line, for_s: float) -> bool:
    """Wait for so long; False as soon as the avatar falls silent for longer than between two sentences."""
    audio = line.record.audio
    until_s = (audio.newest.arrival_s if audio.newest else 0.0) + for_s

    def is_over() -> bool:
        is_late = audio.newest is not None and audio.newest.arrival_s >= until_s
        return is_late or silent_s(line) > SOUNDING_S

    await line.until(is_over, for_s + trials.ANSWER_WITHIN_S, "the audio stopped")
    return silent_s(line) <= SOUNDING_S


def silent_s(line: Line) -> float:
    """How long nothing has been heard."""
    audio = line.record.audio
    return audio.newest.arrival_s - audio.sounded_s if audio.newest is not None else 0.0
