"""Abbreviations, numerals and signs -> words. Pure."""

import re

from visavis_tts.reading.number_words import cardinal, ordinal
from visavis_tts.reading.traced import Rule

# ruff: noqa: RUF001 (typographic marks)

# Before a name.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "St": "Saint",
    "Mt": "Mount", "Ft": "Fort", "Gen": "General", "Gov": "Governor", "Sen": "Senator",
    "Rep": "Representative", "Capt": "Captain", "Lt": "Lieutenant", "Col": "Colonel", "Sgt": "Sergeant",
    "Cmdr": "Commander", "Rev": "Reverend", "Hon": "Honorable", "Pres": "President", "Fr": "Father",
}  # fmt: skip
# After the name of a street.
STREETS = {
    "St": "Street", "Dr": "Drive", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane",
    "Hwy": "Highway", "Pkwy": "Parkway", "Sq": "Square", "Pl": "Place", "Ct": "Court",
}  # fmt: skip
# With their dots.
DOTTED = {
    "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "cf.": "compare",
    "approx.": "approximately", "a.k.a.": "also known as", "et al.": "and others", "Jr.": "Junior",
    "Sr.": "Senior", "Inc.": "Incorporated", "Ltd.": "Limited", "Co.": "Company", "Corp.": "Corporation",
    "Bros.": "Brothers", "Dept.": "Department", "dept.": "department", "Univ.": "University",
    "Govt.": "Government", "govt.": "government", "Apt.": "Apartment", "Ste.": "Suite", "Bldg.": "Building",
    "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "est.": "estimated", "min.": "minimum",
    "max.": "maximum", "Ph.D.": "P.H.D.", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Dr.": "Doctor",
    "Prof.": "Professor", "St.": "Street", "misc.": "miscellaneous",
    "incl.": "including", "excl.": "excluding",
}  # fmt: skip
# Before a number.
COUNTED = {
    "No.": "number", "no.": "number", "Nos.": "numbers", "nos.": "numbers", "№": "number", "p.": "page",
    "pp.": "pages", "Fig.": "figure", "fig.": "figure", "Vol.": "volume", "vol.": "volume",
    "Ch.": "chapter", "ch.": "chapter", "Sec.": "section", "§": "section", "ca.": "about", "c.": "about",
    "~": "about", "≈": "about", "#": "number", "Art.": "article", "Eq.": "equation",
}  # fmt: skip
BARE = {
    "vs": "versus", "w/o": "without", "w/": "with", "aka": "also known as",
    "BTW": "by the way", "btw": "by the way",
    "FYI": "for your information", "IMO": "in my opinion",
    "TBD": "to be determined", "asap": "as soon as possible",
    "approx": "approximately", "C++": "C plus plus", "C#": "C sharp", "F#": "F sharp", "and/or": "and or",
    "Q&A": "Q and A", "R&D": "R and D", "AT&T": "A.T. and T",
}  # fmt: skip
SIGNS = {
    "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "≠": " is not ", "≤": " is at most ",
    "≥": " is at least ", "±": " plus or minus ", "×": " times ", "÷": " divided by ", "≈": " about ",
    "→": " to ", "⇒": " so ", "←": " ", "™": "", "®": "", "©": " copyright ", "•": ", ", "·": " ", "|": ", ",
    "¶": " paragraph ", "§": " section ", "№": " number ", "°": " degrees ", "π": " pi ", "∞": " infinity ",
    "√": " the square root of ", "Σ": " sigma ", "α": " alpha ", "β": " beta ",
    "γ": " gamma ", "Δ": " delta ",
    "µ": " micro ", "μ": " micro ", "Ω": " ohm ", "^": " to the power of ",
}  # fmt: skip
CHAPTERS = (
    "Chapter|chapter|Part|part|Act|Scene|Section|section|Volume|War|Type|type|Phase|phase|Level|level|Title"
    "|Super Bowl"
)
MONARCHS = (
    "Henry|Louis|George|Charles|Edward|William|James|Richard|Elizabeth|Mary|Philip|Peter|Paul|John|Pius|Benedict"
    "|Catherine|Frederick|Napoleon|Nicholas|Alexander|Francis|Leo|Otto|Robert|Margrethe|Ramesses|Rameses"
)
_ROMAN = r"((?=[IVXLC])X{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
_NAME = re.compile(r"(?:[A-Z][a-z]+|\d(?:st|nd|rd|th)) $")
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _any_of(words: dict[str, str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _roman(text: str) -> int:
    values = [_VALUES[c] for c in text]
    return sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))


def _dotted(match: re.Match[str]) -> str:
    """The dot of an abbreviation that ends the text is the sentence's too."""
    return DOTTED[match[1]] + ("" if match.string[match.end() :].strip() else ".")


def _street(match: re.Match[str]) -> str | None:
    """Only after a name: Main St., 5th Ave."""
    if not _NAME.search(match.string[: match.start()]):
        return None
    return STREETS[match[1]] + ("" if match.string[match.end() :].strip() else ".")


RULES: list[Rule] = [
    (re.compile(rf"\b({_any_of(STREETS)})\b\.?(?! [A-Z])"), _street),
    (re.compile(rf"\b({_any_of(TITLES)})\.? (?=[A-Z][a-z])"), lambda m: f"{TITLES[m[1]]} "),
    (re.compile(rf"\b({CHAPTERS}) {_ROMAN}\b(?![.'’]\w)"), lambda m: f"{m[1]} {cardinal(_roman(m[2]))}"),
    (re.compile(rf"\b({MONARCHS}) {_ROMAN}\b(?![.'’]\w)"), lambda m: f"{m[1]} the {ordinal(_roman(m[2]))}"),
    (re.compile(rf"(?<![\w.])({_any_of(COUNTED)})\s?(?=\.?\d)"), lambda m: f"{COUNTED[m[1]]} "),
    (re.compile(rf"(?<![\w.])({_any_of(DOTTED)})(?!\w)"), _dotted),
    (re.compile(rf"(?<![\w./])({_any_of(BARE)})(?![\w.+])(?!/)"), lambda m: BARE[m[1]]),
    (re.compile(r"(?<!\w)#(?=[A-Za-z])"), "hashtag "),
    (re.compile(r"[=-]+>"), " to "),
]
# When no number is left that they could belong to.
LAST: list[Rule] = [
    (re.compile(r"(?<=[\w)])\s?<\s?(?=[\w(])"), " is less than "),
    (re.compile(r"(?<=[\w)])\s?>\s?(?=[\w(])"), " is greater than "),
    (re.compile(r"[=<>!]=+"), " equals "),
    (re.compile(r"(?<!\w)(?:/[\w.-]+){2,}"), lambda m: m[0].replace("/", " slash ").replace(".", " dot ")),
    (re.compile(rf"[{re.escape(''.join(SIGNS))}]"), lambda m: SIGNS[m[0]]),
    (re.compile(r"(?<=\w)\s?/\s?(?=\w)"), " "),
    (re.compile(r"(?<=\s)[-–]{1,2}(?=\s)"), "—"),
    (re.compile(r"[\[\]{}<>\\^~*#$€£¥₹₩₽₿%]"), " "),
    (re.compile(r"([!?.,;:])\1{3,}"), lambda m: m[1] * (3 if m[1] == "." else 1)),
    (re.compile(r"(?<=[A-Z]\.[A-Z]\.)\."), ""),
    (re.compile(r"\s+(?=[,.;:!?](?:\s|$))"), ""),
]
