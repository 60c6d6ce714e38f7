"""What dies in mid-turn: the viewer is told, nothing hangs, the next turn works, what was said is known."""

import asyncio
import os
import signal

import pytest
from rpckit.testing import until
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.record import Question, Record

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

SORRY = "something went wrong on my side"


async def ask(call: Call, speech) -> dict:
    """Say it, and wait for the turn that it made."""
    question = Question(speech, call.microphone.say(speech.samples))
    call.record.questions.append(question)
    await until(lambda: question.turns, "the question's turn ended", 40)
    await until(lambda: call.state == "idle", "idle again")
    return question.turns[-1]


@pytest.mark.parametrize("victim", ["brain", "tts", "asr", "render", "nats"])
async def test_a_service_that_dies_in_mid_turn_costs_that_turn_at_most(stack, spoken, victim):
    record = Record()
    question = spoken("What is the capital of Australia?")
    async with open_call(stack.url, None, record, lambda line: None) as call:
        await until(lambda: record.video, "a picture")
        await until(lambda: record.greeting and call.state == "idle", "the greeting's end")
        asked = Question(question, call.microphone.say(question.samples))
        record.questions.append(asked)
        await until(lambda: call.state == "listening", "the question is being heard")
        os.kill(stack.pid(victim), signal.SIGKILL)
        await asked.saying.said.wait()
        await until(lambda: call.state == "idle", "the wounded turn came to an end")
        await stack.wait_ready(victim, within_s=60)
        await asyncio.sleep(1.5)  # the gateway's channels come back by themselves
        frames = len(record.video)
        turn = await ask(call, question)
        assert "canberra" in turn["heard"].lower()
        assert len(record.video) > frames + 25, "the face goes on"


async def typed(call: Call, text: str) -> dict:
    """Type it, and wait for the turn that it made."""
    turns: list[dict] = []
    take = call._take

    def keep(message: dict) -> None:
        if message["type"] == "turn" and message["transcript"] == text:
            turns.append(message)
        take(message)

    call._take = keep
    call.send({"type": "text", "text": text})
    await until(lambda: turns, f"an answer to {text!r}", 60)
    await until(lambda: call.state == "idle", "idle again", 30)
    return turns[0]


async def test_nothing_of_the_conversation_is_lost_when_the_gateway_dies_in_mid_turn(stack):
    async with open_call(stack.url, "nora", Record(), lambda line: None) as first:
        await until(lambda: first.record.greeting and first.state == "idle", "the greeting's end", 60)
        await typed(first, "My name is Tom and I have a dog called Max.")
        first.send({"type": "text", "text": "Please tell me a long story about a fox."})
        await until(lambda: first.state == "speaking", "the story has begun", 60)
        pid = stack.pid("gateway")
        os.kill(pid, signal.SIGKILL)
        await until(lambda: stack.pid("gateway") not in (None, pid), "a new process", 60)
        await stack.wait_ready("gateway", within_s=60)
        async with open_call(stack.url, None, Record(), lambda line: None, resumes=first) as second:
            assert second.session["resumed"]
            await until(lambda: second.record.session, "it introduces itself", 30)
            assert second.record.session["persona"] == first.record.session["persona"]
            answers = [await typed(second, "What is my dog called?")]
            if SORRY in answers[-1]["heard"]:  # a loaded machine: the mind took too long to read it all again
                answers.append(await typed(second, "What is my dog called?"))
            assert "max" in answers[-1]["heard"].lower()
            assert not second.record.greeting, "nobody is greeted twice"
        async with open_call(stack.url, None, Record(), lambda line: None, resumes=second) as third:
            assert not third.session["resumed"], "whoever says good-bye is forgotten"
