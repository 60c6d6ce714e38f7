"""The microphone's way in: order, loss, silence, resampling."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from visavis_gateway.backends.opus import OpusDecoder, OpusEncoder
from visavis_gateway.concealment import Concealer
from visavis_gateway.jitter import FRAME_TICKS, JitterBuffer, opus_duration_ticks
from visavis_gateway.uplink import Decimator, Uplink

MS = 1000
OPUS_20MS = bytes([0b01111_0_00])  # hybrid, 20 ms, one frame


def push(buffer: JitterBuffer, number: int, now_ms: int, origin: int = 0) -> list[bytes | None]:
    timestamp = (origin + number * FRAME_TICKS) & 0xFFFFFFFF
    buffer.push(timestamp, OPUS_20MS + bytes([number % 256]), now_ms * MS)
    return [frame.payload for frame in buffer.pop(now_ms * MS)]


def test_packets_in_order_leave_at_once():
    buffer = JitterBuffer()
    for n in range(10):
        assert push(buffer, n, n * 20) == [OPUS_20MS + bytes([n])]
    assert buffer.lost_count == buffer.late_count == 0


def test_a_swapped_packet_waits_for_its_neighbour():
    buffer = JitterBuffer()
    push(buffer, 0, 0)
    assert push(buffer, 2, 20) == []
    assert push(buffer, 1, 25) == [OPUS_20MS + b"\x01", OPUS_20MS + b"\x02"]


def test_a_lost_packet_costs_the_wait_and_no_more():
    buffer = JitterBuffer()
    push(buffer, 0, 0)
    assert push(buffer, 2, 40) == []
    assert push(buffer, 3, 60) == [None, *(OPUS_20MS + bytes([n]) for n in (2, 3))], "40 ms after it was due"
    assert push(buffer, 1, 65) == []
    assert (buffer.lost_count, buffer.late_count) == (1, 1)
    assert push(buffer, 4, 80) == [OPUS_20MS + b"\x04"], "no delay stays behind"


def test_where_packets_overtake_each_other_a_gap_waits_longer_and_not_for_ever():
    buffer = JitterBuffer(max_wait_us=80 * MS)
    for n in (0, 2, 3, 1):  # number 1 comes 45 ms after number 2
        push(buffer, n, {0: 0, 2: 40, 3: 60, 1: 85}[n])
    assert push(buffer, 5, 100) == []
    assert push(buffer, 6, 120) == []
    assert push(buffer, 4, 140) == [OPUS_20MS + bytes([n]) for n in (4, 5, 6)], "it had been waited for"
    for n in range(7, 2000):
        push(buffer, n, n * 20)
    assert push(buffer, 2001, 40_020) == []
    assert push(buffer, 2002, 40_040)[0] is None, "forgotten: as short as ever"


def test_the_wait_has_an_end_whatever_was_seen():
    buffer = JitterBuffer(max_wait_us=80 * MS)
    for n in (0, *range(2, 12)):
        push(buffer, n, n * 20)
    push(buffer, 1, 230)  # 190 ms after number 2
    assert push(buffer, 13, 260) == []
    assert push(buffer, 14, 335) == []
    assert push(buffer, 15, 341)[0] is None


def test_a_silent_sender_becomes_silence_in_real_time():
    buffer = JitterBuffer(stall_us=120 * MS)
    push(buffer, 0, 0)
    made = [frame for now in range(20, 1020, 20) for frame in buffer.pop(now * MS)]
    assert all(frame.payload is None for frame in made)
    assert 42 <= len(made) <= 46  # one second less the stall
    push(buffer, 51, 1020)
    assert [frame.payload for frame in buffer.pop(1081 * MS)][-1] == OPUS_20MS + bytes([51])


def test_the_32_bit_clock_wraps():
    buffer = JitterBuffer()
    origin = (1 << 32) - 3 * FRAME_TICKS
    out = [payload for n in range(8) for payload in push(buffer, n, n * 20, origin)]
    assert out == [OPUS_20MS + bytes([n]) for n in range(8)]


def test_another_stream_starts_anew():
    buffer = JitterBuffer()
    push(buffer, 0, 0)
    assert push(buffer, 100_000, 20) == [OPUS_20MS + bytes([100_000 % 256])]


@given(st.permutations(range(12)))
def test_any_order_within_the_wait_comes_out_sorted(order):
    buffer = JitterBuffer(max_wait_us=60 * MS)
    out = push(buffer, 0, 0)
    for step, n in enumerate(order):
        out += push(buffer, n + 1, 20 + step)
    assert out == [OPUS_20MS + bytes([n]) for n in range(13)]


def test_capture_times_follow_rtp_not_arrival():
    buffer = JitterBuffer()
    pts = []
    for n in range(20):
        late_ms = 15 if n % 3 else 0  # jitter
        buffer.push(n * FRAME_TICKS, OPUS_20MS, (n * 20 + late_ms) * MS)
        pts += [frame.pts_us for frame in buffer.pop((n * 20 + late_ms) * MS)]
    steps = np.diff(pts)
    assert np.abs(steps - 20 * MS).max() <= 20


@pytest.mark.parametrize(
    ("first_byte", "ticks"),
    [(0b00000_000, 480), (0b00011_000, 2880), (0b01101_000, 960), (0b11111_000, 960), (0b11111_001, 1920)],
)
def test_opus_durations(first_byte, ticks):
    assert opus_duration_ticks(bytes([first_byte, 0])) == ticks


def test_decimator_keeps_speech_and_removes_what_would_alias():
    t = np.arange(48_000) / 48_000

    def level(hz: float) -> float:
        tone = (10_000 * np.sin(2 * np.pi * hz * t)).astype(np.int16)
        decimate = Decimator()
        out = np.concatenate([decimate(tone[i : i + 960]) for i in range(0, 48_000, 960)])
        assert len(out) == 16_000
        return float(np.abs(out[200:]).max())

    assert level(1000) == pytest.approx(10_000, rel=0.02)
    assert level(6000) == pytest.approx(10_000, rel=0.1)
    assert level(11_000) < 150


def test_uplink_decodes_and_conceals():
    encoder, uplink = OpusEncoder(), Uplink(OpusDecoder())
    tone = (8000 * np.sin(2 * np.pi * 300 * np.arange(24_000) / 24_000)).astype(np.int16)
    chunks = []
    for n in range(50):
        packet = encoder.encode(tone[n * 480 : (n + 1) * 480])
        if n == 20:
            continue
        payload = b"\x00garbage" if n == 30 else packet
        chunks += uplink.push(n * FRAME_TICKS, payload, n * 20 * MS)
    sound = np.concatenate([chunk.pcm for chunk in chunks])
    assert len(sound) == 50 * 320
    assert sum(chunk.concealed for chunk in chunks) == uplink.concealed_count >= 1
    assert np.abs(sound[1600:6000]).max() > 6000


def test_a_hole_in_a_tone_is_filled_with_the_tone_and_has_no_step():
    tone = (8000 * np.sin(2 * np.pi * 200 * np.arange(48_000) / 48_000)).astype(np.int16)
    concealer = Concealer()
    parts = [
        concealer.make(960) if n == 25 else concealer.take(tone[n * 960 : (n + 1) * 960]) for n in range(50)
    ]
    sound = np.concatenate(parts)
    hole = slice(25 * 960, 26 * 960)
    likeness = np.corrcoef(sound[hole], tone[hole])[0, 1]
    assert likeness > 0.95
    assert np.abs(np.diff(sound.astype(int))).max() < 1.5 * np.abs(np.diff(tone.astype(int))).max()


def test_a_long_hole_fades_to_silence():
    concealer = Concealer()
    concealer.take((8000 * np.sin(np.arange(960) / 20)).astype(np.int16))
    made = np.concatenate([concealer.make(960) for _ in range(5)])
    assert np.abs(made[:200]).max() > 4000
    assert not made[3 * 960 :].any()


@pytest.mark.parametrize("count", [120, 480, 960, 2880])
def test_a_hole_before_any_sound_is_silence(count):
    assert not Concealer().make(count).any()


def test_a_way_that_has_become_longer_is_heard_again():
    buffer = JitterBuffer()
    for n in range(50):
        push(buffer, n, n * 20)
    for now_ms in range(1000, 1500, 20):  # nothing comes for a while: silence is made up
        list(buffer.pop(now_ms * MS))
    heard = []
    for n in range(50, 100):  # and from now on everything comes half a second later than before
        heard += [payload for payload in push(buffer, n, 500 + n * 20) if payload is not None]
    assert len(heard) >= 35
    assert heard[-1] == OPUS_20MS + bytes([99])
