"""The faces that a contact sheet shows, with their captions."""

from collections.abc import Iterator

from visavis_render.animator import Animator
from visavis_render.animator.schedule import Cue
from visavis_render.engine import Behaviour, Emotion, FaceState, Gaze, HeadPose, Viseme
from visavis_render.manner import Manner

Captioned = tuple[str, FaceState]
SEED = 3
GAZES = {"LEFT": (-0.8, 0), "RIGHT": (0.8, 0), "UP": (0, 0.8), "DOWN": (0, -0.8), "UP LEFT": (-0.6, 0.6)}
TURNS = {
    "TURN LEFT": HeadPose(-12, 0, 0),
    "TURN RIGHT": HeadPose(12, 0, 0),
    "HEAD UP": HeadPose(0, -8, 0),
    "HEAD DOWN": HeadPose(0, 8, 0),
    "TILT": HeadPose(0, 0, 6),
    "TILT+TURN": HeadPose(-10, 3, -5),
}
SPEECH = (Viseme.E, Viseme.PP, Viseme.AA, Viseme.I, Viseme.SS, Viseme.O, Viseme.FF, Viseme.U)


def _behaving(manner: Manner, behaviour: Behaviour, at_us: int) -> FaceState:
    animator = Animator(SEED, manner.profile, manner.lips)
    animator.behaviours.set(behaviour, 0, 0)
    if behaviour is Behaviour.SPEAKING:
        shapes = enumerate(SPEECH * 8)
        animator.restore([Cue(shape, n * 110_000, 110_000, 0.9) for n, shape in shapes])
    return animator.face_at(at_us)


def _feeling(manner: Manner, emotion: Emotion) -> FaceState:
    animator = Animator(SEED, manner.profile, manner.lips)
    animator.emotions.set((emotion, 1.0), 0, 0)
    return animator.face_at(1_500_000)


def sheet_faces(manner: Manner) -> Iterator[Captioned]:
    """15 visemes, a blink, gazes, turns, emotions, behaviours."""
    for viseme in Viseme:
        yield viseme.name, FaceState(visemes={viseme: 1.0}, sounding=viseme)
    for blink in (0.35, 0.45, 0.5, 0.55, 1.0):
        yield f"BLINK {blink:g}", FaceState(blink=blink)
    for name, (x, y) in GAZES.items():
        yield f"LOOK {name}", FaceState(gaze=Gaze(x, y))
    for name, head in TURNS.items():
        yield name, FaceState(head=head)
    for emotion in Emotion:
        yield emotion.name, _feeling(manner, emotion)
    for behaviour in Behaviour:
        for at_s in (3, 6):
            yield f"{behaviour.name} {at_s}S", _behaving(manner, behaviour, at_s * 1_000_000)
