"""Services that fail in mid-conversation: every wait ends, and the next turn works."""

import pytest

from . import laws
from .script import AppInterrupts, Fails, Hears, HearsOut, LosesLine, LosesReports, Pauses, Scenario, Speaks
from .world import simulate

LONGEST_WAIT_S = 25.0
SEEDS = range(4)
QUESTION = Speaks("What is your name?")


@pytest.mark.parametrize(("service", "how"), [
    ("ear", "lost finals"),
    *(("mind", how) for how in ("refuses", "mute", "breaks", "error", "empty")),
    ("voice", "refuses"),
        ("voice", "mute"),
        ("voice", "breaks"),
        ("voice", "stalls"),
        ("mind", "stalls"),
])  # fmt: skip
def test_a_service_that_fails_holds_no_turn(service: str, how: str) -> None:
    steps = (Fails(service, how), QUESTION, HearsOut(), Fails(service, ""), Speaks("And now?"), HearsOut())
    for seed in SEEDS:
        world = simulate(Scenario(steps, seed))
        laws.check(world)
        (asked_us, _), (rested_us, _) = world.person.did[1], world.person.did[3]
        assert rested_us - asked_us < LONGEST_WAIT_S * 1_000_000
        assert world.turns()[-1]["transcript"] == "And now?"
        assert world.turns()[-1]["heard"]


def test_reports_that_are_lost_change_nothing() -> None:
    steps = (QUESTION, Pauses(0.5), LosesReports(), HearsOut(), QUESTION, HearsOut())
    for seed in SEEDS:
        laws.check(simulate(Scenario(steps, seed, reply_words=(20, 30))))


@pytest.mark.parametrize("seed", range(10))
def test_an_ear_that_breaks_in_mid_turn_loses_no_turn(seed: int) -> None:
    steps = (
        Speaks("I would like to", p=0.1), Pauses(0.3), Fails("ear", "breaks"), Pauses(seed / 10),
        Speaks("see the sea."), HearsOut(),
    )  # fmt: skip
    world = simulate(Scenario(steps, seed))
    laws.check(world)
    assert len(world.ear.calls) == 2
    assert world.turns()[-1]["heard"]


@pytest.mark.parametrize("heard_s", [0.5, 1.3, 2.9])
def test_a_line_that_is_lost_lowers_the_mark_to_what_arrived(heard_s: float) -> None:
    for seed in SEEDS:
        cut = (Hears(heard_s), LosesLine(), Pauses(1.6), AppInterrupts(), Pauses(0.5), LosesLine(False))
        world = simulate(Scenario((QUESTION, *cut, HearsOut()), seed, reply_words=(25, 30)))
        laws.nothing_complains(world)
        laws.everything_ends(world)
        [speech] = world.voice.speeches
        arrived_ms = len(world.screen.arrived().of(speech.number))
        arrived = sum(word.offset_ms + word.length_ms <= arrived_ms for word in speech.words)
        assert abs(len(world.turns()[0]["heard"].split()) - arrived) <= laws.WORDS_OFF
