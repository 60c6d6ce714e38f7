"""How an avatar behaves and moves its lips: by what ships, by its own directory, by the settings."""

import tomllib
from dataclasses import dataclass

from rpckit.errors import InvalidInput

from visavis_render.animator.lips import LipTuning
from visavis_render.animator.profile import NAMES, Profile, complete, shipped_profile
from visavis_render.avatar import MANIFEST, AvatarDirectory, checked
from visavis_render.config import Config

MAX_PROFILE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Manner:
    """What the animator needs to know of a person."""

    profile: Profile
    lips: LipTuning


def manner_of(directory: AvatarDirectory, asked: str, config: Config) -> Manner:
    """The manner asked for by profile name, or the service's, or the avatar's own."""
    if asked and asked not in NAMES:
        raise InvalidInput(f"profile must be one of {', '.join(NAMES)}")
    named = asked or config.profile
    profile = shipped_profile(named) if named else own_profile(directory)
    set_here = {name: getattr(config.lips, name) for name in config.lips.model_fields_set}
    return Manner(profile, directory.manifest.lips.model_copy(update=set_here))


def own_profile(directory: AvatarDirectory) -> Profile:
    """What avatar.toml says of its behaviour: the name of a shipped profile, or a file beside it."""
    named = directory.manifest.behaviour
    if named in NAMES:
        return shipped_profile(named)
    if not named.endswith(".toml"):
        directory.fail(MANIFEST, f"behaviour: must be one of {', '.join(NAMES)}, or the name of a .toml file")
    text = directory.asset(named, MAX_PROFILE_BYTES).read_bytes()
    try:
        data = complete(tomllib.loads(text.decode("utf-8")))
    except ValueError as error:  # not UTF-8, not TOML, no such base
        directory.fail(named, str(error))
    return checked(Profile, data, directory, named)
