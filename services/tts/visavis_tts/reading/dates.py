"""Times and dates -> words. Pure."""

import re

from visavis_tts.reading.number_words import cardinal, ordinal, year
from visavis_tts.reading.traced import Rule

# ruff: noqa: RUF001 (typographic marks)

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
    "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_BY_START = {month[:3]: month for month in MONTHS}
_MONTH = "|".join([*MONTHS, "Sept", *_BY_START])
_DAY = "|".join(sorted(DAYS, key=len, reverse=True))
_HALF = r"([AaPp])\.?\s?[Mm]\b\.?"


def _month(name: str) -> str:
    return _BY_START[name[:3]]


def _half(letter: str) -> str:
    """With dots, so that it is spelled."""
    return f"{letter.upper()}.M."


def _time(match: re.Match[str]) -> str | None:
    """7:30 pm, 19:05, 10:00, 1:02:03."""
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    if hour > 24 or minute > 59 or int(second or 0) > 59:
        return None
    if second:
        said = f"{cardinal(hour)} {cardinal(minute)} and {cardinal(int(second))} seconds"
    elif minute:
        said = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    elif match[4] or not 0 < hour < 13:
        said = cardinal(hour) + ("" if match[4] else " hundred" if hour else " hours")
    else:
        said = f"{cardinal(hour)} o'clock"
    return f"{said} {_half(match[4])}" if match[4] else said


def _hour(match: re.Match[str]) -> str | None:
    return f"{cardinal(int(match[1]))} {_half(match[2])}" if 0 < int(match[1]) < 13 else None


def _date(day: int, month: int, of_year: str) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    if len(of_year) == 2:
        of_year = ("19" if int(of_year) > 50 else "20") + of_year
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(int(of_year))}"


def _slashed(match: re.Match[str]) -> str | None:
    """Month first, as in the US, unless only the other way makes a date."""
    first, second = int(match[1]), int(match[2])
    return _date(second, first, match[3]) or _date(first, second, match[3])


def _month_day(match: re.Match[str]) -> str | None:
    day = int(match[2])
    if not 1 <= day <= 31:
        return None
    until = f" to {ordinal(int(match[3]))}" if match[3] else ""
    return f"{_month(match[1])} {ordinal(day)}{until}" + (f", {year(int(match[4]))}" if match[4] else "")


def _day_month(match: re.Match[str]) -> str | None:
    day = int(match[1])
    if not 1 <= day <= 31:
        return None
    return f"the {ordinal(day)} of {_month(match[2])}" + (f", {year(int(match[3]))}" if match[3] else "")


def _end_of(match: re.Match[str]) -> str:
    """The dot of an abbreviation that ends the text is the sentence's too."""
    return "" if match.string[match.end() :].strip() else "."


RULES: list[Rule] = [
    (re.compile(r"(?<=\d)\s?[-–]\s?(?=\d{1,2}:\d\d)"), " to "),
    (re.compile(r"(?<=\d)\s?[-–]\s?(?=\d{1,2}\s?[ap]\.?m\b)", re.IGNORECASE), " to "),
    (re.compile(r"(?<=\d)T(?=\d\d:\d\d)"), " at "),
    (re.compile(rf"(?<![\w.:])(\d{{1,2}}):(\d\d)(?::(\d\d))?(?:\s?{_HALF})?(?![\d:])"), _time),
    (re.compile(rf"(?<![\w.:])(\d{{1,2}})\s?{_HALF}"), _hour),
    (
        re.compile(r"(?<![\w.:])(\d{1,3}):(\d{1,3})(?![\d:])"),
        lambda m: f"{cardinal(int(m[1]))} to {cardinal(int(m[2]))}",
    ),
    (re.compile(r"(?<![\w./-])(\d{4})-(\d\d)-(\d\d)(?!\d)"), lambda m: _date(int(m[3]), int(m[2]), m[1])),
    (re.compile(r"(?<![\w./-])(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\w/])"), _slashed),
    (
        re.compile(r"(?<![\w./-])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\w.]\w)"),
        lambda m: _date(int(m[1]), int(m[2]), m[3]),
    ),
    (
        re.compile(
            rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:\s?[-–]\s?(\d{{1,2}}))?\b(?![\d:%]|[.,]\d)"
            r"(?:,? (\d{4})\b)?"
        ),
        _month_day,
    ),
    (
        re.compile(rf"\b(?:the )?(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH})\b\.?(?:,? (\d{{4}})\b)?"),
        _day_month,
    ),
    (re.compile(rf"\b({_MONTH})\.?(?= \d{{4}}\b)"), lambda m: _month(m[1])),
    (re.compile(r"\b(Jan|Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\."), lambda m: _month(m[1]) + _end_of(m)),
    (re.compile(rf"(?<!the )\b({_DAY})\.(?!\w)"), lambda m: DAYS[m[1]] + _end_of(m)),
    (re.compile(rf"\b({_DAY})(?=,? (?:{'|'.join(MONTHS)}) )"), lambda m: DAYS[m[1]]),
]
