"""`docker compose up` as a user meets it: from nothing to healthy, a call from outside, deaths in calls.

    docker compose build && docker compose run --rm models              # once
    .venv/bin/python bench/containers.py --deaths --out out/containers

Takes the project's containers down (its volumes stay) and has them made and started anew. Printed for each,
by the engine's own clock, from the first container that was made: when it was started, when it was healthy,
and the processor time that it had taken when all were, which other work on the machine changes little. Then
Chromium, which is no container, opens the published page and asks aloud; with --deaths every container is
killed in mid-answer.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

import httpx
from chromium import BrowserError, User, user_at
from engine import Containers, EngineError, Event, docker, events
from material import Speaker

ANSWERS = "__rig.now.state === 'speaking' && __rig.now.heard_end > 10"
TURNS = "__rig.messages.filter(({type}) => type === 'turn')"
HEALTHY = "health_status: healthy"
QUESTION = "What is the capital of Australia?"
NEXT = "What is the capital of Italy?"
LONG = "Please tell me a long story about a fox and a crow."
WITHIN_S = 90.0
POLL_S = 0.2
VICTIMS = ("asr", "brain", "tts", "render", "nats")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://localhost:8080", help="where the page is published")
    parser.add_argument("--deaths", action="store_true", help="kill each container in a call of its own")
    parser.add_argument("--out", type=Path, default=Path("out/containers"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        containers = start()
        asyncio.run(calls(args.url, args.out, containers, VICTIMS if args.deaths else ()))
    except (EngineError, BrowserError) as error:
        sys.exit(f"bench/containers: {error}")
    return 0


def start() -> Containers:
    """Everything anew; a line for each container."""
    docker("compose", "down", "--timeout=10")
    with events() as seen:
        docker("compose", "up", "--detach", "--wait")
    containers = Containers()
    running = containers.running()
    begun_s = min(event.at_s for event in seen)
    print("container   started   healthy   processor")
    for service in sorted({event.service for event in seen}):
        taken = f"{containers.processor_s(service):8.1f} s" if service in running else ""
        started, healthy = (
            moment(seen, service, action, begun_s) for action in ("start", HEALTHY if taken else "die")
        )
        print(f"{service:10} {started} {healthy} {taken}{'' if taken else '  (ended)'}")
    print(f"all healthy after {max(e.at_s for e in seen if e.action == HEALTHY) - begun_s:.1f} s", flush=True)
    return containers


def moment(seen: list[Event], service: str, action: str, begun_s: float) -> str:
    """When something first happened to a container."""
    times = [event.at_s - begun_s for event in seen if (event.service, event.action) == (service, action)]
    return f"{min(times):7.1f} s" if times else f"{'-':>9}"


async def calls(url: str, folder: Path, containers: Containers, victims: tuple[str, ...]) -> None:
    """A question asked aloud, then a call for each death."""
    async with user_at(url, folder) as user:
        await ask(user, Speaker(folder / "spoken"))
    for victim in victims:
        async with user_at(url, folder) as user:
            await survive(user, url, containers, victim)
    if victims:
        since = containers.state("gateway")["StartedAt"]
        containers.kill("gateway")
        containers.wait_restarted("gateway", since, WITHIN_S)
        await serves(url)
        async with user_at(url, folder) as user:
            await user.call()
            await greeted(user)
        print("gateway  serves again; another call works", flush=True)


async def ask(user: User, voice: Speaker) -> None:
    """A question from a microphone; what was understood, what was heard, and what arrived."""
    await user.call()
    await greeted(user)
    await user.say(QUESTION, voice.spoken("question", QUESTION))
    await user.until(f"{TURNS}.some(({{origin}}) => origin === 'speech')", WITHIN_S)
    turn = await user.page.evaluate(f"{TURNS}.findLast(({{origin}}) => origin === 'speech')")
    stats = await user.page.evaluate("visavis.stats()")
    await user.shot("asked")
    print(f"asked aloud: {turn['transcript']!r}, answered {turn['heard']!r}")
    print(f"voice to voice {turn['voice_to_voice_ms']} ms, trace {turn['trace_id']}")
    print(f"{stats['video_in']['framesDecoded']} pictures decoded", flush=True)


async def survive(user: User, url: str, containers: Containers, victim: str) -> None:
    """A death in mid-answer; when everything serves again, and what comes of the next question."""
    await user.call()
    await greeted(user)
    await write(user, LONG)
    await user.until(ANSWERS, WITHIN_S)
    since, died_s = containers.state(victim)["StartedAt"], time.monotonic()
    containers.kill(victim)
    containers.wait_restarted(victim, since, WITHIN_S)
    await serves(url)
    back_s = time.monotonic() - died_s
    await user.page.evaluate("document.querySelector('#interrupt')?.click()")
    turns = await user.count()
    await write(user, NEXT)
    asked_s = time.monotonic()
    await user.until(f"{TURNS}.slice({turns}).some((turn) => turn.transcript === {NEXT!r})", WITHIN_S)
    heard = await user.page.evaluate(f"{TURNS}.findLast((turn) => turn.transcript === {NEXT!r}).heard")
    print(
        f"{victim:8} serves again after {back_s:4.1f} s; the next answer was over after "
        f"{time.monotonic() - asked_s:4.1f} s: {heard!r}",
        flush=True,
    )


async def greeted(user: User) -> None:
    await user.until("__rig.now.turns > 0 && __rig.now.state === 'idle'", WITHIN_S)


async def write(user: User, text: str) -> None:
    """What the user types."""
    await user.page.fill("#text", text)
    await user.page.press("#text", "Enter")


async def serves(url: str) -> None:
    """Until the gateway answers, and every service to it."""
    deadline = time.monotonic() + WITHIN_S
    async with httpx.AsyncClient(timeout=10) as client:
        while time.monotonic() < deadline:
            try:
                if (await client.get(f"{url}/api/health")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass  # asked again
            await asyncio.sleep(POLL_S)
    raise EngineError(f"{url} does not serve within {WITHIN_S:g} s")


if __name__ == "__main__":
    sys.exit(main())
