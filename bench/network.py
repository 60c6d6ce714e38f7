"""What a bad network costs: words at the ear, and the call at the viewer's end.

    .venv/bin/python bench/network.py words     # by a model of the network, no clock: the same each time
    .venv/bin/python bench/network.py calls     # real calls over UDP, on a stack of its own

words: recordings of people (`visavis models pull --with tests --with bench`) and questions spoken by hibari
go through Opus, the network, the gateway's own uplink and asr (Moonshine). Reported is the word error rate
against what Whisper hears in the untouched recording (people; `--with whisper`) or against what was said
(questions), and what a lost packet costs: how much later than on a perfect network each 20 ms reach asr.
calls: a talking avatar is watched over each network: pictures that can be decoded, holes in them, what the
encoder's rate did, and how evenly the voice came.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from hibari import Hibari
from numpy.typing import NDArray
from recorded import decoded, utterances
from rough_calls import watch_all
from turns import QUESTIONS
from visavis_asr.backends import load_engine
from visavis_asr.config import Config
from visavis_asr.engine import RATE_HZ, Engine
from visavis_cli import environment
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.network import Conditions
from visavis_cli.talk.network import Path as NetworkPath
from visavis_gateway.backends.opus import OpusDecoder
from visavis_gateway.uplink import Uplink

WIRE_HZ = 48_000
FRAME = WIRE_HZ // 50
OPUS_BPS = 32_000  # as browsers send speech
NETWORKS = {
    "no loss": Conditions(),
    "2 % loss": Conditions(loss=2),
    "5 % loss": Conditions(loss=5),
    "50 ms jitter": Conditions(jitter=50),
    "3 % reordered": Conditions(reorder=3),
    "2 % loss, 50 ms jitter, 3 % reordered": Conditions(loss=2, jitter=50, reorder=3),
}
TAIL_S = 0.6

Pcm = NDArray[np.int16]


@dataclass(frozen=True)
class Utterance:
    """What is said; where `text` is not known, it is Whisper's word."""

    name: str
    packets: list[bytes]
    text: str
    is_known: bool


@dataclass
class Heard:
    """One utterance after one network."""

    pcm: Pcm
    extra_ms: list[float]  # of each 20 ms that had to be made up or waited for: how much later it was
    concealed: int


def packets_of(pcm: Pcm, rate_hz: int) -> list[bytes]:
    """Opus as a browser makes it: mono, 48 kHz, 20 ms."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=WIRE_HZ, frame_size=FRAME)
    encoder = av.CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "mono", WIRE_HZ
    encoder.bit_rate, encoder.time_base = OPUS_BPS, Fraction(1, WIRE_HZ)
    encoder.options = {"application": "voip", "frame_duration": "20"}
    silence = np.zeros(round(TAIL_S * rate_hz), np.int16)
    frame = av.AudioFrame.from_ndarray(
        np.concatenate([pcm, silence]).reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = rate_hz
    whole = [out for out in resampler.resample(frame) if out.samples == FRAME]
    return [bytes(packet) for out in whole for packet in encoder.encode(out)]


def through(packets: Sequence[bytes], conditions: Conditions, seed: int) -> Heard:
    """The packets over the network into the gateway's uplink, on a clock of its own."""
    clean = [n * 0.02 for n in range(len(packets))]
    path = NetworkPath(conditions, seed)
    arrivals = [
        (at, n)
        for n, sent_s in enumerate(clean)
        if (at := path.arrival_s(sent_s, len(packets[n]) + 40)) is not None
    ]
    ticks = [(now_s, -1) for now_s in np.arange(0, max(at for at, _ in arrivals) + 0.1, 0.02)]
    uplink = Uplink(OpusDecoder())
    parts: list[Pcm] = []
    extra_ms: list[float] = []
    for now_s, number in sorted([*arrivals, *ticks]):
        now_us = round(now_s * 1_000_000)
        chunks = uplink.push(number * FRAME, packets[number], now_us) if number >= 0 else uplink.poll(now_us)
        for chunk in chunks:
            extra_ms.append(round(1000 * (now_s - clean[min(len(parts), len(clean) - 1)]), 1))
            parts.append(chunk.pcm)
    pcm = np.concatenate(parts[: len(packets)])
    return Heard(pcm, extra_ms[: len(packets)], uplink.concealed_count)


