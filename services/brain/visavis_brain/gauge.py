"""Measures once how fast the embedded models are here, keeps that beside them, and takes one.

    python -m visavis_brain.gauge [--known]

prints {"model_file", "why"} as JSON, with nulls where no model was chosen; --known measures nothing.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import logging
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rpckit.loading import HEADROOM, available_bytes
from rpckit.settings import load

from visavis_brain.backends import load_engine
from visavis_brain.choice import Choice, Speed, choose
from visavis_brain.config import AUTO, Config
from visavis_brain.engine import Conversation, Cost, Engine, Piece, Prompt
from visavis_brain.prompt import Persona, compose

log = logging.getLogger(__name__)

SPEEDS = ".speeds.json"
# More than the header of any GGUF: its shapes, and how its blocks are coded. Nothing else decides its speed.
HEADER_BYTES = 8 << 20
CONTEXT_TOKENS = 1024
WRITTEN_TOKENS = 16
HOST = Persona("Mira", "You are a friendly and curious person on a video call.", "en-US", 60)
QUESTIONS = (
    "Hello there, it is good to see you.",
    "What is the capital of Australia, and how far is it from the sea?",
    "Can you tell me how a train stays on its tracks when it goes round a bend?",
    "I would like to cook something with chicken and rice this evening. What could I make?",
)
Clock = Callable[[], float]


async def settled(config: Config, *, measures: bool = True) -> tuple[Config, Choice | None]:
    """The config with a model in place of "auto", and the choice; unchanged and None where one is named.

    Without `measures` the choice is None, too, when a model was never measured here. Exits where there is
    no model to choose from.
    """
    if config.backend != "llama" or config.model_file != AUTO:
        return config, None
    book = Book(config.speeds_file or config.models_dir / SPEEDS, engine_of(config))
    speeds = []
    for file in usable(config):
        speed = book.speed_of(file, config.models_dir)
        if speed is None and measures:
            log.warning("measuring %s, once", file.stem)
            speed = await measured(config, file)
            book.keep(speed, config.models_dir)
        if speed is None:
            return config, None
        speeds.append(speed)
    choice = choose(speeds, config.answer_within_s)
    return config.model_copy(update={"model_file": choice.file}), choice


def usable(config: Config) -> list[Path]:
    """The candidates that are here and fit into the memory, smallest first; the smallest in any case."""
    here = [file for file in config.candidates if (config.models_dir / file).is_file()]
    if not here:
        raise SystemExit(f"no model to choose from in {config.models_dir}: run `visavis models pull`")
    free = available_bytes()
    small = [
        file
        for file in here[1:]
        if free is None or (config.models_dir / file).stat().st_size * HEADROOM < free
    ]
    return [here[0], *small]


def engine_of(config: Config) -> str:
    """Everything beside the file that decides the speed: processor, engine, threads, batch."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{processor()}, {cores} cores, xllamacpp {version('xllamacpp')}, "
        f"threads {config.threads}, batch {config.batch_token_count}"
    )


def processor() -> str:
    """The processor's name as the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


class Book:
    """A JSON file of speeds: {engine: {file: {"bytes", "sha256_of_header", "read_hz", "written_hz"}}}."""

    def __init__(self, path: Path, engine: str) -> None:
        self._path = path
        self._engine = engine
        self._known: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(path.read_text(encoding="utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def speed_of(self, file: Path, models_dir: Path) -> Speed | None:
        """None when these bytes were never measured with this engine, or the file says nonsense."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            entry = self._known[self._engine][file.as_posix()]
            speed = Speed(file, float(entry["read_hz"]), float(entry["written_hz"]))
            is_same = {"bytes", "sha256_of_header"} <= entry.keys() and entry == entry | identity(
                models_dir / file
            )
            return speed if is_same and min(speed.read_hz, speed.written_hz) > 0 else None
        return None

    def keep(self, speed: Speed, models_dir: Path) -> None:
        """Best effort: where nothing can be written, the next start measures again."""
        rates = {"read_hz": round(speed.read_hz, 1), "written_hz": round(speed.written_hz, 1)}
        of_engine = self._known.get(self._engine)
        files = of_engine if isinstance(of_engine, dict) else {}
        self._known[self._engine] = files | {speed.file.as_posix(): identity(models_dir / speed.file) | rates}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._known, indent=1), encoding="utf-8")
        except OSError as error:
            log.warning("the speeds can't be kept in %s (%s)", self._path, error.strerror)


def identity(path: Path) -> dict[str, int | str]:
    """What tells one weight file from another, as far as speed goes."""
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(HEADER_BYTES)).hexdigest()
    return {"bytes": path.stat().st_size, "sha256_of_header": digest}


async def measured(config: Config, file: Path) -> Speed:
    """The speed of one model, asked the way a call asks it: the persona in the cache, short replies."""
    fields = {"model_file": file, "slots": 1, "context_token_count": CONTEXT_TOKENS}
    engine = load_engine(config.model_copy(update=fields))
    try:
        # CPU time: a measurement beside other work must not make the machine slow for good.
        return await speed_of(engine, file, lambda: time.process_time() / config.threads)
    finally:
        await engine.close()


async def speed_of(engine: Engine, file: Path, clock: Clock) -> Speed:
    """Medians over a few questions; the first one brings the persona into the cache and does not count."""
    with contextlib.closing(engine.open("gauge")) as conversation:
        await rates(conversation, prompt_of(QUESTIONS[0], 1), clock)
        found = [await rates(conversation, prompt_of(each), clock) for each in QUESTIONS[1:]]
    return Speed(file, *(statistics.median(column) for column in zip(*found, strict=True)))


def prompt_of(question: str, token_count: int = WRITTEN_TOKENS) -> Prompt:
    """A question as a call would ask it, and a reply that is cut short."""
    prompt = compose(HOST, (), question, (), CONTEXT_TOKENS)
    return replace(prompt, max_token_count=token_count)


async def rates(conversation: Conversation, prompt: Prompt, clock: Clock) -> tuple[float, float]:
    """Tokens per second of one reply: read, written."""
    begun = clock()
    at: list[float] = []
    cost = Cost()
    async for event in conversation.reply(prompt):
        if isinstance(event, Piece):
            at.append(clock())
        elif isinstance(event, Cost):
            cost = event
    if not at:
        raise SystemExit("the model said nothing: run `visavis models verify`")
    least_s = 1e-6  # a clock that stood still
    read_hz = (cost.prompt - cost.cached) / max(least_s, at[0] - begun)
    return read_hz, max(1, len(at) - 1) / max(least_s, at[-1] - at[0])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m visavis_brain.gauge", description=__doc__)
    parser.add_argument("--known", action="store_true", help="measure nothing")
    known = parser.parse_args().known
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    _, choice = asyncio.run(settled(load(Config), measures=not known))
    told = {"model_file": choice.file.as_posix(), "why": choice.why} if choice else {}
    sys.stdout.write(json.dumps({"model_file": None, "why": None} | told) + "\n")


if __name__ == "__main__":
    main()
