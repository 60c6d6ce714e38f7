"""visavis against Pipecat and against the classic pipeline: same users, models, client and machine, in turn.

    bench/peer/setup.sh                                         (once)
    .venv/bin/python bench/against.py --turns 20 --out out/against

Both stacks run all the time; only one has a call. Calls alternate in blocks, and every block goes first to
another system. Three kinds of block: questions, users who pause in mid-sentence, users who interrupt.
"sequential" is the classic pipeline of the same models (bench/sequential.py); it can't be interrupted. The
peer is measured in its shipped configuration ("defaults") and in one that waits as little as visavis
("tuned"); visavis draws a face meanwhile, the others send audio alone. Each call begins with a turn that
does not count.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import lines
import trials
from comparison import OURS, PEERS, SEQUENTIAL, SYSTEMS, print_table
from cpu import Meter
from lines import Line, Talk
from material import WARM_UP, Speaker
from peer_process import PeerError, PeerProcess, running_peer, running_sequential
from turns import latencies_in, progress, questions, spread, text
from visavis_cli import environment
from visavis_cli.stack import Ports, Stack, StackError, running_stack
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import write_recording
from visavis_cli.talk.report import received_onsets
from visavis_cli.talk.speech import Speech, read_speech

QUESTIONS, PAUSES, INTERRUPTIONS = "questions", "pauses", "interruptions"


@dataclass(frozen=True)
class Block:
    """What one call consists of: speeches, and for interruptions the words that are said over the answer."""

    kind: str
    speeches: Sequence[Speech]
    over: Sequence[Speech] = ()


@dataclass
class Outcome:
    """All that was measured on one system."""

    asked: dict[str, list[trials.Asked]] = field(default_factory=lambda: {QUESTIONS: [], PAUSES: []})
    interrupted: list[trials.Interrupted] = field(default_factory=list)
    from_recording_ms: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    cpu_share: list[float] = field(default_factory=list)
    resting_cpu_share: list[float] = field(default_factory=list)


def main() -> int:
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        blocks = blocks_of(args)
        result = asyncio.run(bench(args, blocks))
    except (StackError, TalkError, PeerError) as error:
        sys.exit(f"bench/against: {error}")
    (args.out / "result.json").write_text(json.dumps(result, indent=1))
    print_table(result)
    return 1 if any(each["failures"] for each in result["systems"].values()) else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = made.add_argument
    add("--turns", type=count, default=20, help="questions for each system (default 20)")
    add("--pauses", type=count, default=12, help="users who pause in mid-sentence (default 12)")
    add("--interruptions", type=count, default=8, help="users who interrupt (default 8)")
    add("--per-call", type=count, default=5, help="turns in one call (default 5)")
    add("--llm-threads", type=count, default=1, help="of the peer's llama.cpp (default 1, as visavis)")
    add("--silence-ms", type=milliseconds, default=700, help="that end a turn in `sequential` (default 700)")
    add("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="default: all four")
    add("--human", type=count, help="how many of them are recordings of people (default half)")
    add("--clips", type=Path, nargs="+", help="folders of other such recordings, *.wav")
    add("--out", type=Path, default=Path("out/against"), help="recordings and result.json")
    return made


def count(written: str) -> int:
    """A whole number, 0 to 1000."""
    value = int(written)
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError("must be 0 to 1000")
    return value


def milliseconds(written: str) -> int:
    """A silence that can end a turn, 100 to 5000."""
    value = int(written)
    if not 100 <= value <= 5000:
        raise argparse.ArgumentTypeError("must be 100 to 5000")
    return value


def blocks_of(args: argparse.Namespace) -> list[Block]:
    """The calls to hold with each system; questions, pauses and interruptions take turns."""
    speaker = Speaker(args.out / "speech")
    asked = [read_speech(path) for path in questions(args, args.out / "speech")]
    paused = [read_speech(speaker.hesitant(number)) for number in range(args.pauses)]
    pairs = [[read_speech(path) for path in speaker.interruption(n)] for n in range(args.interruptions)]
    kinds = [
        [Block(QUESTIONS, part) for part in parts(asked, args.per_call)],
        [Block(PAUSES, part) for part in parts(paused, args.per_call)],
        [
            Block(INTERRUPTIONS, [pair[0] for pair in part], [pair[1] for pair in part])
            for part in parts(pairs, max(1, args.per_call // 2))
        ],
    ]
    longest = max(len(each) for each in kinds)
    return [each[number] for number in range(longest) for each in kinds if number < len(each)]


def parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    size = max(1, size)
    return [items[start : start + size] for start in range(0, len(items), size)]


async def bench(args: argparse.Namespace, blocks: Sequence[Block]) -> dict[str, Any]:
    """Start both stacks, hold every block with every system, and put the numbers together."""
    async with AsyncExitStack() as cleanup:
        progress("starting every system")
        log = cleanup.enter_context((args.out / "visavis.log").open("w"))
        stack = await cleanup.enter_async_context(
            running_stack(Ports.ephemeral(), log=lambda name, line: print(f"{name}: {line}", file=log))
        )
        others = await start_others(args, stack, cleanup)
        warm_up = read_speech(Speaker(args.out / "speech").spoken("warm-up", WARM_UP))
        bench = Bench(stack, others, warm_up, args.out)
        load = [round(os.getloadavg()[0], 2)]
        for number, block in enumerate(blocks):
            shift = number % len(args.systems)
            for system in args.systems[shift:] + args.systems[:shift]:
                if system == SEQUENTIAL and block.kind == INTERRUPTIONS:
                    continue
                progress(f"block {number + 1} of {len(blocks)}, {block.kind}: {system}")
                await bench.hold(system, block, f"{number + 1:02}-{block.kind}-{system}")
            load.append(round(os.getloadavg()[0], 2))
        return {
            "systems": {system: numbers_of(bench.outcomes[system]) for system in args.systems},
            "peer": others["tuned"].about if "tuned" in others else {},
            "sequential": others[SEQUENTIAL].about if SEQUENTIAL in others else {},
            "load_average": load,
            "cpu_count": os.cpu_count(),
            "details": {system: asdict(bench.outcomes[system]) for system in args.systems},
        }


async def start_others(
    args: argparse.Namespace, stack: Stack, cleanup: AsyncExitStack
) -> dict[str, PeerProcess]:
    """The process of each system but visavis; both configurations of the peer are one process."""
    models_dir, others = environment.models_dir().resolve(), {}
    if any(name in args.systems for name in PEERS):
        starting = running_peer(
            Ports.ephemeral().gateway, models_dir, args.out / "peer.log", args.llm_threads
        )
        others = dict.fromkeys(PEERS, await cleanup.enter_async_context(starting))
    if SEQUENTIAL in args.systems:
        brain = f"127.0.0.1:{stack.ports.brain}"
        starting = running_sequential(
            Ports.ephemeral().gateway, models_dir, args.out / "sequential.log", brain, args.silence_ms
        )
        others[SEQUENTIAL] = await cleanup.enter_async_context(starting)
    return others


class Bench:
    """Holds calls with every system and keeps what came of them."""

    def __init__(self, stack: Stack, others: dict[str, PeerProcess], warm_up: Speech, out: Path) -> None:
        self._stack, self._others, self._warm_up, self._out = stack, others, warm_up, out
        self.outcomes = {system: Outcome() for system in SYSTEMS}

    async def hold(self, system: str, block: Block, name: str) -> None:
        """One call; what it came to, also when it fails half way."""
        record, outcome = Record(), self.outcomes[system]
        meters = self._meters(system)
        try:
            await self._connect(system, record, talk_of(block, self._warm_up))
        except TalkError as error:
            outcome.failures.append(f"{name}: {error}")
            progress(f"  {error}")
        ours, theirs = (meter.share() for meter in meters)
        outcome.cpu_share.append(ours if system == OURS else theirs)
        outcome.resting_cpu_share.append(theirs if system == OURS else ours)
        if record.received:
            self._judge(block, record, outcome, self._out / f"{name}.mp4")

    def _meters(self, system: str) -> tuple[Meter, Meter]:
        ours = [self._stack.pid(name) for name in ("nats", "asr", "brain", "tts", "render", "gateway")]
        theirs = {each.pid for name, each in self._others.items() if system in (OURS, name)}
        return Meter([pid for pid in ours if pid]), Meter(sorted(theirs))

    def _connect(self, system: str, record: Record, talk: Talk) -> Awaitable[None]:
        if system == OURS:
            return lines.call_visavis(self._stack.url, record, talk, progress)
        return lines.call_peer(self._others[system].url, system, record, talk)

    def _judge(self, block: Block, record: Record, outcome: Outcome, path: Path) -> None:
        write_recording(path, replace(record, video=[]), path.stem)
        said = record.questions[1:]
        if block.kind == INTERRUPTIONS:
            judged = [trials.judge_interrupted(question, record) for question in said[1::2]]
            outcome.interrupted += judged
            for each in judged:
                progress(f"  stopped after {text(each.stop_ms)} ms {each.note}")
            return
        onsets = received_onsets(record.received)
        for question in said:
            asked = trials.judge_asked(question, record, onsets)
            outcome.asked[block.kind].append(asked)
            progress(f"  {described(asked)}")
        recorded = latencies_in(path) if block.kind == QUESTIONS else []
        if len(recorded) == len(record.questions):  # else an answer came too early, or not at all
            outcome.from_recording_ms += [
                latency
                for latency, question in zip(recorded[1:], said, strict=True)
                if not trials.opener_of(question)
            ]


def talk_of(block: Block, warm_up: Speech) -> Callable[[Line], Awaitable[None]]:
    """What is said in the call."""

    async def talk(line: Line) -> None:
        await trials.ask(line, warm_up)
        if block.kind == INTERRUPTIONS:
            for opening, over in zip(block.speeches, block.over, strict=True):
                await trials.interrupt(line, opening, over)
        else:
            for speech in block.speeches:
                await trials.ask(line, speech)

    return talk


def described(asked: trials.Asked) -> str:
    """One turn in one line."""
    how = "CUT OFF" if asked.was_cut_off else "MISSED" if asked.was_missed else ""
    latency = how or f"{text(asked.voice_to_voice_ms)} ms"
    return f"{latency:>9}  {asked.transcript}  ->  {asked.reply}"


def numbers_of(outcome: Outcome) -> dict[str, Any]:
    """The sums of one system."""
    both = outcome.asked[QUESTIONS] + outcome.asked[PAUSES]
    return {
        "voice_to_voice_ms": spread([each.voice_to_voice_ms for each in outcome.asked[QUESTIONS]]),
        "from_recording_ms": spread(outcome.from_recording_ms),
        "voice_to_voice_after_pauses_ms": spread([each.voice_to_voice_ms for each in outcome.asked[PAUSES]]),
        "cut_off_on_pauses": [
            sum(each.was_cut_off for each in outcome.asked[PAUSES]),
            len(outcome.asked[PAUSES]),
        ],
        "cut_off_on_questions": [
            sum(each.was_cut_off for each in outcome.asked[QUESTIONS]),
            len(outcome.asked[QUESTIONS]),
        ],
        "missed": [sum(each.was_missed for each in both), len(both)],
        "openers": [sum(bool(each.opener) for each in both), len(both)],
        "stop_ms": spread([each.stop_ms for each in outcome.interrupted]),
        "cpu_share": median(outcome.cpu_share),
        "resting_cpu_share": median(outcome.resting_cpu_share),
        "failures": outcome.failures,
    }


def median(shares: Sequence[float]) -> float:
    """0 when nothing was measured."""
    return round(statistics.median(shares), 3) if shares else 0.0


if __name__ == "__main__":
    sys.exit(main())
