"""Bookkeeping of turns without a server: what is decoded, when, and what becomes of the texts."""

import numpy as np
import pytest
from rpckit.errors import InvalidInput
from visavis_asr.backends.fake import FakeVad
from visavis_asr.engine import Final, Heard, Partial, Paused, Resumed, SpeechStarted, Word
from visavis_asr.habits import Habits
from visavis_asr.jobs import Kind
from visavis_asr.recognizer import Recognizer
from visavis_asr.tape import KEEP_SAMPLES, Tape
from visavis_asr.turn import quietest

from .conftest import CHUNK, RATE, silence, to_pcm, tone


class Driver:
    """Feeds audio; decodes only when told."""

    def __init__(self) -> None:
        self.recognizer = Recognizer(FakeVad(), Habits())
        self.sent = 0
        self.job = None

    def say(self, samples):
        pcm = to_pcm(samples)
        for at in range(0, len(pcm), CHUNK):
            self.recognizer.hear(self.sent, pcm[at : at + CHUNK])
            self.sent += len(pcm[at : at + CHUNK])
        return self.recognizer.take_events()

    def begin_decode(self):
        self.job = self.recognizer.take_job()
        return self.job

    def end_decode(self, text):
        self.recognizer.decoded(self.job, None if text is None else Heard(text))
        return self.recognizer.take_events()

    def decode(self, text):
        assert self.begin_decode() is not None
        return self.end_decode(text)

    def judge(self, p):
        self.recognizer.judged(self.recognizer.take_rest(), p)
        return self.recognizer.take_events()


@pytest.fixture
def driver() -> Driver:
    return Driver()


def test_word_times_count_from_the_stream_and_grow_over_the_parts(driver):
    driver.say(silence(1))
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.8))
    driver.say(silence(0.3))
    start = driver.begin_decode().part.start_sample
    driver.recognizer.decoded(driver.job, Heard("one", (Word("one", 10, 20),)))
    (paused,) = driver.judge(0.9)
    assert paused.transcript.words == (Word("one", start + 10, start + 20),)
    driver.say(silence(1.2))
    driver.say(tone(0.8))
    driver.say(silence(0.3))
    later = driver.begin_decode().part.start_sample
    driver.recognizer.decoded(driver.job, Heard("two", (Word("two", 0, 5),)))
    driver.recognizer.end_turn("t1")
    final = driver.recognizer.take_events()[-1]
    assert final.transcript.text == "one two"
    assert final.transcript.words == (Word("one", start + 10, start + 20), Word("two", later, later + 5))


def test_a_transcript_is_as_sure_as_its_newest_words(driver):
    driver.recognizer.begin_turn("t1", "")
    for text, confidence in (("one", 0.9), ("two", 0.4)):
        driver.say(silence(1.2))
        driver.say(tone(0.8))
        driver.say(silence(0.3))
        driver.begin_decode()
        driver.recognizer.decoded(driver.job, Heard(text, confidence=confidence))
        (paused,) = driver.judge(0.9)[-1:]
        assert paused.transcript.confidence == confidence
    driver.recognizer.end_turn("t1")
    final = driver.recognizer.take_events()[-1]
    assert (final.transcript.text, final.transcript.confidence) == ("one two", 0.4)


def test_a_reopened_turn_has_no_word_times_rather_than_half_of_them(driver):
    driver.recognizer.reopen("t1", "", "what was said")
    driver.say(silence(0.5))
    driver.say(tone(0.8))
    driver.say(silence(0.3))
    driver.begin_decode()
    driver.recognizer.decoded(driver.job, Heard("more", (Word("more", 0, 5),)))
    driver.recognizer.end_turn("t1")
    final = driver.recognizer.take_events()[-1]
    assert (final.transcript.text, final.transcript.words) == ("what was said more", ())


def test_a_decode_takes_the_newest_audio_and_the_pre_roll(driver):
    driver.say(silence(1))
    driver.say(tone(0.8))
    part = driver.begin_decode().part
    assert part.start_sample == pytest.approx(0.6 * RATE, abs=512)
    assert part.end_sample == pytest.approx(1.8 * RATE, abs=512)
    assert len(part.samples) == part.end_sample - part.start_sample


def test_a_partial_in_flight_gives_way_to_a_pause_and_its_text_goes_nowhere(driver):
    driver.say(tone(0.8))
    job = driver.begin_decode()
    assert job.kind is Kind.PARTIAL
    driver.say(tone(0.5))
    driver.say(silence(0.3))
    assert job.is_stale
    assert driver.end_decode(None) == []
    assert driver.begin_decode().kind is Kind.PAUSE


