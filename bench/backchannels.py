"""What listeners do while somebody else speaks, and long things to say: spoken once, kept as WAV files."""

from pathlib import Path

import numpy as np
from material import write_wav
from numpy.typing import NDArray
from visavis_tts.backends.hibari import RATE_HZ, HibariEngine
from visavis_tts.engine import Clause, Pause

SPOKEN = {
    "mhm": "Mhm.",
    "yeah": "Yeah.",
    "right": "Right.",
    "okay": "Okay.",
    "uh-huh": "Uh-huh.",
    "ha-ha": "Ha ha ha.",  # read out: every other laugh
}
NOISES = ("laugh", "cough", "knock")
KINDS = ("mhm", "yeah", "right", "okay", "uh-huh", "laugh", "cough", "knock")
SPEEDS = (1.0, 1.15, 0.9)
LEVELS_DB = (0.0, -6.0)

STORIES = [
    "Once upon a time there was a crow who had found a large piece of cheese. She flew up into a tall tree "
    "to eat it in peace. A fox, who had smelled the cheese from far away, came slowly through the grass and "
    "sat down under the tree. Good morning, he said, what a fine bird you are. Your feathers are like silk, "
    "and your eyes are as bright as stars. If your voice is only half as beautiful, you must be the queen of "
    "this forest. The crow had never heard anything so pleasant in her whole life. She opened her beak to "
    "sing, the cheese fell down, and the fox caught it before it touched the ground. Thank you, he said, and "
    "for your breakfast I will give you some advice. Do not believe everyone who praises you.",
    "A rainbow appears when the sun shines on drops of rain. Every drop is a small ball of water, and light "
    "that enters it is bent a little, because light is slower in water than in air. Blue light is bent more "
    "than red light, so the colours part from each other inside the drop. At the back of the drop they are "
    "reflected like in a mirror, and when they leave it they are bent once more. You see each colour from "
    "drops at another height, which is why the colours lie side by side. You will only find a rainbow when "
    "the sun stands low behind you and the rain falls in front of you. From an airplane you can sometimes "
    "see that a rainbow is really a whole circle, and that its centre is the shadow of your own head.",
    "Bread needs only four things, which are flour, water, salt and yeast. Mix them in a large bowl until no "
    "dry flour is left, and let the dough rest for half an hour. Then fold it over itself a few times, and "
    "repeat this every thirty minutes until it feels smooth and full of air. Put some flour on the table, "
    "shape the dough into a ball, and lay it into a basket with a cloth. When it has grown to double size, "
    "heat the oven as hot as it gets. Cut the top with a sharp knife, so that the bread can open, and bake "
    "it for about forty minutes. It is ready when it sounds hollow under your fingers. Let it cool before "
    "you cut it, even if the smell makes that the hardest part of all.",
    "Elephants are the largest animals that live on land. A grown elephant weighs as much as four cars and "
    "eats for sixteen hours a day. With its trunk it can lift a tree, but it can also pick up a single "
    "peanut, because the trunk has forty thousand muscles and no bones at all. Elephants live in families "
    "that are led by the oldest female. She remembers where water can be found in a dry year, and the others "
    "follow her for many miles. They talk to each other in sounds that are too deep for us to hear, and they "
    "feel those sounds through the ground with their feet. When two families meet after a long time they "
    "greet each other with great joy, and they stand for hours beside the bones of those who have died.",
    "In the morning the city wakes up slowly. The first trains roll out of their stations before the sun is "
    "up, and in the bakeries the light has been on for hours. By eight the streets are full of people "
    "on their way to work, and everybody seems to be late. At noon the cafes put their chairs outside, and "
    "for an hour nobody talks about business. In the afternoon children come home from school and fill the "
    "parks with noise. When the evening comes the windows begin to shine one after another, and music can be "
    "heard from open doors. Late at night, when the last bus has left, only the river still moves. Then, for "
    "a short while, the city is as quiet as the fields that were here before it.",
]  # fmt: skip


