"""Does the avatar hear itself? Twenty answers through loudspeaker, room, microphone and both Opus codecs.

For each room: what the ear's own VAD makes of the raw and of the cleaned microphone while the user is silent;
then with the user speaking over every answer but the first: how soon it is noticed, and what is understood.

usage: python bench/echo.py [--models DIR] [--turns N] [ROOM ...]
"""

import argparse
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from hibari import Hibari
from visavis_asr.backends.moonshine import Moonshine
from visavis_asr.backends.silero import Silero
from visavis_asr.endpointing import Edge, Endpointer, Rules
from visavis_asr.engine import WINDOW_SAMPLES
from visavis_asr.recognizer import level_db as window_level_db
from visavis_gateway.backends.aec import Aec3
from visavis_gateway.backends.opus import LOOKAHEAD_US, OpusDecoder, OpusEncoder
from visavis_gateway.echo import PLAYED_RATE_HZ, RATE_HZ, EchoGuard
from visavis_gateway.uplink import Decimator

DEVICE_HZ = 48_000
FRAME_US = 20_000
PLAYED_FRAME, DEVICE_FRAME, CHUNK = PLAYED_RATE_HZ // 50, DEVICE_HZ // 50, RATE_HZ // 50
FIRST_S, GAP_S = 1.0, 2.5
SPEAKS_AFTER_S = (0.9, 1.4, 2.2)
DETECTED_WITHIN_S = 0.3
ANSWERS = [
    "Hello, I am Mira. It is nice to meet you, what would you like to talk about today?",
    "The capital of Australia is Canberra, although many people think that it is Sydney.",
    "Well, the moon is about three hundred and eighty four thousand kilometres away from us.",
    "You could make fried rice. Heat some oil, add the eggs, then the rice, and season it with soy sauce.",
    "William Shakespeare wrote Romeo and Juliet, probably around fifteen ninety five.",
    "Once upon a time there was a small green dragon who was afraid of the dark.",
    "Yes, of course. Take your time and tell me when you are ready.",
    "I think so, but I am not entirely sure. Let me explain what I mean by that.",
    "Photosynthesis is how plants turn sunlight, water and carbon dioxide into sugar and oxygen.",
    "No, I would not recommend that, because it could damage the engine.",
    "That is a wonderful question. There are three things to keep in mind.",
    "The train leaves at half past seven in the morning and arrives at noon.",
    "You are welcome! Is there anything else that I can help you with?",
    "Sleep is important because it lets the brain sort what it has learned during the day.",
    "Paris is lovely in spring, when the chestnut trees along the river are in bloom.",
    "To reset your password, open the settings, choose security, and follow the steps on the screen.",
    "A haiku has three lines with five, seven, and five syllables.",
    "Stop and wait are words that I understand, even when I am speaking.",
    "The recipe needs two cups of flour, one spoon of sugar, and a pinch of salt.",
    "Goodbye, it was a pleasure to talk with you. See you soon!",
]
INTERRUPTIONS = [
    "Wait, stop please.",
    "Hold on a second.",
    "No, that is not what I meant.",
    "Can you tell me something else?",
    "Thank you, that is enough.",
]


@dataclass(frozen=True)
class Room:
    """How what is played gets into the microphone."""

    delay_ms: int = 120
    gain_db: float = -6.0
    reverb_s: float = 0.0
    overdriven: bool = False
    drift_ppm: float = 0.0


ROOMS = {
    "120 ms": Room(),
    "120 ms, room": Room(reverb_s=0.25),
    "60 ms, room": Room(delay_ms=60, reverb_s=0.25),
    "250 ms, hall, overdriven": Room(delay_ms=250, reverb_s=0.4, overdriven=True),
    "120 ms, room, 0 dB": Room(gain_db=0, reverb_s=0.3),
    "120 ms, room, clock off by 50 ppm": Room(reverb_s=0.25, drift_ppm=50),
    "400 ms, room": Room(delay_ms=400, reverb_s=0.25),
    "headphones": Room(gain_db=-100),
}


