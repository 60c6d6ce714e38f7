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
ALIKE = (
    0.6  # correlation of received speech with what it was made of is above 0.9, with other speech below 0.3
)
FIRST_S = 0.8
AGAIN_S = 0.4
STARVED_S = 4.5  # the longest hole in a reply

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
    """One received packet of a reply: which sample of the reference it begins with (less than 0: none yet),
    and how loud it is in relation to that; None where the reference is too quiet to tell."""

    packet: AudioPacket
    sample: int
    gain: float | None


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
        lag, compared = found, []
        for packet in packets:
            at = self._place(packet)
            lag = self._followed(wanted, at, lag, last)
            compared.append(Heard(packet, at - lag, self._gain(wanted, at, lag)))
        return compared

    def likeness(self, reference: Reference, heard: Heard) -> float | None:
        """Correlation of the 60 ms from this packet on with the reference; None where that is quiet."""
        at = self._place(heard.packet)
        return self._alike(reference.pcm.astype(np.float64), at, at - heard.sample)

    def _place(self, packet: AudioPacket) -> int:
        return (packet.rtp - self._first_rtp) * RATE_HZ // AUDIO_RATE_HZ

    def _followed(self, wanted: Floats, at: int, lag: int, last: int) -> int:
        """The lag at this packet: a hole in the reply makes it larger."""
        alike = self._alike(wanted, at, lag)
        if alike is None or alike >= ALIKE or at < lag:
            return lag
        rest = wanted[at - lag : at - lag + round(AGAIN_S * RATE_HZ)]
        again = self._find(rest, at, min(last, at + round(STARVED_S * RATE_HZ)))
        later = lag if again is None else again - (at - lag)
        return later if later >= lag + FRAME // 2 else lag

    def _alike(self, wanted: Floats, at: int, lag: int) -> float | None:
        ours = wanted[max(0, at - lag) : max(0, at - lag) + WINDOW]
        theirs = self._track[at : at + len(ours)]
        ours = ours[: len(theirs)]
        if len(ours) < FRAME or level(ours) < AUDIBLE:
            return None
        return float(ours @ theirs / np.sqrt((ours @ ours) * (theirs @ theirs) + 1))

    def _gain(self, wanted: Floats, at: int, lag: int) -> float | None:
        ours = wanted[max(0, at - lag) : max(0, at - lag + FRAME)]
        if at < lag or len(ours) < FRAME or level(ours) < AUDIBLE:
            return None
        return float(ours @ self._track[at : at + FRAME] / (ours @ ours))

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
