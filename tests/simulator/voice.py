"""The simulated voice: each speech sounds of itself (marks.py), and its words have known times."""

import asyncio
import random
import re
from dataclasses import dataclass, field
from typing import Any

import grpc
from visavis.media.v1 import media_pb2
from visavis.tts.v1 import tts_service_pb2 as pb

from . import marks
from .calls import Broken, Call, unavailable
from .wire import RecordingBus

START_S = (0.002, 0.01)
CLAUSE_S = (0.02, 0.06)
WORD_MS = (180, 420)
MAX_CLAUSE_WORDS = 8
NEVER_S = 3600.0


@dataclass(frozen=True)
class SpokenWord:
    """A word of a speech: [start, end) in its text, times in milliseconds of its sound."""

    start: int
    end: int
    offset_ms: int
    length_ms: int


@dataclass(eq=False)
class Speech:
    """One Synthesize call: a generation's sound."""

    number: int
    turn_id: str
    generation: int
    call: Call = field(repr=False)
    voice: str = ""
    text: str = ""
    words: list[SpokenWord] = field(default_factory=list)
    length_ms: int = 0

    def word(self, word: SpokenWord) -> str:
        return self.text[word.start : word.end]


class Voice:
    """The tts service of one session."""

    def __init__(self, dice: random.Random, bus: RecordingBus) -> None:
        self._dice = dice
        self.fault = ""
        self.calls: list[Call] = []
        self.speeches: list[Speech] = []
        self.violations: list[str] = []
        bus.listen("interrupt", self._on_interrupt)

    def Synthesize(self, **_: Any) -> Call:
        self.calls.append(Call("tts", self._serve))
        return self.calls[-1]

    async def _serve(self, call: Call) -> None:
        requests = call.requests()
        start = (await anext(requests)).start
        await asyncio.sleep(self._dice.uniform(*START_S))
        if self.fault == "refuses":
            raise unavailable()
        speech = Speech(len(self.speeches) + 1, start.turn_id, start.generation, call, start.voice)
        self.speeches.append(speech)
        audio_format = media_pb2.AudioFormat(sample_rate_hz=24_000, channel_count=1)
        await call.respond(pb.SynthesizeResponse(started=pb.SpeechStarted(format=audio_format)))
        spoken = 0
        async for request in requests:
            is_last = request.WhichOneof("event") == "finish"
            speech.text += request.text.text
            while (end := self._clause_end(speech.text, spoken, is_last=is_last)) > spoken:
                await self._speak(speech, spoken, end)
                spoken = end
            if is_last:
                done = pb.SpeechDone(sample_count=speech.length_ms * marks.MS_SAMPLES)
                await call.respond(pb.SynthesizeResponse(done=done))
                return

    def _on_interrupt(self, stop: Any) -> None:
        """What a service that listens to NATS does: the generation named, and older ones."""
        for speech in self.speeches:
            is_meant = stop.turn_id in ("", speech.turn_id)
            if is_meant and speech.generation <= (stop.generation or speech.generation):
                speech.call.fail(Broken(grpc.StatusCode.CANCELLED, "interrupted"))

    @staticmethod
    def _clause_end(text: str, spoken: int, *, is_last: bool) -> int:
        """Where the clause that begins at `spoken` ends; `spoken` when it is not whole yet."""
        border = re.search(r"[.,!?](?= )", text[spoken:])
        if border:
            return spoken + border.end()
        words = list(re.finditer(r"\S+(?= )", text[spoken:]))
        if len(words) > MAX_CLAUSE_WORDS:
            return spoken + words[MAX_CLAUSE_WORDS - 1].end()
        return len(text) if is_last and text[spoken:].strip() else spoken

    async def _speak(self, speech: Speech, start: int, end: int) -> None:
        await asyncio.sleep(self._dice.uniform(*CLAUSE_S))
        if self.fault == "mute":
            await asyncio.sleep(NEVER_S)
        for match in re.finditer(r"\S+", speech.text[start:end]):
            length_ms = self._dice.randint(*WORD_MS)
            word = SpokenWord(start + match.start(), start + match.end(), speech.length_ms, length_ms)
            await self._sound(speech, word)
            if self.fault == "breaks":
                raise unavailable()
            if self.fault == "stalls":
                await asyncio.sleep(NEVER_S)

    async def _sound(self, speech: Speech, word: SpokenWord) -> None:
        times = {"offset_us": word.offset_ms * 1000, "duration_us": word.length_ms * 1000}
        cue = media_pb2.VisemeCue(viseme=media_pb2.VISEME_AA, intensity=0.8, **times)
        said = pb.WordCue(text_start=word.start, text_end=word.end, **times)
        pcm = marks.sound(speech.number, word.offset_ms, word.length_ms)
        first = word.offset_ms * marks.MS_SAMPLES
        chunk = media_pb2.AudioChunk(start_sample=first, pcm_s16le=pcm.astype("<i2").tobytes())
        speech.words.append(word)
        speech.length_ms += word.length_ms
        await speech.call.respond(pb.SynthesizeResponse(words=pb.WordCues(words=[said])))
        await speech.call.respond(pb.SynthesizeResponse(visemes=pb.VisemeCues(cues=[cue])))
        await speech.call.respond(pb.SynthesizeResponse(audio=chunk))
