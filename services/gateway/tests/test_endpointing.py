"""When a pause is long enough."""

import pytest
from visavis_gateway.endpointing import Endpointing, EndpointingValues

VALUES = EndpointingValues()


@pytest.mark.parametrize(
    ("p_sound", "text", "low", "high"),
    [
        (0.95, "What is the capital of Australia?", 0.9, 1.0),
        (0.2, "What time is it?", 0.6, 1.0),  # the words outvote the sound
        (0.95, "I would like to", 0.0, 0.3),
        (0.95, "My name is Tom and", 0.0, 0.3),
        (0.95, "So, um", 0.0, 0.3),
        (0.9, "I live in Lisbon.", 0.9, 0.9),
        (0.1, "Yes.", 0.6, 1.0),
        (0.9, "Is it the?", 0.0, 0.3),
        (0.9, "", 0.0, 0.0),
        (0.2, "I feel tired today. What can I do?", 0.6, 1.0),
        (0.2, "What can I do? I feel", 0.0, 0.3),
        (0.95, "Can you tell me?", 0.0, 0.3),  # as an ear writes it in the pause before "how to boil an egg"
        (0.95, "Could you please explain?", 0.0, 0.3),
        (0.9, "Is there?", 0.0, 0.3),
        (0.98, "What is the difference between?", 0.0, 0.3),
        (0.4, "Could you tell me, um?", 0.0, 0.3),
        (0.7, "When it rains,", 0.0, 0.3),
        (0.9, "When it rains, I stay at home.", 0.9, 0.9),
        (0.9, "Can you explain what a computer does?", 0.9, 1.0),
        (0.9, "Is there a train to London?", 0.9, 1.0),
        (0.3, "Where are you from?", 0.6, 1.0),
        (0.99, "Better than he was.", 0.6, 0.8),
    ],
)
def test_words_correct_the_sound(p_sound, text, low, high):
    assert low <= Endpointing().p_complete(p_sound, text) <= high


@pytest.mark.parametrize(
    ("p_sound", "text", "p_words", "shortest_s", "longest_s"),
    [  # as an ear, smart-turn and the 0.5B model took what people and voices said
        (0.99, "What is the capital of France?", 0.185, 0.15, 0.2),
        (0.01, "Um, this is me talking really slow and slightly lower.", 0.302, 0.15, 0.7),
        (0.06, "He was not an ill-disposed young man.", 0.190, 0.15, 0.5),
        (0.98, "Seven of clubs.", 0.0034, 0.3, 0.9),
        (0.97, "The film that I saw yesterday.", 0.00001, 1.1, 2.5),
        (0.98, "Please remind me to.", 0.00001, 1.1, 2.5),
        (0.96, "My brother, who lives in Berlin,", 0.0048, 0.7, 2.5),
        (0.75, "She told me that.", 0.00001, 1.1, 2.5),
        (0.01, "The red fox has read many books, but.", 0.00001, 1.1, 2.5),
    ],
)
def test_the_models_verdict_on_the_words_decides(p_sound, text, p_words, shortest_s, longest_s):
    ears = Endpointing()
    wait_us = ears.wait_us(ears.p_complete(p_sound, text, p_words), text)
    assert shortest_s <= wait_us / 1e6 <= longest_s


def test_no_verdict_is_taken_at_its_word_near_zero_or_one():
    ears = Endpointing()
    assert 0 < ears.p_complete(0.0, "I would like to know", 0.0) < ears.p_complete(1.0, "Yes.", 1.0) < 1


def test_a_guess_is_made_on_a_whole_sentence_however_the_ear_wrote_it():
    ears = Endpointing()
    assert ears.is_worth_a_guess("What time is it?", None)
    assert not ears.is_worth_a_guess("What time is it", None)
    assert ears.is_worth_a_guess("What time is it", 0.4)
    assert not ears.is_worth_a_guess("What time is", 0.0001)


def test_the_wait_is_short_when_sure_and_long_when_not():
    ears = Endpointing()
    waits = [ears.wait_us(p / 20) for p in range(21)]
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] == VALUES.shortest_us
    assert waits[0] == VALUES.longest_us


def test_what_reads_like_a_sentence_is_not_waited_for_without_end():
    ears = Endpointing()
    assert ears.wait_us(0.05, "It was a long day.") == VALUES.longest_complete_us
    assert ears.wait_us(0.05, "It was a long day and") > 2_000_000


def test_a_user_who_pauses_a_lot_is_waited_for():
    ears = Endpointing()
    before = ears.wait_us(0.8)
    for _ in range(5):
        ears.learn(1_000_000)
    assert ears.wait_us(0.8) >= 1_000_000 > before
    assert ears.wait_us(0.95) < 400_000, "a turn that is surely over is not held up by the habit"


def test_gaps_between_words_are_no_habit():
    ears = Endpointing()
    ears.learn(1_000_000)
    before = ears.wait_us(0.8)
    for _ in range(20):
        ears.learn(170_000)
    assert ears.wait_us(0.8) == before


def test_one_huge_pause_does_not_make_the_avatar_mute():
    ears = Endpointing()
    ears.learn(60_000_000)
    assert ears.wait_us(0.1) <= VALUES.longest_us
