"""Takes our own voice out of what the microphone hears, and leaves what the user says. No I/O, no clock.

Two estimates of the echo run side by side. The canceller (AEC3) leaves no echo, but chews up words that are
said over one; the echo path (a linear filter) leaves a little echo, but does words no harm. So the
canceller's output decides whether somebody speaks, and while somebody does the linear one is heard.
"""

from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from visavis_gateway.echo_path import BLOCK, EchoPath, Signal

Pcm = NDArray[np.int16]

RATE_HZ = 16_000
PLAYED_RATE_HZ = 24_000
# An echo comes back at least so much after its pts: it crosses the network and two sound cards. The reference
# is read this late, so that it is always there when the microphone's chunk is.
LEAD_US = 40_000
HISTORY = 2 * RATE_HZ
# The microphone's pts wander with the network, its samples do not: only a jump moves the reference, for
# then all has to be learned again. Larger, and it could come before its echo, or not be there yet.
JUMP_SAMPLES = 15 * RATE_HZ // 1000
# So long after the last played sound there is no echo any more, however late and long.
TAIL_BLOCKS = 60
SILENCE_DB = -65.0
# What a canceller that still learns lets through (-35 dB at worst) must not be taken for speech.
LEARNING_GAIN = np.float32(0.03)


class Canceller(Protocol):
    """A complete echo canceller with a state of its own."""

    def suppress(self, near: Pcm, far: Pcm) -> Pcm:
        """`near` without its echo of `far`; both a whole number of 10 ms at RATE_HZ."""


class Resampler:
    """24 -> 16 kHz: every 3 samples give 2, through a windowed-sinc low pass (Hamming, 96 taps at 48 kHz)."""

    TAPS = 96
    CUTOFF = 0.94 / 6

    def __init__(self) -> None:
        n = np.arange(self.TAPS) - (self.TAPS - 1) / 2
        kernel = np.sinc(2 * self.CUTOFF * n) * np.hamming(self.TAPS)
        kernel *= 2 / kernel.sum()
        half = self.TAPS // 2
        self._kernel = np.zeros((half + 1, 2), np.float32)
        self._kernel[:half, 0] = kernel[0::2][::-1]
        self._kernel[1:, 1] = kernel[1::2][::-1]
        self._past = np.zeros(half - 1, np.float32)

    def __call__(self, pcm: Pcm) -> Pcm:
        """Samples by the three; keeps its state."""
        signal = np.concatenate([self._past, pcm.astype(np.float32)])
        self._past = signal[len(pcm) :]
        made = sliding_window_view(signal, len(self._kernel))[::3] @ self._kernel
        return np.clip(np.round(made.reshape(-1)), -32768, 32767).astype(np.int16)


class Reference:
    """The last two seconds of what was played, at RATE_HZ; sample 0 is at pts 0."""

    def __init__(self) -> None:
        self._resample = Resampler()
        self._samples = np.zeros(HISTORY, np.int16)
        self._end = 0

    def add(self, pcm: Pcm, pts_us: int) -> None:
        """The next frame; time that none covered was silent."""
        start = pts_us * RATE_HZ // 1_000_000
        made = self._resample(pcm)
        if start != self._end:
            self._append(np.zeros(min(max(0, start - self._end), HISTORY), np.int16))
            self._end = start
        self._append(made)

    def read(self, start: int) -> Pcm | None:
        """BLOCK samples from `start` on; None where nothing was played yet, or too long ago."""
        at = start - self._end + HISTORY
        return self._samples[at : at + BLOCK] if 0 <= at <= HISTORY - BLOCK else None

    def _append(self, pcm: Pcm) -> None:
        if len(pcm):
            self._samples = np.concatenate([self._samples[len(pcm) :], pcm])
            self._end += len(pcm)


def signal_of(pcm: Pcm) -> Signal:
    """The samples at full scale 1."""
    signal: Signal = pcm.astype(np.float32) * np.float32(1 / 32768)
    return signal


