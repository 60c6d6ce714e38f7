"""Japanese: words and their kana by pyopenjtalk-plus (the extra `ja` of this package), kana by a table.

Sounds: Okada: Japanese, JIPA 21 (1991), 94-96; the letters are those of misaki's Japanese, which the voices
were trained on.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from visavis_tts.engine import Viseme
from visavis_tts.phonemes.rules import listed
from visavis_tts.phonemes.spoken import Spoken
from visavis_tts.tokens import Token
from visavis_tts.visemes import SHAPES

# ruff: noqa: RUF001 (phonetic letters)

_PAIRS = listed("""
ア a イ i ウ ɯ エ e オ o カ ka ガ ɡa キ kʲi ギ ɡʲi ク kɯ グ ɡɯ ケ ke ゲ ɡe コ ko ゴ ɡo サ sa ザ ʣa シ ɕi ジ ʥi
ス sɨ ズ zɨ セ se ゼ ʣe ソ so ゾ ʣo タ ta ダ da チ ʨi ヂ ʥi ツ ʦɨ ヅ zɨ テ te デ de ト to ド do ナ na ニ ɲi
ヌ nɯ ネ ne ノ no ハ ha バ ba パ pa ヒ çi ビ bʲi ピ pʲi フ ɸɯ ブ bɯ プ pɯ ヘ he ベ be ペ pe ホ ho ボ bo ポ po
マ ma ミ mʲi ム mɯ メ me モ mo ヤ ja ユ jɯ ヨ jo ラ ɾa リ ɾʲi ル ɾɯ レ ɾe ロ ɾo ワ βa ヲ o ヴ vɯ
イェ je ウィ βi ウェ βe ウォ βo キャ kʲa キュ kʲɨ キョ kʲo ギャ ɡʲa ギュ ɡʲɨ ギョ ɡʲo クァ kᵝa シェ ɕe シャ ɕa
シュ ɕɨ ショ ɕo ジェ ʥe ジャ ʥa ジュ ʥɨ ジョ ʥo チェ ʨe チャ ʨa チュ ʨɨ チョ ʨo ツァ ʦa ツェ ʦe
ツォ ʦo ティ tʲi
テュ tʲɨ ディ dʲi デュ dʲɨ トゥ tɯ ドゥ dɯ ニャ ɲa ニュ ɲɨ ニョ ɲo ヒャ ça ヒュ çɨ ヒョ ço ビャ bʲa ビュ bʲɨ
ビョ bʲo ピャ pʲa ピュ pʲɨ ピョ pʲo ファ ɸa フィ ɸʲi フェ ɸe フォ ɸo ミャ mʲa ミュ mʲɨ ミョ mʲo リャ ɾʲa
リュ ɾʲɨ リョ ɾʲo ヴァ va ヴィ vʲi ヴェ ve ヴォ vo ァ a ィ i ゥ ɯ ェ e ォ o ャ ja ュ jɯ ョ jo ー ː ッ ʔ
""")
_KANA = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_N = "ン"
# The syllabic n takes the place of what follows it.
_N_BEFORE = {
    **dict.fromkeys("mpb", "m"),
    **dict.fromkeys("kɡ", "ŋ"),
    **dict.fromkeys("ɲʨʥ", "ɲ"),
    **dict.fromkeys("ntdɾzʣ", "n"),
}
_DIGITS = "零一二三四五六七八九"
SHAPES_JA = {**SHAPES, "β": (Viseme.U,), "ɸ": (Viseme.U,), "ɯ": (Viseme.I,), "ɨ": (Viseme.I,)}


@cache
def _analyser() -> Any:
    import pyopenjtalk

    return pyopenjtalk.run_frontend


def kana(reading: str) -> str:
    """Katakana -> phonemes."""
    sounds: list[str] = []
    at = 0
    while at < len(reading):
        size = 2 if reading[at : at + 2] in _KANA else 1
        piece = reading[at : at + size]
        if piece == _N:
            sounds.append(_N)
        elif piece in _KANA:
            sounds.append(_KANA[piece])
        at += size
    return "".join(_nasal(after) if sound == _N else sound for sound, after in pairwise([*sounds, ""]))


def _nasal(following: str) -> str:
    return _N_BEFORE.get(following[:1], "ɴ")


def tokens_of(text: str) -> list[Token]:
    """The words that the analyser finds, marks with the word before them."""
    found: list[Token] = []
    at = 0
    for word in _analyser()(text):
        surface = word["string"]
        start = text.find(surface, at)
        if start < 0 or not surface.strip():
            continue
        at = start + len(surface)
        if found and not any(c.isalnum() for c in surface):
            found[-1] = Token(found[-1].start, at, text[found[-1].start : at])
        else:
            found.append(Token(start, at, surface))
    return found


def pronounce(words: Sequence[str]) -> list[str]:
    """The phonemes of each word by its reading in Tokyo."""
    return [kana("".join(part["pron"] for part in _analyser()(word)).replace("’", "")) for word in words]


def cardinal(n: int) -> str:
    """The analyser reads digits."""
    return str(n)


def spoken(tag: str) -> Spoken:
    """Tokyo's."""
    return Spoken(pronounce, cardinal, list(_DIGITS), "点", ".", {}, SHAPES_JA, tokens_of)
