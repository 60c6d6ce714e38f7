"""Where each packet and frame belongs on the caller's clock: near its arrival, with jitter evened out.

Pure: times come in as numbers. Arrivals are monotonic seconds, PCM is mono int16 at 48 kHz.
"""

from collections.abc import Sequence

import numpy as np

from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, AudioPacket
from visavis_cli.talk.measure import Pcm
from visavis_cli.talk.microphone import FRAME_SAMPLES, SentFrame

LATE_S = 0.040  # later than its place by this, and a viewer has noticed
EARLY_S = 0.020
RTP_JUMP_S = 1.0
SETTLE_PACKETS = 50

Piece = tuple[float, Pcm]


def place_audio(
    first_samples: Sequence[int], arrivals: Sequence[float], silent: Sequence[bool], rate_hz: int
) -> list[float]:
    """When each packet (by its first sample's RTP time) sounds at a viewer that buffers next to nothing.

    The line is the RTP time plus the median transit of the first second. A packet that arrives more than
    40 ms after its place moves the line to its arrival (the player starved, what follows is late with it).
    Where the last second arrived more than 20 ms before the line, the line moves back, within silence only.
    An RTP clock that jumps ahead by a second or more begins a new line.
    """
    media = np.asarray(first_samples, np.float64) / rate_hz
    transit = np.asarray(arrivals, np.float64) - media
    if len(transit) == 0:
        return []
    anchor = float(np.median(transit[:SETTLE_PACKETS]))
    places, moved_at, silence_from = [], 0, float(media[0])
    for i, at in enumerate(media):
        if not silent[i]:
            silence_from = at
        if transit[i] > anchor + LATE_S or transit[i] < anchor - RTP_JUMP_S:
            anchor, moved_at = float(transit[i]), i
        elif silent[i] and i - moved_at >= SETTLE_PACKETS:
            recent = float(np.median(transit[i - SETTLE_PACKETS + 1 : i + 1]))
            if recent < anchor - EARLY_S:
                anchor, moved_at = max(recent, anchor - (at - silence_from) / 2), i
        places.append(float(at) + anchor)
    return places


def place_video(rtp: Sequence[int], arrivals: Sequence[float], rate_hz: int) -> list[float]:
    """When each frame is seen: RTP time plus the median transit of the second around it.

    A frame more than 40 ms later than that is placed at its arrival; places strictly increase.
    """
    media = np.asarray(rtp, np.float64) / rate_hz
    transit = np.asarray(arrivals, np.float64) - media
    half = SETTLE_PACKETS // 4
    places: list[float] = []
    for i, at in enumerate(media):
        line = float(at + np.median(transit[max(0, i - half) : i + half + 1]))
        place = line if -RTP_JUMP_S < arrivals[i] - line <= LATE_S else float(arrivals[i])
        places.append(max(place, places[-1] + 1 / rate_hz) if places else place)
    return places


def placed_sent(frames: Sequence[SentFrame]) -> list[Piece]:
    """What was sent, each frame with the time that it left at."""
    places = place_audio(
        range(0, len(frames) * FRAME_SAMPLES, FRAME_SAMPLES),
        [frame.sent_s for frame in frames],
        [not frame.samples.any() for frame in frames],
        AUDIO_RATE_HZ,
    )
    return [(at, frame.samples) for at, frame in zip(places, frames, strict=True)]


def placed_received(packets: Sequence[AudioPacket]) -> list[Piece]:
    """What was received (in the order that it was sent in), each packet with the time that it sounded at."""
    places = place_audio(
        [packet.rtp for packet in packets],
        [packet.arrival_s for packet in packets],
        [packet.silent for packet in packets],
        AUDIO_RATE_HZ,
    )
    return [(at, packet.samples) for at, packet in zip(places, packets, strict=True)]


def on_one_track(pieces: Sequence[Piece], start_s: float) -> Pcm:
    """One run of PCM from `start_s` on; what was before it is cut off, what is missing is silence."""
    indices = [round((at - start_s) * AUDIO_RATE_HZ) for at, _ in pieces]
    ends = [index + len(chunk) for index, (_, chunk) in zip(indices, pieces, strict=True)]
    track = np.zeros(max([0, *ends]), np.int16)
    for index, end, (_, chunk) in zip(indices, ends, pieces, strict=True):
        if end > 0:
            track[max(0, index) : end] = chunk[max(0, -index) :]
    return track