def level_db(signal: Signal) -> float:
    """Mean power, full scale 1."""
    return float(10 * np.log10(np.dot(signal, signal) / len(signal) + 1e-10))


def faded(first: Signal, second: Signal, share: float, next_share: float) -> Signal:
    """A mix that goes from `share` of the second to `next_share`: down in a block, up in a quarter of it."""
    ramp = np.full(BLOCK, next_share, np.float32)
    fade = BLOCK // 4 if next_share > share else BLOCK
    ramp[:fade] = np.linspace(share, next_share, fade)
    mixed: Signal = first + ramp * (second - first)
    return mixed


@dataclass(frozen=True, slots=True)
class Levels:
    """One block in dB below full scale: the microphone, the playback, and both estimates of the user."""

    near: float
    far: float
    suppressed: float
    residual: float


class Level:
    """A level that follows in about `blocks` blocks."""

    def __init__(self, blocks: float) -> None:
        self._share = 1 / blocks
        self._power = 0.0

    def step(self, db: float) -> float:
        self._power += self._share * (10 ** (db / 10) - self._power)
        return float(10 * np.log10(self._power + 1e-10))


class Gate:
    """Whether somebody speaks over the playback, block by block. Values tuned with bench/echo.py."""

    # With echo alone the canceller lets through less than this, nearly always.
    HEARD_DB = -58.0
    # Of a voice it keeps at least this much, and the linear filter takes away less than this.
    KEPT_DB = -12.0
    EXPLAINED_DB = 8.0
    HOLD_BLOCKS = 10
    # Blocks in which all echo of the first SOURCE_BLOCKS has come back.
    MEMORY_BLOCKS = 40
    SOURCE_BLOCKS = 15
    AUDIBLE_DB = -40.0
    # Until so much has sounded, neither estimate is good enough to judge by.
    LEARNING_BLOCKS = 125
    # How much of the playback may come back, as far as is known, and how fast that knowledge ages.
    UNKNOWN_RETURN_DB = 6.0
    AGEING_DB = 0.02
    LOUDER_DB = 10.0

    def __init__(self) -> None:
        self._near, self._residual = Level(15), Level(15)
        self._past: deque[Levels] = deque(maxlen=self.MEMORY_BLOCKS)
        self._return_db = self.UNKNOWN_RETURN_DB
        self._hold = 0
        self._learned_blocks = 0
        # Whether the linear filter finds anything to take away.
        self.has_echo = False

    def rest(self) -> None:
        """Nothing is played: who speaks now must not hold it open when something is."""
        self._hold = 0

    def unsettle(self) -> None:
        """Both estimates have to learn again."""
        self._learned_blocks = 0

    @property
    def is_learning(self) -> bool:
        """Neither estimate is to be trusted yet: the canceller, too, still lets echo through."""
        return self._learned_blocks < self.LEARNING_BLOCKS

    def step(self, now: Levels) -> bool:
        """True while the user is to be heard."""
        self._past.append(now)
        self._learned_blocks += now.far > self.AUDIBLE_DB
        self._learn_return(self._near.step(now.near), self._residual.step(now.residual))
        is_speech = self._is_voice(now) or self._is_too_loud_for_echo(now)
        self._hold = self.HOLD_BLOCKS if is_speech else max(0, self._hold - 1)
        return self._hold > 0

    def _is_voice(self, now: Levels) -> bool:
        if self.is_learning:
            return False
        is_kept = now.suppressed > max(self.HEARD_DB, now.residual + self.KEPT_DB)
        return is_kept and now.near - now.residual < self.EXPLAINED_DB

    def _is_too_loud_for_echo(self, now: Levels) -> bool:
        loudest = max(levels.far for levels in self._past) + self._return_db
        return now.near > max(self.HEARD_DB, loudest + self.LOUDER_DB)

    def _learn_return(self, near: float, residual: float) -> None:
        """With headphones the microphone stays silent while we speak: then all that it hears is the user."""
        self.has_echo = residual < near - 1
        if residual < near - 3 and near > self.HEARD_DB:
            self._return_db = self.UNKNOWN_RETURN_DB
        elif len(self._past) == self.MEMORY_BLOCKS:
            far = max(levels.far for levels in islice(self._past, self.SOURCE_BLOCKS))
            if far > self.AUDIBLE_DB:
                came_back = max(levels.near for levels in self._past) - far
                self._return_db = min(self._return_db + self.AGEING_DB, came_back)


