"""Who decodes next when several sessions want to."""

import asyncio

import numpy as np
import pytest
from visavis_asr.backends.fake import FakeVad
from visavis_asr.habits import Habits
from visavis_asr.jobs import Kind
from visavis_asr.lane import Lane
from visavis_asr.recognizer import Recognizer

from .conftest import silence, to_pcm, tone


def listening(*sound: np.ndarray) -> Recognizer:
    recognizer = Recognizer(FakeVad(), Habits())
    recognizer.hear(0, to_pcm(np.concatenate(sound)))
    return recognizer


def in_speech() -> Recognizer:
    return listening(tone(0.9))


def in_a_pause() -> Recognizer:
    return listening(tone(0.6), silence(0.3))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_most_urgent_goes_first_not_the_first_to_come():
    lane, order = Lane(), []

    async def decode(name: str, recognizer: Recognizer) -> None:
        async with lane.enter(recognizer):
            order.append(name)

    async with asyncio.TaskGroup() as tasks, lane.enter(in_speech()):
        tasks.create_task(decode("partial", in_speech()))
        tasks.create_task(decode("pause", in_a_pause()))
        await settle()
        assert order == []
    assert order == ["pause", "partial"]


async def test_a_partial_in_flight_gives_way_to_another_session_s_pause():
    lane, speaker, paused = Lane(), in_speech(), in_a_pause()

    async def wait() -> None:
        async with lane.enter(paused):
            pass

    async with asyncio.TaskGroup() as tasks, lane.enter(speaker):
        job = speaker.take_job()
        assert job.kind is Kind.PARTIAL
        tasks.create_task(wait())
        await settle()
        assert job.is_stale


async def test_a_waiter_that_becomes_urgent_is_noticed():
    lane, speaker, other = Lane(), in_speech(), in_speech()

    async def wait() -> None:
        async with lane.enter(other):
            pass

    async with asyncio.TaskGroup() as tasks, lane.enter(speaker):
        job = speaker.take_job()
        tasks.create_task(wait())
        await settle()
        assert not job.is_stale
        other.hear(14400, to_pcm(silence(0.3)))
        lane.hurry()
        assert job.is_stale


@pytest.mark.parametrize("granted", [False, True])
async def test_a_cancelled_waiter_blocks_nobody(granted):
    lane = Lane()
    holder = lane.enter(in_speech())
    await holder.__aenter__()

    async def wait() -> None:
        async with lane.enter(in_speech()):
            pass

    async with asyncio.TaskGroup() as tasks:
        waiter = tasks.create_task(wait())
        await settle()
        if granted:
            await holder.__aexit__(None, None, None)
        waiter.cancel()
        await settle()
        if not granted:
            await holder.__aexit__(None, None, None)
    async with asyncio.timeout(1), lane.enter(in_speech()):
        pass
