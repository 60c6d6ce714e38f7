"""The echo guard: what it lets alone, what it takes out, and that the ear still hears who speaks over it."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hibari import Hibari
from visavis_asr.backends.moonshine import Moonshine
from visavis_asr.backends.silero import Silero
from visavis_asr.endpointing import Edge, Endpointer, Rules
from visavis_asr.engine import WINDOW_SAMPLES
from visavis_asr.recognizer import level_db as window_level_db
from visavis_gateway.backends.aec import Aec3
from visavis_gateway.echo import PLAYED_RATE_HZ, RATE_HZ, EchoGuard, Resampler
from visavis_gateway.echo_path import BLOCK, EchoPath

MODELS = Path(__file__).parents[3] / "models"
FRAME_US = 20_000
FRAME = PLAYED_RATE_HZ // 50
CHUNK = RATE_HZ // 50
ANSWERS = [
    "Hello, I am Mira. What would you like to talk about today?",
    "The capital of Australia is Canberra, although many people think that it is Sydney.",
    "You could make fried rice. Heat some oil, add the eggs, then the rice.",
]


class Deaf:
    """A canceller that lets nothing through."""

    def suppress(self, near, far):
        return np.zeros_like(near)


def pcm_of(sound):
    return np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16)


def at_16k(sound):
    size = len(sound) * 2 // 3
    return np.fft.irfft(np.fft.rfft(sound)[: size // 2 + 1], size) * 2 / 3


@cache
def voice():
    return Hibari(threads=1)


@cache
def silero():
    return Silero(MODELS)


@cache
def moonshine():
    return Moonshine(MODELS)


@cache
def spoken(text):
    return np.clip(voice()(text, seed=0) * 1.9, -0.8, 0.8)


@cache
def conversation():
    """Three answers 24 kHz, 2 s between them, and where each begins in seconds."""
    parts, starts = [np.zeros(PLAYED_RATE_HZ)], []
    for text in ANSWERS:
        starts.append(sum(map(len, parts)) / PLAYED_RATE_HZ)
        parts += [spoken(text), np.zeros(2 * PLAYED_RATE_HZ)]
    pcm = pcm_of(np.concatenate(parts))
    return pcm[: len(pcm) // FRAME * FRAME], starts


def echo_of(played, delay_ms, reverb_s, gain_db=-6.0):
    """What a microphone hears of it, with a little noise of its own; 16 kHz."""
    sound = at_16k(played / 32768)
    if reverb_s:
        size = int(reverb_s * RATE_HZ)
        fall = np.exp(-6.9 * np.arange(size) / size)
        taps = np.random.default_rng(0).standard_normal(size) * fall * 0.08
        taps[0] = 1
        sound = np.convolve(sound, taps / np.sqrt(np.square(taps).sum()))[: len(sound)]
    delay = delay_ms * RATE_HZ // 1000
    noise = np.random.default_rng(1).standard_normal(len(sound)) * 3e-4
    return np.concatenate([np.zeros(delay), sound])[: len(sound)] * 10 ** (gain_db / 20) + noise


def cleaned(guard, played, heard, pts_error_us=lambda k: 0):
    parts = []
    for k in range(min(len(played) // FRAME, len(heard) // CHUNK)):
        parts.append(guard.clean(heard[k * CHUNK : (k + 1) * CHUNK], k * FRAME_US + pts_error_us(k)))
        guard.played(played[k * FRAME : (k + 1) * FRAME], k * FRAME_US)
    return np.concatenate(parts)


def onsets(pcm):
    """When the ear's VAD noticed speech, in seconds."""
    vad, endpointer, found = silero().open(), Endpointer(Rules(), 0), []
    sound = pcm.astype(np.float32) / 32768
    for end in range(WINDOW_SAMPLES, len(sound), WINDOW_SAMPLES):
        window = sound[end - WINDOW_SAMPLES : end]
        edge = endpointer.step(vad.step(window), end, window_level_db(window))
        if edge in (Edge.STARTED, Edge.RESUMED):
            found.append(end / RATE_HZ)
    return found


def words_in(pcm, start_s, end_s):
    part = pcm[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]
    return moonshine().transcribe(part.astype(np.float32) / 32768, lambda: False)


def level_db(pcm):
    return 10 * np.log10(np.mean(np.square(pcm.astype(np.float64))) + 1e-9)


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(-9000, 9000, count).astype(np.int16)