class Listener:
    """Makes the sounds of somebody who listens."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._engine = HibariEngine(threads=1)

    def sound(self, number: int) -> tuple[str, Path]:
        """The number-th sound and its kind: all kinds in turn, each a little different every time."""
        kind, again = KINDS[number % len(KINDS)], number // len(KINDS)
        if kind == "laugh" and again % 2:
            kind = "ha-ha"
        path = self._folder / f"{kind}-{again % 6}.wav"
        if not path.exists():
            pcm = noise(kind, again) if kind in NOISES else self._spoken(kind, SPEEDS[again % len(SPEEDS)])
            write_wav(path, (pcm * 10 ** (LEVELS_DB[again % len(LEVELS_DB)] / 20)).astype(np.int16))
        return kind, path

    def _spoken(self, kind: str, speed: float) -> NDArray[np.int16]:
        clause = Clause(SPOKEN[kind], 0, Pause.SENTENCE, is_last=True)
        speech = self._engine.open(voice="", language_code="en", speed=speed).speak(clause)
        if speech is None:
            raise ValueError(f"nothing to speak in {SPOKEN[kind]!r}")
        return speech.pcm


def noise(kind: str, seed: int) -> NDArray[np.float64]:
    """A laugh, a cough (two bursts of coloured noise), or a knock (one short low thud)."""
    random = np.random.default_rng(seed)
    if kind == "laugh":
        sound = laugh(random)
    elif kind == "cough":
        sound = bursts([(0.0, 0.13), (0.26, 0.18)], 300, 3500, random)
    else:
        sound = bursts([(0.0, 0.06)], 60, 900, random)
    silence = np.zeros(RATE_HZ // 20)
    return np.concatenate([silence, sound / np.abs(sound).max() * 0.4 * 32767, silence])


def bursts(
    when: list[tuple[float, float]], low_hz: float, high_hz: float, random: np.random.Generator
) -> NDArray[np.float64]:
    """Noise between two frequencies, in bursts that begin at a time and die away over another."""
    sound = np.zeros(round(sum(when[-1]) * RATE_HZ))
    for at_s, length_s in when:
        time = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
        shape = np.minimum(time / 0.005, 1) * np.exp(-time * 4 / length_s)
        start = round(at_s * RATE_HZ)
        sound[start : start + len(time)] += shape * coloured(
            random.standard_normal(len(time)), low_hz, high_hz
        )
    return sound


def laugh(random: np.random.Generator) -> NDArray[np.float64]:
    """Four or five breathy vowels, five a second, falling in pitch and strength (after Bachorowski, 2001)."""
    pitch_hz, count = random.uniform(180, 290), int(random.integers(4, 6))
    period, length = RATE_HZ // 5, round(0.11 * RATE_HZ)
    time = np.arange(length) / RATE_HZ
    sound = np.zeros(period * count)
    for number in range(count):
        cycles = np.cumsum(pitch_hz * 0.94**number * (1 - time)) / RATE_HZ
        breath = np.diff(np.floor(cycles), prepend=0) * 20 + random.standard_normal(length) * 0.6
        vowel = voiced(breath)
        shape = np.minimum(time / 0.02, 1) * np.minimum((time[-1] - time) / 0.03, 1) * 0.8**number
        sound[number * period : number * period + length] = vowel / np.abs(vowel).max() * shape
    return sound


def voiced(source: NDArray[np.float64]) -> NDArray[np.float64]:
    """An open "a": three formants, each a resonance of its own."""
    hz = np.fft.rfftfreq(2 * len(source), 1 / RATE_HZ)
    turn = np.exp(-2j * np.pi * hz / RATE_HZ)
    response = np.ones(len(hz), complex)
    for centre_hz, width_hz in ((850, 110), (1300, 120), (2600, 200)):
        radius = np.exp(-np.pi * width_hz / RATE_HZ)
        response /= 1 - 2 * radius * np.cos(2 * np.pi * centre_hz / RATE_HZ) * turn + radius**2 * turn**2
    return np.fft.irfft(np.fft.rfft(source, 2 * len(source)) * response)[: len(source)]


def coloured(white: NDArray[np.float64], low_hz: float, high_hz: float) -> NDArray[np.float64]:
    """Only what lies between two frequencies."""
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(len(white), 1 / RATE_HZ)
    spectrum[(hz < low_hz) | (hz > high_hz)] = 0
    return np.fft.irfft(spectrum, len(white))
