"""A service that dies in mid-turn: the viewer is told, nothing hangs, the next turn works."""

import asyncio
import os
import signal

import pytest
from rpckit.testing import until
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.record import Question, Record

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


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
