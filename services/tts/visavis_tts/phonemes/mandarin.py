"""Mandarin: characters -> pinyin by pypinyin (its phrases tell homographs apart) -> misaki's IPA with tones.

Sounds: Lee, Zee: Standard Chinese (Beijing), JIPA 33 (2003), 109-112; the letters are those of
https://github.com/stefantaubert/pinyin-to-ipa, which misaki took over.
"""

import re
from collections.abc import Sequence

from pypinyin import Style, lazy_pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials
from pypinyin.seg.mmseg import seg

from visavis_tts.engine import Viseme
from visavis_tts.phonemes.spoken import Spoken
from visavis_tts.tokens import Token
from visavis_tts.visemes import SHAPES

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ",
    "h": "x", "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ",
    "s": "s", "": "",
}  # fmt: skip
# The tone stands after the vowel, where 0 is.
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n",
    "eng": "ə0ŋ",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n",
    "iou": "jou0",
    "iu": "jou0", "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "uei": "wei0",
    "ui": "wei0",
    "ua": "wa0", "uai": "wai0", "uan": "wa0n", "uen": "wə0n", "un": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ",
    "uo": "wo0", "o": "wo0", "ü": "y0", "üe": "ɥe0", "üan": "ɥɛ0n", "ün": "y0n", "v": "y0", "ve": "ɥe0",
    "van": "ɥɛ0n", "vn": "y0n", "er": "ɚ0", "ê": "ɛ0", "io": "jɔ0",
}  # fmt: skip
_BUZZED = {"zh", "ch", "sh", "r", "z", "c", "s"}  # their i is no i
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_SIGNS = {
    "%": "百分号",
    "€": "欧元",
    "$": "美元",
    "£": "英镑",
    "&": "和",
    "@": "艾特",
    "+": "加",
    "=": "等于",
    "°": "度",
}
_RUN = re.compile(r"[\u3400-\u9fff]+|[^\W\u3400-\u9fff]+(?:[.,][0-9]+)*%?|[^\w\s]+")
_HAN = re.compile(r"[\u3400-\u9fff]")
SHAPES_ZH = {**SHAPES, "x": (Viseme.E,), "ɻ": (Viseme.RR,)}


def tokens_of(text: str) -> list[Token]:
    """The words of pypinyin's phrases, with the marks after them; a run of other letters or digits is one."""
    found: list[Token] = []
    for run in _RUN.finditer(text):
        at = run.start()
        for word in seg.cut(run.group()) if _HAN.match(run.group()) else [run.group()]:
            found.append(Token(at, at + len(word), word))
            at += len(word)
        if found and not _HAN.match(run.group()) and not any(c.isalnum() for c in run.group()):
            _join_last(found, text)
    return found


def _join_last(tokens: list[Token], text: str) -> None:
    """Marks belong to the word before them."""
    while len(tokens) > 1 and not any(c.isalnum() for c in tokens[-1].text):
        end = tokens.pop().end
        tokens[-1] = Token(tokens[-1].start, end, text[tokens[-1].start : end])


def syllable(pinyin: str) -> str:
    """ "ni3" -> "ni↓"; "" for what is no pinyin."""
    initial, final = to_initials(pinyin, strict=True), to_finals(pinyin, strict=True)
    tone = _TONES.get(pinyin[-1:], "")
    final = final.rstrip("12345")
    if final not in _FINALS or initial not in _INITIALS:
        return ""
    sounds = "ɨ0" if final == "i" and initial in _BUZZED else _FINALS[final]
    return _INITIALS[initial] + sounds.replace("0", tone)


def pronounce(words: Sequence[str]) -> list[str]:
    """The phonemes of each word; the characters are read together, as their neighbours tell how."""
    written = "".join(words)
    read = lazy_pinyin(
        written,
        style=Style.TONE3,
        neutral_tone_with_five=True,
        tone_sandhi=True,
        errors=lambda run: list(run),  # type: ignore[arg-type, return-value]  # a list, as its docs say
    )
    if len(read) != len(written):
        return [_alone(word) for word in words]
    sounds = iter([syllable(p) if _HAN.match(c) else "" for p, c in zip(read, written, strict=True)])
    return ["".join(next(sounds) for _ in word) for word in words]


def _alone(word: str) -> str:
    return "".join(syllable(p) for p in lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True))


def cardinal(n: int) -> str:
    """1250 -> "一千二百五十". 0 to 10**12 - 1."""
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if n >= size:
            rest = n % size
            gap = "零" if rest and rest < size // 10 else ""
            return cardinal(n // size) + name + (gap + cardinal(rest) if rest else "")
    return _below_10000(n)


def _below_10000(n: int) -> str:
    if n < 10:
        return _DIGITS[n]
    said, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = n // 10**place % 10
        if digit:
            said += ("零" if is_gap and said else "") + _DIGITS[digit] + _UNITS[place]
        is_gap = not digit
    return said.removeprefix("一") if 10 <= n < 20 else said


def spoken(tag: str) -> Spoken:
    """The Mandarin of Beijing, simplified or traditional; other letters than Chinese are silent."""
    return Spoken(pronounce, cardinal, list(_DIGITS), "点", ".", _SIGNS, SHAPES_ZH, tokens_of)
