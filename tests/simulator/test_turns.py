"""The user's turn: pauses, second thoughts, speculation; and conversations made of anything."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import laws
from .script import (
    AppInterrupts,
    AppSays,
    AppSetsPersona,
    Coughs,
    Fails,
    Hears,
    HearsOut,
    Leaves,
    Pauses,
    PressesStop,
    Scenario,
    Speaks,
    Step,
    Types,
)  # fmt: skip
from .world import World, simulate


def user_moves(world: World) -> list[str]:
    return [move.text for move in world.history if move.is_user]


def sounding(world: World) -> list[int]:
    """Numbers of the speeches of which anything left, in order."""
    return [speech.number for speech in world.voice.speeches if len(world.heard.of(speech.number))]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pause_s", [0.2, 0.35, 0.5, 0.7, 0.85, 1.0])
@pytest.mark.parametrize("p", [0.0, 0.1, 0.3])
def test_a_pause_in_mid_turn_does_not_cut_the_user_off(pause_s: float, p: float, seed: int) -> None:
    parts = (Speaks("I would like to", p=p), Pauses(pause_s), Speaks("talk about the", p=p), Pauses(pause_s))
    world = simulate(Scenario((*parts, Speaks("sea and its fish."), HearsOut()), seed))
    laws.check(world)
    assert user_moves(world) == ["I would like to talk about the sea and its fish."]
    assert len(sounding(world)) == 1


@pytest.mark.parametrize("seed", range(12))
def test_nothing_of_a_speculation_leaves_when_speech_goes_on(seed: int) -> None:
    pause = Pauses(0.36 + seed / 200)  # noticed as a pause, over before the wait is
    steps = (Speaks("I live in Lisbon.", p=0.6), pause, Speaks("With my two cats."), HearsOut())
    world = simulate(Scenario(steps, seed))
    laws.check(world)
    first, second = world.mind.thoughts[0], world.mind.thoughts[-1]
    resumed_us = next(at for at, kind, _ in world.ear.log if kind == "resumed")
    assert (first.transcript, second.transcript) == (
        "I live in Lisbon.",
        "I live in Lisbon. With my two cats.",
    )
    assert first.died_s is not None
    assert first.died_s <= resumed_us / 1_000_000 + laws.MODEL_STEP_S
    assert not first.is_confirmed
    assert second.is_confirmed
    last = world.voice.speeches[-1]
    assert sounding(world) == [last.number]
    assert last.generation == second.generation


@pytest.mark.parametrize("seed", range(12))
def test_a_speculation_that_was_right_sounds_at_once(seed: int) -> None:
    world = simulate(Scenario((Speaks("What is your name?"), HearsOut()), seed))
    laws.check(world)
    [thought], [turn] = world.mind.thoughts, world.turns()
    stages = turn["stages_ms"]
    assert thought.is_confirmed
    assert stages["first_sent"] <= max(stages["transcript"], stages["first_audio"]) + 2 * laws.FRAME_MS


@pytest.mark.parametrize("seed", range(24))
def test_speech_soon_after_the_release_makes_one_turn_of_both_halves(seed: int) -> None:
    steps = (Speaks("I live in Lisbon."), Pauses(0.3 + seed / 40), Speaks("With my two cats."), HearsOut())
    world = simulate(Scenario(steps, seed))
    laws.check(world)
    released_us = world.bus.of_kind("reply.started")[0][0]
    onsets_us = [at for at, kind, _ in world.ear.log if kind in ("speech_started", "resumed")]
    if len(onsets_us) < 2 or onsets_us[1] < released_us + 300_000:
        assert user_moves(world) == ["I live in Lisbon. With my two cats."]
    else:
        assert user_moves(world) == ["I live in Lisbon.", "With my two cats."]


def test_speculation_wastes_less_than_is_heard() -> None:
    dice = random.Random(1)
    steps: list[Step] = []
    for _ in range(30):
        for part in ("I live in Lisbon.", "With my two cats.")[: dice.choice([1, 1, 2])]:
            steps += [Speaks(part, p=dice.choice([0.4, 0.6, 0.9])), Pauses(dice.uniform(0.25, 0.7))]
        steps.append(HearsOut())
    world = simulate(Scenario(tuple(steps), reply_words=(8, 16)))
    laws.check(world)
    heard = {word for speech in world.voice.speeches for word in laws.heard_words(world, speech)}
    written = [word for thought in world.mind.thoughts for word in thought.text.split()]
    assert len(world.mind.thoughts) > len(user_moves(world)), "some guesses were wrong"
    assert sum(word not in heard for word in written) <= 1.0 * len(heard)


def test_forty_turns_leave_nothing_behind() -> None:
    steps = [step for n in range(40) for step in (Speaks(f"What is number {n}?"), HearsOut())]
    world = simulate(Scenario(tuple(steps), reply_words=(4, 10)))
    laws.check(world)
    assert len(world.turns()) == 40
    assert len(user_moves(world)) == 40


def said(number: int, count: int, end: str, pace: float, p: float | None) -> Speaks:
    """Words that are said only once."""
    return Speaks(" ".join(f"u{number}w{i}" for i in range(count)) + end, count * pace, p)


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.integers(2, 7),
                st.sampled_from([".", "?", ""]),
                st.floats(0.15, 0.5),
                st.sampled_from([None, 0.4, 0.6, 0.9]),
            ),
            st.floats(0.05, 2.5).map(Pauses),
            st.floats(0.05, 3.0).map(Hears),
            st.just(HearsOut()),
        ),
        min_size=1,
        max_size=7,
    ),
    st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_nothing_that_the_user_says_is_lost_or_doubled(shapes: list[Any], seed: int) -> None:
    script = [said(n, *s) if isinstance(s, tuple) else s for n, s in enumerate(shapes)]
    world = simulate(Scenario(tuple(script), seed))
    laws.check(world)
    spoken = [word for step in script if isinstance(step, Speaks) for word in step.text.split()]
    assert " ".join(user_moves(world)).split() == spoken


MIND_FAULTS = ["", "slow", "refuses", "mute", "breaks", "error", "empty"]
words = st.sampled_from(
    [
        "What is your name?",
        "I would like to",
        "mhm",
        "stop",
        "no wait",
        "so... what I wanted",
        "Tell me more.",
    ]
)
seconds = st.floats(0.05, 3.0).map(lambda s: round(s, 3))
steps = st.one_of(
    st.builds(Speaks, words, seconds, st.sampled_from([None, 0.0, 0.4, 0.6, 1.0])),
    words.map(Speaks),
    seconds.map(Pauses),
    seconds.map(Pauses),
    seconds.map(Hears),
    st.floats(0.05, 1.5).map(Coughs),
    st.just(HearsOut()),
    words.map(Types),
    st.just(PressesStop()),
    st.integers(0, 10**6).map(lambda n: AppSays(" ".join(f"s{n}w{i}" for i in range(8)))),
    st.sampled_from(["sim", "other", "nobody"]).map(AppSetsPersona),
    st.builds(AppInterrupts, st.sampled_from(["", "t1", "t2"]), st.integers(0, 2)),
    st.builds(Fails, st.just("ear"), st.sampled_from(["", "lost finals", "breaks"])),
    st.builds(Fails, st.just("mind"), st.sampled_from(MIND_FAULTS)),
    st.builds(Fails, st.just("voice"), st.sampled_from(["", "refuses"])),
)


@given(st.lists(steps, max_size=8), st.booleans(), st.integers(0, 10**6))
@settings(max_examples=120, deadline=None, derandomize=True)
def test_whatever_happens_the_laws_hold(script: list[Step], greets: bool, seed: int) -> None:
    laws.check(simulate(Scenario(tuple(script), seed, greets=greets, judged=0.6 * (seed % 2))))


@given(st.lists(steps, min_size=1, max_size=4), seconds, st.integers(0, 10**6))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_who_leaves_in_the_middle_leaves_nothing_behind(script: list[Step], wait: float, seed: int) -> None:
    world = simulate(Scenario((*script, Pauses(wait), Leaves(), Pauses(8.0)), seed, greets=True))
    laws.nothing_complains(world)
    laws.a_session_leaves_nothing(world)
    laws.one_voice_at_a_time(world)
    laws.the_dead_are_silent(world)
    assert world.screen.is_closed
