"""How fast asr hears: each model alone, then whole turns through the server at the speed of life.

usage: python bench/asr.py [--models DIR] [WAV ...]   (16 kHz mono; default: questions spoken by hibari)
"""

import argparse
import asyncio
import re
import statistics
import time
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import numpy as np
from hibari import Hibari
from rpckit.serve import new_server
from visavis.asr.v1 import asr_service_pb2 as pb
from visavis.asr.v1 import asr_service_pb2_grpc as pb_grpc
from visavis.media.v1 import media_pb2
from visavis_asr.backends import load_engine
from visavis_asr.config import Config
from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES, Engine, Samples
from visavis_asr.server import AsrServicer

CHUNK = RATE_HZ // 50
QUESTIONS = [
    "What is the capital of Australia?",
    "Can you tell me a story about a dragon?",
    "How far away is the moon?",
    "Yes, please.",
    "What should I cook for dinner tonight if I only have rice and eggs?",
    "Who wrote the play about Romeo and Juliet?",
    "Thank you very much, that was all I wanted to know.",
    "Stop!",
]


def spoken(text: str, voice: Hibari) -> Samples:
    """The sentence at 16 kHz, cut to the sound itself."""
    sound = voice(text, seed=0)
    size = round(len(sound) * RATE_HZ / voice.sample_rate)
    spectrum = np.fft.rfft(sound)[: size // 2 + 1]
    return trimmed((np.fft.irfft(spectrum, size) * RATE_HZ / voice.sample_rate).astype(np.float32))


def trimmed(sound: Samples) -> Samples:
    """Without what is quieter than a fiftieth of the peak at either end."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]


def read_wav(path: str) -> Samples:
    """A recorded sentence."""
    with wave.open(path) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE_HZ, 1, 2):
            raise SystemExit(f"{path} must be mono 16-bit PCM at {RATE_HZ} Hz")
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return trimmed(pcm.astype(np.float32) / 32768)


def time_ms(step: Callable[[], object], times: int) -> str:
    """Wall time of a step: the median, and the least (what it takes when nothing else runs)."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        step()
        taken.append((time.perf_counter() - begun) * 1e3)
    return f"median {statistics.median(taken):7.2f} ms  least {min(taken):7.2f} ms"


def print_steps(engine: Engine, speech: Samples) -> None:
    """Each model alone."""
    for seconds in (1, 3, 6):
        part = speech[: seconds * RATE_HZ]
        print(f"decode {seconds} s       ", time_ms(partial(engine.transcribe, part, lambda: False), 9))
    print("judge a pause    ", time_ms(partial(engine.p_complete, speech), 9))
    window = speech[:WINDOW_SAMPLES]
    print("VAD window       ", time_ms(partial(engine.open_vad().step, window), 200))


class Turn:
    """One sentence said in real time, with what came back and when."""

    def __init__(self, speech: Samples) -> None:
        room = np.random.default_rng(0).standard_normal
        self.onset = RATE_HZ // 2
        self.end = self.onset + len(speech)
        sound = 3e-4 * room(self.end + RATE_HZ)
        sound[self.onset : self.end] += speech
        self.pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2")
        self.sent_at: dict[int, float] = {}
        self.paused_ms = self.started_ms = self.final_ms = float("nan")
        self.rests: list[tuple[float, str]] = []  # when, and the words so far
        self.text = ""

    @property
    def rest_ms(self) -> float:
        """The first partial at rest that said all that the final says, after the last speech sample."""
        whole = re.sub(r"\W", "", self.text.lower())
        said = (at for at, text in self.rests if re.sub(r"\W", "", text.lower()) == whole)
        return (next(said, float("nan")) - self.sent_at[self.end - 1]) * 1e3

    async def play(self, stub: pb_grpc.AsrServiceStub) -> None:
        """Say it and listen."""
        call = stub.Recognize()
        audio_format = media_pb2.AudioFormat(sample_rate_hz=RATE_HZ, channel_count=1)
        start = pb.StartRecognition(session_id="bench", format=audio_format)
        await call.write(pb.RecognizeRequest(start=start))
        await call.read()
        await call.write(pb.RecognizeRequest(begin_turn=pb.BeginTurn(turn_id="t")))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(call))
            await self._speak(call)

    async def _speak(self, call: grpc.aio.StreamStreamCall) -> None:
        begun = time.perf_counter()
        for at in range(0, len(self.pcm), CHUNK):
            await asyncio.sleep(begun + (at + CHUNK) / RATE_HZ - time.perf_counter())
            chunk = media_pb2.AudioChunk(start_sample=at, pcm_s16le=self.pcm[at : at + CHUNK].tobytes())
            for sample in (self.onset, self.end - 1):
                if at <= sample < at + CHUNK:
                    self.sent_at[sample] = begun + sample / RATE_HZ
            await call.write(pb.RecognizeRequest(audio=pb.CapturedAudio(chunk=chunk)))
        self.sent_at[-1] = time.perf_counter()
        await call.write(pb.RecognizeRequest(end_turn=pb.EndTurn(turn_id="t")))

    async def _listen(self, call: grpc.aio.StreamStreamCall) -> None:
        while (response := await call.read()) is not grpc.aio.EOF:
            now = time.perf_counter()
            match response.WhichOneof("event"):
                case "speech_started" if np.isnan(self.started_ms):
                    self.started_ms = (now - self.sent_at[self.onset]) * 1e3
                case "partial" if response.partial.at_rest:
                    self.rests.append((now, response.partial.text))
                case "paused" if self.end - 1 in self.sent_at:
                    self.paused_ms = (now - self.sent_at[self.end - 1]) * 1e3
                case "final":
                    self.final_ms, self.text = (now - self.sent_at[-1]) * 1e3, response.final.text
                    await call.write(pb.RecognizeRequest(finish=pb.FinishRecognition()))


async def play_turns(engine: Engine, config: Config, sentences: list[Samples]) -> list[Turn]:
    """All sentences, one after the other, over a real wire."""
    server, servicer = new_server(), AsrServicer(engine, config)
    pb_grpc.add_AsrServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    turns = [Turn(sentence) for sentence in sentences]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for turn in turns:
            await turn.play(pb_grpc.AsrServiceStub(channel))
    await server.stop(None)
    servicer.close()
    return turns


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("wav", nargs="*")
    given = parser.parse_args()
    config = Config(models_dir=given.models)
    engine = load_engine(config)
    voice = Hibari(threads=1)
    questions = [spoken(question, voice) for question in QUESTIONS]
    print_steps(engine, np.concatenate(questions))
    turns = asyncio.run(play_turns(engine, config, [read_wav(path) for path in given.wav] or questions))
    for turn in turns:
        size = (turn.end - turn.onset) / RATE_HZ
        print(
            f"{size:5.2f} s  at rest {turn.rest_ms:4.0f} ms ({len(turn.rests)} partials at rest)  "
            f"paused {turn.paused_ms:4.0f} ms  final {turn.final_ms:5.1f} ms  {turn.text}"
        )
    for name in ("started", "rest", "paused", "final"):
        values = [getattr(turn, f"{name}_ms") for turn in turns]
        print(f"{name:8} median {np.nanmedian(values):6.1f} ms  worst {np.nanmax(values):6.1f} ms")
    engine.close()


if __name__ == "__main__":
    main()
