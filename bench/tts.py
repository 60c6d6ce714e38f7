"""How fast tts speaks: the model's steps, and from the first text to the first sound over gRPC.

    .venv/bin/python bench/tts.py [--tokens-per-second 25] [--runs 20]

The reply arrives in tokens at the given pace, as from a language model; 0 sends it at once.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from visavis.tts.v1 import tts_service_pb2 as pb
from visavis.tts.v1 import tts_service_pb2_grpc as pb_grpc
from visavis_tts.backends import load_engine
from visavis_tts.config import Config
from visavis_tts.engine import Clause, Pause

SENTENCES = {
    5: "How can I help you?",
    15: "The weather in Paris is lovely today, and it will stay that way until Sunday.",
    22: "Photosynthesis is the process by which green plants and some other organisms use sunlight to make"
    " food from water and air every day.",
}
REPLY = (
    "Well, the museum opens at nine in the morning. It is quiet before noon, so that is a good time to go."
    " Would you like me to tell you how to get there?"
)


def report(name: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    print(f"{name:44} p50 {statistics.median(ordered):7.1f}   p95 {p95:7.1f} ms")


def measure_steps(runs: int) -> None:
    """Wall time of one clause in the engine."""
    engine = load_engine(Config())
    for count, text in SENTENCES.items():
        times, cpu_times, seconds = [], [], 0.0
        for _ in range(runs):
            speaker = engine.open(voice="", language_code="", speed=1)
            began, cpu_began = time.perf_counter(), time.thread_time()
            speech = speaker.speak(Clause(text, 0, Pause.SENTENCE))
            times.append((time.perf_counter() - began) * 1000)
            cpu_times.append((time.thread_time() - cpu_began) * 1000)
            speaker.close()
            seconds = len(speech.pcm) / engine.sample_rate_hz if speech else 0.0
        report(f"clause of {count} words ({seconds:.1f} s of speech)", times)
        report("   of them on the CPU", cpu_times)
        print(
            f"{'   real-time factor on the CPU':44}     {statistics.median(cpu_times) / 1000 / seconds:7.4f}"
        )
    engine.close()


async def measure_reply(stub: pb_grpc.TtsServiceStub, tokens_per_second: float) -> dict[str, float]:
    """One reply: milliseconds from the first text to its first sound, and how late the speech ran dry."""
    call = stub.Synthesize()
    await call.write(
        pb.SynthesizeRequest(start=pb.StartSpeech(session_id="bench", turn_id="bench", generation=1))
    )
    await call.read()
    began = time.perf_counter()

    async def send() -> None:
        for i, token in enumerate(re.findall(r"\s*\S+", REPLY)):
            if tokens_per_second:
                await asyncio.sleep(max(0.0, began + i / tokens_per_second - time.perf_counter()))
            await call.write(pb.SynthesizeRequest(text=pb.SpeechText(text=token)))
        await call.write(pb.SynthesizeRequest(finish=pb.FinishSpeech()))
        await call.done_writing()

    first, late, samples = 0.0, 0.0, 0
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        while (response := await call.read()) is not grpc.aio.EOF:
            if response.WhichOneof("event") != "audio":
                continue
            now = time.perf_counter()
            first = first or now
            late = max(late, now - first - samples / 24_000)
            samples += len(response.audio.pcm_s16le) // 2
    return {
        "first": (first - began) * 1000,
        "late": late * 1000,
        "whole": (time.perf_counter() - began) * 1000,
    }


async def measure_service(address: str, runs: int, tokens_per_second: float) -> None:
    """The service in its own process, over loopback."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = pb_grpc.TtsServiceStub(channel)
        for pace in (0.0, tokens_per_second):
            found = [await measure_reply(stub, pace) for _ in range(runs)]
            name = f"{pace:g} tokens/s" if pace else "text at once"
            report(f"first text -> first sound, {name}", [f["first"] for f in found])
            report(f"audio later than it is played, {name}", [f["late"] for f in found])


@contextmanager
def service() -> Iterator[str]:
    """The address of a service of our own."""
    environment = {**os.environ, "TTS_SERVER__LISTEN_ADDRESS": "127.0.0.1:0"}
    command = [sys.executable, "-m", "visavis_tts"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield f"127.0.0.1:{line.rsplit(maxsplit=1)[-1]}"
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokens-per-second", type=float, default=25, help="pace of the text (default 25)")
    parser.add_argument("--runs", type=int, default=20, help="repetitions of each measurement (default 20)")
    options = parser.parse_args()
    measure_steps(options.runs)
    with service() as address:
        asyncio.run(measure_service(address, max(3, options.runs // 4), options.tokens_per_second))


if __name__ == "__main__":
    main()