def test_a_decode_begun_in_the_silence_is_the_pause_s_own(driver):
    driver.say(tone(0.4))
    driver.say(silence(0.13))
    job = driver.begin_decode()
    driver.say(silence(0.2))
    assert not job.is_stale
    driver.end_decode("hello")
    assert driver.recognizer.urgency is None
    (paused,) = driver.judge(0.7)
    assert isinstance(paused, Paused)
    assert (paused.transcript.text, paused.p_complete) == ("hello", 0.7)


def test_a_decode_begins_with_the_first_hush_and_its_partial_is_at_rest(driver):
    driver.say(tone(0.45))
    assert driver.recognizer.urgency is None, "too soon for a partial"
    driver.say(silence(0.08))
    assert driver.begin_decode().kind is Kind.REST
    (partial,) = driver.end_decode("hello")
    assert isinstance(partial, Partial)
    assert partial.at_rest
    driver.say(silence(0.08))
    assert driver.recognizer.urgency is None, "everything has been said"


def test_a_partial_in_flight_gives_way_to_a_hush(driver):
    driver.say(tone(0.6))
    job = driver.begin_decode()
    assert job.kind is Kind.PARTIAL
    driver.say(tone(0.3))
    driver.say(silence(0.08))
    assert job.is_stale


def test_words_before_a_hush_that_was_none_are_not_at_rest(driver):
    driver.say(tone(0.45))
    driver.say(silence(0.08))
    driver.begin_decode()
    driver.say(tone(0.1))
    (partial,) = driver.end_decode("hello")
    assert not partial.at_rest


def test_both_models_get_silence_after_the_last_sound_though_it_has_not_been_yet(driver):
    driver.say(tone(0.45))
    driver.say(silence(0.12))
    part = driver.begin_decode().part
    rest = driver.recognizer.take_rest()
    for samples in (part.samples, rest.sound):
        assert np.flatnonzero(np.abs(samples) > 0.05)[-1] == pytest.approx(len(samples) - 0.2 * RATE, abs=600)


def test_a_pause_is_announced_at_once_when_text_and_judgement_are_there(driver):
    driver.say(tone(0.45))
    driver.say(silence(0.1))
    driver.decode("hello")
    assert driver.judge(0.8) == []
    (paused,) = driver.say(silence(0.1))
    assert isinstance(paused, Paused)
    assert (paused.transcript.text, paused.p_complete) == ("hello", 0.8)


def test_a_judgement_of_an_older_sound_does_not_count(driver):
    driver.say(tone(0.45))
    driver.say(silence(0.1))
    driver.decode("hello")
    old = driver.recognizer.take_rest()
    driver.say(tone(0.3))
    driver.say(silence(0.3))
    driver.recognizer.judged(old, 0.9)
    driver.decode("hello there")
    (paused,) = driver.judge(0.4)
    assert (paused.transcript.text, paused.p_complete) == ("hello there", 0.4)


def test_a_pause_that_speech_overtakes_is_not_announced(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.4))
    driver.say(silence(0.3))
    driver.decode("hello")
    assert [type(event) for event in driver.say(tone(0.1))] == []
    driver.say(silence(0.3))
    driver.decode("hello there")
    (paused,) = driver.judge(0.7)
    assert paused.transcript.text == "hello there"


def test_end_turn_reuses_the_text_of_the_pause(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.4))
    driver.say(silence(0.3))
    driver.decode("hello")
    driver.recognizer.end_turn("t1")
    (final,) = driver.recognizer.take_events()
    assert isinstance(final, Final)
    assert final.is_reused
    assert final.transcript.text == "hello"


def test_end_turn_waits_for_the_decode_in_flight_instead_of_a_second_one(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.4))
    driver.say(silence(0.3))
    driver.begin_decode()
    driver.recognizer.end_turn("t1")
    assert driver.recognizer.take_events() == []
    (final,) = driver.end_decode("hello")
    assert final.transcript.text == "hello"
    assert not final.is_reused
    assert driver.recognizer.urgency is None


def test_finals_come_in_order_even_when_the_second_needs_no_decode(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.4))
    driver.recognizer.end_turn("t1")
    driver.recognizer.begin_turn("t2", "")
    driver.recognizer.end_turn("t2")
    assert driver.recognizer.take_events()[1:] == []
    finals = driver.decode("hello")
    assert [(final.transcript.turn_id, final.transcript.text) for final in finals] == [
        ("t1", "hello"),
        ("t2", ""),
    ]


def test_a_dropped_turn_s_decode_is_stale(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.8))
    job = driver.begin_decode()
    driver.recognizer.drop_turn("t1")
    assert job.is_stale
    assert driver.end_decode("hello") == []


def test_unnamed_speech_is_dropped_by_an_empty_id(driver):
    driver.say(tone(0.4))
    driver.say(silence(0.3))
    driver.recognizer.drop_turn("")
    assert isinstance(driver.say(tone(0.2))[0], SpeechStarted)


