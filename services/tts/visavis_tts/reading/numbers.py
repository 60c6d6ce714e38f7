"""Digits -> words. Pure."""

import re
import string

from visavis_tts.reading.number_words import ONES, cardinal, ordinal, year
from visavis_tts.reading.traced import Rule

# ruff: noqa: RUF001 (typographic marks)

# A number as it is written: 7, 1,234.5, .5
NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|(?<!\d)\.\d+"
# Longer ones are no quantity: they are read digit by digit.
LONGEST_QUANTITY = 15
SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "t": "trillion"}
# Parts of a whole, by its denominator.
PARTS = {2: "half", 3: "third", 4: "quarter", **{n: ordinal(n) for n in range(5, 11)}}
GLYPHS = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5),
    "⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
}  # fmt: skip
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def digits(text: str) -> str:
    """The digits of `text`, one by one."""
    return " ".join(ONES[int(c)] for c in text if c.isascii() and c.isdigit())


def spoken(number: str) -> str:
    """A NUMBER as a quantity: "1,234.5", ".5"; digit by digit when it can't be one."""
    whole, point, rest = number.replace(",", "").partition(".")
    if len(whole) > LONGEST_QUANTITY or (len(whole) > 1 and whole[0] == "0"):
        said = digits(whole)
    else:
        said = cardinal(int(whole)) if whole else ""
    return f"{said} point {digits(rest)}".strip() if point else said


def signed(number: str) -> str:
    """A NUMBER that may begin with a minus sign or a plus sign."""
    sign = {"-": "minus ", "−": "minus ", "+": "plus "}.get(number[:1], "")
    return sign + spoken(number[1:] if sign else number)


def is_one(number: str) -> bool:
    """Whether what is counted stands in the singular."""
    return number.lstrip("+-−") == "1"


def scaled(scale: str) -> str:
    """ "M" -> "million"; a word stays as it is."""
    return SCALES.get(scale.lower(), scale.lower())


def fraction(over: int, under: int) -> str:
    """3, 4 -> "three quarters"; what has no such name -> "three out of forty"."""
    if under not in PARTS or (under == 10 and over > 1):
        return f"{cardinal(over)} out of {cardinal(under)}"
    if over == 1:
        return f"one {PARTS[under]}"
    return f"{cardinal(over)} " + ("halves" if under == 2 else f"{PARTS[under]}s")


def plain(number: str) -> str:
    """A number on its own: as a year when it looks like one."""
    if re.fullmatch(r"1[1-9]\d\d|20\d\d", number):
        return year(int(number))
    return spoken(number)


def _glyph(match: re.Match[str]) -> str:
    over, under = GLYPHS[match[2]]
    part = f"a {PARTS[under]}" if over == 1 and match[1] else fraction(over, under)
    return f"{spoken(match[1])} and {part}" if match[1] else part


def _fraction(match: re.Match[str]) -> str | None:
    over, under = int(match[2]), int(match[3])
    if not 0 < over < under:
        return f"{match[1] or ''}{cardinal(over)} over {cardinal(under)}"
    if not match[1]:
        return fraction(over, under)
    return f"{spoken(match[1].strip())} and {fraction(over, under).replace('one ', 'a ', 1)}"


def _power(match: re.Match[str]) -> str:
    power = match[1].lstrip("^").translate(SUPERSCRIPTS)
    return " " + {"2": "squared", "3": "cubed"}.get(power, f"to the power of {signed(power)}")


def _range(match: re.Match[str]) -> str:
    return f"{plain(match[1])} to {plain(match[2])}"


def _ordinal(match: re.Match[str]) -> str | None:
    return ordinal(int(match[1].replace(",", ""))) if len(match[1]) <= LONGEST_QUANTITY else None


def _decade(match: re.Match[str]) -> str:
    century, decade = int(match[1] or 0), int(match[2])
    tens = "hundreds" if decade == 0 else f"{cardinal(decade)[:-1]}ies"
    return f"{cardinal(century)} {tens}" if century else tens


