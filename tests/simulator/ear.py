"""The simulated ear: hears a person's sounds and words, and says what an asr service would, when it would."""

import asyncio
import random
from typing import Any

import grpc
from visavis.asr.v1 import asr_service_pb2 as pb

from .calls import Broken, Call, unavailable

RATE_HZ = 16_000
ONSET_S = (0.06, 0.1)  # sound -> speech started
REST_S = (0.12, 0.2)  # last sound -> partial at rest
PAUSE_S = (0.25, 0.35)  # last sound -> pause notice
FINAL_S = (0.01, 0.15)  # end_turn -> final
PARTIAL_S = 0.5


class Hearing:
    """Speech between two ends of turn."""

    def __init__(self, now_s: float) -> None:
        self.turn_id = ""
        self.is_open = False
        self.words: list[str] = []
        self.start_s: float | None = None
        self.end_s = now_s
        self.phase = "silent"  # speaking, paused
        self.told = ""

    def transcript(self, confidence: float | None = None, *, at_rest: bool = False) -> pb.Transcript:
        start_s = self.end_s if self.start_s is None else self.start_s
        return pb.Transcript(
            turn_id=self.turn_id,
            text=" ".join(self.words),
            start_sample=round(start_s * RATE_HZ),
            end_sample=round(max(self.end_s, start_s) * RATE_HZ),
            at_rest=at_rest,
            confidence=confidence,
        )


class Ear:
    """The asr service of one session. Times are the session's: it begins at `zero_s` of the loop."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._loop = asyncio.get_running_loop()
        self._zero_s = self._loop.time()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()
        self._hearing = Hearing(0.0)
        self._is_sounding = False
        self._onset_s = 0.0
        self.p_complete = 0.1
        self.confidence: float | None = None
        self.fault = ""
        self.calls: list[Call] = []
        self.log: list[tuple[int, str, str]] = []  # session time in microseconds, event, text
        self.violations: list[str] = []

    @property
    def now_s(self) -> float:
        return self._loop.time() - self._zero_s

    # -- the person ---------------------------------------------------------------------------------------

    def sound_on(self) -> None:
        """A voice begins."""
        self._is_sounding = True
        self._onset_s = self.now_s
        self._stop("rest", "pause")
        if self._hearing.phase != "speaking":
            self._after("onset", ONSET_S, self._onset)

    def word(self, word: str) -> None:
        """A word has been said to its end."""
        self._hearing.words.append(word)

    def sound_off(self, p_complete: float) -> None:
        """The voice stops; `p_complete`: whether it sounds like an end."""
        self._is_sounding = False
        self.p_complete = p_complete
        self._hearing.end_s = self.now_s
        if self._hearing.phase == "speaking":
            self._after("rest", REST_S, self._rest)
            self._after("pause", PAUSE_S, self._pause)

    def fail(self, how: str) -> None:
        """See `Fails`."""
        if how == "breaks":
            self._outbox.put_nowait(unavailable())
        else:
            self.fault = how

    # -- the gateway --------------------------------------------------------------------------------------

    def Recognize(self, **_: Any) -> Call:
        self.calls.append(Call("asr", self._serve))
        return self.calls[-1]

    async def _serve(self, call: Call) -> None:
        requests = call.requests()
        start = (await anext(requests)).start
        self._outbox = asyncio.Queue()
        self._afresh()
        if start.HasField("snapshot"):
            self._hearing.turn_id, self._hearing.is_open = start.snapshot.turn.turn_id, True
            self._hearing.words = start.snapshot.text.split()
        await call.respond(pb.RecognizeResponse(started=pb.RecognitionStarted()))
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(requests))
            try:
                await self._speak(call)
            finally:
                listening.cancel()

    async def _speak(self, call: Call) -> None:
        while not isinstance(response := await self._outbox.get(), Broken):
            await call.respond(response)
        raise response

    async def _listen(self, requests: Any) -> None:
        async for request in requests:
            match request.WhichOneof("event"):
                case "begin_turn":
                    self._check(not self._hearing.is_open, "begin_turn while a turn is open")
                    self._hearing.turn_id, self._hearing.is_open = request.begin_turn.turn_id, True
                case "end_turn":
                    right = self._hearing.is_open and request.end_turn.turn_id == self._hearing.turn_id
                    self._check(right, f"end_turn {request.end_turn.turn_id}, which is not open")
                    self._end()
                case "drop_turn" if request.drop_turn.turn_id == self._hearing.turn_id:
                    self._afresh()

    def _check(self, is_right: bool, what: str) -> None:
        if not is_right:
            self.violations.append(f"ear: {what}")
            self._outbox.put_nowait(Broken(grpc.StatusCode.INVALID_ARGUMENT, what))

    # -- inside -------------------------------------------------------------------------------------------

    def _end(self) -> None:
        final = pb.RecognizeResponse(final=self._hearing.transcript())
        if self.fault != "lost finals":
            self._after("final", FINAL_S, lambda: self._tell(final))
        self._afresh()

    def _afresh(self) -> None:
        self._hearing = Hearing(self.now_s)
        self._stop("onset", "partial", "rest", "pause")
        if self._is_sounding:
            self._onset_s = self.now_s
            self._after("onset", ONSET_S, self._onset)

    def _onset(self) -> None:
        hearing = self._hearing
        if not self._is_sounding:
            return
        if hearing.phase == "silent" and not hearing.words:
            started = pb.SpeechStarted(start_sample=round(self._onset_s * RATE_HZ))
            self._tell(pb.RecognizeResponse(speech_started=started))
        else:
            self._tell(pb.RecognizeResponse(resumed=pb.Resumed(turn_id=hearing.turn_id)))
        if hearing.start_s is None:
            hearing.start_s = self._onset_s
        hearing.phase = "speaking"
        self._after("partial", (PARTIAL_S, PARTIAL_S), self._partial)

    def _partial(self) -> None:
        hearing = self._hearing
        text = " ".join(hearing.words)
        if hearing.phase != "speaking":
            return
        if text != hearing.told:
            hearing.told = text
            self._tell(pb.RecognizeResponse(partial=hearing.transcript(self.confidence)))
        self._after("partial", (PARTIAL_S, PARTIAL_S), self._partial)

    def _rest(self) -> None:
        if self._hearing.words:
            self._tell(pb.RecognizeResponse(partial=self._hearing.transcript(self.confidence, at_rest=True)))

    def _pause(self) -> None:
        self._hearing.phase = "paused"
        paused = pb.Paused(transcript=self._hearing.transcript(self.confidence), p_complete=self.p_complete)
        self._tell(pb.RecognizeResponse(paused=paused))

    def _tell(self, response: pb.RecognizeResponse) -> None:
        kind = response.WhichOneof("event")
        event = getattr(response, kind)
        text = event.transcript.text if kind == "paused" else getattr(event, "text", "")
        self.log.append((round(self.now_s * 1_000_000), kind, text))
        self._outbox.put_nowait(response)

    def _after(self, name: str, delay_s: tuple[float, float], do: Any) -> None:
        self._stop(name)
        self._timers[name] = self._loop.call_later(self._dice.uniform(*delay_s), do)

    def _stop(self, *names: str) -> None:
        for name in names:
            if name in self._timers:
                self._timers.pop(name).cancel()

    def close(self) -> None:
        """No timer is left."""
        self._stop(*list(self._timers))
