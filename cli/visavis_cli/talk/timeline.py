"""Where each packet and frame belongs on the caller's clock: near its arrival, with jitter evened out.

Pure: times come in as numbers. Arrivals are monotonic seconds, PCM is mono int16 at 48 kHz.
"""

from collections.abc import Sequence

import numpy as np

from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, AudioPacket
from visavis_cli.talk.measure import Pcm
from visavis_cli.talk.microphone import FRAME_S, SentFrame

LATE_S = 0.040  # later than its place by this, and a viewer has noticed
EARLY_S = 0.020
RTP_JUMP_S = 1.0
SETTLE_PACKETS = 51  # odd: the median is one of them
QUIET_PACKETS = 5
PACKET_S = FRAME_S

Piece = tuple[float, Pcm]


def place_audio(
    first_samples: Sequence[int], arrivals: Sequence[float], silent: Sequence[bool], rate_hz: int
) -> list[float]:
    """When each packet (by its first sample's RTP time) is heard: on a line that jitter does not move.

    The line is the RTP time plus the median transit of the first second. It moves
    - to the arrival of a packet that begins a stretch of sound and comes more than 40 ms after its place, or
      a second before it (an RTP clock that jumped), so no stretch begins before it could be heard;
    - to the median transit of the last second when that is more than 40 ms later, or in silence when it is
      more than 20 ms earlier, so a delay that lasts is followed.
    A stall in mid-speech moves nothing: the words stay whole.
    """
    media = np.asarray(first_samples, np.float64) / rate_hz
    transit = np.asarray(arrivals, np.float64) - media
    anchor = float(np.median(transit[:SETTLE_PACKETS])) if len(transit) else 0.0
    places, quiet, moved_at = [], SETTLE_PACKETS, 0
    for i, at in enumerate(media):
        begins = quiet >= QUIET_PACKETS and not silent[i]
        quiet = quiet + 1 if silent[i] else 0
        recent = (
            float(np.median(transit[i - SETTLE_PACKETS + 1 : i + 1]))
            if i - moved_at >= SETTLE_PACKETS
            else anchor
        )
        if transit[i] < anchor - RTP_JUMP_S or (begins and transit[i] > anchor + LATE_S):
            anchor, moved_at = float(transit[i]), i
        elif recent > anchor + LATE_S:
            anchor, moved_at = recent, i
        elif recent < anchor - EARLY_S and quiet:
            anchor, moved_at = max(recent, anchor - quiet * PACKET_S / 2), i
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
    """What was sent, each frame where a microphone took it in: on one line, the median of when they left."""
    if not frames:
        return []
    start_s = float(np.median([frame.sent_s - number * PACKET_S for number, frame in enumerate(frames)]))
    return [(start_s + number * PACKET_S, frame.samples) for number, frame in enumerate(frames)]


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