class EchoGuard:
    """One session's guard: takes every frame as it is played, every chunk as the microphone brings it."""

    def __init__(self, canceller: Canceller) -> None:
        self._canceller = canceller
        self._path = EchoPath()
        self._gate = Gate()
        self._reference = Reference()
        self._read_at = -HISTORY  # nowhere yet
        self._quiet_blocks = TAIL_BLOCKS
        self._openness = 1.0
        self._linear_share = 0.0
        self._waiting = np.zeros(0, np.int16)
        self._ready = np.zeros(0, np.int16)

    def played(self, pcm: Pcm, pts_us: int) -> None:
        """A frame of 24 kHz samples leaves for the loudspeaker at `pts_us`."""
        self._reference.add(pcm, pts_us)

    def clean(self, pcm: Pcm, pts_us: int) -> Pcm:
        """As many 16 kHz samples as came, without our voice; untouched when nothing was played lately.

        Chunks of whole 20 ms come back at once; others make the sound up to 20 ms late, once.
        """
        self._align(pts_us * RATE_HZ // 1_000_000 - len(self._waiting))
        self._waiting = np.concatenate([self._waiting, pcm])
        whole = len(self._waiting) // BLOCK * BLOCK
        cleaned = [self._clean_block(self._waiting[at : at + BLOCK]) for at in range(0, whole, BLOCK)]
        self._waiting = self._waiting[whole:]
        ready = np.concatenate([self._ready, *cleaned])
        ready = np.concatenate([np.zeros(max(0, len(pcm) - len(ready)), np.int16), ready])
        self._ready = ready[len(pcm) :]
        return ready[: len(pcm)]

    def _align(self, near_start: int) -> None:
        """Move the reference only when the microphone's time has jumped."""
        wanted = near_start - LEAD_US * RATE_HZ // 1_000_000
        if abs(wanted - self._read_at) > JUMP_SAMPLES:
            self._read_at = wanted
            self._gate.unsettle()

    def _clean_block(self, pcm: Pcm) -> Pcm:
        played = self._reference.read(self._read_at)
        self._read_at += BLOCK
        if played is None:
            played = np.zeros(BLOCK, np.int16)
        near, far = signal_of(pcm), signal_of(played)
        far_db = level_db(far)
        self._quiet_blocks = 0 if far_db > SILENCE_DB else self._quiet_blocks + 1
        is_over = self._quiet_blocks > TAIL_BLOCKS
        if is_over and (self._openness, self._linear_share) == (1, 0):
            self._gate.rest()
            return pcm
        suppressed = signal_of(self._canceller.suppress(pcm, played))
        residual = self._path.subtract(near, far)
        levels = Levels(level_db(near), far_db, level_db(suppressed), level_db(residual))
        is_open = self._gate.step(levels) or is_over
        if self._gate.is_learning:
            suppressed = suppressed * LEARNING_GAIN
        has_echo = self._gate.has_echo and not is_over
        return self._mix(near, residual, suppressed, float(is_open), float(has_echo))

    def _mix(
        self, near: Signal, residual: Signal, suppressed: Signal, openness: float, linear_share: float
    ) -> Pcm:
        """Go over to the given shares within the block."""
        voice = faded(near, residual, self._linear_share, linear_share)
        mixed = faded(suppressed, voice, self._openness, openness)
        self._openness, self._linear_share = openness, linear_share
        return np.clip(np.round(mixed * 32768), -32768, 32767).astype(np.int16)
