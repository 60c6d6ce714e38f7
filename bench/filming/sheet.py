"""A contact sheet: all that a face can do, and what was received of it in a call."""

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from visavis_cli.talk.arrivals import VideoFrame
from visavis_cli.talk.record import Record
from visavis_cli.talk.report import state_at
from visavis_render.avatar import AvatarDirectory
from visavis_render.backends import load_avatar, with_background
from visavis_render.config import Config
from visavis_render.manner import manner_of
from visavis_render.showcase.sheet import WHOLE, Rgb, cell, in_rows, sheet_cells, write_image

LIMIT_BYTES = 200_000
QUALITIES = (7, 8, 9, 10, 12, 14, 17, 20)  # of mjpeg: 2 is best
# How many pictures of each state; a state that there was too little of leaves its places to speech.
SHOWN = {"listening": 4, "thinking": 2, "idle": 2}
SHOWN_IN_ALL = 16


def write_contact_sheet(
    path: Path, directory: AvatarDirectory, background: str, profile: str, record: Record
) -> None:
    """As good as it fits into LIMIT_BYTES."""
    dressed = with_background(directory, background)
    manner = manner_of(dressed, profile, Config())
    drawn = sheet_cells(dressed, load_avatar(dressed, Config()), manner)
    image = np.concatenate([in_rows(drawn), in_rows(call_cells(record))])
    for quality in QUALITIES:
        if write_image(path, image, quality=quality).stat().st_size <= LIMIT_BYTES:
            return


def call_cells(record: Record) -> list[Rgb]:
    """Received pictures, decoded, each with its second and state."""
    frames = sorted(record.video, key=lambda frame: frame.rtp)
    wanted = chosen([state_at(frame, record) for frame in frames], loudness(frames, record))
    decoder, cells = av.VideoCodecContext.create("vp8", "r"), []
    for number, frame in enumerate(frames):
        for picture in decoder.decode(av.Packet(frame.data)):
            if number in wanted:
                caption = f"{wanted[number].upper()} {frame.arrival_s - frames[0].arrival_s:.0f}S"
                cells.append(cell(np.asarray(picture.to_ndarray(format="yuv420p")), WHOLE, caption))
    return cells


def loudness(frames: Sequence[VideoFrame], record: Record) -> list[float]:
    """Of the sound that goes with each frame: RMS of the packet nearest in media time."""
    clock, packets = record.clock, record.received
    if clock is None or not packets:
        return [0.0] * len(frames)
    rms = [float(np.sqrt(np.mean(packet.samples.astype(np.float64) ** 2))) for packet in packets]
    at_s = [clock.audio_pts_s(packet.rtp) for packet in packets]
    return [rms[bisect_left(at_s, clock.video_pts_s(frame.rtp), hi=len(rms) - 1)] for frame in frames]


def chosen(states: Sequence[str], loud: Sequence[float]) -> dict[int, str]:
    """Which frames to show, with their states: spread over each state's time; when it speaks, loud ones."""
    at = {state: [n for n, each in enumerate(states) if each == state] for state in SHOWN}
    found = {share[len(share) // 2]: state for state, n in SHOWN.items() for share in shares(at[state], n)}
    spoken = [n for n, each in enumerate(states) if each == "speaking"]
    for share in shares(spoken, SHOWN_IN_ALL - len(found)):
        found[max(share, key=loud.__getitem__)] = "speaking"
    return found


def shares(numbers: Sequence[int], count: int) -> list[Sequence[int]]:
    """Up to `count` stretches of them, equally long."""
    count = min(count, len(numbers))
    return [numbers[n * len(numbers) // count : (n + 1) * len(numbers) // count] for n in range(count)]
