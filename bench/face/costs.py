"""What a face costs: milliseconds of one core for a frame, drawn and encoded, in each state."""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.backends import load_avatar
from visavis_render.config import Config
from visavis_render.encoders import open_encoder
from visavis_render.engine import Avatar, Behaviour, FaceState, HeadPose, VideoSpec, Viseme

from face.people import chosen

V = Viseme
SENTENCE = [
    *((V.KK, 60), (V.E, 80), (V.NN, 60), (V.O, 170), (V.PP, 80), (V.AA, 110), (V.I, 60), (V.NN, 60)),
    *((V.E, 90), (V.I, 40), (V.PP, 70), (V.I, 60), (V.SS, 80), (V.PP, 80), (V.AA, 90), (V.FF, 60)),
    *((V.AA, 170), (V.SIL, 220), (V.NN, 60), (V.AA, 95), (V.I, 60), (V.SS, 95), (V.DD, 45), (V.U, 90)),
]
FRAMES, FRAME_US = 500, 40_000
Costs = dict[str, float]


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


STATES: list[tuple[str, Behaviour, Callable[[FaceState], FaceState]]] = [
    ("speaking", Behaviour.SPEAKING, as_is),
    ("speaking, head still", Behaviour.SPEAKING, still),
    ("listening", Behaviour.LISTENING, as_is),
    ("thinking", Behaviour.THINKING, as_is),
    ("idle", Behaviour.IDLE, as_is),
]


def costs_of(name: str) -> dict[str, Costs]:
    """For each state: milliseconds a frame, share of a core at 25 frames a second, kbit/s."""
    began = time.perf_counter()
    avatar = load_avatar(chosen(name), Config())
    loaded_s = round(time.perf_counter() - began, 2)
    return {"loading": {"s": loaded_s}, **{state: measured(avatar, *rest) for state, *rest in STATES}}


def measured(avatar: Avatar, behaviour: Behaviour, change: Callable[[FaceState], FaceState]) -> Costs:
    """20 seconds at 25 fps."""
    animator = Animator(seed=1)
    animator.behaviours.set(behaviour, 0, 0)
    if behaviour is Behaviour.SPEAKING:
        animator.schedule.restore(speech(FRAMES * FRAME_US))
    renderer, encoder = avatar.open(512, ""), open_encoder(VideoSpec())
    spent, size = [], 0
    for number in range(FRAMES):
        pts_us = number * FRAME_US
        times = [time.thread_time()]
        face = change(animator.face_at(pts_us))
        times.append(time.thread_time())
        picture = renderer.draw(face)
        times.append(time.thread_time())
        size += len(encoder.encode(picture, pts_us, keyframe=number == 0).data)
        times.append(time.thread_time())
        spent.append([1e3 * (b - a) for a, b in pairwise(times)])
    animate, draw, encode = np.mean(spent, axis=0)
    return {
        "animate": round(float(animate), 2),
        "draw": round(float(draw), 2),
        "draw_p95": round(float(np.percentile(np.array(spent)[:, 1], 95)), 2),
        "encode": round(float(encode), 2),
        "core_share": round(float(animate + draw + encode) * 25 / 1000, 3),
        "kbit_s": round(size * 8 / (FRAMES * FRAME_US / 1e3)),
    }
