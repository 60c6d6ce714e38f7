"""Timings of a face; its pictures come from `visavis avatar preview`.

`python bench/face.py --avatar mira --portrait docs/images/mira.png`

Prints milliseconds of CPU time per frame for drawing (moving, still head, idle) and for the encoder.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import numpy as np
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.avatar import by_name
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.encoders import open_encoder
from visavis_render.engine import (
    Avatar,
    Behaviour,
    FaceState,
    HeadPose,
    VideoSpec,
    Viseme,
)
from visavis_render.showcase.sheet import rgb, write_image

V = Viseme
SENTENCE = [
    *((V.KK, 60), (V.E, 80), (V.NN, 60), (V.O, 170), (V.PP, 80), (V.AA, 110), (V.I, 60), (V.NN, 60)),
    *((V.E, 90), (V.I, 40), (V.PP, 70), (V.I, 60), (V.SS, 80), (V.PP, 80), (V.AA, 90), (V.FF, 60)),
    *((V.AA, 170), (V.SIL, 220), (V.NN, 60), (V.AA, 95), (V.I, 60), (V.SS, 95), (V.DD, 45), (V.U, 90)),
]


def speech(until_us: int) -> list[Cue]:
    """The sentence again and again."""
    cues: list[Cue] = []
    t = 300_000
    while t < until_us:
        for number, (viseme, ms) in enumerate(SENTENCE):
            cues.append(Cue(viseme, t, ms * 1000, 0.9 if number % 3 else 0.75))
            t += ms * 1000
    return cues


def still(face: FaceState) -> FaceState:
    return replace(face, head=HeadPose(), trail=HeadPose(), breath=0.0)


def as_is(face: FaceState) -> FaceState:
    return face


def measure(
    avatar: Avatar, name: str, behaviour: Behaviour, change: Callable[[FaceState], FaceState] = as_is
) -> None:
    """20 seconds at 25 fps."""
    animator = Animator(seed=1)
    animator.behaviours.set(behaviour, 0, 0)
    if behaviour is Behaviour.SPEAKING:
        animator.schedule.restore(speech(20_000_000))
    renderer, encoder = avatar.open(512, ""), open_encoder(VideoSpec())
    animated, drawn, encoded, size = [], [], [], 0
    for number in range(500):
        pts_us = number * 40_000
        times = [time.thread_time()]
        face = change(animator.face_at(pts_us))
        times.append(time.thread_time())
        picture = renderer.draw(face)
        times.append(time.thread_time())
        size += len(encoder.encode(picture, pts_us, keyframe=number == 0).data)
        times.append(time.thread_time())
        for series, (a, b) in zip((animated, drawn, encoded), pairwise(times), strict=True):
            series.append((b - a) * 1e3)
    total = mean(animated) + mean(drawn) + mean(encoded)
    print(
        f"{name:24} animate {mean(animated):5.2f}  draw {mean(drawn):5.2f} (median {median(drawn):5.2f}, "
        f"p95 {np.percentile(drawn, 95):5.2f})  encode {mean(encoded):5.2f}  ms a frame; "
        f"{total * 2.5:4.1f} % of a core, {size * 8 / 20e3:4.0f} kbit/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--avatar", default="mira")
    parser.add_argument("--portrait", type=Path, help="write one 512 x 512 picture here (PNG)")
    arguments = parser.parse_args()
    began = time.perf_counter()
    avatar = load_avatar(by_name(arguments.avatar), Config())
    print(f"loaded in {time.perf_counter() - began:.2f} s")
    if arguments.portrait:
        face = FaceState(expression={"mouthSmileLeft": 0.35, "mouthSmileRight": 0.35})
        write_image(arguments.portrait, rgb(avatar.open(512, "").draw(face)), "png")
    measure(avatar, "speaking", Behaviour.SPEAKING)
    measure(avatar, "speaking, head still", Behaviour.SPEAKING, still)
    measure(avatar, "listening", Behaviour.LISTENING)
    measure(avatar, "thinking", Behaviour.THINKING)
    measure(avatar, "idle", Behaviour.IDLE)


if __name__ == "__main__":
    main()
