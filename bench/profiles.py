"""What a profile's language model answers: ten everyday questions in one conversation, with a verdict each.

    .venv/bin/python bench/profiles.py [--profile auto] [--persona mira]

A brain service with the profile's settings is started and asked as the gateway asks it: the persona that
ships, a partial while the user "speaks", the conversation so far. The verdict is a rule about words; whether
an answer makes sense, the reader decides. Needs `visavis models pull --profile auto`.
"""

import argparse
import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
from rpckit.channels import open_channel
from rpckit.serve import new_server
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1 import brain_service_pb2_grpc as pb_grpc
from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.gauge import settled
from visavis_brain.server import BrainServicer
from visavis_cli import environment, profile
from visavis_gateway.peers.brain import persona_of
from visavis_gateway.personas import Personas

WANTED = 8
REFUSES = r"\b(can't|cannot|unable|as an ai language)\b"


@dataclass(frozen=True)
class Question:
    """What is said, and what a right answer has; `needs` and `not_` are patterns for re.search."""

    said: str
    needs: tuple[str, ...]
    not_: str = r"^$"
    counts: bool = True


QUESTIONS = [
    Question("Good morning! How are you today?", (r"morning|hello|hi\b|fine|well|good|great",), REFUSES),
    Question("What is the capital of Australia?", (r"canberra",)),
    Question("Why is the sky blue?", (r"scatter|rayleigh",)),
    Question("How many minutes are there in two hours?", (r"\b120\b|hundred (and )?twenty",)),
    Question("What can I make for dinner from chicken and rice?", (r"chicken", r"rice"), REFUSES),
    Question("My name is Tom and I have a dog called Max.", (r"tom|max|dog",), counts=False),
    Question("What is my dog called?", (r"\bmax\b",)),
    Question("What is the opposite of north?", (r"\bsouth\b",)),
    Question("What are the three primary colours?", (r"\bred\b", r"\bblue\b", r"\b(yellow|green)\b")),
    Question("Tell me a joke.", (r"\?|why|because|said|walk", r"\w+(\W+\w+){5}"), REFUSES),
    Question("What can you do?", (r"\b(i|we)\b", r"help|answer|talk|chat|assist|listen|tell|conversation"),),
]  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came, when its first words came, and whether the rule holds."""

    text: str
    first_s: float
    is_right: bool


async def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", choices=("auto", "small", "reference"), default="auto")
    parser.add_argument("--persona", default="mira")
    args = parser.parse_args()
    env = profile.settings_of(args.profile)
    fields = {key.removeprefix("BRAIN_").lower(): value for key, value in env.items() if "BRAIN_" in key}
    config, choice = await settled(Config(**{"models_dir": environment.models_dir(), **fields}))  # type: ignore[arg-type]
    print(f"profile {args.profile}: {config.model_file.stem}{f', {choice.why}' if choice else ''}\n")
    async with brain(config) as stub:
        answers = await conversation(stub, persona_of(Personas(None).find(args.persona)))
    right = sum(each.is_right for each in answers)
    print(f"\n{right} of {len(answers)} right by the rules, {WANTED} wanted")
    return 0 if right >= WANTED else 1


@asynccontextmanager
async def brain(config: Config) -> AsyncIterator[pb_grpc.BrainServiceStub]:
    """The real service on a free port."""
    engine = load_engine(config)
    server = new_server()
    servicer = BrainServicer(engine, config.max_token_count, config.tool_timeout_s)
    pb_grpc.add_BrainServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            yield pb_grpc.BrainServiceStub(channel)
    finally:
        await server.stop(grace=None)
        await engine.close()


async def conversation(stub: pb_grpc.BrainServiceStub, persona: pb.Persona) -> list[Answer]:
    """All questions, each with the memory of those before it; those that count."""
    history: list[pb.Message] = []
    counted = []
    for question in QUESTIONS:
        answer = await ask(stub, persona, history, question)
        verdict = ("right" if answer.is_right else "WRONG") if question.counts else "-"
        print(f"{verdict:6}{answer.first_s * 1000:6.0f} ms  {question.said}\n{'':16}{answer.text}")
        history.append(pb.Message(role=pb.ROLE_USER, text=question.said))
        history.append(pb.Message(role=pb.ROLE_AVATAR, text=answer.text))
        if question.counts:
            counted.append(answer)
    return counted


async def ask(
    stub: pb_grpc.BrainServiceStub, persona: pb.Persona, history: list[pb.Message], question: Question
) -> Answer:
    """One turn."""
    call = stub.Reply()
    turn = f"t{len(history)}"
    start = pb.StartReply(session_id="bench", turn_id=turn, persona=persona, history=history)
    await call.write(pb.ReplyRequest(start=start))
    await call.read()
    words = question.said.split()
    await call.write(pb.ReplyRequest(partial=pb.PartialTranscript(text=" ".join(words[:-2]))))
    while (await call.read()).WhichOneof("event") != "judgement":
        pass  # what was said so far is in the cache then
    begun = time.perf_counter()
    await call.write(pb.ReplyRequest(generate=pb.Generate(generation=1, transcript=question.said)))
    await call.write(pb.ReplyRequest(confirm=pb.Confirm(generation=1)))
    await call.write(pb.ReplyRequest(finish=pb.FinishReply()))
    await call.done_writing()
    text, first_s = "", 0.0
    while (response := await call.read()) is not grpc.aio.EOF:
        if response.WhichOneof("event") == "text":
            first_s = first_s or time.perf_counter() - begun
            text += response.text.text
    low = text.lower()
    is_right = all(re.search(each, low) for each in question.needs) and not re.search(question.not_, low)
    return Answer(text.strip(), first_s, bool(is_right))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
