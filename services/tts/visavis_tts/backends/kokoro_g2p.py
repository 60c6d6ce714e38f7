"""Which G2P speaks which of Kokoro's languages; all of them work offline."""

from functools import cache
from importlib.util import find_spec

from rpckit.errors import NotFound

from visavis_tts.backends import hibari_text
from visavis_tts.languages import primary_of
from visavis_tts.phoneme_speaker import Pronounce
from visavis_tts.phonemes import language_of
from visavis_tts.phonemes.spoken import Pronouncer

# What a language needs beside the packages of this service, and the extra that installs it.
NEEDED = {"ja": ("pyopenjtalk", "ja")}
AMERICAN = {"US", "CA", ""}


def require_g2p(tag: str) -> None:
    """Raises NotFound where a package is missing that the language needs."""
    package, extra = NEEDED.get(primary_of(tag), ("", ""))
    if package and find_spec(package) is None:
        raise NotFound(f"{tag} needs a package: pip install 'visavis-tts[{extra}]'")


@cache
def pronouncer_of(tag: str) -> Pronounce:
    """The G2P of a language Kokoro speaks, loaded once."""
    if primary_of(tag) == "en":
        return hibari_text.Pronouncer(british=tag.partition("-")[2].upper() not in AMERICAN)
    return Pronouncer(language_of(tag), hibari_text.vocabulary())
