"""Integers -> English words. Pure."""

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ("", " thousand", " million", " billion", " trillion")
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def cardinal(n: int) -> str:
    """1234 -> "one thousand two hundred and thirty-four". 0 to 10**15 - 1."""
    groups = [n // 1000**power % 1000 for power in reversed(range(len(SCALES)))]
    last = groups.pop()
    parts = [f"{_below_1000(g)}{s}" for g, s in zip(groups, reversed(SCALES[1:]), strict=True) if g]
    if last or not parts:
        parts.append(("and " if parts and last < 100 else "") + _below_1000(last))
    return " ".join(parts)


def _below_1000(n: int) -> str:
    hundreds, rest = divmod(n, 100)
    if not hundreds:
        return _below_100(rest)
    return f"{ONES[hundreds]} hundred" + (f" and {_below_100(rest)}" if rest else "")


def _below_100(n: int) -> str:
    if n < len(ONES):
        return ONES[n]
    tens, one = divmod(n, 10)
    return TENS[tens] + (f"-{ONES[one]}" if one else "")


def ordinal(n: int) -> str:
    """22 -> "twenty-second"."""
    said = cardinal(n)
    cut = max(said.rfind(" "), said.rfind("-")) + 1
    last = said[cut:]
    plain = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return said[:cut] + ORDINALS.get(last, plain)


def year(n: int) -> str:
    """1905 -> "nineteen oh-five", 2024 -> "twenty twenty-four", 2005 -> "two thousand and five"."""
    century, rest = divmod(n, 100)
    if not 10 <= century < 100 or (century % 10 == 0 and rest < 10):
        return cardinal(n)
    low = f"oh-{ONES[rest]}" if 0 < rest < 10 else cardinal(rest) if rest else "hundred"
    return f"{cardinal(century)} {low}"
