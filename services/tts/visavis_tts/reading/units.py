"""Quantities with a unit -> words. Pure."""

import re

from visavis_tts.reading.numbers import NUMBER, is_one, signed, spoken
from visavis_tts.reading.traced import Rule

# ruff: noqa: RUF001 (typographic marks)

# Symbol -> (one, many).
UNITS: dict[str, tuple[str, str]] = {
    **{
        symbol: (name, f"{name}s")
        for symbol, name in {
            "km": "kilometer", "m": "meter", "cm": "centimeter", "mm": "millimeter", "µm": "micrometer",
            "nm": "nanometer", "mi": "mile", "yd": "yard", "kg": "kilogram", "g": "gram", "mg": "milligram",
            "µg": "microgram", "mcg": "microgram", "lb": "pound", "lbs": "pound", "oz": "ounce",
            "l": "liter", "L": "liter", "ml": "milliliter", "mL": "milliliter", "cl": "centiliter",
            "gal": "gallon", "tsp": "teaspoon", "tbsp": "tablespoon", "ha": "hectare", "h": "hour",
            "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second",
            "secs": "second",
            "ms": "millisecond", "µs": "microsecond", "ns": "nanosecond", "B": "byte", "KB": "kilobyte",
            "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "kWh": "kilowatt hour",
            "W": "watt", "kW": "kilowatt", "MW": "megawatt", "GW": "gigawatt", "V": "volt", "mA": "milliamp",
            "mAh": "milliamp hour", "kcal": "kilocalorie", "cal": "calorie", "kJ": "kilojoule",
            "dB": "decibel", "px": "pixel", "yr": "year", "yrs": "year", "mo": "month", "wk": "week",
            "kPa": "kilopascal", "Ω": "ohm",
        }.items()
    },
    "ft": ("foot", "feet"), "sq ft": ("square foot", "square feet"), "sq mi": ("square mile", "square miles"),
    "in": ("inch", "inches"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "MHz": ("megahertz", "megahertz"), "GHz": ("gigahertz", "gigahertz"),
    "mph": ("mile per hour", "miles per hour"), "kph": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"), "fps": ("frame per second", "frames per second"),
    "Mbps": ("megabit per second", "megabits per second"),
    "kbps": ("kilobit per second", "kilobits per second"),
    "Gbps": ("gigabit per second", "gigabits per second"), "ppm": ("part per million", "parts per million"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
}  # fmt: skip
PER = {
    **{symbol: one for symbol, (one, _) in UNITS.items()},
    "s": "second", "hour": "hour", "minute": "minute", "second": "second", "day": "day", "week": "week",
    "month": "month", "year": "year", "person": "person", "night": "night", "d": "day",
}  # fmt: skip
POWERS = {"²": "square ", "³": "cubic ", "^2": "square ", "^3": "cubic ", "": ""}
# Words and single letters that are no unit after a space: "5 in the morning", "vitamin 5 B".
ATTACHED = ("in", "B", "h", "cal", "mo")


def _alternatives(symbols: list[str]) -> str:
    return "|".join(re.escape(symbol) for symbol in sorted(symbols, key=len, reverse=True))


_UNIT = _alternatives(list(UNITS))
_SPACED = _alternatives([symbol for symbol in UNITS if symbol not in ATTACHED])
_PER = _alternatives(list(PER))
_AMOUNT = rf"(?<![\w.,])([-−+]?(?:{NUMBER}))"
_RANGE = rf"(?:\s?([-–])\s?({NUMBER}))?"


def _unit(match: re.Match[str]) -> str:
    """5 km, 60km/h, 20 m², 5-10 kg, a 5-km run."""
    number, dash, to, hyphen, attached, spaced, power, per = match.groups()
    one, many = UNITS[attached or spaced]
    said = f"{signed(number)} to {spoken(to)}" if dash else signed(number)
    name = one if hyphen or (is_one(number) and not dash) else many
    return f"{said} {POWERS[power or '']}{name}" + (f" per {PER[per]}" if per else "")


def _percent(match: re.Match[str]) -> str:
    return (f"{signed(match[1])} to {spoken(match[3])}" if match[2] else signed(match[1])) + " percent"


def _degrees(match: re.Match[str]) -> str:
    return f"{signed(match[1])} degree{'' if is_one(match[1]) else 's'}"


def _feet_and_inches(match: re.Match[str]) -> str:
    feet, inches = match.groups()
    return f"{spoken(feet)} foot {spoken(inches)}"


def _hours_and_minutes(match: re.Match[str]) -> str:
    hours, minutes = match.groups()
    return f"{spoken(hours)} hour{'' if is_one(hours) else 's'} {spoken(minutes.lstrip('0') or '0')}"


RULES: list[Rule] = [
    (re.compile(r"""(?<![\w.])(\d{1,2})['′]\s?(\d{1,2})(?:"|″|'')"""), _feet_and_inches),
    (re.compile(r"(?<![\w.])(\d{1,2})h(\d{2})(?:min|m)?\b"), _hours_and_minutes),
    (re.compile(rf"{_AMOUNT}{_RANGE}\s?(?:%|pct\b)"), _percent),
    (re.compile(r"(?<=\d)\s?°\s?([CF])\b"), lambda m: f"°{m[1]}"),
    (
        re.compile(
            rf"{_AMOUNT}{_RANGE}(?:(-)?({_UNIT})|\s({_SPACED}))(²|³|\^2|\^3)?(?:/({_PER}))?(?![\w°²³])"
        ),
        _unit,
    ),
    (re.compile(rf"{_AMOUNT}\s?°"), _degrees),
    (re.compile(r"%"), " percent"),
    (re.compile(rf"(?<=\w)\s?/\s?({_PER})(?!\w)"), lambda m: f" per {PER[m[1]]}" if len(m[1]) > 1 else None),
]
