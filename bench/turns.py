"""How fast, how smooth, how large: calls through `visavis talk`, measured at the viewer's end.

    .venv/bin/python bench/turns.py --turns 20 --out out/turns

Half of the turns are recordings of people (`visavis models pull --with tests --with bench`), half are
everyday questions and requests spoken by hibari; up to 80 are all different. Calls have a few turns each and
are recorded; voice to voice is measured a second time from the recording's two tracks alone. Without --url a
stack of its own runs for the time of the benchmark.
"""

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import av
import numpy as np
from hibari import Hibari
from recorded import utterances
from visavis_cli import environment
from visavis_cli.programs import StackError
from visavis_cli.stack import Ports, Stack, running_stack
from visavis_cli.talk import identity
from visavis_cli.talk.conversation import converse
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import speech_spans
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import write_recording
from visavis_cli.talk.report import av_offsets_of, report_of
from visavis_cli.talk.speech import Speech, read_speech

QUESTIONS = [
    "What is the capital of France?",
    "Can you tell me a short joke?",
    "How do I boil an egg?",
    "Why is the sky blue?",
    "What should I wear when it rains?",
    "Who wrote Romeo and Juliet?",
    "How far away is the moon?",
    "What do you like to do on a Sunday?",
    "Could you recommend a good book?",
    "How many days are there in a leap year?",
    "What is the best way to learn a language?",
    "I feel a bit tired today. What can I do?",
    "What does a bee make?",
    "Which is bigger, the sun or the earth?",
    "How do I get a coffee stain out of a shirt?",
    "What is your name?",
    "Do cats like water?",
    "How long does it take to bake bread?",
    "What is a good present for my mother?",
    "Where do penguins live?",
    "Can you explain what a computer does?",
    "What comes after Wednesday?",
    "How can I sleep better at night?",
    "Tell me something about the ocean.",
    "I have a dog called Max and he loves the beach.",
    "My sister has a birthday soon, so what would be a good present for her?",
    "Give me a recipe with chicken and rice.",
    "What is the opposite of north?",
    "Good morning, how are you today?",
    "I would like to visit Italy next summer. Where should I go?",
    "Please tell me about penguins.",
    "How many minutes are there in two hours?",
    "Is it healthy to drink a lot of coffee?",
    "My name is Tom and I am a bit nervous.",
    "Let's talk about music.",
    "Which three colours are called primary?",
    "Thank you very much, that was very helpful.",
    "Should I take an umbrella with me today?",
    "How does a train stay on its tracks?",
    "I don't understand. Can you say it again?",
]
PROGRAMS = ("nats", "asr", "brain", "tts", "render", "gateway")
RATE_HZ = 48_000


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=20, help="how many questions in all (default 20)")
    parser.add_argument("--per-call", type=int, default=5, help="how many of them in one call (default 5)")
    parser.add_argument("--out", type=Path, default=Path("out/turns"), help="recordings and result.json")
    parser.add_argument("--human", type=int, help="how many are recordings of people (default half)")
    parser.add_argument("--clips", type=Path, nargs="+", help="folders of other such recordings, *.wav")
    parser.add_argument("--url", help="a gateway that runs already (no memory or ready time then)")
    parser.add_argument("--persona")
    parser.add_argument(
        "--timeout", type=float, default=60, help="longest wait for an answer, s (default 60)"
    )
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        speeches = [read_speech(path) for path in questions(args, args.out / "questions")]
        result = asyncio.run(bench(args, speeches))
    except (StackError, TalkError) as error:
        sys.exit(f"bench/turns: {error}")
    (args.out / "result.json").write_text(json.dumps(result, indent=1))
    print_table(result)
    return 0 if not result["failures"] else 1