def user_over(text, at_s, size):
    """`text` at 16 kHz on a time line of `size` samples; its first and last sound in seconds."""
    sound, line = at_16k(spoken(text)), np.zeros(size)
    first = int(at_s * RATE_HZ)
    line[first : first + len(sound)] = sound
    loud = np.flatnonzero(np.abs(line) > 0.02)
    return line, loud[0] / RATE_HZ, loud[-1] / RATE_HZ


# -- what it lets alone --------------------------------------------------------------------------------------


@pytest.mark.parametrize("plays_silence", [False, True])
def test_the_microphone_is_untouched_when_nothing_was_played(plays_silence):
    heard, guard = noise(50 * CHUNK), EchoGuard(Deaf())
    played = np.zeros(50 * FRAME if plays_silence else 0, np.int16)
    parts = []
    for k in range(50):
        parts.append(guard.clean(heard[k * CHUNK : (k + 1) * CHUNK], k * FRAME_US))
        if plays_silence:
            guard.played(played[k * FRAME : (k + 1) * FRAME], k * FRAME_US)
    assert np.array_equal(np.concatenate(parts), heard)


def test_a_while_after_the_last_sound_the_microphone_is_untouched_again():
    sound = np.concatenate([noise(50 * FRAME), np.zeros(100 * FRAME, np.int16)])
    heard = noise(150 * CHUNK, seed=1) // 100
    clean = cleaned(EchoGuard(Deaf()), sound, heard)
    assert not np.array_equal(clean[20 * CHUNK : 50 * CHUNK], heard[20 * CHUNK : 50 * CHUNK])
    assert np.array_equal(clean[-20 * CHUNK :], heard[-20 * CHUNK :])


