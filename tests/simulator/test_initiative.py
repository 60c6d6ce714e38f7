"""What the avatar and applications start."""

import pytest

from . import laws
from .script import AppInterrupts, AppSays, Hears, HearsOut, Pauses, PressesStop, Scenario, Speaks, Types
from .world import GREETING, simulate

SAID = "s1w0 s1w1 s1w2, s1w3 s1w4 s1w5. s1w6 s1w7 s1w8 s1w9"


@pytest.mark.parametrize("seed", range(5))
def test_the_greeting_is_said_once_and_remembered(seed: int) -> None:
    world = simulate(Scenario((HearsOut(), Pauses(7.0), HearsOut()), seed, greets=True))
    laws.check(world)
    assert [(move.is_user, move.text) for move in world.history] == [(False, GREETING)]


@pytest.mark.parametrize("seed", range(5))
def test_who_speaks_during_the_greeting_is_listened_to(seed: int) -> None:
    steps = (Hears(0.4 + seed / 10), Speaks("What is your name?"), HearsOut())
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


@pytest.mark.parametrize("stale", [AppInterrupts("t9"), AppInterrupts("t2"), AppInterrupts("t1", 0)])
def test_a_stale_interrupt_is_ignored(stale: AppInterrupts) -> None:
    steps = (AppSays("s0w0 s0w1."), HearsOut(), AppSays(SAID), Pauses(0.8), HearsOut())
    expects_cut = stale.turn_id == "t2"
    world = simulate(Scenario((*steps[:3], Pauses(0.8), stale, HearsOut())))
    laws.check(world)
    assert [turn["interrupted"] for turn in world.turns()] == [False, expects_cut]


@pytest.mark.parametrize("stop", [PressesStop(), AppInterrupts(), Types("Never mind.")])
@pytest.mark.parametrize("wait_s", [0.0, 0.1, 0.3, 0.5, 0.8, 1.2, 2.0])
def test_a_command_stops_a_reply_at_any_moment(
    stop: PressesStop | AppInterrupts | Types, wait_s: float
) -> None:
    steps = (Speaks("What is your name?"), Pauses(wait_s), stop, HearsOut())
    laws.check(simulate(Scenario(steps, reply_words=(20, 30))))