def questions(args: argparse.Namespace, folder: Path) -> list[Path]:
    """WAV files for --turns turns: --human recordings of people, and synthesised questions between them."""
    wanted = args.turns // 2 if args.human is None else min(args.human, args.turns)
    human = recordings(wanted, args.clips, folder)
    voice = Hibari()
    made = []
    for number in range(args.turns - len(human)):
        path = folder / f"{number % len(QUESTIONS):02}.wav"
        if not path.exists():
            voice.save(QUESTIONS[number % len(QUESTIONS)], str(path))
        made.append(path)
    every = max(1, args.turns // len(human)) if human else args.turns + 1
    for number, path in enumerate(human):
        made.insert(min(len(made), number * every + every - 1), path)
    return made


def recordings(wanted: int, clips: Sequence[Path] | None, folder: Path) -> list[Path]:
    """Up to `wanted` recordings of people: those of the catalogue, or those in `clips`."""
    folder.mkdir(parents=True, exist_ok=True)
    if clips is None:
        return utterances(wanted, environment.models_dir(), folder)
    return [path for each in clips for path in sorted(each.glob("*.wav"))][:wanted]


async def bench(args: argparse.Namespace, speeches: Sequence[Speech]) -> dict[str, Any]:
    """Every call, one after another, on one stack."""
    async with AsyncExitStack() as cleanup:
        stack, url = None, args.url
        if url is None:
            progress("starting a stack")
            stack = await cleanup.enter_async_context(running_stack(Ports.ephemeral()))
            url = stack.url
        calls = []
        for number, start in enumerate(range(0, len(speeches), args.per_call), 1):
            progress(f"call {number}: turns {start + 1} to {min(start + args.per_call, len(speeches))}")
            calls.append(await one_call(args, url, list(speeches[start : start + args.per_call]), number))
        return combined(calls, stack)


async def one_call(args: argparse.Namespace, url: str, speeches: list[Speech], number: int) -> dict[str, Any]:
    """Hold a call and measure it, also when it fails half way."""
    record, failure = Record(), None
    try:
        await converse(url, args.persona, speeches, args.timeout, record, progress)
    except TalkError as error:
        failure = str(error)
        progress(f"call {number}: {failure}")
    path = args.out / f"call-{number:02}.mp4"
    recorded = write_recording(path, record, identity(record))
    result = report_of(record, recorded)
    return result | {
        "failure": failure,
        "offsets_ms": [round(each, 2) for each in av_offsets_of(record)],
        "from_recording_ms": latencies_in(path) if recorded.pictures else [],
    }


def latencies_in(path: Path) -> list[float]:
    """Voice to voice from a recording alone: end of speech in track 1 -> next onset in track 2."""
    sent, received = audio_tracks(path)
    asked = [end for stretch in stretches(sent) for end in ends_of_speech(sent, stretch)]
    latencies, before = [], 0
    for onset in (span.start for span in speech_spans(received, RATE_HZ)):
        ends = [end for end in asked if before < end < onset]
        if ends:
            latencies.append(round((onset - ends[-1]) * 1000 / RATE_HZ, 1))
        before = onset
    return latencies


def stretches(track: np.ndarray) -> list[np.ndarray]:
    """Sample indices of each question: the microphone sends digital silence of a second or more between."""
    heard = np.flatnonzero(np.abs(track.astype(np.int32)) > 8)
    return np.split(heard, np.flatnonzero(np.diff(heard) > RATE_HZ) + 1) if len(heard) else []


def ends_of_speech(track: np.ndarray, stretch: np.ndarray) -> list[int]:
    """Where speech ends in one question, judged by its own noise and not by the silence around it."""
    start = int(stretch[0])
    return [start + span.end for span in speech_spans(track[start : int(stretch[-1]) + 1], RATE_HZ)]


def audio_tracks(path: Path) -> list[np.ndarray]:
    """Both audio tracks from time 0 on: mono int16 at 48 kHz."""
    tracks = []
    for number in range(2):
        with av.open(str(path)) as container:
            frames = list(container.decode(container.streams.audio[number]))
        first = round(float(frames[0].pts * frames[0].time_base) * RATE_HZ)
        pcm = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])[max(0, -first) :]
        tracks.append(
            (np.concatenate([np.zeros(max(0, first)), pcm]) * 32767).clip(-32768, 32767).astype(np.int16)
        )
    return tracks


def resident_mb(stack: Stack) -> dict[str, float]:
    """The peak resident memory of each program."""
    memory = {}
    for name in PROGRAMS:
        status = Path(f"/proc/{stack.pid(name)}/status")
        if status.exists():
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            memory[name] = round(int(fields["VmHWM"].split()[0]) / 1000, 1)
    return memory


