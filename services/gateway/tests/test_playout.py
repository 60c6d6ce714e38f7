"""Playout: what leaves when, and where its cues land."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from visavis_gateway.playout import DUCK_GAIN, FRAME_SAMPLES, FRAME_US, Cue, Playout, ReplyAudio, Word

LOUD = 10_000


def reply_of(samples: int, *, complete: bool = True) -> ReplyAudio:
    audio = ReplyAudio("t1", 1)
    audio.push(np.full(samples, LOUD, np.int16))
    audio.is_complete = complete
    return audio


def test_silence_without_a_reply():
    assert not Playout().next_frame(0).any()


@given(st.lists(st.integers(1, 1500), min_size=1, max_size=20))
def test_every_sample_leaves_once_and_in_order(sizes):
    audio = ReplyAudio("t1", 1)
    total = sum(sizes)
    sound = (np.arange(total) % 30_000 + 1).astype(np.int16)
    start = 0
    for size in sizes:
        audio.push(sound[start : start + size])
        start += size
    audio.is_complete = True
    playout = Playout()
    playout.start(audio, 0)
    out, pts = [], 0
    while playout.reply is not None:
        out.append(playout.next_frame(pts))
        pts += FRAME_US
        playout.finished()
    heard = np.concatenate(out)
    assert np.array_equal(heard[:total], sound)
    assert not heard[total:].any()
    assert audio.sent == total


def test_a_finished_reply_is_reported_once():
    playout = Playout()
    audio = reply_of(FRAME_SAMPLES)
    playout.start(audio, 0)
    playout.next_frame(0)
    assert playout.finished() is audio
    assert playout.finished() is None


def test_cues_land_where_their_samples_leave():
    playout = Playout(decoder_delay_us=6_500)
    audio = reply_of(FRAME_SAMPLES * 10)
    audio.cues.append(Cue(11, 40_000, 80_000, 0.8))
    playout.start(audio, 1_000_000)
    assert playout.place_cues() == [Cue(11, 1_046_500, 80_000, 0.8)]
    assert playout.place_cues() == []


def test_a_late_clause_shifts_its_own_cues_only():
    playout = Playout()
    audio = reply_of(FRAME_SAMPLES, complete=False)
    playout.start(audio, 0)
    playout.next_frame(0)
    for n in (1, 2, 3):  # 60 ms of nothing
        assert not playout.next_frame(n * FRAME_US).any()
    assert playout.underrun_count == 3
    audio.push(np.full(FRAME_SAMPLES, LOUD, np.int16))
    audio.cues.append(Cue(1, 20_000, 20_000, 1.0))
    assert [cue.offset_us for cue in playout.place_cues()] == [4 * FRAME_US]
    assert playout.next_frame(4 * FRAME_US).all()


def test_duck_reaches_its_level_within_a_frame_and_comes_back():
    playout = Playout()
    playout.start(reply_of(FRAME_SAMPLES * 10), 0)
    assert (playout.next_frame(0) == LOUD).all()
    playout.duck(True)
    ramp = playout.next_frame(FRAME_US)
    assert (np.diff(ramp.astype(int)) <= 0).all()
    assert abs(int(playout.next_frame(2 * FRAME_US)[-1]) - LOUD * DUCK_GAIN) < 2
    playout.duck(False)
    playout.next_frame(3 * FRAME_US)
    assert (playout.next_frame(4 * FRAME_US) == LOUD).all()


def test_a_cut_fades_within_a_frame_and_stays_silent():
    playout = Playout()
    audio = reply_of(FRAME_SAMPLES * 10)
    playout.start(audio, 0)
    playout.next_frame(0)
    playout.cut()
    fade = playout.next_frame(FRAME_US).astype(int)
    assert fade[0] > 0
    assert np.abs(np.diff(fade)).max() < LOUD / 50, "no click"
    assert not fade[FRAME_SAMPLES // 2 :].any()
    assert not playout.next_frame(2 * FRAME_US).any()


def test_heard_is_the_end_of_the_last_whole_word():
    audio = reply_of(24_000)
    audio.words = [Word(0, 5, 0, 300_000), Word(6, 12, 300_000, 400_000), Word(13, 20, 700_000, 300_000)]
    assert audio.heard_end == 0
    audio.take(24_000 * 7 // 10)
    assert audio.heard_end == 12
    audio.take(24_000)
    assert audio.heard_end == 20
