"""What is written in a language other than English -> Kokoro's phonemes, without a library under the GPL.

The voices of es, fr, hi, it and pt-BR were trained on the phonemes of eSpeak NG, those of ja and zh on
misaki's; the tables write the same alphabet by rules of their own. Pure.
"""

from functools import cache
from importlib import import_module

from visavis_tts.languages import primary_of
from visavis_tts.phonemes.spoken import Spoken

MODULES = {
    "es": "spanish",
    "fr": "french",
    "hi": "hindi",
    "it": "italian",
    "ja": "japanese",
    "pt": "portuguese",
    "zh": "mandarin",
}


@cache
def language_of(tag: str) -> Spoken:
    """How a language is spoken: by the tag's own region where that differs (es-MX)."""
    module = import_module(f"visavis_tts.phonemes.{MODULES[primary_of(tag)]}")
    spoken: Spoken = module.spoken(tag)
    return spoken
