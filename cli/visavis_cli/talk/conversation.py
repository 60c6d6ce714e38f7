"""The course of a talk: the greeting, then question and answer in turn."""

import asyncio

from visavis_cli.talk.client import Call, Progress, open_call
from visavis_cli.talk.network import Conditions, bad_network
from visavis_cli.talk.record import Question, Record
from visavis_cli.talk.speech import Speech

QUIET_S = 0.3  # shorter is a pause between two clauses


async def converse(
    url: str,
    persona: str | None,
    speeches: list[Speech],
    timeout_s: float,
    record: Record,
    progress: Progress,
    conditions: Conditions | None = None,
) -> None:
    """Hold the call; what was seen is in `record`, also when TalkError or a cancel ends it early."""
    async with (
        bad_network(conditions) as network,
        open_call(url, persona, record, progress, network) as call,
    ):
        try:
            async with asyncio.TaskGroup() as group:
                reports = group.create_task(call.send_reports(), name="talk.reports")
                await ask_all(call, speeches, timeout_s, progress)
                reports.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None


async def ask_all(call: Call, speeches: list[Speech], timeout_s: float, progress: Progress) -> None:
    """Wait out the greeting, then say each question once the answer before it has ended."""
    await call.until(lambda: bool(call.record.video), timeout_s, "no picture")
    progress("connected; waiting for the greeting to end")
    await call.until(
        lambda: bool(call.record.greeting) and at_rest(call), timeout_s, "no greeting that ended"
    )
    for number, speech in enumerate(speeches, 1):
        progress(f"question {number} of {len(speeches)}: {speech.path.name}")
        await ask_one(call, speech, timeout_s, progress)


async def ask_one(call: Call, speech: Speech, timeout_s: float, progress: Progress) -> None:
    """Say one question and wait until its answer has been given and heard."""
    question = Question(speech, call.microphone.say(speech.samples))
    call.record.questions.append(question)
    await call.until(
        question.saying.said.is_set, 2 * len(speech.samples) / 48_000 + timeout_s, "could not be said"
    )
    await call.until(
        lambda: bool(question.turns) and at_rest(call), timeout_s, f"no answer to {speech.path.name}"
    )
    for turn in question.turns:
        progress(f"  heard: {turn.get('transcript')}")
        progress(f"  answered: {turn.get('reply')}")


def at_rest(call: Call) -> bool:
    """The avatar waits, and nothing of it can be heard any more."""
    return call.state == "idle" and call.quiet_for(QUIET_S)