def resampled(sound: Any, from_hz: int, to_hz: int) -> Any:
    """Band-limited, all at once."""
    size = round(len(sound) * to_hz / from_hz)
    spectrum = np.zeros(size // 2 + 1, complex)
    whole = np.fft.rfft(sound)
    count = min(len(whole), len(spectrum))
    spectrum[:count] = whole[:count]
    return np.fft.irfft(spectrum, size) * to_hz / from_hz


def pcm_of(sound: Any) -> Any:
    return np.clip(np.round(sound * 32767), -32768, 32767).astype(np.int16)


def spoken(text: str, voice: Hibari, level: float = 1.9) -> Any:
    """As loud as the tts service says it."""
    return np.clip(voice(text, seed=0) * level, -0.8, 0.8)


def played_and_back(pcm: Any) -> Any:
    """What a browser plays of our frames, at 48 kHz."""
    encoder, decoder = OpusEncoder(), OpusDecoder()
    frames = [pcm[at : at + PLAYED_FRAME] for at in range(0, len(pcm), PLAYED_FRAME)]
    sound = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames])
    return sound[LOOKAHEAD_US * DEVICE_HZ // 1_000_000 :] / 32768


def sent_and_back(sound: Any) -> Any:
    """What our uplink makes of a microphone at 48 kHz."""
    codec = av.CodecContext.create("libopus", "w")
    codec.format, codec.layout, codec.sample_rate, codec.bit_rate = "s16", "mono", DEVICE_HZ, 32_000
    codec.time_base = Fraction(1, DEVICE_HZ)
    codec.options = {"application": "voip", "frame_duration": "20"}
    codec.open()
    decoder, decimate, chunks = OpusDecoder(), Decimator(), []
    pcm = pcm_of(sound)
    for at in range(0, len(pcm) // DEVICE_FRAME * DEVICE_FRAME, DEVICE_FRAME):
        frame = av.AudioFrame.from_ndarray(pcm[None, at : at + DEVICE_FRAME], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = DEVICE_HZ, codec.time_base, at
        for packet in codec.encode(frame):
            chunks.append(decimate(decoder.decode(bytes(packet))))
    return np.concatenate(chunks)


def heard_in(room: Room, played: Any, user: Any) -> Any:
    """The microphone's 16 kHz samples."""
    sound = played
    if room.drift_ppm:
        at = np.arange(len(sound))
        sound = np.interp(at * (1 + room.drift_ppm * 1e-6), at, sound)
    if room.overdriven:
        sound = np.tanh(sound * 2.5) / 2.5
    if room.reverb_s:
        sound = np.fft.irfft(np.fft.rfft(sound, n := 2 * len(sound)) * np.fft.rfft(response(room), n), n)
    delay = room.delay_ms * DEVICE_HZ // 1000
    sound = np.concatenate([np.zeros(delay), sound])[: len(user)] * 10 ** (room.gain_db / 20)
    noise = np.random.default_rng(1).standard_normal(len(user)) * 3e-4
    return sent_and_back(user + noise + np.pad(sound, (0, len(user) - len(sound))))


def response(room: Room) -> Any:
    """The direct sound, then a tail that falls 60 dB in `reverb_s`; power 1."""
    size = int(room.reverb_s * DEVICE_HZ)
    fall = np.exp(-6.9 * np.arange(size) / size)
    taps = np.random.default_rng(0).standard_normal(size) * fall * 1.4 / np.sqrt(0.02 * DEVICE_HZ)
    taps[: DEVICE_HZ // 500] = 0
    taps[0] = 1
    return taps / np.sqrt(np.square(taps).sum())


def cleaned(played: Any, heard: Any) -> tuple[Any, float]:
    """The microphone behind the guard, and CPU milliseconds a second of it."""
    guard, parts = EchoGuard(Aec3()), []
    begun = time.process_time()
    for k in range(min(len(played) // PLAYED_FRAME, len(heard) // CHUNK)):
        parts.append(guard.clean(heard[k * CHUNK : (k + 1) * CHUNK], k * FRAME_US))
        guard.played(played[k * PLAYED_FRAME : (k + 1) * PLAYED_FRAME], k * FRAME_US)
    return np.concatenate(parts), (time.process_time() - begun) * 1e3 / (len(parts) / 50)


def onsets(pcm: Any, silero: Silero) -> list[tuple[float, float]]:
    """When speech was noticed, and when it had begun, in seconds."""
    vad, endpointer, found = silero.open(), Endpointer(Rules(), 0), []
    sound = pcm.astype(np.float32) / 32768
    for end in range(WINDOW_SAMPLES, len(sound), WINDOW_SAMPLES):
        window = sound[end - WINDOW_SAMPLES : end]
        edge = endpointer.step(vad.step(window), end, window_level_db(window))
        if edge in (Edge.STARTED, Edge.RESUMED):
            found.append((end / RATE_HZ, endpointer.onset_sample / RATE_HZ))
    return found


class Bench:
    """The voices, laid out on one time line; then one room after the other."""

    def __init__(self, models: Path, turns: int) -> None:
        voice = Hibari(threads=1)
        self.silero, self.moonshine = Silero(models), Moonshine(models)
        answers = [spoken(text, voice) for text in ANSWERS[:turns]]
        users = [resampled(spoken(text, voice), PLAYED_RATE_HZ, DEVICE_HZ) for text in INTERRUPTIONS]
        parts, self.speeches, at = [np.zeros(int(FIRST_S * PLAYED_RATE_HZ))], [], FIRST_S
        size = FIRST_S + sum(len(answer) / PLAYED_RATE_HZ + GAP_S for answer in answers)
        self.user = np.zeros(int(size * DEVICE_HZ))
        for k, answer in enumerate(answers):
            if k:
                user = users[k % len(users)]
                first = round((at + SPEAKS_AFTER_S[k % 3]) * DEVICE_HZ)
                self.user[first : first + len(user)] = user
                sounding = np.flatnonzero(np.abs(user) > 0.02 * np.abs(user).max())
                self.speeches.append(((first + sounding[0]) / DEVICE_HZ, (first + sounding[-1]) / DEVICE_HZ))
            parts += [answer, np.zeros(int(GAP_S * PLAYED_RATE_HZ))]
            at += len(answer) / PLAYED_RATE_HZ + GAP_S
        pcm = pcm_of(np.concatenate(parts))
        self.played = pcm[: len(pcm) // PLAYED_FRAME * PLAYED_FRAME]
        self.sounding = played_and_back(self.played)

    def echo_alone(self, name: str, room: Room) -> None:
        """The user is silent."""
        heard = heard_in(room, self.sounding, np.zeros_like(self.user))
        clean, cpu_ms = cleaned(self.played, heard)
        found = onsets(clean, self.silero)
        print(f"{name}: heard itself {len(found)} times, raw {len(onsets(heard, self.silero))};", end=" ")
        print(f"{cpu_ms:.1f} ms CPU a second {[round(onset, 1) for _, onset in found] or ''}", flush=True)

    def spoken_over(self, room: Room, user_db: float) -> None:
        """The user speaks over every answer but the first, at `user_db` below what the avatar plays."""
        heard = heard_in(room, self.sounding, self.user * 10 ** (user_db / 20))
        clean, _ = cleaned(self.played, heard)
        found, took, texts = onsets(clean, self.silero), [], []
        for start, end in self.speeches:
            took.append(min((t - start for t, o in found if o - start > -0.15 and t < end), default=np.inf))
            part = clean[int((start - 0.4) * RATE_HZ) : int((end + 0.4) * RATE_HZ)]
            texts.append(self.moonshine.transcribe(part.astype(np.float32) / 32768, lambda: False))
        soon = sum(t <= DETECTED_WITHIN_S for t in took)
        print(f"  user {user_db:+.0f} dB: noticed after {np.median(took) * 1e3:.0f} ms (median),", end=" ")
        print(f"{soon} of {len(took)} within 300 ms, {np.isinf(took).sum()} never")
        print("   ", texts, flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--turns", type=int, default=len(ANSWERS), choices=range(2, len(ANSWERS) + 1))
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help="of: " + "; ".join(ROOMS))
    given = parser.parse_args()
    bench = Bench(given.models, given.turns)
    for name in given.rooms or ROOMS:
        bench.echo_alone(name, ROOMS[name])
        for user_db in (0.0, -6.0):
            bench.spoken_over(ROOMS[name], user_db)


if __name__ == "__main__":
    main()