def engine_of(backend: str) -> Engine:
    return load_engine(Config(models_dir=environment.models_dir(), backend=backend))


def heard_in(engine: Engine, pcm: Pcm) -> str:
    """What an ear makes of it."""
    heard = engine.transcribe(pcm.astype(np.float32) / 32768, "en", lambda: False)
    return heard.text if heard else ""


def words_of(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Levenshtein's distance in words."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for column, other in enumerate(heard, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (word != other)),
            )
    return row[-1]


def material(args: argparse.Namespace) -> Iterator[Utterance]:
    """People first, then spoken questions."""
    recordings = utterances(args.people, environment.models_dir(), args.out)
    whisper = engine_of("whisper") if recordings else None
    for path in recordings:
        assert whisper is not None
        pcm = decoded(path)
        yield Utterance(path.stem, packets_of(pcm, RATE_HZ), heard_in(whisper, pcm), is_known=False)
    voice = Hibari(threads=1)
    for text in QUESTIONS[: args.questions]:
        pcm = (np.clip(voice(text, seed=0), -1, 1) * 32767).astype(np.int16)
        yield Utterance(text, packets_of(pcm, voice.sample_rate), text, is_known=True)


@dataclass
class Row:
    """The sums of one network."""

    errors: dict[bool, int]
    words: dict[bool, int]
    extra_ms: list[float]
    concealed: int = 0
    packets: int = 0

    def add(self, is_known: bool, errors: int, said: int, heard: Heard) -> None:
        """One utterance after this network."""
        self.errors[is_known] += errors
        self.words[is_known] += said
        self.extra_ms += heard.extra_ms
        self.concealed += heard.concealed
        self.packets += len(heard.extra_ms)

    def rate(self, is_known: bool) -> float:
        return 100 * self.errors[is_known] / max(1, self.words[is_known])


def words(args: argparse.Namespace) -> dict[str, Row]:
    """Every utterance over every network, each as often as --seeds, with other losses each time."""
    engine = engine_of("moonshine")
    rows = {name: Row({True: 0, False: 0}, {True: 0, False: 0}, []) for name in NETWORKS}
    for number, each in enumerate(material(args)):
        said, clean = words_of(each.text), heard_in(engine, through(each.packets, Conditions(), 0).pcm)
        for name, conditions in NETWORKS.items():
            for seed in range(args.seeds):
                heard = through(each.packets, conditions, 1000 * number + 2 * seed)
                text = clean if conditions == Conditions() else heard_in(engine, heard.pcm)
                rows[name].add(each.is_known, word_errors(said, words_of(text)), len(said), heard)
        print(f"{number + 1:3}  {each.text[:60]:60}  {clean[:60]}", file=sys.stderr, flush=True)
    engine.close()
    return rows


def print_words(rows: dict[str, Row]) -> None:
    """The table of `words`."""
    head = ("network", "WER people", "WER questions", "made up", "later by p50", "p99", "max ms")
    print("{:40} {:>10} {:>13} {:>8} {:>12} {:>6} {:>7}".format(*head))
    for name, row in rows.items():
        late = np.percentile(row.extra_ms, [50, 99, 100])
        print(
            f"{name:40} {row.rate(False):8.1f} % {row.rate(True):11.1f} % "
            f"{100 * row.concealed / row.packets:6.1f} % {late[0]:12.0f} {late[1]:6.0f} {late[2]:7.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["words", "calls"])
    parser.add_argument("--people", type=int, default=40, help="how many recordings (default: all)")
    parser.add_argument("--questions", type=int, default=20, help="how many spoken questions (default 20)")
    parser.add_argument("--seeds", type=int, default=3, help="how often each with other losses (default 3)")
    parser.add_argument("--seconds", type=float, default=20, help="length of each call (default 20 s)")
    parser.add_argument("--out", type=Path, default=Path("out/network"))
    args = parser.parse_args()
    try:
        if args.part == "words":
            print_words(words(args))
        else:
            asyncio.run(watch_all(args.seconds))
    except TalkError as error:
        sys.exit(f"bench/network: {error}")


if __name__ == "__main__":
    main()
