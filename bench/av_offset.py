"""The A/V offset from received media alone: flash against click.

    .venv/bin/python bench/av_offset.py --out out/clapper.mp4

The persona `clapper` greets with a row of clicks, one a second, and a white flash with each. A click counts
from its first sample, a flash from the first white frame; both are taken twice: where they are on the
session's clock (RTP time), and when they arrived. Positive = audio early.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
from visavis_cli.programs import StackError
from visavis_cli.stack import Ports, running_stack
from visavis_cli.talk import identity
from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VideoFrame
from visavis_cli.talk.conversation import converse
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import median_and_p95
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import decode_video, write_recording

APART_S = 0.3  # a click, its flash and their echoes lie closer together, two clicks further apart
PARTNERS_S = 0.4

Event = tuple[float, float]  # (session time, arrival), seconds


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/clapper.mp4"), help="the recording")
    parser.add_argument("--url", help="a gateway that runs already (default: a stack of its own)")
    parser.add_argument("--persona", default="clapper")
    parser.add_argument("--timeout", type=float, default=90, help="longest wait for the clicks to end, s")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    record = Record()
    try:
        asyncio.run(listen(args, record))
        write_recording(args.out, record, identity(record))
    except (StackError, TalkError) as error:
        sys.exit(f"bench/av_offset: {error}")
    return print_table(pairs(clicks(record), flashes(record)))


async def listen(args: argparse.Namespace, record: Record) -> None:
    """A call that lasts as long as the greeting."""
    async with AsyncExitStack() as cleanup:
        url = args.url
        if url is None:
            progress("starting a stack")
            url = (await cleanup.enter_async_context(running_stack(Ports.ephemeral()))).url
        await converse(url, args.persona, [], args.timeout, record, progress)


def clicks(record: Record) -> list[Event]:
    """The first sample of each click."""
    loudest = max((int(np.abs(p.samples).max(initial=0)) for p in record.received), default=0)
    events: list[Event] = []
    for packet in record.received if record.clock and loudest > 1000 else []:
        loud = np.flatnonzero(np.abs(packet.samples) > loudest / 5)
        if len(loud):
            into_s = float(loud[0]) / AUDIO_RATE_HZ
            events.append((record.clock.audio_pts_s(packet.rtp) + into_s, packet.arrival_s + into_s))
    return firsts(events)


def flashes(record: Record) -> list[Event]:
    """The first white frame of each flash."""
    events: list[Event] = []
    for frame in sorted(record.video, key=lambda each: each.rtp) if record.clock else []:
        events.append((record.clock.video_pts_s(frame.rtp), frame.arrival_s))
    white = [brightness > 200 for brightness in brightnesses(record.video)]
    return firsts([event for event, is_white in zip(events, white, strict=True) if is_white])


def brightnesses(frames: Sequence[VideoFrame]) -> list[float]:
    """The mean luma of each frame, in the order of RTP time."""
    return [float(picture.to_ndarray(format="gray").mean()) for _, picture in decode_video(frames)]


def firsts(events: Sequence[Event]) -> list[Event]:
    """The first of each group."""
    return [event for i, event in enumerate(events) if i == 0 or event[0] - events[i - 1][0] > APART_S]


def pairs(clicked: Sequence[Event], flashed: Sequence[Event]) -> list[tuple[float, float, float]]:
    """(session time of a click, offset on the session's clock in ms, offset by arrival in ms)."""
    found = []
    for click in clicked:
        flash = min(flashed, key=lambda each: abs(each[0] - click[0]), default=None)
        if flash and abs(flash[0] - click[0]) < PARTNERS_S:
            found.append((click[0], 1000 * (flash[0] - click[0]), 1000 * (flash[1] - click[1])))
    return found


def print_table(rows: Sequence[tuple[float, float, float]]) -> int:
    """One line a second, then the median and the 95th percentile of the magnitude."""
    if not rows:
        print("no click with a flash beside it was received")
        return 1
    print("   click at      by RTP time      by arrival    (ms, positive = audio early)")
    for at, by_clock, by_arrival in rows:
        print(f"{at:9.3f} s {by_clock:+16.1f} {by_arrival:+15.1f}")
    for name, column in (("by RTP time", 1), ("by arrival", 2)):
        values = median_and_p95([row[column] for row in rows])
        print(f"{name:12} median {values['median']:+.1f} ms   p95 {values['p95']:.1f} ms   (n={len(rows)})")
    return 0


def progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
