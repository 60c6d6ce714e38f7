"""Looks an avatar over before a call does: everything is read, drawn and timed."""

import time
from collections.abc import Iterator
from statistics import median

import numpy as np

from visavis_render.animator import Animator
from visavis_render.avatar import AvatarDirectory, size_range
from visavis_render.backends import load_avatar, traits_of
from visavis_render.config import Config
from visavis_render.engine import Avatar, Behaviour, FaceState, Viseme
from visavis_render.manner import manner_of
from visavis_render.showcase.clip import silent_speech

DIFFERENT = 2.0  # mean difference of luma where a mouth shape changes something
FRAMES = 100


def examine(directory: AvatarDirectory, config: Config) -> Iterator[str]:
    """A line for each thing that is well or worth knowing; raises AvatarError when it can't be used."""
    manifest, traits = directory.manifest, traits_of(directory)
    low, high = size_range(directory, traits)
    yield f"{directory.name}: {manifest.name}, renderer {manifest.renderer}, {low} to {high} px"
    if manifest.portrait:
        yield f"portrait: {manifest.portrait.consent} (recorded {manifest.portrait.recorded_time:%Y-%m-%d})"
    manner = manner_of(directory, "", config)
    yield f"behaviour: {manifest.behaviour} ({manner.profile.about})"
    began = time.perf_counter()
    avatar = load_avatar(directory, config)
    yield f"loaded in {time.perf_counter() - began:.1f} s"
    size = min(high, max(low, 512))
    yield from _mouths(avatar, size)
    animator = Animator(1, manner.profile, manner.lips)
    animator.behaviours.set(Behaviour.SPEAKING, 0, 0)
    animator.restore(silent_speech().cues)
    renderer = avatar.open(size, "")
    spent = []
    for number in range(FRAMES):
        face = animator.face_at(number * 40_000)
        began = time.perf_counter()
        renderer.draw(face)
        spent.append((time.perf_counter() - began) * 1e3)
    yield f"{median(spent):.1f} ms a frame at {size} px while speaking"
    yield "ok"


def _mouths(avatar: Avatar, size: int) -> Iterator[str]:
    """Warns of mouth shapes that can't be told from a mouth at rest."""
    renderer = avatar.open(size, "")
    lower = slice(size // 2, size * 3 // 4)

    def mouth(viseme: Viseme) -> np.ndarray:
        picture = renderer.draw(FaceState(visemes={viseme: 1.0}, arkit={"jawOpen": 0.6}, sounding=viseme))
        return picture[lower, size // 3 : 2 * size // 3].astype(np.int16)

    rest = renderer.draw(FaceState())[lower, size // 3 : 2 * size // 3].astype(np.int16)
    seen = [v.name for v in (Viseme.AA, Viseme.O, Viseme.E) if np.abs(mouth(v) - rest).mean() >= DIFFERENT]
    if len(seen) < 3:
        yield f"warning: the open mouth hardly shows (seen: {', '.join(seen) or 'none'})"