@pytest.mark.parametrize("sizes", [[320], [960], [160], [100, 1, 0, 479, 2000]], ids=str)
def test_as_many_samples_come_back_as_went_in_at_most_20_ms_late(sizes):
    heard, guard, at, parts = noise(20_000), EchoGuard(Deaf()), 0, []
    while at < 16_000:
        size = sizes[len(parts) % len(sizes)]
        parts.append(guard.clean(heard[at : at + size], at * 1_000_000 // RATE_HZ))
        assert len(parts[-1]) == size
        assert parts[-1].dtype == np.int16
        at += size
    clean = np.concatenate(parts)
    late = int(np.argmax(clean == heard[0])) if sizes[0] % BLOCK else 0
    assert late <= BLOCK
    shift = next(
        d for d in range(late, BLOCK + 1) if np.array_equal(clean[-8000:], heard[at - 8000 - d : at - d])
    )
    assert (shift == 0) == all(size % BLOCK == 0 for size in sizes)


def test_time_that_jumps_is_no_error():
    guard = EchoGuard(Aec3())
    for pts_us in (0, 20_000, 10_000_000, 5_000, 3_600_000_000, -40_000):
        guard.played(noise(FRAME), pts_us)
        assert len(guard.clean(noise(CHUNK), pts_us)) == CHUNK
        assert len(guard.clean(np.full(CHUNK, -32768, np.int16), pts_us + 400_000)) == CHUNK


def test_the_same_sound_comes_out_the_same():
    played, heard = noise(100 * FRAME), noise(100 * CHUNK, seed=1)
    assert np.array_equal(
        cleaned(EchoGuard(Aec3()), played, heard), cleaned(EchoGuard(Aec3()), played, heard)
    )


class Leaky:
    """A canceller that still learns: it lets echo through, 20 dB weaker."""

    def suppress(self, near, far):
        return near // 10


def test_what_leaks_through_a_canceller_that_still_learns_is_taken_down():
    played = np.concatenate([np.zeros(20 * FRAME, np.int16), noise(60 * FRAME)])
    echo = np.concatenate([np.zeros(26 * CHUNK, np.int16), noise(54 * CHUNK, seed=1) // 2])
    clean = cleaned(EchoGuard(Leaky()), played, echo)
    assert level_db(clean[40 * CHUNK :]) < level_db(echo[40 * CHUNK :]) - 45


def test_who_spoke_into_a_silence_does_not_let_the_next_answer_in():
    """A user speaks in the last moment in which an echo could still come, then only the echo does."""
    sound, silence = noise(100 * FRAME), np.zeros(110 * FRAME, np.int16)
    played = np.concatenate([sound, silence, sound])
    heard = np.zeros(310 * CHUNK, np.int16)
    heard[6 * CHUNK : 106 * CHUNK] = noise(100 * CHUNK) // 2
    heard[150 * CHUNK : 175 * CHUNK] = noise(25 * CHUNK, seed=1) * 3
    echo = slice(216 * CHUNK, 222 * CHUNK)
    heard[echo] = noise(6 * CHUNK, seed=2) // 4
    clean = cleaned(EchoGuard(Deaf()), played, heard)
    assert level_db(clean[160 * CHUNK : 175 * CHUNK]) > 70, "the user is heard"
    assert level_db(clean[echo]) < level_db(heard[echo]) - 30


# -- its parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tone_hz", "gain_db"), [(300, 0), (3000, 0), (6500, 0), (10_000, -40)])
def test_the_resampler_keeps_what_16_khz_can_hold_and_nothing_else(tone_hz, gain_db):
    tone = pcm_of(0.5 * np.sin(2 * np.pi * tone_hz * np.arange(PLAYED_RATE_HZ) / PLAYED_RATE_HZ))
    resample = Resampler()
    made = np.concatenate([resample(tone[at : at + FRAME]) for at in range(0, len(tone), FRAME)])
    assert len(made) == RATE_HZ
    change = level_db(made[CHUNK:]) - level_db(tone)
    assert change < gain_db if gain_db else abs(change) < 0.5


def test_the_path_is_learned_and_stays_learned_while_somebody_speaks():
    rng = np.random.default_rng(0)
    far = rng.standard_normal(400 * BLOCK).astype(np.float32) * 0.1
    echo = 0.5 * np.concatenate([np.zeros(1500, np.float32), far])[: len(far)]
    user = np.zeros_like(far)
    user[200 * BLOCK : 300 * BLOCK] = rng.standard_normal(100 * BLOCK) * 0.1
    path = EchoPath()
    blocks = [slice(at, at + BLOCK) for at in range(0, len(far), BLOCK)]
    residual = np.concatenate([path.subtract((echo + user)[b], far[b]) for b in blocks])
    for part in (slice(150 * BLOCK, 200 * BLOCK), slice(200 * BLOCK, 300 * BLOCK), slice(350 * BLOCK, None)):
        assert level_db((residual - user)[part] * 32768) < level_db(echo[part] * 32768) - 12


# -- with the real ear ---------------------------------------------------------------------------------------


@pytest.mark.models
@pytest.mark.parametrize(("delay_ms", "reverb_s"), [(60, 0.2), (120, 0.0), (120, 0.2), (250, 0.2)])
def test_the_avatar_does_not_hear_itself(delay_ms, reverb_s):
    played, _ = conversation()
    heard = pcm_of(echo_of(played, delay_ms, reverb_s))
    assert len(onsets(heard)) > 3
    clean = cleaned(EchoGuard(Aec3()), played, heard)
    assert onsets(clean) == []


@pytest.mark.models
@pytest.mark.parametrize(
    "pts_error_us", [lambda k: -10 * k, lambda k: -16_000 * (k > 300)], ids=["drift", "jump"]
)
def test_the_avatar_does_not_hear_itself_on_a_network_that_wanders(pts_error_us):
    played, _ = conversation()
    heard = pcm_of(echo_of(played, 120, 0.2))
    assert onsets(cleaned(EchoGuard(Aec3()), played, heard, pts_error_us)) == []


@pytest.mark.models
@pytest.mark.parametrize(("delay_ms", "reverb_s"), [(120, 0.0), (120, 0.2), (250, 0.2)])
@pytest.mark.parametrize("turn", [1, 2])
def test_a_barge_in_over_the_echo_is_noticed_and_understood(delay_ms, reverb_s, turn):
    played, starts = conversation()
    echo = echo_of(played, delay_ms, reverb_s)
    user, begun, ended = user_over("Wait, stop please.", starts[turn] + 1, len(echo))
    clean = cleaned(EchoGuard(Aec3()), played, pcm_of(echo + 0.7 * user))
    first = onsets(clean)[0]
    assert begun < first < begun + 0.35
    words = words_in(clean, begun - 0.3, ended + 0.3).lower()
    assert "stop" in words or "wait" in words


@pytest.mark.models
@pytest.mark.parametrize("turn", [0, 1])
def test_with_headphones_the_user_is_heard_as_without_us(turn):
    played, starts = conversation()
    quiet = echo_of(played, 120, 0, gain_db=-100)
    user, begun, ended = user_over("No, that is not what I meant.", starts[turn] + 0.9, len(quiet))
    heard = pcm_of(quiet + 0.5 * user)
    clean = cleaned(EchoGuard(Aec3()), played, heard)
    part = slice(int(begun * RATE_HZ), int(ended * RATE_HZ))
    assert abs(level_db(clean[part]) - level_db(heard[part])) < 1
    assert words_in(clean, begun - 0.3, ended + 0.3) == "No, that is not what I meant."
    assert onsets(clean)[0] < begun + 0.2
