"""The calls: a stack with a persona for each script, and a minute of real conversation with each of them."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from face.portrait import portrait_in
from visavis_cli.stack import Ports, running_stack
from visavis_cli.talk.client import Call, open_call
from visavis_cli.talk.conversation import ask_one, at_rest
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.record import Record
from visavis_cli.talk.speech import read_speech

from filming.caller import Caller
from filming.scripts import GOODBYE, PORTRAIT, Script

READY_S = 400.0  # on a busy machine
GREETED_WITHIN_S, ANSWERED_WITHIN_S = 60.0, 45.0
LAST_S = 17.0  # a question with its answer, and the good-bye
BREATH_S, REST_S = 0.8, 1.5
LOADED_BEFORE = ("nora", "amos", PORTRAIT)  # pictures of a rendered face take seconds to load

Progress = Callable[[str], None]


@dataclass
class Take:
    """One call. said: what the caller said, a text for each of the record's questions."""

    script: Script
    record: Record = field(default_factory=Record)
    said: list[str] = field(default_factory=list)
    load: tuple[float, float] = (0.0, 0.0)


@asynccontextmanager
async def set_up(scripts: Sequence[Script], folder: Path, *, with_voices: bool) -> AsyncIterator[str]:
    """The address of a stack in which every script has its persona; with_voices: by Kokoro."""
    personas, avatars = folder / "personas", folder / "avatars"
    for path in (personas, avatars):
        path.mkdir(parents=True, exist_ok=True)
    for script in scripts:
        file = json.dumps(script.persona(with_voice=with_voices))  # JSON is YAML
        (personas / f"{script.avatar}.yaml").write_text(file)
    if any(script.avatar == PORTRAIT for script in scripts):
        portrait_in(avatars)
    early = [script.avatar for script in scripts if script.avatar in LOADED_BEFORE]
    env = {
        "GATEWAY_PERSONAS_DIR": str(personas),
        "RENDER_AVATARS_DIR": str(avatars),
        "RENDER_PRELOAD": json.dumps(early),
        **({"TTS_BACKEND": "kokoro"} if with_voices else {}),
    }
    with (folder / "stack.log").open("w") as log:

        def note(program: str, line: str) -> None:
            log.write(f"{program}: {line}\n")

        async with running_stack(Ports.ephemeral(), env, note, ready_within_s=READY_S) as stack:
            yield stack.url


async def shoot(url: str, script: Script, caller: Caller, seconds: float, progress: Progress) -> Take:
    """Hold the call; TalkError when there was none."""
    take, before = Take(script), os.getloadavg()[0]
    async with open_call(url, script.avatar, take.record, progress) as call:
        try:
            async with asyncio.TaskGroup() as group:
                reports = group.create_task(call.send_reports(), name="clips.reports")
                await converse(call, take, caller, seconds, progress)
                reports.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
    take.load = (round(before, 1), round(os.getloadavg()[0], 1))
    return take


async def converse(call: Call, take: Take, caller: Caller, seconds: float, progress: Progress) -> None:
    """The greeting, what the script says while there is time, and a good-bye."""
    await call.until(lambda: bool(call.record.video), GREETED_WITHIN_S, "no picture")
    ends_s = time.monotonic() + seconds
    await call.until(lambda: bool(call.record.greeting) and at_rest(call), GREETED_WITHIN_S, "no greeting")
    for number, text in enumerate(take.script.says):
        if time.monotonic() > ends_s - LAST_S:
            break
        await say(call, take, caller.spoken(f"{take.script.avatar}-{number}", text), text, progress)
    await say(call, take, caller.spoken("goodbye", GOODBYE), GOODBYE, progress)
    await asyncio.sleep(REST_S)


async def say(call: Call, take: Take, file: Path, text: str, progress: Progress) -> None:
    """One sentence of the caller, and the answer to its end; without an answer the call goes on."""
    await asyncio.sleep(BREATH_S)
    progress(f"  caller:   {text}")
    take.said.append(text)
    try:
        await ask_one(call, read_speech(file), ANSWERED_WITHIN_S, progress)
    except TalkError as error:
        if "no answer" not in str(error):
            raise
        progress(f"  {error}")
