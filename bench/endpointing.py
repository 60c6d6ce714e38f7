"""How well a pause is told from the end of a turn: every pause in recorded speech, and the wait it would get.

    .venv/bin/python bench/endpointing.py --out out/endpointing

Questions, recordings of people, and two sets of voices that hesitate (one was not used for fitting) go
through the real ear at the speed of life; the real language model judges the words of each pause. Then the
gateway's own rules say how long each pause would have to be. A pause that goes on counts as cut off when the
wait is over more than REOPENED_S before speech is heard again: sooner, both halves become one turn. `--fit`
prints the weights that the pauses themselves would choose.
"""

import argparse
import asyncio
import contextlib
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import grpc
import numpy as np
from material import HELD_OUT, HESITANT, Speaker
from recorded import UTTERANCES, decoded, utterances
from rpckit.serve import new_server
from turns import QUESTIONS, progress
from visavis.asr.v1 import asr_service_pb2 as pb
from visavis.asr.v1 import asr_service_pb2_grpc as pb_grpc
from visavis.media.v1 import media_pb2
from visavis_asr.backends import load_engine as load_ear
from visavis_asr.config import Config as EarConfig
from visavis_asr.engine import RATE_HZ
from visavis_asr.server import AsrServicer
from visavis_brain.backends import load_engine as load_mind
from visavis_brain.config import Config as MindConfig
from visavis_brain.engine import Line, Prompt, Role
from visavis_cli import environment
from visavis_gateway.endpointing import Endpointing, logit, words_of

CHUNK = RATE_HZ // 50
LEAD_S, TAIL_S = 0.5, 1.5
REOPENED_S = 0.2  # policy.reopen_us, less what the ear needs to notice that speech is back
PERSONA = "You are Mira, a friendly companion. Answer in one or two short spoken sentences."
LINES_AT_ONCE = 3


@dataclass
class Pause:
    """What was known at a pause; `gap_s` until speech went on, None at the end."""

    kind: str
    text: str
    p_sound: float
    gap_s: float | None
    p_words: float | None = None

    def wait_s(self, rules: Endpointing) -> float:
        return rules.wait_us(rules.p_complete(self.p_sound, self.text, self.p_words), self.text) / 1e6

    def is_cut_off(self, rules: Endpointing) -> bool:
        return self.gap_s is not None and self.wait_s(rules) < self.gap_s - REOPENED_S


