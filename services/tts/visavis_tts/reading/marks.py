"""What is layout or address rather than words: markdown, links, e-mail, emoji. Pure."""

import re
import unicodedata

from visavis_tts.reading.numbers import digits
from visavis_tts.reading.traced import Rule, Traced

# ruff: noqa: RUF001 (typographic marks)

# Domains whose last part is said as a word; the others are spelled.
SAID = (
    "com", "org", "net", "info", "biz", "app", "dev", "page", "blog", "shop", "name", "gov", "edu", "co",
    "me",
)  # fmt: skip
SPELLED = (
    "io", "ai", "tv", "us", "uk", "de", "fr", "es", "it", "nl", "be", "ch", "at", "pl", "se", "no", "dk",
    "fi", "ie", "pt", "jp", "cn", "br", "ru", "eu", "ca", "au", "nz", "mx", "kr",
)  # fmt: skip
_TLD = "|".join([*SAID, *SPELLED])
_PATH = r"((?:/(?:[^\s\[<>*`~\"]*[\w/])?)?)"
# Parts of a path that are said; a longer path is left out.
MAX_PARTS = 2
MAX_PART_CHARS = 20
# Invisible in the text: nothing takes their place.
_INVISIBLE = ("Cf", "Cc", "Cs", "Co", "Cn", "Me")
_PICTURES = ("So", "Sk")
# Signs of these kinds that have a name.
NAMED = "°©®™§¶№℃℉`^¨´¸⁄"

KEPT = [
    re.compile(r"!?\[([^\]\n]{1,200})\]\([^)\s]{0,400}\)"),  # [text](address)
    re.compile(r"<((?:https?://|mailto:)[^>\s]{1,400})>"),
]


def _host(host: str) -> str:
    """ "example.co.uk" -> "example dot co dot U.K."."""
    return " dot ".join(
        _part(part, spells=i > 0) for i, part in enumerate(host.removeprefix("www.").split("."))
    )


def _part(part: str, *, spells: bool) -> str:
    if spells and part.lower() in SPELLED:
        return ".".join(part.upper()) + "."
    return _signs(part)


def _signs(text: str) -> str:
    """The signs inside a name."""
    said = text.replace("_", " underscore ").replace("-", " dash ").replace("+", " plus ")
    return re.sub(r"\.", " dot ", said)


def _address(match: re.Match[str]) -> str:
    """Host and, where it is short and of words, the path."""
    host, path = match[1], (match[2] or "").split("?")[0].split("#")[0]
    parts = [part for part in path.split("/") if part]
    said = _host(host)
    if len(parts) <= MAX_PARTS and all(len(p) <= MAX_PART_CHARS and p[0].isalpha() for p in parts):
        said += "".join(f" slash {_signs(part)}" for part in parts)
    return said


def _mail(match: re.Match[str]) -> str:
    return f"{_signs(match[1])} at {_host(match[2])}"


def _picture(match: re.Match[str]) -> str | None:
    """Nothing for what can't be heard: a space for a picture, and for what is invisible not even that."""
    char = match[0]
    kind = unicodedata.category(char)
    if char in NAMED or char.isspace():
        return None
    if kind in _INVISIBLE or "\ufe00" <= char <= "\ufe0f":
        return ""
    return " " if kind in _PICTURES else None


RULES: list[Rule] = [
    (re.compile(r"([0-9#*])\ufe0f?\u20e3"), lambda m: digits(m[1])),
    (re.compile(r"[^\x20-\x7e\xa0-\u024f\u2010-\u2027]|[\xad`^]"), _picture),
    (re.compile(r"[’‘‛ʼ]"), "'"),
    (re.compile(r"[\xa0\u202f\u2009]"), " "),
    (re.compile(r"</?[A-Za-z!][^<>\n]{0,80}>"), " "),
    (re.compile(r"\[\d{1,3}\](?!\()|(?<!\S)\[[ xX]\](?!\S)"), " "),
    (re.compile(r"\bmailto:"), ""),
    (re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24})(?![\w@-])"), _mail),
    (
        re.compile(r"\b(?:https?|ftp)://([\w.-]{1,200}\w)(?::\d{1,5})?" + _PATH),
        _address,
    ),
    (re.compile(r"(?<![\w.@/-])(www\.[\w.-]{1,200}\w)" + _PATH), _address),
    (
        re.compile(rf"(?<![\w.@/-])((?:[A-Za-z0-9-]{{2,63}}\.){{1,4}}(?:{_TLD}))(?![\w-])" + _PATH),
        _address,
    ),
    (re.compile(r"(?<!\S)(?:[:;=]'?-?[)(DPpO/|]|<3)(?![\w/])"), " "),  # :-)
    (re.compile(r"(?<!\S)#{1,6}(?!\S)|^\s*>+(?=\s)|(?<!\S)(?:-{2,}|={2,}|_{2,}|\*{3,})(?!\S)"), " "),
    (re.compile(r"^\s*[-•+*](?=\s)"), " "),
    (re.compile(r"(?<=\d)\s?\*\s?(?=\d)"), " times "),
    (re.compile(r"`+|\*+|~~"), ""),
    (re.compile(r"\b_+|_+\b"), ""),
    (re.compile(r"(?<=\w)_+(?=\w)"), " "),
]


def apply(text: Traced) -> None:
    """Takes away what is not for the ear, and puts addresses into words."""
    for pattern in KEPT:
        text.keep(pattern)
    text.apply(RULES)
