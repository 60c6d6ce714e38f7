"""Amounts of money -> words. Pure."""

import re
from dataclasses import dataclass

from visavis_tts.reading.number_words import cardinal
from visavis_tts.reading.numbers import NUMBER, is_one, scaled, spoken
from visavis_tts.reading.traced import Rule

# ruff: noqa: RUF001 (typographic marks)


@dataclass(frozen=True, slots=True)
class Currency:
    """What one and many are called, and the hundredth part."""

    one: str
    many: str
    cent: str = ""
    cents: str = ""

    def of(self, number: str) -> str:
        """Its name after `number`."""
        return self.one if is_one(number) else self.many


DOLLAR = Currency("dollar", "dollars", "cent", "cents")
EURO = Currency("euro", "euros", "cent", "cents")
POUND = Currency("pound", "pounds", "penny", "pence")
YEN = Currency("yen", "yen")
RUPEE = Currency("rupee", "rupees", "paisa", "paise")


def dollars_of(country: str) -> Currency:
    return Currency(f"{country} dollar", f"{country} dollars", "cent", "cents")


CURRENCIES = {
    "$": DOLLAR, "US$": dollars_of("US"), "C$": dollars_of("Canadian"), "A$": dollars_of("Australian"),
    "€": EURO, "£": POUND, "¥": YEN, "₹": RUPEE, "₩": Currency("won", "won"),
    "₽": Currency("ruble", "rubles", "kopeck", "kopecks"), "₿": Currency("bitcoin", "bitcoins"),
    "USD": dollars_of("US"), "CAD": dollars_of("Canadian"), "AUD": dollars_of("Australian"),
    "EUR": EURO, "GBP": POUND, "JPY": YEN, "INR": RUPEE,
    "CHF": Currency("Swiss franc", "Swiss francs", "centime", "centimes"),
    "CNY": Currency("yuan", "yuan"), "BTC": Currency("bitcoin", "bitcoins"),
}  # fmt: skip
_NAMES = "|".join(re.escape(name) for name in sorted(CURRENCIES, key=len, reverse=True))
_SCALE = r"\s?(hundred|thousand|million|billion|trillion)\b|([kKmMbBtT]|bn|mn)\b"
# What stands after "a five dollar".
_NOUNS = r"(?:bill|note|coin|gift|fee|fine|deposit|discount|voucher|coupon|prize|ticket|tip)\b"


def amount(number: str, currency: Currency) -> str:
    """ "5.50", dollars -> "five dollars and fifty cents"."""
    whole, _, rest = number.replace(",", "").partition(".")
    if not currency.cents or len(rest) != 2:
        return f"{spoken(number)} {currency.of(number)}"
    cents = int(rest)
    parts = []
    if whole.strip("0") or not cents:
        parts.append(f"{spoken(whole or '0')} {currency.of(whole)}")
    if cents:
        parts.append(f"{cardinal(cents)} {currency.cent if cents == 1 else currency.cents}")
    return " and ".join(parts)


def _before(match: re.Match[str]) -> str:
    """$5, -$5, $1.5M, $5-10, a $5 bill."""
    sign, name, number, to, word, letter, noun = match.groups()
    currency = CURRENCIES[name]
    minus = "minus " if sign else ""
    if scale := word or letter:
        first = f"{spoken(to and number)} to " if to else ""
        return f"{minus}{first}{spoken(to or number)} {scaled(scale)} {currency.many}"
    if to:
        return f"{minus}{spoken(number)} to {amount(to, currency)}"
    if noun:
        return f"{minus}{spoken(number)} {currency.one}{noun}"
    return minus + amount(number, currency)


def _after(match: re.Match[str]) -> str:
    """5€, 20 USD."""
    number, word, letter, name = match.groups()
    if scale := word or letter:
        return f"{spoken(number)} {scaled(scale)} {CURRENCIES[name].many}"
    return amount(number, CURRENCIES[name])


RULES: list[Rule] = [
    (
        re.compile(
            rf"([-−])?(?<![A-Za-z$])({_NAMES})\s?({NUMBER})(?:\s?[-–]\s?\$?({NUMBER}))?"
            rf"(?:{_SCALE})?(?![\d])(\s{_NOUNS})?"
        ),
        _before,
    ),
    (re.compile(rf"(?<![\w.,])({NUMBER})(?:{_SCALE})?\s?({_NAMES})(?![\w$])"), _after),
    (
        re.compile(rf"(?<![\w.,])({NUMBER})\s?¢"),
        lambda m: f"{spoken(m[1])} {DOLLAR.cent if is_one(m[1]) else DOLLAR.cents}",
    ),
    (re.compile(r"[$€£¥₹₩₽₿](?!\w)"), lambda m: f" {CURRENCIES[m[0]].many} "),
]
