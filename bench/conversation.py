"""Two minutes of conversation in a browser, and the trace of every turn.

    .venv/bin/python bench/conversation.py --out out/conversation

Chromium opens the real page of a stack of its own. A scripted user asks, asks back, hesitates, listens with
an "mhm", interrupts twice and falls silent; each utterance waits for what the page shows, as a person would.
Written: conversation.md (each turn with its generations and their fate), trace.json (OTLP, Jaeger opens
it), page.json (what the page was told), conversation.wav (left: the user, right: what the page received),
screenshots. Exit status 1 when the
trace lacks a speculated, a cancelled or a confirmed generation, or anything complained.
"""

import argparse
import asyncio
import json
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path

from chromium import BrowserError, User, Visit, user_at
from chronicle import Chronicle
from ear import write_both
from material import HESITANT, LONG_ANSWERS, Speaker
from spans import receiving
from visavis_cli.stack import Ports, StackError, running_stack
from visavis_gateway.personas import MIRA

GOOD_LINE = re.compile(r"INFO|\[\d+\] \[INF\]|\w+ listening on port")
SHOWN_S = 0.3  # from a message to the picture that belongs to it
BEGUN = 25  # characters of an answer that have sounded
MORE_LONG_ANSWERS = [
    LONG_ANSWERS[1],
    "Please tell me all about the planets and the sun.",
    "Please explain step by step how to bake a bread.",
    "Please tell me how people lived a thousand years ago.",
]
SETTLED_S = 0.5  # after a reply: people do not answer faster than they hear
EXPORTED_S = 3.0  # spans wait for their batch
STILL_THERE_S = 8.0  # Mira waits for a minute; nobody wants to listen to that


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/conversation"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        chronicle = asyncio.run(held(args.out))
    except (StackError, BrowserError) as error:
        sys.exit(f"bench/conversation: {error}")
    (args.out / "conversation.md").write_text(chronicle.text())
    (args.out / "page.json").write_text(json.dumps(chronicle.page(), indent=1))
    write_both(args.out / "conversation.wav", chronicle.visit)
    print("\n".join(chronicle.counts()))
    for problem in chronicle.problems():
        print(f"PROBLEM: {problem}")
    return 1 if chronicle.problems() else 0


async def held(folder: Path) -> Chronicle:
    """Hold the conversation; all that is known of it."""
    complaints: list[str] = []

    def log(program: str, line: str) -> None:
        if not GOOD_LINE.match(line):
            complaints.append(f"{program}: {line}")

    async with receiving() as receiver:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OTEL_METRICS_EXPORTER": "none",
            "GATEWAY_PERSONAS_FILE": str(patient(folder / "personas.toml")),
        }
        async with running_stack(Ports.ephemeral(), env, log) as stack:
            async with user_at(stack.url, folder) as user:
                try:
                    visit = await talk(user, Speaker(folder / "spoken"))
                except BrowserError:
                    print("\n".join([*user.complaints, *complaints]), file=sys.stderr)
                    raise
            await asyncio.sleep(EXPORTED_S)
        receiver.write(folder / "trace.json")
    return Chronicle(visit, receiver.spans, user.shots, [*user.complaints, *complaints])


def patient(path: Path) -> Path:
    """Mira, who asks sooner whether somebody is there, and never leaves."""
    fields = asdict(replace(MIRA, still_there_s=STILL_THERE_S, goodbye_s=0))
    fields = {key: value for key, value in fields.items() if isinstance(value, str | float | int)}
    del fields["name"]
    path.write_text("\n".join(["[mira]", *(f"{key} = {json.dumps(each)}" for key, each in fields.items())]))
    return path.resolve()


class Script:
    """What the user says, and what they wait for."""

    def __init__(self, user: User, voice: Speaker) -> None:
        self._user = user
        self._voice = voice
        self._wanted = ["thinking"]  # states that were not seen on a picture yet
        self._openings = [LONG_ANSWERS[0], LONG_ANSWERS[3], LONG_ANSWERS[2], *MORE_LONG_ANSWERS]
        self._turns = 0  # that had ended when the user began to speak

    async def asks(self, name: str, text: str) -> None:
        """A question after a breath; wait for the whole answer."""
        await self._says(text, self._voice.spoken(name, text))
        await self.reply_is_over()

    async def hesitates(self, number: int) -> None:
        """A question with a pause in mid-sentence."""
        await self._says(HESITANT[number], self._voice.hesitant(number))
        await self.reply_is_over()

    async def listens(self, *backchannels: tuple[str, str]) -> None:
        """Small sounds over long answers, one after another."""
        for name, text in backchannels:
            await self._asks_for_long()
            await self._user.say(text, self._voice.spoken(name, text))
            await self._user.shot("speaking")
            await self.reply_is_over()

    async def interrupts(self, name: str, text: str) -> None:
        """Words that stop a long answer."""
        await self._asks_for_long()
        turns = await self._user.count()
        await self._user.say(text, self._voice.spoken(name, text))
        await self._user.until(f"__rig.now.turns > {turns}", within_s=5)
        await self._user.pause(SHOWN_S)
        await self._user.shot(name)
        await self.reply_is_over()

    async def _asks_for_long(self) -> None:
        """Ask until an answer is long enough to speak into, and wait until it has begun."""
        while self._openings:
            opening = self._openings.pop(0)
            await self._says(opening, self._voice.spoken(name_of(opening), opening))
            sounds = f"__rig.now.state === 'speaking' && __rig.now.heard_end > {BEGUN}"
            await self._user.until(f"{sounds} || __rig.now.turns > {self._turns}")
            if await self._user.count() == self._turns:
                return
            await self.reply_is_over()
        raise BrowserError("no answer was long enough to be interrupted")

    async def reply_is_over(self) -> None:
        """Nobody speaks any more."""
        await self._user.until(f"__rig.now.turns > {self._turns} && __rig.now.state === 'idle'", 60)

    async def _says(self, text: str, speech: Path) -> None:
        await self._user.pause(SETTLED_S)
        self._turns = await self._user.count()
        await self._user.say(text, speech)
        if self._wanted and await self._user.glimpse(self._wanted[0]):
            self._wanted.pop(0)


def name_of(text: str) -> str:
    """A file's name for an utterance."""
    return "-".join(text.lower().rstrip(".?").split()[-3:])


async def talk(user: User, voice: Speaker) -> Visit:
    """The conversation from the first click to the last."""
    script = Script(user, voice)
    await user.shot("before")
    await user.call()
    await user.until("__rig.now.state === 'speaking'")
    await user.shot("greeting")
    await user.until("__rig.now.turns === 1 && __rig.now.state === 'idle'")
    await user.shot("idle")
    await script.asks("capital", "What is the capital of Italy?")
    await script.asks("famous", "And what is it famous for?")
    await script.asks("hobby", "In my free time, I like to paint boats.")
    await script.hesitates(3)
    await script.hesitates(2)
    await script.interrupts("interrupted", "Wait, stop.")
    await script.asks("about", "What were you talking about?")
    await script.listens(("mhm", "Mhm."), ("right", "Right."))
    await script.interrupts("overruled", "Sorry, let me ask something else. Do you like music?")
    await script.asks("remember", "What do I like to do in my free time?")
    await user.until("__rig.now.origin === 'initiative'", 20)
    await script.asks("bye", "Yes, I am still here. Thank you, good bye.")
    return await user.leave()


if __name__ == "__main__":
    sys.exit(main())
