"""Is what Kokoro says understood? Voices say sentences, Whisper writes them down; and how fast, how loud.

    .venv/bin/python bench/voices.py [--voices ef_dora ff_siwis] [--runtime auto]

Needs `visavis models pull --with kokoro --with whisper`. Whisper base mishears, too: what it writes for
a voice of English is the yardstick. Letters are compared, as Chinese has no spaces.
"""

import argparse
import time
from pathlib import Path
from unicodedata import category, normalize

import numpy as np
from faster_whisper import WhisperModel
from visavis_tts.backends.kokoro import FOLDER, LEVEL, KokoroEngine, network_in
from visavis_tts.clauses import ClauseCutter
from visavis_tts.config import Config
from visavis_tts.languages import primary_of
from visavis_tts.roster import KOKORO

# ruff: noqa: RUF001 (other scripts)

ONE_EACH = ["af_heart", "bf_emma", "ef_dora", "ff_siwis", "hf_alpha", "if_sara", "pf_dora", "zf_xiaoxiao"]
SENTENCES = {
    "en": [
        "The weather is lovely today.",
        "My sister lives in a small house.",
        "We are going to the station.",
    ],
    "es": [
        "Buenos días, me llamo Dora.",
        "Hoy hace mucho calor en la ciudad.",
        "Mi hermana tiene tres perros.",
    ],
    "fr": [
        "Bonjour, je m'appelle Claire.",
        "Les enfants ont mangé des pommes hier soir.",
        "Il fait très beau.",
    ],
    "hi": ["आज मौसम बहुत अच्छा है।", "दिल्ली भारत की राजधानी है।", "मेरा नाम राम है।"],
    "it": ["Buongiorno, mi chiamo Sara.", "La città è molto bella.", "Domani andiamo al mare."],
    "ja": ["今日はとても良い天気ですね。", "東京は日本の首都です。", "私は学生です。"],
    "pt": ["Bom dia, meu nome é Dora.", "Hoje está muito quente.", "Minha irmã tem três cachorros."],
    "zh": ["今天天气很好，我们去公园吧。", "北京是中国的首都。", "我喜欢喝茶。"],
}
# Whisper would write Hindi in Arabic letters and Mandarin in traditional ones.
PROMPTS = {"hi": "नमस्ते, यह हिन्दी है।", "zh": "以下是普通话的句子。"}


def letters(text: str) -> str:
    """What counts: letters and digits, in lower case."""
    return "".join(c for c in normalize("NFKC", text).lower() if category(c)[0] in "LNM")


def distance(a: str, b: str) -> int:
    """Letters to change, add or leave out to make `b` of `a`."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def speak(engine: KokoroEngine, voice: str, text: str) -> tuple[np.ndarray, float]:
    """Samples, and seconds of CPU they took."""
    speaker, cutter = engine.open(voice=voice, language_code="", speed=1), ClauseCutter()
    clauses = [*cutter.push(text), *cutter.finish()]
    began = time.process_time()
    spoken = [s.pcm for clause in clauses if (s := speaker.speak(clause)) is not None]
    return np.concatenate(spoken).astype(np.float32) / 32768, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", nargs="+", default=ONE_EACH)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--runtime", default="auto", choices=["auto", "onnx", "torch"])
    options = parser.parse_args()
    config = Config(backend="kokoro", models_dir=options.models, kokoro_runtime=options.runtime)
    network = network_in(options.models, config)
    engine = KokoroEngine(options.models / FOLDER, network)
    whisper = WhisperModel(
        str(options.models / "faster-whisper-base"), device="cpu", compute_type="int8", cpu_threads=1
    )
    print(f"by {network}; wanted level {LEVEL}")
    for voice in (each for each in KOKORO if each.name in options.voices):
        language = primary_of(voice.language)
        wrong = total = 0
        seconds = cpu = 0.0
        levels = []
        for text in SENTENCES[language]:
            sound, took = speak(engine, voice.name, text)
            seconds, cpu = seconds + len(sound) / 24_000, cpu + took
            windows = np.sqrt(np.mean(sound[: len(sound) // 120 * 120].reshape(-1, 120) ** 2, axis=1))
            levels.append(np.sqrt(np.mean(windows[windows > 0.01] ** 2)))
            heard, _ = whisper.transcribe(
                resampled(sound), language=language, beam_size=5, initial_prompt=PROMPTS.get(language)
            )
            written = "".join(segment.text for segment in heard)
            wrong += distance(letters(text), letters(written))
            total += len(letters(text))
            print(f"    {text}  ->  {written.strip()}")
        print(
            f"{voice.name:14} {voice.language:6} letters wrong {wrong / total:4.0%}"
            f"   level {np.mean(levels):.2f}"
            f"   CPU {cpu / seconds:.2f} s for a second"
        )


def resampled(sound: np.ndarray) -> np.ndarray:
    """24 kHz -> 16 kHz."""
    return np.interp(np.arange(0, len(sound), 1.5), np.arange(len(sound)), sound).astype(np.float32)


if __name__ == "__main__":
    main()
