"""The voices as a person looks at them: a list, and a sentence in each as a WAV file."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rpckit.errors import NotFound

from visavis_tts.backends import load_engine
from visavis_tts.backends.kokoro import FOLDER
from visavis_tts.clauses import ClauseCutter
from visavis_tts.config import Config
from visavis_tts.engine import Speech
from visavis_tts.languages import primary_of
from visavis_tts.roster import HIBARI, KOKORO, LANGUAGES, Voice

# ruff: noqa: RUF001 (other scripts)

SENTENCES = {
    "en": "Hello! It's a pleasure to meet you. What would you like to talk about?",
    "es": "¡Hola! Es un placer conocerte. ¿De qué te gustaría hablar?",
    "fr": "Bonjour ! Je suis ravie de vous rencontrer. De quoi voulez-vous parler ?",
    "hi": "नमस्ते! आपसे मिलकर बहुत खुशी हुई। आप किस बारे में बात करना चाहेंगे?",
    "it": "Ciao! È un piacere conoscerti. Di che cosa vorresti parlare?",
    "ja": "こんにちは。お会いできて嬉しいです。何についてお話ししましょうか。",
    "pt": "Olá! É um prazer conhecer você. Sobre o que você gostaria de falar?",
    "zh": "你好！很高兴认识你。你想聊些什么？",
}
ENGINES = {"hibari": HIBARI, "kokoro": KOKORO}


def lines(config: Config) -> Iterator[str]:
    """A line for each voice: its name for a persona, who it is, whether it is here."""
    tested = {each.tag: "tested" if each.is_tested else "not tested" for each in LANGUAGES.values()}
    names = {each.tag: each.name for each in LANGUAGES.values()}
    for engine, voices in ENGINES.items():
        for voice in voices:
            here = "" if _is_here(engine, voice, config) else "  (visavis models pull --with kokoro)"
            who = f"{voice.gender:7} {voice.language:6} {names[voice.language]}, {tested[voice.language]}"
            yield f"{engine + '/' + voice.name:24} {who}{here}"


def _is_here(engine: str, voice: Voice, config: Config) -> bool:
    return engine != "kokoro" or (config.models_dir / FOLDER / f"{voice.name}.bin").is_file()


def find(name: str) -> tuple[str, Voice]:
    """The engine and the voice of a name with or without its engine; hibari's first. Raises NotFound."""
    engine, _, bare = name.rpartition("/")
    for each, voices in ENGINES.items():
        for voice in voices:
            if voice.name == bare and engine in ("", each):
                return each, voice
    raise NotFound(f"no voice {name!r}; `visavis voices list` names them")


def preview(name: str, text: str, folder: Path, config: Config) -> Path:
    """Have a sentence spoken and written; the WAV file. Raises NotFound."""
    engine_name, voice = find(name)
    text = text or SENTENCES[primary_of(voice.language)]
    engine = load_engine(config.model_copy(update={"backend": engine_name, "default_voice": voice.name}))
    speaker = engine.open(voice=voice.name, language_code=voice.language, speed=1)
    cutter = ClauseCutter()
    clauses = [*cutter.push(text), *cutter.finish()]
    spoken = [speech for clause in clauses if (speech := speaker.speak(clause)) is not None]
    if not spoken:
        raise NotFound(f"{voice.name} can't speak any of this: it speaks {voice.language}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{voice.name}.wav"
    _write(path, spoken, engine.sample_rate_hz)
    return path


def _write(path: Path, spoken: list[Speech], rate_hz: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(np.concatenate([s.pcm for s in spoken]).astype("<i2").tobytes())
