"""How a person behaves, as data: profiles/*.toml says what each number means. Numbers are checked here."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from visavis_render.animator.arkit import ARKIT, PAIRS
from visavis_render.engine import Behaviour

HOUSE = "warm"
NAMES = ("warm", "neutral", "receptionist", "still")
ProfileName = Literal["warm", "neutral", "receptionist", "still"]
HEAD = frozenset(("yaw", "pitch", "roll"))

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0.2, le=120)]
Degrees = Annotated[float, Field(ge=0, le=12)]
Direction = Annotated[float, Field(ge=-1, le=1)]


class Table(BaseModel):
    """Frozen, nothing unknown, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _checked(pose: dict[str, float]) -> dict[str, float]:
    for name, value in pose.items():
        limit = 12.0 if name in HEAD else 1.0
        if name not in HEAD and name not in PAIRS and name not in ARKIT:
            raise ValueError(f"{name} is no ARKit shape, nor yaw, pitch or roll")
        if not (-limit if name in HEAD else 0.0) <= value <= limit:
            raise ValueError(f"{name} must be {-limit if name in HEAD else 0:g} to {limit:g}")
    return pose


class GazeHabit(Table):
    bout_s: Seconds
    away: Share
    near: Share
    far: Share
    low: Direction
    high: Direction


class PostureHabit(Table):
    every_s: Seconds
    move_s: Seconds
    yaw_deg: Degrees
    pitch_deg: Degrees
    roll_deg: Degrees


class State(Table):
    pose: dict[str, float]
    gaze: GazeHabit
    posture: PostureHabit
    aside: dict[str, float] = {}

    @model_validator(mode="after")
    def _shapes_exist(self) -> "State":
        _checked(self.pose)
        _checked(self.aside)
        return self


class Blinks(Table):
    mean_s: float = Field(ge=1, le=60)
    spread: float = Field(ge=0, le=1.5)
    double: Share
    after_reply: Share


class Tiny(Table):
    every_s: Seconds
    reach_deg: float = Field(ge=0, le=4)


class Nods(Table):
    chance: Share
    every_s: Seconds
    after_s: Seconds
    least_deg: Degrees
    most_deg: Degrees


class Accents(Table):
    dip_deg: Degrees
    brow_share: Share
    brow: Share


class Breath(Table):
    period_s: float = Field(ge=1.5, le=12)
    depth: Share


class Profile(Table):
    """One manner of behaving."""

    about: str = Field(default="", max_length=300)
    emotion: Share
    contact_s: float = Field(ge=0, le=30)
    blink: Blinks
    tiny: Tiny
    nod: Nods
    accent: Accents
    breath: Breath
    idle: State
    listening: State
    thinking: State
    speaking: State

    def of(self, behaviour: Behaviour) -> State:
        """How it does what it is doing."""
        state: State = getattr(self, behaviour.name.lower())
        return state


def _text(name: str) -> str:
    return (files("visavis_render.animator") / "profiles" / f"{name}.toml").read_text("utf-8")


def over(base: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """Tables of `data` over those of `base`; a pose is replaced as a whole."""
    joined = dict(base)
    for name, value in data.items():
        old = base.get(name)
        merges = isinstance(value, Mapping) and isinstance(old, Mapping) and name not in ("pose", "aside")
        joined[name] = over(old, value) if merges and old is not None else value
    return joined


def complete(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a profile file, filled up from the shipped profile that it names as its base."""
    own = dict(data)
    base = own.pop("base", None)
    if base is None:
        return own
    if base not in NAMES:
        raise ValueError(f"base: must be one of {', '.join(NAMES)}")
    return over(complete(tomllib.loads(_text(base))), own)


@lru_cache(maxsize=len(NAMES))
def shipped_profile(name: str) -> Profile:
    """One of NAMES."""
    return Profile.model_validate(complete(tomllib.loads(_text(name))))
