"""BCP-47 tags, as far as a voice needs them."""

import re

from rpckit.errors import NotFound, require

# Subtags of 1 to 8 letters and digits; RFC 5646 allows less, no tag of a language more.
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,7}")


def primary_of(language_code: str) -> str:
    """The language of a tag, in lower case: "es" of "es-MX"; Mandarin is "zh". Raises InvalidInput."""
    require(
        not language_code or _TAG.fullmatch(language_code),
        "language_code must be a BCP-47 tag such as en-US, or empty",
    )
    primary = language_code.split("-")[0].lower()
    return "zh" if primary == "cmn" else primary


def require_english(language_code: str) -> None:
    """Refuse a language that an English voice does not speak; empty is the voice's own."""
    if primary_of(language_code) not in ("", "en"):
        raise NotFound("this voice speaks English (en) only")
