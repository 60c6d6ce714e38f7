"""Recorded users that hesitate and interrupt: spoken once by hibari, kept as WAV files."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from visavis_tts.backends.hibari import RATE_HZ, HibariEngine
from visavis_tts.engine import Clause, Pause

WARM_UP = "Hello there, how are you?"
# The bar is where the speaker thinks; the words before it have the melody of a sentence that goes on.
HESITANT = [
    "I would like to know | what the capital of Italy is.",
    "Can you tell me | how to boil an egg?",
    "Yesterday I went to the market and | bought some apples. What can I cook with them?",
    "My sister has a birthday soon, so | what would be a good present for her?",
    "I was wondering | why the sky is blue.",
    "What I really want is | a book about the sea. Do you know one?",
    "When it rains | what should I wear?",
    "If I have two cats and | three dogs, how many animals do I have?",
    "Could you explain | what a computer does?",
    "Tell me about | the animals that live in the ocean.",
    "I need to | get a coffee stain out of a shirt. How do I do that?",
    "The best way to | learn a language is what, do you think?",
    "So what I wanted to ask is | how do I open a bank account?",
    "I have a question about | my order from last week.",
    "Could you tell me um | where the nearest station is?",
    "Is there | a good restaurant around here?",
    "Last summer we went to | Portugal, and it was lovely.",
    "I'd like a table for | two people at eight.",
    "My flight leaves at | half past nine in the morning.",
    "What is the difference between | a crocodile and an alligator?",
    "First I want to go home, and then | I want to eat something.",
    "She told me that | she would come later.",
    "I bought apples, oranges, | and a few bananas.",
    "Do you know if | it will rain tomorrow?",
    "I was thinking maybe | we could go for a walk.",
    "My brother, who lives in Berlin, | is coming to see me next week.",
    "How do I get from | the airport to the city?",
    "We need three things: | milk, bread and butter.",
    "Because it was so late | we took a taxi home.",
    "The film that I saw yesterday | was about a whale.",
    "Would it be all right if | I called you back later?",
    "I usually get up at seven, but | today I slept until ten.",
    "When I was a child | we lived near the sea.",
    "Please remind me to | call my mother this evening.",
    "Her name is Anna, or | maybe it was Hannah.",
    "What I don't understand is | why the price has gone up.",
    "In the middle of the night | I heard a strange noise.",
    "He said that the | train would be late again.",
    "Which one is | better for a beginner?",
    "It costs about | twenty dollars a month.",
]
# Written after the endpointing values were fitted to the others.
HELD_OUT = [
    "I used to play the piano when | I was at school.",
    "The problem with my computer is that | it turns itself off.",
    "We could meet at the | station or at my place.",
    "Do you think that people who | sleep less work more?",
    "I have been looking for | a new pair of shoes.",
    "What happens to the water | when it gets very cold?",
    "Every time I open the window | the cat jumps out.",
    "Can I ask you | something about my tax return?",
    "My grandmother always said | never eat before you swim.",
    "There are two kinds of | people in this world.",
    "On the one hand | I like my job, on the other hand it is far away.",
    "How long does it take | to drive to the coast?",
    "I think the blue one is | nicer than the red one.",
    "Let me see, it was | a Tuesday, I believe.",
    "Someone told me you can | make bread without yeast.",
    "The man who sold me the car, | a friend of my uncle, moved away.",
    "Give me the names of | three famous painters.",
    "Is it true that | goldfish forget everything?",
    "I want a room with | a view of the sea, please.",
    "Yes, but | I don't have that much time.",
    "No, I mean | the other one.",
    "Okay, so first | tell me how it works.",
    "You know what, | I have changed my mind.",
    "The weather was nice, | so we stayed outside.",
    "After dinner | we usually go for a walk.",
    "It depends on | how much it costs.",
    "I'm not sure whether | I should take the train or the bus.",
    "Who was the first person | to walk on the moon?",
    "Please write down | the following address.",
    "My phone number is | five five five, one two three four.",
]
PAUSES_S = (0.4, 0.6, 0.8, 1.0)
AUDIBLE = 0.02  # of the loudest sample
LOWEST_HZ = 80.0  # of the room that a microphone lets through
ROOM_DB = (
    -62.0
)  # below full scale, as a headset in a quiet room; the voice itself is digital silence in a pause
LONG_ANSWERS = [
    "Please tell me a story about a fox and a crow.",
    "Please explain in a few sentences how a rainbow is made.",
    "Please describe in detail what happens on a day in a big city.",
    "Please tell me everything that you know about elephants.",
]
INTERRUPTIONS = [
    "Wait, stop please. What time is it?",
    "No, I meant something else. What is two plus two?",
    "Hold on a moment. Who are you?",
    "Sorry, let me ask something different. Do you like music?",
]


class Speaker:
    """Speaks into files, each only once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._engine = HibariEngine(threads=1)

    def spoken(self, name: str, text: str) -> Path:
        """`text` in a WAV file; a bar in it becomes a pause in mid-sentence of the length in `name`'s end."""
        path = self._folder / f"{name}.wav"
        if not path.exists():
            write_wav(path, self._pcm(text))
        return path

    def hesitant(self, number: int) -> Path:
        """The number-th hesitant speaker; all texts meet all pauses in turn."""
        text = HESITANT[number % len(HESITANT)]
        pause_s = PAUSES_S[(number + number // len(HESITANT)) % len(PAUSES_S)]
        path = self._folder / f"pause-{number % len(HESITANT):02}-{round(1000 * pause_s)}ms-in-a-room.wav"
        if not path.exists():
            write_wav(path, in_a_room(self._with_pause(text, pause_s), seed=number))
        return path

    def held_out(self, number: int) -> Path:
        """A hesitant speaker that nothing was fitted to."""
        pause_s = PAUSES_S[number % len(PAUSES_S)]
        path = self._folder / f"held-out-{number:02}-{round(1000 * pause_s)}ms.wav"
        if not path.exists():
            write_wav(path, in_a_room(self._with_pause(HELD_OUT[number], pause_s), seed=100 + number))
        return path

    def interruption(self, number: int) -> tuple[Path, Path]:
        """What asks for a long answer, and what is said over it."""
        opening, over = number % len(LONG_ANSWERS), (number + number // 4) % len(INTERRUPTIONS)
        return (
            self.spoken(f"opening-{opening:02}", LONG_ANSWERS[opening]),
            self.spoken(f"interruption-{over:02}", INTERRUPTIONS[over]),
        )

    def _with_pause(self, text: str, pause_s: float) -> NDArray[np.int16]:
        before, after = (part.strip() for part in text.split("|"))
        clause = Clause(f"{before} {after}", 0, Pause.SENTENCE, is_last=True)
        speech = self._engine.open(voice="", language_code="en", speed=1).speak(clause)
        if speech is None:
            raise ValueError(f"nothing to speak in {text!r}")
        last = [word for word in speech.words if word.text_start < len(before)][-1]
        loud = np.flatnonzero(np.abs(speech.pcm) > AUDIBLE * np.abs(speech.pcm).max())
        at = np.searchsorted(loud, last.end_sample)
        own_samples = loud[at] - loud[at - 1]  # the voice makes a pause of its own at a comma
        silence = np.zeros(max(0, round(pause_s * RATE_HZ) - own_samples), np.int16)
        return np.concatenate([speech.pcm[: last.end_sample], silence, speech.pcm[last.end_sample :]])

    def _pcm(self, text: str) -> NDArray[np.int16]:
        clause = Clause(text, 0, Pause.SENTENCE, is_last=True)
        speech = self._engine.open(voice="", language_code="en", speed=1).speak(clause)
        if speech is None:
            raise ValueError(f"nothing to speak in {text!r}")
        return speech.pcm


def in_a_room(pcm: NDArray[np.int16], seed: int) -> NDArray[np.int16]:
    """`pcm` and the noise of a room, which falls by 6 dB an octave; the same seed makes the same noise."""
    white = np.random.default_rng(seed).standard_normal(len(pcm))
    spectrum = np.fft.rfft(white)
    frequencies = np.fft.rfftfreq(len(pcm), 1 / RATE_HZ)
    spectrum *= np.where(frequencies < LOWEST_HZ, 0, LOWEST_HZ / np.maximum(frequencies, LOWEST_HZ))
    noise = np.fft.irfft(spectrum, len(pcm))
    noise *= 32768 * 10 ** (ROOM_DB / 20) / np.sqrt(np.mean(noise**2))
    return np.clip(np.round(pcm + noise), -32768, 32767).astype(np.int16)


def write_wav(path: Path, pcm: NDArray[np.int16], rate_hz: int = RATE_HZ) -> None:
    """Mono PCM16, at hibari's rate unless told."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(pcm.tobytes())
