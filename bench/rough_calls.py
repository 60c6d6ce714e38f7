"""Calls over a bad network, watched at the viewer's end: pictures, the rate, the voice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import av
import numpy as np
from visavis_cli.stack import Ports, running_stack
from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VideoFrame
from visavis_cli.talk.client import open_call
from visavis_cli.talk.network import Conditions, bad_network
from visavis_cli.talk.record import Record
from visavis_cli.talk.report import audio_of

NETWORKS = {
    "good": Conditions(),
    "2 % loss": Conditions(loss=2, delay=20),
    "5 % loss": Conditions(loss=5, delay=20),
    "50 ms jitter, 3 % reordered": Conditions(jitter=50, reorder=3, delay=20),
    "300 kbit/s": Conditions(rate=300, delay=20),
    "2 s blackout": Conditions(blackout=2, after=6, delay=20),
}
STORY = "tell me a long story about foxes and crows and rivers and mountains and lakes and the sea"
HOLE_S = 0.25
EVERY_S = 2.0
# Only the network is of interest: no weights, and answers that repeat what was asked.
ENV = {
    "ASR_BACKEND": "fake",
    "BRAIN_BACKEND": "fake",
    "OTEL_METRICS_EXPORTER": "none",
}


@dataclass(frozen=True)
class Seen:
    """What could be decoded, and the times without a picture, seconds."""

    pictures: int
    broken: int
    keyframes: int
    holes_s: list[float]


async def watch_all(seconds: float) -> None:
    """A call over each network, one after the other, and a line for each."""
    async with running_stack(Ports.ephemeral(), ENV, ready_within_s=300) as stack:
        for name, conditions in NETWORKS.items():
            record = await watch(stack.url, conditions, seconds)
            print_call(name, record)


async def watch(url: str, conditions: Conditions, seconds: float) -> Record:
    """A call in which the avatar talks all the time."""
    record = Record()
    async with (
        bad_network(conditions) as network,
        open_call(url, None, record, print, network) as call,
        asyncio.TaskGroup() as tasks,
    ):
        reports = tasks.create_task(call.send_reports())
        for _ in range(round(seconds / EVERY_S)):
            await asyncio.sleep(EVERY_S)
            if call.state == "idle":
                call.send({"type": "text", "text": STORY})
        reports.cancel()
    return record


def seen(frames: Sequence[VideoFrame]) -> Seen:
    """Decodes what came, as a player would."""
    decoder = av.VideoCodecContext.create("vp8", "r")
    pictures = broken = 0
    for frame in frames:
        try:
            pictures += len(decoder.decode(av.Packet(frame.data)))
        except av.FFmpegError:
            broken += 1
    times = [frame.arrival_s for frame in frames]
    holes = [round(b - a, 2) for a, b in pairwise(times) if b - a > HOLE_S]
    return Seen(pictures, broken, sum(frame.keyframe for frame in frames), holes)


def kbits_per_s(frames: Sequence[VideoFrame]) -> list[int]:
    """Of each whole second."""
    at = np.array([frame.arrival_s - frames[0].arrival_s for frame in frames])
    size = np.array([len(frame.data) for frame in frames])
    return [round(size[(at >= s) & (at < s + 1)].sum() * 8 / 1000) for s in range(int(at[-1]))]


def print_call(name: str, record: Record) -> None:
    """The figures of one call."""
    audio, video = audio_of(record.received), seen(record.video)
    transit = np.array([packet.arrival_s - packet.rtp / AUDIO_RATE_HZ for packet in record.received])
    p50, p95, worst = 1000 * np.percentile(transit - transit.min(), [50, 95, 100])
    print(f"{name}")
    print(
        f"  voice: {len(record.received)} packets, {audio['missing_packets']} missing; "
        f"later than the fastest by {p50:.0f} ms (p50), {p95:.0f} (p95), {worst:.0f} (max)"
    )
    print(
        f"  video: {video.pictures} pictures, {video.broken} undecodable, {video.keyframes} keyframes, "
        f"{record.video_packets_lost} packets lost for good, holes {video.holes_s or 'none'} s"
    )
    print(f"  kbit/s by second: {' '.join(map(str, kbits_per_s(record.video)))}", flush=True)
