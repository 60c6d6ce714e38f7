"""What must hold after every scenario, whatever the person did and whatever broke."""

from collections import Counter
from itertools import groupby

import numpy as np

from .voice import Speech
from .world import World

FRAME_MS = 20
STOP_MS = 60  # a reply that ends is silent by then: the frame in flight, and a fade
MODEL_STEP_S = 0.06  # a service is free again within one step of its engine
WORDS_OFF = 1


def check(world: World) -> None:
    """All laws."""
    for law in LAWS:
        try:
            law(world)
        except AssertionError as broken:
            broken.add_note(f"{law.__name__}: {law.__doc__}\nto play it again: simulate({world.scenario})")
            raise


def nothing_complains(world: World) -> None:
    """No service saw the protocol broken; no error was logged or lost in a task."""
    services = (world.ear, world.mind, world.voice, world.face)
    assert [*world.complaints, *(line for s in services for line in s.violations)] == []


def everything_ends(world: World) -> None:
    """When the person falls silent the conversation comes to rest, and no stream of a turn stays open."""
    assert world.came_to_rest, "a turn or a reply has no way out"
    assert world.open_at_rest == [], "streams of turns that are over"
    states = [message["state"] for _, message in world.screen.of_kind("state")]
    assert states[-1:] in ([], ["idle"])


def a_session_leaves_nothing(world: World) -> None:
    """After the session no call and no task is left."""
    assert (world.left_calls, world.left_tasks) == ([], [])


def sound_never_stops(world: World) -> None:
    """Every 20 ms a frame leaves, on time."""
    sent_us, pts_us = np.array([(sent, pts) for sent, pts, _ in world.screen.audio]).T
    assert set(np.diff(pts_us)) <= {FRAME_MS * 1000}
    assert (np.abs(sent_us - pts_us) < 1000).all()


def one_voice_at_a_time(world: World) -> None:
    """Replies never mix nor alternate, and of each no millisecond is lost, repeated or out of order."""
    known = {0} | {speech.number for speech in world.voice.speeches}
    assert set(world.heard.speech) <= known, "two replies were mixed"
    order = [int(number) for number, _ in groupby(world.heard.speech[world.heard.speech > 0])]
    assert len(order) == len(set(order)), f"replies alternate: {order}"
    for number in order:
        places = world.heard.place[world.heard.of(number)]
        assert (places == np.arange(len(places))).all(), f"speech {number} has holes"


def the_dead_are_silent(world: World) -> None:
    """Of a generation that was interrupted or dropped nothing sounds, is written or is spoken any more."""
    for at_us, stop in world.bus.of_kind("interrupt"):
        of = (stop.turn_id, stop.generation)
        for speech in world.voice.speeches:
            if (speech.turn_id, speech.generation) == of:
                assert sounds_until_ms(world, speech) <= at_us / 1000 + STOP_MS, f"{of} goes on"
                assert speech.call.closed_s is not None
                assert speech.call.closed_s <= at_us / 1_000_000 + MODEL_STEP_S, (
                    f"the voice goes on with {of}"
                )
        for thought in world.mind.thoughts:
            if (thought.turn_id, thought.generation) == of:
                late_s = thought.last_text_s - at_us / 1_000_000
                assert late_s <= MODEL_STEP_S, f"the mind goes on with {of} for {late_s} s"


def only_the_released_sound(world: World) -> None:
    """A reply sounds only after its release, which is told on NATS."""
    started = {(e.turn_id, e.generation): at_us for at_us, e in world.bus.of_kind("reply.started")}
    for speech in world.voice.speeches:
        since_ms = sounds_since_ms(world, speech)
        if since_ms is not None:
            assert started[(speech.turn_id, speech.generation)] / 1000 <= since_ms + FRAME_MS


def memory_is_what_left(world: World) -> None:
    """History has the words whose sound left, to within one word of each reply."""
    remembered = Counter(word for move in world.history if not move.is_user for word in move.text.split())
    compare(world, remembered, "history")


def the_mind_is_told_the_truth(world: World) -> None:
    """No word stands in the history of a `generate` that did not sound before it."""
    sounded = {word for speech in world.voice.speeches for word in heard_words(world, speech)}
    for thought in world.mind.thoughts:
        told = [word for is_user, text in thought.history if not is_user for word in text.split()]
        for speech in world.voice.speeches:
            invented = [w for w in told if w in speech.text.split() and w not in sounded]
            assert len(invented) <= WORDS_OFF, f"{invented} in the history of {thought}"


def captions_tell_what_left(world: World) -> None:
    """Captions never go back, and each reply that was shown is done once."""
    shown = sorted(
        (message for _, message in world.screen.of_kind("reply")),
        key=lambda m: (m["turn_id"], m["generation"]),
    )
    for of, messages in groupby(shown, key=lambda m: (m["turn_id"], m["generation"])):
        of_one = list(messages)
        ends = [message["heard_end"] for message in of_one]
        assert ends == sorted(ends), f"the caption of {of} goes back"
        assert [m["done"] for m in of_one].count(True) == 1, f"{of} is done once"
        assert of_one[-1]["done"]


LAWS = (
    nothing_complains, everything_ends, a_session_leaves_nothing, sound_never_stops, one_voice_at_a_time,
    the_dead_are_silent, only_the_released_sound, memory_is_what_left, the_mind_is_told_the_truth,
    captions_tell_what_left,
)  # fmt: skip


# -- what a recording says ----------------------------------------------------------------------------


def heard_words(world: World, speech: Speech) -> list[str]:
    """The words of a speech that left to their end."""
    sent_ms = len(world.heard.of(speech.number))
    return [speech.word(word) for word in speech.words if word.offset_ms + word.length_ms <= sent_ms]


def sounds_since_ms(world: World, speech: Speech) -> int | None:
    """Session time of the first sound of a speech; None when it never sounds."""
    at = world.heard.of(speech.number)
    return world.first_pts_ms + int(at[0]) if len(at) else None


def sounds_until_ms(world: World, speech: Speech) -> int:
    """Session time at which a speech has stopped to sound; 0 when it never did."""
    at = world.heard.of(speech.number)
    return world.first_pts_ms + int(at[-1]) + 1 if len(at) else 0


def compare(world: World, remembered: Counter[str], where: str) -> None:
    """Each speech's words are in `remembered` if and only if they left, with one word of grace."""
    sounded = Counter(word for speech in world.voice.speeches for word in heard_words(world, speech))
    for speech in world.voice.speeches:
        words = {speech.word(word) for word in speech.words} | set(speech.text.split())
        wrong = {
            word: (remembered[word], sounded[word]) for word in words if differs(word, remembered, sounded)
        }
        assert len(wrong) <= WORDS_OFF, f"{where} is wrong about (remembered, sounded): {wrong}"


def differs(word: str, remembered: Counter[str], sounded: Counter[str]) -> bool:
    """Said and forgotten, remembered and never said, or remembered more often than said."""
    return (remembered[word] > 0) != (sounded[word] > 0) or remembered[word] > max(1, sounded[word])
