"""How fast the brain answers: medians over a few everyday questions.

    python bench/brain.py [--target 127.0.0.1:50052] [--turns 8]

Needs a running brain service. Times are seen by a gRPC client: words are sent as partials, as they would
come from speech, then the reply is asked for.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import grpc
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis.brain.v1 import brain_service_pb2_grpc as pb_grpc

PERSONA = pb.Persona(
    name="Mira",
    prompt="You are a warm, witty companion. You live in Lisbon and love cooking, old films and long walks.",
)
QUESTIONS = [
    "What is the capital of Australia?",
    "What should I cook tonight with chicken and rice?",
    "Can you recommend a good old film for a rainy evening?",
    "I feel a bit nervous about my job interview tomorrow morning.",
    "What do you like to do when you have time?",
    "How many days are there in a leap year?",
    "Do you think that I should learn to play the piano?",
    "My dog is called Max and he loves the beach.",
]


async def begin(
    stub: pb_grpc.BrainServiceStub, turn: str, history: list[pb.Message]
) -> grpc.aio.StreamStreamCall:
    """Open a turn; returns when its slot is taken."""
    call = stub.Reply()
    start = pb.StartReply(session_id="bench", turn_id=turn, persona=PERSONA, history=history)
    await call.write(pb.ReplyRequest(start=start))
    await call.read()
    return call


async def first_text(call: grpc.aio.StreamStreamCall, generation: int) -> float:
    """When the first text of `generation` came."""
    while True:
        response = await call.read()
        if response.generation == generation and response.WhichOneof("event") == "text":
            return time.perf_counter()


async def generate(call: grpc.aio.StreamStreamCall, generation: int, transcript: str) -> float:
    """Ask for a reply; returns the time of asking."""
    await call.write(pb.ReplyRequest(generate=pb.Generate(generation=generation, transcript=transcript)))
    return time.perf_counter()


async def speak(call: grpc.aio.StreamStreamCall, question: str, pause_s: float) -> None:
    """Send the question's beginnings as partials, the last one two words short of the end."""
    words = question.split()
    for count in range(2, len(words) - 1, 2):
        await call.write(pb.ReplyRequest(partial=pb.PartialTranscript(text=" ".join(words[:count]))))
        await asyncio.sleep(pause_s)


async def warm_turn(stub: pb_grpc.BrainServiceStub, n: int) -> dict[str, float]:
    """A whole reply after partials at the pace of speech."""
    call = await begin(stub, f"t{n}", [])
    question = QUESTIONS[n % len(QUESTIONS)]
    await speak(call, question, 0.6)
    asked = await generate(call, 1, question)
    first = await first_text(call, 1)
    await call.write(pb.ReplyRequest(finish=pb.FinishReply()))
    text_count, last = 1, first
    while (response := await call.read()) is not grpc.aio.EOF:
        if response.WhichOneof("event") == "text":
            text_count, last = text_count + 1, time.perf_counter()
    return {"first text": first - asked, "rate": (text_count - 1) / max(last - first, 1e-6)}


async def crossed_turn(stub: pb_grpc.BrainServiceStub, n: int) -> dict[str, float]:
    """First text with no partial before, and with one whose warm-up is still in flight."""
    call = await begin(stub, f"c{n}", [])
    question = QUESTIONS[n % len(QUESTIONS)]
    beginning = question.rsplit(" ", 2)[0]
    wrong = f"{question} And then we went to the other side of the river to see the old houses."
    found = {}
    for generation, (name, partial) in enumerate(
        [("none", ""), ("right", beginning), ("wrong", wrong)], start=1
    ):
        # The words before it leave the cache, the persona stays.
        await call.write(pb.ReplyRequest(partial=pb.PartialTranscript(text="Something else.")))
        await asyncio.sleep(1)
        if partial:
            await call.write(pb.ReplyRequest(partial=pb.PartialTranscript(text=partial)))
            await asyncio.sleep(0.05)
        asked = await generate(call, generation, question)
        found[name] = await first_text(call, generation) - asked
        await call.write(pb.ReplyRequest(discard=pb.Discard(generation=generation)))
    call.cancel()
    return found


async def discard_turn(stub: pb_grpc.BrainServiceStub, n: int) -> dict[str, float]:
    """From a discard in mid-reply to the first text of the next generation, less what that takes alone."""
    call = await begin(stub, f"d{n}", [])
    asked = await generate(call, 1, "Hello there.")
    await first_text(call, 1)
    await call.write(pb.ReplyRequest(discard=pb.Discard(generation=1)))
    await asyncio.sleep(0.5)
    asked = await generate(call, 2, "Hello there.")
    alone = await first_text(call, 2) - asked
    await call.write(pb.ReplyRequest(discard=pb.Discard(generation=2)))
    asked = await generate(call, 3, "Hello there.")
    after = await first_text(call, 3) - asked
    call.cancel()
    return {"alone": alone, "after": after}


async def repeat(turn: Callable[[int], Awaitable[dict[str, float]]], count: int) -> dict[str, float]:
    """Medians of what `turn` measures."""
    found = [await turn(n) for n in range(count)]
    return {key: statistics.median(each[key] for each in found) for key in found[0]}


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", default="127.0.0.1:50052")
    parser.add_argument("--turns", type=int, default=8)
    args = parser.parse_args()
    async with grpc.aio.insecure_channel(args.target) as channel:
        stub = pb_grpc.BrainServiceStub(channel)
        await warm_turn(stub, 0)
        calm = await repeat(lambda n: warm_turn(stub, n), args.turns)
        crossed = await repeat(lambda n: crossed_turn(stub, n), args.turns)
        dropped = await repeat(lambda n: discard_turn(stub, n), args.turns)
    print(f"medians of {args.turns} turns")
    print(f"{'first text, partials 0.6 s apart':44}{calm['first text'] * 1000:8.0f} ms")
    print(f"{'first text, no partial before':44}{crossed['none'] * 1000:8.0f} ms")
    print(f"{'first text, warm-up of a partial in flight':44}{crossed['right'] * 1000:8.0f} ms")
    print(f"{'first text, warm-up of wrong words in flight':44}{crossed['wrong'] * 1000:8.0f} ms")
    print(f"{'text pieces per second':44}{calm['rate']:8.1f}")
    print(f"{'first text, all of the prompt cached':44}{dropped['alone'] * 1000:8.0f} ms")
    print(f"{'the same right after a discard':44}{dropped['after'] * 1000:8.0f} ms")


if __name__ == "__main__":
    asyncio.run(main())
