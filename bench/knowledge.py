"""What a persona's documents cost: reading them, finding in them, and the first word of an answer.

    OPENBLAS_NUM_THREADS=1 .venv/bin/python bench/knowledge.py [--documents 50]

Needs `visavis models pull --with knowledge`.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.engine import Engine, Piece
from visavis_brain.prompt import Persona, compose, with_notes
from visavis_gateway.backends.library import VectorLibrary

MIRA = Persona("Mira", "You are the friendly host of a restaurant.", "en-US", 60)
FACTS = (
    "The {n}th room is called {name}. It has {n} chairs and a view of the {name} garden. Guests who like"
    " {name} ask for it early in the week, because it is often taken on Fridays and Saturdays."
)
NAMES = ["amber", "birch", "cedar", "dahlia", "elm", "fern", "ginger", "hazel", "iris", "jasmine"]
MENU = "The grilled sardines cost twelve euros. The octopus salad costs fifteen euros and contains celery."
QUESTION = "How much do the grilled sardines cost?"
PARTIALS = ("How much", "How much do the", "How much do the grilled")


def report(name: str, seconds: Sequence[float]) -> None:
    ordered = sorted(seconds)
    print(f"{name:56} p50 {statistics.median(ordered) * 1000:7.1f}   max {ordered[-1] * 1000:7.1f} ms")


def measure_library(documents: int, folder: Path, library: VectorLibrary) -> None:
    """Reading and finding."""
    for n in range(documents):
        text = "\n\n".join(FACTS.format(n=n * 10 + i, name=name) for i, name in enumerate(NAMES))
        (folder / f"rooms-{n}.md").write_text(f"# Rooms {n}\n\n{text}\n")
    (folder / "menu.md").write_text(f"# Menu\n\n{MENU}\n")
    began = time.process_time()
    library.refresh(folder)
    took = time.process_time() - began
    print(f"{documents + 1} documents, {documents * 10 + 1} passages: read in {took:.1f} s of CPU")
    walls, cpus = [], []
    for _ in range(30):
        wall, cpu = time.perf_counter(), time.thread_time()
        found = library.search(folder, QUESTION)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.thread_time() - cpu)
    assert found[0].source == "menu.md, Menu"
    report("a look-up", walls)
    report("   of it on the CPU", cpus)


async def first_token(engine: Engine, notes: tuple[str, ...], session: str) -> float:
    """Seconds from the question to the model's first token, as warmed by the partials before it."""
    conversation = engine.open(session)
    try:
        for text in (None, *PARTIALS):
            words = with_notes(text, notes) if text else text
            await conversation.warm(compose(MIRA, (), words, (), engine.context_token_count))
        prompt = compose(MIRA, (), with_notes(QUESTION, notes), (), engine.context_token_count)
        began = time.perf_counter()
        async for event in conversation.reply(prompt):
            if isinstance(event, Piece):
                return time.perf_counter() - began
        raise RuntimeError("the model said nothing")
    finally:
        conversation.close()


async def measure_answer(notes: tuple[str, ...], runs: int) -> None:
    """With and without notes, in turns."""
    engine = load_engine(Config())
    took: dict[str, list[float]] = {"without notes": [], "with two passages": []}
    for run in range(runs):
        for number, (name, given) in enumerate(zip(took, ((), notes), strict=True)):
            took[name].append(await first_token(engine, given, f"bench-{run}-{number}"))
    for name, seconds in took.items():
        report(f"question -> first token, {name}", seconds)
    await engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=50)
    parser.add_argument("--runs", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "documents"
        folder.mkdir()
        library = VectorLibrary(Path("models"), Path(made) / "store")
        measure_library(options.documents, folder, library)
        notes = tuple(passage.text for passage in library.search(folder, QUESTION))
    asyncio.run(measure_answer(notes, options.runs))


if __name__ == "__main__":
    main()
