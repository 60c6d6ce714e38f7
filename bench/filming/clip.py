"""A received call as a small mp4: its pictures, and both voices in one track."""

from fractions import Fraction
from itertools import chain
from math import ceil, log2
from pathlib import Path
from typing import Any

import av
import numpy as np
from visavis_cli.talk import identity
from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VIDEO_RATE_HZ
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.provenance import append_xmp, tags_of
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import (
    MP4_OPTIONS,
    audio_frames,
    decode_video,
    encode_in_order,
    equally_long,
    video_frames,
)
from visavis_cli.talk.timeline import on_one_track, placed_received, placed_sent

LIMIT_BYTES = 1_500_000
AUDIO_BPS, VIDEO_BPS = 40_000, 150_000
FIRST_CRF, LAST_CRF = 24, 40  # of x264: six more halve the file
X264 = {"preset": "medium", "bf": "0", "g": "500"}


def write_clip(path: Path, record: Record) -> int:
    """Write the clip as well as it fits into LIMIT_BYTES and VIDEO_BPS; its length in milliseconds."""
    crf = FIRST_CRF
    while True:
        length_s = _encode(path, record, crf)
        room = min(LIMIT_BYTES, (VIDEO_BPS + AUDIO_BPS) * length_s / 8)
        size = path.stat().st_size
        if size <= room or crf == LAST_CRF:
            return round(1000 * length_s)
        crf = min(LAST_CRF, crf + max(1, ceil(6 * log2(size / room))))


def _encode(path: Path, record: Record, crf: int) -> float:
    pictures = decode_video(record.video)
    first = next(pictures, None)
    if first is None:
        raise TalkError("no picture was received")
    start_s, size = first[0], (first[1].width, first[1].height)
    sent, received = placed_sent(record.sent), placed_received(record.received)
    tracks = equally_long([on_one_track(pieces, start_s) for pieces in (sent, received)])
    both = np.clip(sum(track.astype(np.int32) for track in tracks), -32768, 32767).astype(np.int16)
    with av.open(str(path), "w", format="mp4", options=MP4_OPTIONS) as out:
        out.metadata.update(tags_of(record.manifest, identity(record)))
        shown = video_frames(chain([first], pictures), start_s, size)
        encode_in_order(out, [(_video(out, size, crf), shown), (_sound(out), audio_frames(both))])
    append_xmp(path, record.manifest)
    return len(both) / AUDIO_RATE_HZ


def _video(out: Any, size: tuple[int, int], crf: int) -> Any:
    stream = out.add_stream("libx264", rate=25, options={**X264, "crf": str(crf)})
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, VIDEO_RATE_HZ)
    return stream


def _sound(out: Any) -> Any:
    stream = out.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
    stream.bit_rate = AUDIO_BPS
    return stream
