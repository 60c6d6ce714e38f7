"""The recording of a call: an mp4 with the received video, what was sent, and what was received.

All three are on the caller's clock and begin at 0 together, where the first picture was seen. A sent sample
lies where its packet left, a received one where it arrived (`timeline` has the rule). So every latency can
be measured again from the file.
"""

import contextlib
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VIDEO_RATE_HZ, VideoFrame
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.measure import Pcm
from visavis_cli.talk.provenance import append_xmp, tags_of
from visavis_cli.talk.record import Record
from visavis_cli.talk.timeline import on_one_track, place_video, placed_received, placed_sent

AAC_SAMPLES = 1024
AAC_BIT_RATE = 96_000
# bf=0: without B-frames the times in the file are the times of the pictures
X264_OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0"}
MP4_OPTIONS = {"movflags": "faststart", "video_track_timescale": str(VIDEO_RATE_HZ)}

Timed = tuple[float, Any]  # seconds in the file, a frame to encode


@dataclass(frozen=True)
class Recorded:
    """What a recording holds; a size only if there are pictures."""

    pictures: int = 0
    width: int | None = None
    height: int | None = None


def write_recording(path: Path, record: Record, comment: str = "") -> Recorded:
    """Write the mp4, whole or not at all; no file if nothing was received. TalkError if that fails."""
    if not record.video and not record.received:
        return Recorded()
    part = path.with_name(path.name + ".part")
    try:
        recorded = _write(part, record, comment)
        append_xmp(part, record.manifest)
        part.replace(path)
    except OSError as error:
        raise TalkError(f"{path}: can't be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return recorded


def _write(path: Path, record: Record, comment: str) -> Recorded:
    sent, received = placed_sent(record.sent), placed_received(record.received)
    pictures = decode_video(record.video)
    first = next(pictures, None)
    start_s = first[0] if first else received[0][0]
    tracks = equally_long([on_one_track(pieces, start_s) for pieces in (sent, received)])
    size = (first[1].width, first[1].height) if first else None
    with av.open(str(path), "w", format="mp4", options=MP4_OPTIONS) as out:
        out.metadata.update(tags_of(record.manifest, comment))
        writers: list[tuple[Any, Iterable[Timed]]] = []
        if first and size:
            shown = video_frames(chain([first], pictures), start_s, size)
            writers.append((add_video(out, size), shown))
        for name, track in zip(("sent: the microphone", "received: the avatar"), tracks, strict=True):
            writers.append((add_audio(out, name), audio_frames(track)))
        count = encode_in_order(out, writers)
    return Recorded(count[0], *size) if size else Recorded()


def decode_video(frames: Sequence[VideoFrame]) -> Iterator[Timed]:
    """The pictures with the times that they were seen at; frames that cannot be decoded are left out."""
    ordered = sorted(frames, key=lambda frame: frame.rtp)
    places = place_video(
        [frame.rtp for frame in ordered], [frame.arrival_s for frame in ordered], VIDEO_RATE_HZ
    )
    decoder = av.VideoCodecContext.create("vp8", "r")
    for frame, seen_s in zip(ordered, places, strict=True):
        with contextlib.suppress(av.FFmpegError):
            for picture in decoder.decode(av.Packet(frame.data)):
                yield seen_s, picture


def equally_long(tracks: Sequence[Pcm]) -> list[Pcm]:
    """The tracks, silence added where one ends before the longest (which is at least one AAC frame)."""
    length = max([AAC_SAMPLES, *(len(track) for track in tracks)])
    return [np.concatenate([track, np.zeros(length - len(track), np.int16)]) for track in tracks]


def add_video(out: Any, size: tuple[int, int]) -> Any:
    """An H.264 stream whose frames may come at any time."""
    stream = out.add_stream("libx264", rate=25, options=X264_OPTIONS)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.metadata["handler_name"] = "received: the avatar"
    stream.codec_context.time_base = Fraction(1, VIDEO_RATE_HZ)
    return stream


def add_audio(out: Any, name: str) -> Any:
    """A mono AAC stream."""
    stream = out.add_stream("aac", rate=AUDIO_RATE_HZ, layout="mono")
    stream.bit_rate = AAC_BIT_RATE
    stream.metadata["handler_name"] = name
    return stream


def video_frames(pictures: Iterable[Timed], start_s: float, size: tuple[int, int]) -> Iterator[Timed]:
    """The pictures as the encoder wants them; the size of the first holds for all."""
    for seen_s, picture in pictures:
        frame = picture.reformat(width=size[0], height=size[1], format="yuv420p")
        frame.pict_type = PictureType.NONE
        frame.time_base, frame.pts = Fraction(1, VIDEO_RATE_HZ), round((seen_s - start_s) * VIDEO_RATE_HZ)
        yield seen_s - start_s, frame


def audio_frames(track: Pcm) -> Iterator[Timed]:
    """A track from time 0 on, in frames of AAC's length."""
    for at in range(0, len(track), AAC_SAMPLES):
        samples = track[at : at + AAC_SAMPLES].astype(np.float32) / 32768
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="fltp", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = AUDIO_RATE_HZ, Fraction(1, AUDIO_RATE_HZ), at
        yield at / AUDIO_RATE_HZ, frame


def encode_in_order(out: Any, writers: Sequence[tuple[Any, Iterable[Timed]]]) -> list[int]:
    """Encode the frames of all streams in the order of their times; how many each stream had."""
    counts = [0] * len(writers)
    tagged = (_tagged(number, frames) for number, (_, frames) in enumerate(writers))
    for _, number, frame in heapq.merge(*tagged, key=lambda item: item[0]):
        counts[number] += 1
        out.mux(writers[number][0].encode(frame))
    for stream, _ in writers:
        out.mux(stream.encode(None))
    return counts


def _tagged(number: int, frames: Iterable[Timed]) -> Iterator[tuple[float, int, Any]]:
    return ((at, number, frame) for at, frame in frames)
