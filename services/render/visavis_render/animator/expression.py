"""What the face does besides speaking: poses of behaviours and emotions, gestures, accents of speech."""

from collections.abc import Sequence

from visavis_render.animator.arkit import PAIRS
from visavis_render.animator.chance import chance
from visavis_render.animator.curves import bump, cycles, ease
from visavis_render.animator.profile import Accents, Profile
from visavis_render.animator.schedule import Cue
from visavis_render.animator.timeline import Change, Track
from visavis_render.engine import Behaviour, Emotion, Gesture, Viseme

# ARKit names (both sides together where they move together), and yaw, pitch, roll in degrees.
Channels = dict[str, float]

BEHAVIOUR_FADE_S = 0.35
EMOTIONS: dict[Emotion, Channels] = {
    Emotion.NEUTRAL: {},
    Emotion.HAPPY: {"mouthSmile": 0.8, "cheekSquint": 0.55, "eyeSquint": 0.4, "browOuterUp": 0.2},
    Emotion.SAD: {"mouthFrown": 0.85, "browInnerUp": 1.0, "eyeSquint": 0.2, "pitch": 2.5, "roll": 1.5},
    Emotion.SURPRISED: {
        "browInnerUp": 0.9,
        "browOuterUp": 1.0,
        "eyeWide": 1.0,
        "jawOpen": 0.16,
        "pitch": -1.5,
    },
    Emotion.CONCERNED: {
        "browInnerUp": 1.0,
        "browDown": 0.1,
        "eyeSquint": 0.2,
        "mouthFrown": 0.5,
        "roll": 2.5,
    },
    Emotion.THOUGHTFUL: {
        "browDownLeft": 0.35,
        "browOuterUpRight": 0.45,
        "mouthPress": 0.3,
        "eyeSquint": 0.25,
        "roll": -2.0,
    },
}
# An emotion rises, stays, sinks to a rest of itself, and is gone.
RISE_S, STAY_S, SINK_S, REST, LAST_S, GONE_S = 0.3, 2.5, 4.0, 0.35, 9.0, 5.0

STRESS = 0.8  # intensity from which a vowel counts as stressed
VOWELS = {Viseme.AA, Viseme.E, Viseme.I, Viseme.O, Viseme.U}
THINKING_SIDE, BROW_ACCENT = 101, 102


def add(into: Channels, what: Channels, weight: float) -> None:
    """Add weighted channels."""
    for name, value in what.items():
        for single in PAIRS.get(name, (name,)):
            into[single] = into.get(single, 0.0) + value * weight


def thinking_side(seed: int, change: Change[Behaviour]) -> int:
    """To which side this thought looks: -1 or 1."""
    return -1 if chance(seed, THINKING_SIDE, change.at_us) < 0.5 else 1


def behaviour_pose(seed: int, profile: Profile, track: Track[Behaviour], t_us: int) -> Channels:
    """The pose of what the avatar is doing."""
    pose: Channels = {}
    for weight, change in track.mixed(t_us, BEHAVIOUR_FADE_S):
        state = profile.of(change.value)
        add(pose, state.pose, weight)
        if state.aside:
            add(pose, _aside(state.aside, thinking_side(seed, change)), weight)
    return pose


def _aside(pose: Channels, side: int) -> Channels:
    """A pose towards one side; a brow goes up there alone."""
    raised = "browOuterUpRight" if side > 0 else "browOuterUpLeft"
    turned = {name: side * value for name, value in pose.items() if name in ("yaw", "roll")}
    rest = {name: value for name, value in pose.items() if name not in ("yaw", "roll", "browOuterUp")}
    return {**turned, **rest, raised: pose.get("browOuterUp", 0.0)}


def _emotion_strength(t: float) -> float:
    settled = 1 - (1 - REST) * ease((t - STAY_S) / SINK_S)
    return settled * (1 - ease((t - LAST_S) / GONE_S))


def emotion_pose(gain: float, track: Track[tuple[Emotion, float]], t_us: int) -> Channels:
    """The pose of what it feels, `gain` strong; each emotion gives way to the next."""
    pose: Channels = {}
    for weight, change in track.mixed(t_us, RISE_S):
        emotion, intensity = change.value
        strength = _emotion_strength((t_us - change.at_us) / 1e6)
        add(pose, EMOTIONS[emotion], weight * strength * intensity * gain)
    return pose


def _gesture(gesture: Gesture, t: float) -> Channels:
    match gesture:
        case Gesture.NOD:
            return {"pitch": 4.0 * cycles(t, 2, 0.42, 0.6)}
        case Gesture.SHAKE:
            swing = cycles(t, 3, 0.36, 0.75) - cycles(t - 0.18, 3, 0.36, 0.75)
            return {"yaw": 4.5 * swing}
        case Gesture.BROW_RAISE:
            up = bump(t, 0.14, 0.25, 0.35)
            return {"browOuterUp": 0.6 * up, "browInnerUp": 0.5 * up}
        case Gesture.TILT:
            return {"roll": 4.5 * bump(t, 0.35, 0.9, 0.5)}


def gesture_pose(track: Track[Gesture], t_us: int) -> Channels:
    """All gestures that are under way."""
    pose: Channels = {}
    for change in track.until(t_us):
        since = (t_us - change.at_us) / 1e6
        if since < 2.0:
            add(pose, _gesture(change.value, since), 1.0)
    return pose


def accent_pose(seed: int, habit: Accents, cues: Sequence[Cue], t_us: int) -> Channels:
    """The head dips on stressed vowels, and now and then the brows go up with one."""
    dip = brow = 0.0
    for cue in cues:
        since = (t_us - cue.start_us) / 1e6
        if since <= 0 or cue.viseme not in VOWELS or cue.intensity < STRESS:
            continue
        gain = cue.gain(t_us) * (0.5 + 0.5 * (cue.intensity - STRESS) / (1 - STRESS))
        dip = max(dip, gain * bump(since, 0.13, 0.04, 0.32))
        if chance(seed, BROW_ACCENT, cue.start_us) < habit.brow_share:
            brow = max(brow, gain * bump(since, 0.13, 0.12, 0.35))
    return {"pitch": habit.dip_deg * dip, **{name: habit.brow * brow for name in PAIRS["browOuterUp"]}}