def combined(calls: Sequence[dict[str, Any]], stack: Stack | None) -> dict[str, Any]:
    """The numbers of all calls together."""
    turns = [turn for call in calls for turn in call["turns"]]
    stages = {
        name: [turn["stages_ms"][name] for turn in turns if name in turn["stages_ms"]]
        for name in stage_names(turns)
    }
    frames = sum(call["video"]["frames"] for call in calls)
    total = {
        key: sum(call["audio"][key] for call in calls) for key in ("missing_packets", "gaps", "late_packets")
    }
    skipped = sum(call["video"]["skipped"] or 0 for call in calls)
    return {
        "turns": turns,
        "voice_to_voice_ms": spread([turn["voice_to_voice_ms"] for turn in turns]),
        "from_recording_ms": spread([each for call in calls for each in call["from_recording_ms"]]),
        "largest_difference_ms": largest_difference(calls),
        "stages_ms": {name: statistics.median(values) for name, values in stages.items() if values},
        "av_offset_ms": spread([abs(each) for call in calls for each in call["offsets_ms"]]),
        "av_offset_signed_ms": spread([each for call in calls for each in call["offsets_ms"]]),
        "video": {
            "frames": frames,
            "fps": spread([call["video"]["fps"] for call in calls])["p50"],
            "skipped": skipped,
            "skipped_percent": round(100 * skipped / max(1, frames + skipped), 2),
        },
        "audio": total | {"seconds": round(sum(call["audio_seconds"] for call in calls), 1)},
        "resident_mb": resident_mb(stack) if stack else {},
        "ready_after_s": round(stack.ready_after_s, 1) if stack else None,
        "failures": [call["failure"] for call in calls if call["failure"]],
        "calls": len(calls),
    }


def largest_difference(calls: Sequence[dict[str, Any]]) -> float | None:
    """Between the reported and the recorded latency of a turn, where every turn of the call has both."""
    differences = []
    for call in calls:
        reported = [
            turn["voice_to_voice_ms"] for turn in call["turns"] if turn["voice_to_voice_ms"] is not None
        ]
        if len(reported) == len(call["from_recording_ms"]):
            differences += [abs(a - b) for a, b in zip(reported, call["from_recording_ms"], strict=True)]
    return round(max(differences), 1) if differences else None


def stage_names(turns: Sequence[dict[str, Any]]) -> list[str]:
    """Every stage that some turn has, in the order in which they happen."""
    times: dict[str, list[float]] = {}
    for turn in turns:
        for name, value in turn["stages_ms"].items():
            times.setdefault(name, []).append(value)
    return sorted(times, key=lambda name: statistics.median(times[name]))


def spread(values: Sequence[float | None]) -> dict[str, float | None]:
    """p50 and p95 of what was measured."""
    known = [value for value in values if value is not None]
    if not known:
        return {"p50": None, "p95": None, "count": 0}
    p50, p95 = np.percentile(known, [50, 95])
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "count": len(known)}


def print_table(result: dict[str, Any]) -> None:
    """Each turn, then the sums."""
    for number, turn in enumerate(result["turns"], 1):
        print(
            f"{number:3}  {text(turn['voice_to_voice_ms']):>6} ms  {turn['transcript']}  ->  {turn['reply']}"
        )
    row: Callable[[str, Any], None] = lambda name, value: print(f"{name:34} {value}")  # noqa: E731
    print()
    row("calls, turns", f"{result['calls']}, {len(result['turns'])}")
    for name, title in (
        ("voice_to_voice_ms", "voice to voice"),
        ("from_recording_ms", "  the same, from the recordings"),
        ("av_offset_ms", "A/V offset, magnitude"),
        ("av_offset_signed_ms", "A/V offset, positive = audio early"),
    ):
        values = result[name]
        row(title, f"p50 {text(values['p50'])} ms   p95 {text(values['p95'])} ms   (n={values['count']})")
    row("  reported and recorded differ by", f"at most {text(result['largest_difference_ms'])} ms")
    for name, value in result["stages_ms"].items():
        row(f"  {name}, median", f"{value:.0f} ms")
    video, audio, memory = result["video"], result["audio"], result["resident_mb"]
    row("video", f"{video['frames']} frames, {video['fps']} fps, {video['skipped_percent']} % skipped")
    row("audio", f"{audio['seconds']} s, {audio['missing_packets']} packets missing, {audio['gaps']} gaps, "
        f"{audio['late_packets']} more than 100 ms late")  # fmt: skip
    if memory:
        parts = ", ".join(f"{name} {value:.0f}" for name, value in memory.items())
        row("resident memory, peaks", f"{sum(memory.values()):.0f} MB ({parts})")
        row("ready after", f"{result['ready_after_s']} s")
    for failure in result["failures"]:
        row("FAILED", failure)


def text(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