def _dotted(match: re.Match[str]) -> str:
    """Versions and addresses: 3.11.2, 192.168.0.1."""
    parts = " dot ".join(cardinal(int(part)) for part in match[2].split("."))
    return f"version {parts}" if match[1] else parts


def _times(match: re.Match[str]) -> str:
    return f"{spoken(match[1])} by {spoken(match[2])}"


def _phone(match: re.Match[str]) -> str | None:
    """Groups of digits with a breath between them."""
    groups = re.findall(r"\d+", match.group())
    if sum(map(len, groups)) < 7:
        return None
    said = ", ".join(digits(group) for group in groups)
    return f"plus {said}" if match.group().startswith("+") else said


def _apart(match: re.Match[str]) -> str:
    """The last digits, kept apart from letters that they touch: MP3, 3D."""
    text, start, end = match.string, match.start(), match.end()
    before = " " if start and text[start - 1].isalnum() else ""
    after = " " if text[end : end + 1].isalnum() else ""
    return before + (plain(match[0]) if match[0][0] in "." + string.digits else _foreign(match[0])) + after


def _foreign(number: str) -> str:
    """Digits of other scripts."""
    return digits("".join(str(int(c)) for c in number if c.isdecimal()))


# Before units and money: what looks like a quantity and is none.
CODES: list[Rule] = [
    (re.compile(r"(?<![\w.])\+\d{1,3}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?!\w)"), _phone),
    (re.compile(r"(?<![\w.-])(?:1-)?(?:\(\d{3}\) ?|\d{3}[-.])?\d{3}[-.]\d{4}(?![\w-])"), _phone),
    (re.compile(r"(?<!\w)([vV]\.?)?(\d{1,4}(?:\.\d{1,3}){2,3})(?!\.?\w)"), _dotted),
    (re.compile(r"(?<!\w)[vV](\d{1,4}(?:\.\d{1,4})?)(?!\.?\w)"), lambda m: f"version {spoken(m[1])}"),
    (re.compile(r"(?<!\w)24/7(?!\w)"), "twenty-four seven"),
    (re.compile(r"(?<!\w)9/11(?!\w)"), "nine eleven"),
    (re.compile(r"(?<![\w.])([48])K\b"), lambda m: f"{cardinal(int(m[1]))} K"),
]
RULES: list[Rule] = [
    (re.compile(r"(?:(\d{1,3})\s?)?([½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"), _glyph),
    (re.compile(r"(?<![\w./,-])(\d{1,3} )?(\d{1,3})/(\d{1,3})(?![\w/]|\.\d)"), _fraction),
    (re.compile(r"(?<=[\w)])(\^-?\d{1,3}|⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})"), _power),
    (re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})*)(?:st|nd|rd|th)\b"), _ordinal),
    (re.compile(r"(?<![\w.,'])'?([12]\d)?([1-9]?0)'?s\b"), _decade),
    (re.compile(r"(?<![\w.])(\d{1,5})(?:\s?x\s?|×)(\d{1,5})(?!\w)"), _times),
    (re.compile(r"(?<![\w.])(\d{1,4}(?:\.\d+)?)[x×](?!\w)"), lambda m: f"{spoken(m[1])} times"),
    (re.compile(r"(?<![\w.,-])(\d{1,4}(?:\.\d+)?)\s?[-–]\s?(\d{1,4}(?:\.\d+)?)(?![\w-]|[.,]\d)"), _range),
    (re.compile(rf"(?<![\w.,])({NUMBER})([kKMB]|bn)\b"), lambda m: f"{spoken(m[1])} {scaled(m[2])}"),
]
# Whatever digits are left.
LAST: list[Rule] = [
    (re.compile(rf"(?<![\w)])[-−]\s?({NUMBER})"), lambda m: f"minus {plain(m[1])}"),
    (re.compile(rf"(?<![\w)])\+({NUMBER})"), lambda m: f"plus {plain(m[1])}"),
    (re.compile(rf"{NUMBER}", re.ASCII), _apart),
    (re.compile(r"\d+"), _apart),
]
