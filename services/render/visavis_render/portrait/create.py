"""`visavis avatar create PICTURE`: reads, judges, and makes the directory, or leaves nothing behind."""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rpckit.errors import InvalidInput

from visavis_render.portrait.build import build_avatar
from visavis_render.portrait.landmarks import Found, find_landmarks, read_landmarks
from visavis_render.portrait.pack import Record
from visavis_render.portrait.picture import Portrait, read_portrait

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
MIN_CONSENT, MAX_CONSENT = 8, 300
NO_CONSENT = (
    "--consent must say in {low} to {high} characters who is shown and how they agreed, "
    'for example --consent "Ada Example, by e-mail of 2026-03-01"'
)


@dataclass(frozen=True)
class Wish:
    """What is asked for. finder: the directory of tools/portrait; landmarks: a file that it wrote before."""

    picture: Path
    consent: str
    name: str = ""
    author: str = ""
    into: Path = Path()
    finder: Path | None = None
    landmarks: Path | None = None


def create_from_portrait(wish: Wish, now: datetime | None = None) -> Path:
    """Make the avatar's directory; InvalidInput says why it can't be made. now: when consent is recorded."""
    name = wish.name or name_of(wish.picture)
    if not NAME.fullmatch(name):
        raise InvalidInput("an avatar's name is 1 to 32 of a-z, 0-9, - and _, and begins with a letter")
    consent = wish.consent.strip()
    if not (MIN_CONSENT <= len(consent) <= MAX_CONSENT and consent.isprintable()):
        raise InvalidInput(NO_CONSENT.format(low=MIN_CONSENT, high=MAX_CONSENT))
    target = wish.into / name
    if target.exists():
        raise InvalidInput(f"{target} is there already")
    portrait = read_portrait(wish.picture)
    found = _landmarks(wish, portrait)
    when = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    title = name.replace("-", " ").replace("_", " ").title()
    record = Record(title, consent, when, wish.author or "unknown", portrait.file, portrait.digest)
    target.mkdir(parents=True)
    try:
        build_avatar(portrait, found, record, target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return target


def _landmarks(wish: Wish, portrait: Portrait) -> Found:
    if wish.landmarks:
        return read_landmarks(wish.landmarks)
    if wish.finder is None:
        raise InvalidInput("either --finder (the directory tools/portrait) or --landmarks must be given")
    return find_landmarks(portrait, wish.finder)


def name_of(picture: Path) -> str:
    """An avatar's name from a file's: letters, digits and hyphens of it."""
    plain = re.sub(r"[^a-z0-9]+", "-", picture.stem.lower()).strip("-")[:32]
    return plain if plain[:1].isalpha() else f"portrait-{plain}"[:32].rstrip("-")