def test_text_before_a_long_pause_is_frozen(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.6))
    driver.say(silence(0.3))
    driver.decode("one")
    driver.judge(0.2)
    driver.say(silence(20))
    assert isinstance(driver.say(tone(0.6))[0], Resumed)
    part = driver.begin_decode().part
    assert part.end_sample - part.start_sample < 1.2 * RATE
    (partial,) = driver.end_decode("two")
    assert isinstance(partial, Partial)
    assert partial.transcript.text == "one two"
    assert partial.transcript.start_sample == 0


def test_a_long_part_is_frozen_at_its_pause_even_when_it_is_not_decoded_yet(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(13))
    driver.say(silence(0.3))
    driver.say(tone(0.8))
    job = driver.begin_decode()
    assert job.kind is Kind.FREEZE
    assert len(job.part.samples) == pytest.approx(13.2 * RATE, abs=1024)
    assert driver.end_decode("one") == []
    (partial,) = driver.decode("two")
    assert partial.transcript.text == "one two"


def test_endless_speech_is_cut_where_it_is_quietest(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(26))
    driver.say(0.4 * tone(0.2))
    driver.say(tone(6))
    job = driver.begin_decode()
    assert job.kind is Kind.FREEZE
    assert job.part.end_sample == pytest.approx(26.1 * RATE, abs=3200)
    driver.end_decode("one")
    driver.decode("two")
    driver.say(tone(0.4))
    driver.recognizer.end_turn("t1")
    assert driver.decode("two three")[-1].transcript.text == "one two three"


def test_partials_of_a_long_part_come_less_often(driver):
    driver.say(tone(10))
    driver.decode("one")
    driver.say(tone(0.6))
    assert driver.recognizer.urgency is None
    driver.say(tone(1.0))
    assert driver.recognizer.urgency is Kind.PARTIAL


def test_clicks_in_a_long_turn_never_add_up_to_speech(driver):
    driver.recognizer.begin_turn("t1", "")
    for _ in range(40):
        driver.say(silence(1.5))
        driver.say(tone(0.06))
    driver.say(silence(0.4))
    assert driver.recognizer.urgency is None
    driver.recognizer.end_turn("t1")
    assert driver.recognizer.take_events()[-1].transcript.text == ""


def test_a_short_word_after_a_long_pause_counts_in_full(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.say(tone(0.6))
    driver.say(silence(0.3))
    driver.decode("one")
    driver.say(silence(2))
    driver.say(tone(0.14))
    driver.say(silence(0.3))
    assert driver.begin_decode().kind is Kind.PAUSE
    driver.end_decode("two")
    (paused,) = [event for event in driver.judge(0.9) if isinstance(event, Paused)]
    assert paused.transcript.text == "one two"


def test_debts_are_bounded(driver):
    for number in range(4):
        assert not driver.recognizer.is_behind
        driver.recognizer.begin_turn(f"t{number}", "")
        driver.say(tone(0.4))
        driver.recognizer.end_turn(f"t{number}")
    assert driver.recognizer.is_behind
    driver.decode("one")
    assert not driver.recognizer.is_behind


def test_chunks_need_not_begin_at_zero_nor_fit_the_windows(driver):
    driver.recognizer.begin_turn("t1", "")
    driver.sent = 999_999
    samples = to_pcm(np.concatenate([silence(0.5), tone(0.5)]))
    for at in range(0, len(samples), 7):
        driver.recognizer.hear(driver.sent + at, samples[at : at + 7])
    (started,) = driver.recognizer.take_events()
    assert started.start_sample == pytest.approx(999_999 + 0.5 * RATE, abs=512)


def test_overlap_and_wide_gap_are_refused(driver):
    driver.say(silence(0.1))
    for start in (driver.sent - 1, driver.sent + RATE + 1):
        with pytest.raises(InvalidInput, match="start_sample"):
            driver.recognizer.hear(start, np.zeros(10, np.int16))


def test_the_tape_keeps_the_newest_audio():
    tape = Tape(5)
    for first in range(0, 3 * KEEP_SAMPLES, RATE):
        tape.append(np.full(RATE, first // RATE, np.int16))
    end = tape.end
    assert end == 5 + 3 * KEEP_SAMPLES
    newest = tape.read(end - KEEP_SAMPLES, end)
    assert len(newest) == KEEP_SAMPLES
    assert newest[-1] * 32768 == (3 * KEEP_SAMPLES) // RATE - 1
    assert newest[0] * 32768 == 2 * KEEP_SAMPLES // RATE
    assert len(tape.read(end, end + 100)) == 0


def test_the_quietest_place_is_looked_for_in_the_last_seconds_only():
    samples = tone(30)
    samples[RATE : 2 * RATE] = 0
    samples[27 * RATE : 27 * RATE + 3200] = 0
    assert quietest(samples) == pytest.approx(27.1 * RATE, abs=1600)
