"""Packets become audio and frames whatever order they come in."""

import itertools

import numpy as np
import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import RtpPacket
from visavis_cli.talk import arrivals
from visavis_cli.talk.arrivals import AudioTap, Unwrapped, VideoFrame, VideoTap


@pytest.mark.parametrize("bits", [16, 32])
def test_numbers_that_wrap_go_on(bits: int) -> None:
    unwrapped, start = Unwrapped(bits), (1 << bits) - 3
    true = [start + step for step in (0, 2, 1, 5, 4, 30, 29, 1 << (bits - 2))]
    assert [unwrapped(value % (1 << bits)) for value in true] == true


def video_packet(sequence: int, rtp: int, payload: bytes, *, first: bool, last: bool) -> RtpPacket:
    packet = RtpPacket(
        payload_type=97, marker=int(last), sequence_number=sequence % 65_536, timestamp=rtp % (1 << 32)
    )
    packet.payload = bytes(VpxPayloadDescriptor(partition_start=int(first), partition_id=0)) + payload
    return packet


def two_frames(start: int = 65_534) -> list[RtpPacket]:
    """A keyframe of three packets and a small frame after it, across the wrap of both counters."""
    rtp = (1 << 32) - 1000
    return [
        video_packet(start, rtp, b"\x10a", first=True, last=False),
        video_packet(start + 1, rtp, b"b", first=False, last=False),
        video_packet(start + 2, rtp, b"c", first=False, last=True),
        video_packet(start + 3, rtp + 3600, b"\x11d", first=True, last=True),
    ]


@pytest.mark.parametrize("order", list(itertools.permutations(range(1, 4))))
def test_frames_are_put_together_in_any_order(order: tuple[int, ...]) -> None:
    packets = two_frames()
    seen: list[VideoFrame] = []
    tap = VideoTap(seen.append)
    for number in (0, *order):
        assert tap.add(packets[number]) == (False, None)
    frames = sorted(tap.frames, key=lambda frame: frame.rtp)
    assert [frame.data for frame in frames] == [b"\x10abc", b"\x11d"]
    assert [frame.keyframe for frame in frames] == [True, False]
    assert frames[1].rtp - frames[0].rtp == 3600
    assert seen == tap.frames


def test_a_lost_packet_asks_for_a_keyframe_once_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(arrivals.time, "monotonic", lambda: now[0])
    tap = VideoTap(lambda frame: None)
    packets = two_frames()
    asked = [tap.add(packets[0])[0], tap.add(packets[2])[0]]
    for step in range(40):
        now[0] += 0.04
        packet = video_packet(65_538 + step, (1 << 32) + 2600 + 3600 * step, b"\x11", first=True, last=True)
        asked.append(tap.add(packet)[0])
    # the two losses were noticed 40 ms apart
    assert [number for number, each in enumerate(asked) if each] == [14, 15]
    assert tap.lost_packets == 2
    assert len(tap.frames) == 40


def opus_packet(sequence: int, payload: bytes) -> RtpPacket:
    packet = RtpPacket(
        payload_type=96, sequence_number=sequence % 65_536, timestamp=sequence * 960 % (1 << 32)
    )
    packet.payload = payload
    return packet


def test_audio_is_decoded_as_it_comes_and_ordered_when_asked(opus: list[bytes]) -> None:
    tap = AudioTap()
    for sequence in (65_535, 65_537, 65_536, 65_537, 65_538):
        tap.add(opus_packet(sequence, opus[sequence - 65_535]))
    assert [packet.sequence for packet in tap.packets] == [65_535, 65_536, 65_537, 65_538]
    assert [packet.rtp % 960 for packet in tap.packets] == [tap.packets[0].rtp % 960] * 4
    assert all(len(packet.samples) == 960 for packet in tap.packets)
    assert not tap.packets[-1].silent
    assert tap.sounded_s == tap.newest.arrival_s


def test_audio_that_is_no_opus_is_silence() -> None:
    tap = AudioTap()
    tap.add(opus_packet(5, b"\xff" * 3))
    tap.add(opus_packet(6, b""))
    assert len(tap.packets) == 1
    assert tap.packets[0].silent
    assert tap.sounded_s == float("-inf")


def test_level_survives_the_way(opus: list[bytes]) -> None:
    tap = AudioTap()
    for sequence, payload in enumerate(opus):
        tap.add(opus_packet(sequence, payload))
    pcm = np.concatenate([packet.samples for packet in tap.packets[2:]]).astype(float)
    assert np.sqrt(np.mean(pcm**2)) == pytest.approx(0.3 * 32_767 / np.sqrt(2), rel=0.15)