async def pauses_in(stub: pb_grpc.AsrServiceStub, kind: str, path: Path) -> list[Pause]:
    """Say the file to the ear in real time."""
    room = np.random.default_rng(0).standard_normal
    speech = decoded(path)
    pcm = np.concatenate([np.zeros(int(LEAD_S * RATE_HZ)), speech, np.zeros(int(TAIL_S * RATE_HZ))])
    pcm = np.clip(pcm + 10 * room(len(pcm)), -32768, 32767).astype("<i2")
    call = stub.Recognize()
    audio_format = media_pb2.AudioFormat(sample_rate_hz=RATE_HZ, channel_count=1)
    await call.write(pb.RecognizeRequest(start=pb.StartRecognition(session_id="bench", format=audio_format)))
    await call.read()
    await call.write(pb.RecognizeRequest(begin_turn=pb.BeginTurn(turn_id="t")))
    found: list[Pause] = []
    begun = time.perf_counter()

    async def listen() -> None:
        end_s = 0.0
        while (response := await call.read()) is not grpc.aio.EOF:
            match response.WhichOneof("event"):
                case "paused":
                    end_s = response.paused.transcript.end_sample / RATE_HZ
                    text = response.paused.transcript.text
                    found.append(Pause(kind, text, response.paused.p_complete, None))
                case "resumed" if found:
                    found[-1].gap_s = time.perf_counter() - begun - end_s
                case "final":
                    await call.write(pb.RecognizeRequest(finish=pb.FinishRecognition()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        for at in range(0, len(pcm), CHUNK):
            await asyncio.sleep(begun + (at + CHUNK) / RATE_HZ - time.perf_counter())
            chunk = media_pb2.AudioChunk(start_sample=at, pcm_s16le=pcm[at : at + CHUNK].tobytes())
            await call.write(pb.RecognizeRequest(audio=pb.CapturedAudio(chunk=chunk)))
        await call.write(pb.RecognizeRequest(end_turn=pb.EndTurn(turn_id="t")))
    return [pause for pause in found if words_of(pause.text)]


@contextlib.asynccontextmanager
async def ear() -> AsyncIterator[pb_grpc.AsrServiceStub]:
    """The real one, in this process."""
    config = EarConfig(models_dir=environment.models_dir())
    server, servicer = new_server(), AsrServicer(load_ear(config), config)
    pb_grpc.add_AsrServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield pb_grpc.AsrServiceStub(channel)
    await server.stop(None)
    servicer.close()


async def collect(files: list[tuple[str, Path]]) -> list[Pause]:
    """All pauses of all files, with what the model makes of their words."""
    pauses: list[Pause] = []
    waiting = iter(files)
    async with ear() as stub:

        async def line() -> None:
            for kind, path in waiting:
                progress(f"{kind}: {path.stem}")
                pauses.extend(await pauses_in(stub, kind, path))

        async with asyncio.TaskGroup() as tasks:
            for _ in range(LINES_AT_ONCE):
                tasks.create_task(line())
    mind = load_mind(MindConfig(backend="llama", models_dir=environment.models_dir()))
    with contextlib.closing(mind.open("bench")) as conversation:
        for pause in pauses:
            words = Line(Role.USER, pause.text)
            pause.p_words = await conversation.judge(Prompt((Line(Role.SYSTEM, PERSONA), words), 8))
    await mind.close()
    return pauses


def fitted(pauses: list[Pause]) -> list[float]:
    """Bias, weights of sound and words, comma: logistic regression with a little ridge."""
    long = [pause for pause in pauses if pause.gap_s is None or pause.gap_s >= 0.3]
    rows = [
        (1.0, logit(p.p_sound), math.log10(max(p.p_words or 0, 1e-4) / 0.03), -p.text.endswith(","))
        for p in long
    ]
    x, y = np.array(rows, float), np.array([pause.gap_s is None for pause in long], float)
    weights = np.zeros(x.shape[1])
    ridge = 0.3 * np.eye(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        weights -= np.linalg.solve((x.T * (p * (1 - p))) @ x + ridge, x.T @ (p - y) + ridge @ weights)
    return [round(float(w), 2) for w in weights]


def report(pauses: list[Pause]) -> Iterator[str]:
    """A line for each kind of speech."""
    rules = Endpointing()
    yield "                      ends   waited p50   p95 (s)   goes on   cut off   with the word lists alone"
    for kind in dict.fromkeys(pause.kind for pause in pauses):
        own = [pause for pause in pauses if pause.kind == kind]
        waits = [pause.wait_s(rules) for pause in own if pause.gap_s is None]
        going = [pause for pause in own if pause.gap_s is not None and pause.gap_s >= 0.25]
        deaf = [Pause(p.kind, p.text, p.p_sound, p.gap_s) for p in going]
        cut, cut_deaf = (sum(pause.is_cut_off(rules) for pause in each) for each in (going, deaf))
        p50, p95 = np.percentile(waits, (50, 95))
        yield (
            f"{kind:20} {len(waits):5}   {p50:10.2f} {p95:5.2f}   {len(going):10}   {cut:7}   {cut_deaf:7}"
        )
    for pause in pauses:
        if pause.is_cut_off(rules):
            yield f"  cut off after {pause.wait_s(rules):.2f} s of {pause.gap_s:.2f} s: {pause.text}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/endpointing"))
    parser.add_argument("--fit", action="store_true", help="print the weights that fit these pauses best")
    given = parser.parse_args()
    speaker = Speaker(given.out)
    people = utterances(len(UTTERANCES), environment.models_dir(), given.out / "people")
    files = [
        *(("a question", speaker.spoken(f"question-{n:02}", text)) for n, text in enumerate(QUESTIONS)),
        *(("a person", path) for path in people),
        *(("a voice hesitates", speaker.hesitant(n)) for n in range(len(HESITANT))),
        *(("another hesitates", speaker.held_out(n)) for n in range(len(HELD_OUT))),
    ]
    pauses = asyncio.run(collect(files))
    (given.out / "pauses.json").write_text(json.dumps([asdict(pause) for pause in pauses], indent=1))
    print(*report(pauses), sep="\n")
    if given.fit:
        print("bias, sound, words, comma:", fitted([p for p in pauses if p.kind != "another hesitates"]))


if __name__ == "__main__":
    main()
