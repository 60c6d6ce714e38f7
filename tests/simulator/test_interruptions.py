"""Speech over the avatar: what stops it and what does not, and what it remembers of a reply that was cut."""

from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from visavis_gateway.policy import Policy

from . import laws
from .marks import LOUD
from .script import Coughs, Hears, HearsOut, LosesReports, Pauses, PressesStop, Scenario, Speaks, Step, Types
from .world import World, simulate

QUESTION = Speaks("Tell me everything about it.")
LONG_REPLY = (25, 45)
DUCKED = 0.3 * LOUD
SPOKEN = (
    "please stop that now",
    "no wait",
    "I meant something else entirely.",
    "stop",
    "can you say it again?",
)
BACKCHANNELS = ("mhm", "yeah", "right", "uh-huh", "okay", "yeah yeah", "wow")

moments = st.floats(0.35, 5.0).map(lambda s: round(s, 3))
interruptions = st.one_of(
    st.sampled_from(SPOKEN).map(Speaks),
    st.builds(Speaks, st.sampled_from(SPOKEN), seconds=st.floats(0.4, 3.0)),
    st.just(PressesStop()),
    st.sampled_from(["What about cats?", "Never mind."]).map(Types),
)


def barge_in_times_us(world: World) -> list[int]:
    """When the ear said that speech began."""
    return [at_us for at_us, kind, _ in world.ear.log if kind == "speech_started"]


@given(
    st.lists(st.tuples(moments, interruptions), min_size=4, max_size=4), st.booleans(), st.integers(0, 10**6)
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_memory_is_what_was_heard_under_200_random_interruptions(
    cuts: list[tuple[float, Step]], loses_reports: bool, seed: int
) -> None:
    steps: list[Step] = [LosesReports(loses_reports)]
    for moment, interruption in cuts:
        steps += [QUESTION, Hears(moment), interruption, HearsOut()]
    world = simulate(Scenario(tuple(steps), seed, reply_words=(8, 20)))
    laws.check(world)
    assert world.person.wishes == []
    assume(any(turn["interrupted"] for turn in world.turns()))  # some replies are over before they are cut


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("words", ["please stop that now", "wait", "what about the other one"])
def test_an_interruption_ducks_at_once_and_stops_within_60_ms_of_the_decision(words: str, seed: int) -> None:
    seconds = 0.25 * len(words.split())
    steps = (QUESTION, Hears(0.6 + seed / 10), Speaks(words, seconds), HearsOut())
    world = simulate(Scenario(steps, seed, reply_words=LONG_REPLY))
    laws.check(world)
    cut, onset_us = world.voice.speeches[0], barge_in_times_us(world)[1]
    assert world.turns()[0]["interrupted"]
    begun_us = next(at_us for at_us, step in world.person.did if step == Speaks(words, seconds))
    known_us = next(at for at, _, text in world.ear.log if at > onset_us and said_enough(text))
    by_length_us = POLICY.barge_in_us + POLICY.notice_us  # a shorter sound has been noticed to end by then
    decided_us = min(known_us, begun_us + by_length_us)
    assert laws.sounds_until_ms(world, cut) <= decided_us / 1000 + laws.STOP_MS
    after = world.heard.of(cut.number)
    after = after[after + world.first_pts_ms > onset_us / 1000 + laws.STOP_MS]
    assert (world.heard.loudness[after] <= DUCKED).all()


def said_enough(text: str) -> bool:
    return len(text.split()) >= 2 or text == "wait"


POLICY = Policy()
SOUNDS: list[Step] = [Speaks(word, 0.2 + 0.03 * len(word)) for word in BACKCHANNELS]
SOUNDS += [Speaks(words, 0.9, confidence=0.6) for words in ("that's it that's it", "how far high")]  # laughs
SOUNDS += [Coughs(seconds) for seconds in (0.1, 0.2, 0.3, 0.4)]


def test_a_backchannel_or_a_cough_never_stops_the_avatar() -> None:
    for seed, sound in product(range(6), SOUNDS):
        steps = (QUESTION, Hears(0.5 + seed / 8), sound, Pauses(1.5), sound, HearsOut())
        world = simulate(Scenario(steps, seed, reply_words=LONG_REPLY))
        laws.check(world)
        assert [turn["interrupted"] for turn in world.turns()] == [False]
        [reply] = world.voice.speeches
        sent = world.heard.of(reply.number)
        assert len(sent) == reply.length_ms, "it was said to its end"
        assert world.heard.loudness[sent[-1]] == LOUD, "it is back at full level"


def test_a_reply_that_was_cut_for_a_noise_goes_on_by_itself() -> None:
    for seed in range(10):
        steps = (QUESTION, Hears(0.5 + seed / 3), Coughs(0.7 + seed / 25), HearsOut())
        world = simulate(Scenario(steps, seed, reply_words=LONG_REPLY))
        laws.check(world)
        cut, rest = world.turns()
        assert (cut["interrupted"], rest["interrupted"], rest["origin"]) == (True, False, "resumed")
        heard = {word for speech in world.voice.speeches for word in laws.heard_words(world, speech)}
        assert heard == set(cut["reply"].split()), "all of the reply was heard"
