"""What a reply should sound like, and what of that a call received: the voice says the same words twice.

The voice is deterministic, and the clauses that it speaks depend on the text alone. So the sound of any
reply can be made again from its words, and every received packet compared with the samples that it was made
of: which words came, how loud, and where the sound broke off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, SILENT_BELOW, AudioPacket
from visavis_tts.backends.hibari import RATE_HZ, HibariEngine
from visavis_tts.clauses import ClauseCutter
from visavis_tts.engine import Word

FRAME = RATE_HZ // 50
WINDOW = 3 * FRAME
AUDIBLE = 32768 * 10 ** (-45 / 20)  # mean level of a stretch whose likeness can be judged
# Correlation of a received voice with what it was made of; with other words it is below 0.5. The codec puts
# noise of its own in place of what is noise already, so an "s" is not like itself.
ALIKE = 0.75
UNLIKE_FRAMES = 4  # so long no "s" lasts: the reply has a hole here
FIRST_S = 0.8
STARVED_S, SKIPPED_S = 4.5, 1.0  # the longest hole in a reply, and the longest jump
GONE = 0.1  # of the amplitude: less than what is turned down

Pcm = NDArray[np.int16]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """The sound of a text at 24 kHz and its words, in samples of it."""

    text: str
    pcm: Pcm
    words: Sequence[Word]

    def words_by(self, sample: int) -> int:
        """How many words have sounded to their end."""
        return sum(word.end_sample <= sample for word in self.words)

    def words_in(self, text_end: int) -> int:
        """How many words end in the first `text_end` characters."""
        return sum(word.text_end <= text_end for word in self.words)


class Voice:
    """Says texts as the tts service does."""

    def __init__(self) -> None:
        self._engine = HibariEngine(threads=1)

    def read(self, text: str) -> Reference:
        """The sound of a whole reply."""
        cutter = ClauseCutter()
        speaker = self._engine.open(voice="", language_code="en", speed=1)
        parts: list[Pcm] = [np.zeros(0, np.int16)]
        words: list[Word] = []
        at = 0
        for clause in [*cutter.push(text), *cutter.finish()]:
            if (speech := speaker.speak(clause)) is not None:
                words += [
                    Word(w.text_start, w.text_end, w.start_sample + at, w.end_sample + at)
                    for w in speech.words
                ]
                parts.append(speech.pcm)
                at += len(speech.pcm)
        return Reference(text, np.concatenate(parts), words)


@dataclass(frozen=True)
class Heard:
    """One received packet of a reply.

    `sample` of the reference is its first (less than 0: none yet); `gain` is its amplitude in relation to
    that, None where the two can't be compared; `is_gone` where there should be sound, and is none.
    """

    packet: AudioPacket
    sample: int
    gain: float | None
    is_gone: bool


class Received:
    """A call's received audio as one track at the reference's rate."""

    def __init__(self, packets: Sequence[AudioPacket]) -> None:
        self.packets = [packet for packet in packets if len(packet.samples)]
        self._first_rtp = self.packets[0].rtp
        self._track = np.zeros(self._place(self.packets[-1]) + FRAME, np.float64)
        for packet in self.packets:
            at, mono = self._place(packet), packet.samples[: len(packet.samples) // 2 * 2]
            halved = mono.reshape(-1, 2).mean(axis=1)
            self._track[at : at + len(halved)] = halved[: len(self._track) - at]

    def between(self, from_s: float, to_s: float) -> list[AudioPacket]:
        """The packets that arrived in [from_s, to_s)."""
        return [packet for packet in self.packets if from_s <= packet.arrival_s < to_s]

    def compared(self, reference: Reference, packets: Sequence[AudioPacket]) -> list[Heard]:
        """Each packet beside the samples that it was made of; empty when the reply is not found in them."""
        if not packets:
            return []
        wanted = reference.pcm.astype(np.float64)
        first, last = self._place(packets[0]), self._place(packets[-1]) + FRAME
        found = self._find(wanted[: round(FIRST_S * RATE_HZ)], first - FRAME, last)
        if found is None:
            return []
        lag, unlike, compared = found, 0, []
        for packet in packets:
            at = self._place(packet)
            alike = self._alike(wanted, at, lag, WINDOW)
            unlike = unlike + 1 if alike is not None and alike < ALIKE else 0
            if unlike >= UNLIKE_FRAMES:
                lag = self._followed(wanted, at, lag, last)
            compared.append(self._heard(packet, wanted, at, lag))
        return compared

    def _place(self, packet: AudioPacket) -> int:
        return (packet.rtp - self._first_rtp) * RATE_HZ // AUDIO_RATE_HZ

    def _heard(self, packet: AudioPacket, wanted: Floats, at: int, lag: int) -> Heard:
        ours, theirs = wanted[max(0, at - lag) : max(0, at - lag + FRAME)], self._track[at : at + FRAME]
        alike, gain = self._alike(wanted, at, lag, FRAME), None
        if alike is not None and alike >= ALIKE:
            gain = float(ours @ theirs / (ours @ ours))
        is_gone = alike is not None and level(theirs) < GONE * level(ours)
        return Heard(packet, at - lag, gain, is_gone)

    def _followed(self, wanted: Floats, at: int, lag: int, last: int) -> int:
        """The lag at this packet: a hole in the reply makes it larger, a jump smaller."""
        rest = wanted[at - lag : at - lag + round(FIRST_S * RATE_HZ)]
        start, end = at - round(SKIPPED_S * RATE_HZ), at + round(STARVED_S * RATE_HZ)
        again = self._find(rest, start, min(last, end))
        later = lag if again is None else again - (at - lag)
        return later if abs(later - lag) >= FRAME // 2 else lag

    def _alike(self, wanted: Floats, at: int, lag: int, size: int) -> float | None:
        """Correlation of so many samples; None where there should be little sound."""
        if at < lag:
            return None
        ours = wanted[at - lag : at - lag + size]
        theirs = self._track[at : at + len(ours)]
        ours = ours[: len(theirs)]
        if len(ours) < FRAME or level(ours) < AUDIBLE:
            return None
        return float(ours @ theirs / np.sqrt((ours @ ours) * (theirs @ theirs) + 1))

    def _find(self, wanted: Floats, start: int, end: int) -> int | None:
        """Where in the track [start, end) `wanted`, or as much of it as fits, begins."""
        start = max(0, start)
        track = self._track[start:end]
        wanted = wanted[: len(track)]
        if len(wanted) < WINDOW or level(wanted) < AUDIBLE / 4:
            return None
        track = np.concatenate([track, np.zeros(len(wanted) - 1)])
        size = len(track) + len(wanted)
        product = np.fft.irfft(np.fft.rfft(track, size) * np.conj(np.fft.rfft(wanted, size)), size)
        power = np.concatenate([[0.0], np.cumsum(track**2)])
        energy = power[len(wanted) :] - power[: -len(wanted)]
        scores = product[: len(energy)] / np.sqrt(energy * (wanted @ wanted) + 1)
        best = int(np.argmax(scores))
        return start + best if scores[best] >= ALIKE else None


def level(signal: Floats) -> float:
    return float(np.sqrt(np.mean(signal**2))) if len(signal) else 0.0


def last_audible_s(packets: Sequence[AudioPacket]) -> float | None:
    """When the last sample that could be heard sounds, if each packet sounds on its arrival."""
    last = next((packet for packet in reversed(packets) if not packet.silent), None)
    if last is None:
        return None
    return last.arrival_s + last_audible_sample(last) / AUDIO_RATE_HZ


def last_audible_sample(packet: AudioPacket) -> int:
    """The last sample of a packet, at its own rate, whose surroundings of 2 ms are not silent."""
    block = AUDIO_RATE_HZ // 500
    blocks = sliding_window_view(packet.samples.astype(np.float64), block)[::block]
    loud = np.flatnonzero(np.sqrt(np.mean(blocks**2, axis=1)) >= SILENT_BELOW)
    return (int(loud[-1]) + 1) * block if len(loud) else 0
