"""What the avatar and applications start."""

from itertools import pairwise

import pytest

from . import laws
from .script import (
    AppInterrupts,
    AppSays,
    AppSetsPersona,
    Fails,
    Hears,
    HearsOut,
    Pauses,
    PressesStop,
    Scenario,
    Speaks,
    Types,
)  # fmt: skip
from .world import GREETING, simulate

QUESTION = Speaks("What is your name?")
SAID = "s1w0 s1w1 s1w2, s1w3 s1w4 s1w5. s1w6 s1w7 s1w8 s1w9"


@pytest.mark.parametrize("seed", range(5))
def test_the_greeting_is_said_once_and_remembered(seed: int) -> None:
    world = simulate(Scenario((HearsOut(), Pauses(7.0), HearsOut()), seed, greets=True))
    laws.check(world)
    assert [(move.is_user, move.text) for move in world.history] == [(False, GREETING)]


@pytest.mark.parametrize("seed", range(5))
def test_who_speaks_during_the_greeting_is_listened_to(seed: int) -> None:
    steps = (Hears(0.4 + seed / 10), QUESTION, HearsOut())
    world = simulate(Scenario(steps, seed, greets=True))
    laws.check(world)
    assert world.turns()[0]["interrupted"]
    assert world.turns()[-1]["transcript"] == "What is your name?"
    assert world.turns()[-1]["heard"]


@pytest.mark.parametrize("seed", range(5))
def test_an_application_cuts_in(seed: int) -> None:
    steps = (Speaks("Tell me more."), Hears(0.5 + seed / 5), AppSays(SAID), HearsOut())
    world = simulate(Scenario(steps, seed, reply_words=(20, 30)))
    laws.check(world)
    cut, said = world.turns()
    assert (cut["interrupted"], said["origin"], said["heard"]) == (True, "say", SAID)


@pytest.mark.parametrize(
    ("stop", "is_meant"),
    [
        (AppInterrupts(), True),
        (AppInterrupts("t2"), True),
        (AppInterrupts("t2", 1), True),
        (AppInterrupts("t1"), False),
        (AppInterrupts("t9", 1), False),
    ],
)
def test_an_interrupt_ends_what_it_names_and_nothing_else(stop: AppInterrupts, is_meant: bool) -> None:
    steps = (AppSays("s0w0 s0w1."), HearsOut(), AppSays(SAID), Pauses(0.8), stop, HearsOut())
    world = simulate(Scenario(steps))
    laws.check(world)
    assert [turn["interrupted"] for turn in world.turns()] == [False, is_meant]


@pytest.mark.parametrize("stop", [PressesStop(), AppInterrupts(), Types("Never mind.")])
@pytest.mark.parametrize("wait_s", [0.0, 0.1, 0.3, 0.5, 0.8, 1.2, 2.0])
def test_a_command_stops_a_reply_at_any_moment(
    stop: PressesStop | AppInterrupts | Types, wait_s: float
) -> None:
    steps = (QUESTION, Pauses(wait_s), stop, HearsOut())
    laws.check(simulate(Scenario(steps, reply_words=(20, 30))))


def test_a_long_silence_is_broken_once_and_then_the_avatar_leaves() -> None:
    world = simulate(Scenario((QUESTION, HearsOut(), Pauses(140.0))))
    laws.nothing_complains(world)
    laws.a_session_leaves_nothing(world)
    laws.memory_is_what_left(world)
    assert [turn["origin"] for turn in world.turns()] == ["speech", "initiative", "goodbye"]
    assert world.screen.of_kind("bye")[-1][1]["reason"] == "timed_out"
    assert world.screen.is_closed


def test_who_answers_the_silence_is_asked_again_after_the_next_one() -> None:
    steps = (Pauses(61.0), HearsOut(), Speaks("Yes, I am here."), HearsOut(), Pauses(61.0), HearsOut())
    world = simulate(Scenario(steps))
    laws.check(world)
    assert [turn["origin"] for turn in world.turns()] == ["initiative", "speech", "initiative"]


@pytest.mark.parametrize("wait_s", [0.2, 0.6, 1.5])
def test_another_persona_takes_over_from_the_next_turn_on(wait_s: float) -> None:
    other = (AppSetsPersona("nobody"), Pauses(0.1), AppSetsPersona("other"), HearsOut())
    world = simulate(Scenario((QUESTION, Pauses(wait_s), *other, QUESTION, HearsOut()), reply_words=(20, 30)))
    laws.check(world)
    assert world.face.avatars == ["", "other"]
    assert [speech.voice for speech in world.voice.speeches] == ["", "other"]
    assert [turn["interrupted"] for turn in world.turns()] == [False, False]


def test_a_late_answer_begins_with_an_opener_now_and_then() -> None:
    steps = (Fails("mind", "slow"), *(QUESTION, HearsOut()) * 9)
    world = simulate(Scenario(steps, reply_words=(6, 10)))
    laws.check(world)
    openers = [turn["opener"] for turn in world.turns()]
    said = [opener for opener in openers if opener]
    assert len(said) == 3, "once in three turns"
    assert all(one != other for one, other in pairwise(said)), "never the same twice"
    for turn, number in zip(world.turns(), range(9), strict=True):
        assert turn["heard"].startswith(turn["opener"]), "it is remembered as said"
        assert turn["stages_ms"]["first_sent"] > 1500, f"turn {number}: an opener is not the answer"


def test_an_opener_that_was_said_is_remembered_when_the_user_cuts_in() -> None:
    for seed in range(4):
        steps = (Fails("mind", "slow"), QUESTION, Hears(0.5), Speaks("no wait"), HearsOut())
        laws.check(simulate(Scenario(steps, seed)))


def test_an_opener_that_cannot_be_spoken_costs_no_answer() -> None:
    refused = (Pauses(0.5), Fails("voice", "refuses"), Pauses(0.6), Fails("voice", ""))
    for seed in range(4):
        world = simulate(Scenario((Fails("mind", "slow"), QUESTION, *refused, HearsOut()), seed))
        laws.check(world)
        assert world.turns()[-1]["heard"]
