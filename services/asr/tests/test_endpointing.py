"""Where speech starts, pauses and resumes, from made-up probabilities."""

from visavis_asr.endpointing import Edge, Endpointer, Phase, Rules

WINDOW = 512


def edges(probabilities, rules=Rules(pause_samples=3200), floor=0):  # noqa: B008
    endpointer = Endpointer(rules, floor)
    found = []
    for index, probability in enumerate(probabilities):
        edge = endpointer.step(probability, (index + 1) * WINDOW, 0.0)
        if edge is not None:
            found.append((edge, index))
    return endpointer, found


def test_one_strong_window_is_not_an_onset_but_two_are():
    assert edges([0.8, 0.1, 0.8, 0.1])[1] == []
    endpointer, found = edges([0.0, 0.0, 0.9, 0.9])
    assert found == [(Edge.STARTED, 3)]
    assert endpointer.onset_sample == 2 * WINDOW


def test_a_weak_window_and_a_strong_one_are_an_onset():
    assert edges([0.0, 0.3, 0.8])[1] == [(Edge.STARTED, 2)]
    assert edges([0.0, 0.4, 0.4, 0.4])[1] == []


def test_weak_windows_before_an_onset_belong_to_it_but_not_without_end():
    endpointer, _ = edges([0.0, 0.2, 0.3, 0.9])
    assert endpointer.onset_sample == WINDOW
    endpointer, _ = edges([0.2] * 10 + [0.9])
    assert endpointer.onset_sample == 6 * WINDOW


def test_an_onset_is_never_before_the_floor():
    endpointer, _ = edges([0.3, 0.3, 0.9, 0.9], floor=2 * WINDOW)
    assert endpointer.onset_sample == 2 * WINDOW


def test_a_pause_comes_at_the_window_nearest_to_its_length():
    endpointer, found = edges([0.9] * 6 + [0.0] * 10)
    assert found == [(Edge.STARTED, 1), (Edge.PAUSED, 9)]
    assert endpointer.speech_end == 4 * WINDOW
    assert endpointer.phase is Phase.PAUSED


def test_speech_is_held_through_weaker_windows():
    endpointer, found = edges([0.9] * 4 + [0.4, 0.0] * 10)
    assert found == [(Edge.STARTED, 1)]
    assert endpointer.voiced_samples == 4 * WINDOW


def test_resumed_needs_as_much_as_an_onset():
    paused = [0.9] * 6 + [0.0] * 5
    assert edges([*paused, 0.9, 0.0, 0.9, 0.0])[1][-1][0] is Edge.PAUSED
    endpointer, found = edges([*paused, 0.9, 0.9])
    assert found[-1] == (Edge.RESUMED, 12)
    assert endpointer.onset_sample == 11 * WINDOW


def test_quiet_comes_before_the_pause():
    assert not edges([0.9] * 6 + [0.0])[0].is_quiet
    assert edges([0.9] * 6 + [0.0] * 2)[0].is_quiet


def hushed(windows):
    """Whether a run of (probability, level) ends in a hush."""
    endpointer = Endpointer(Rules(), 0)
    for index, (probability, level_db) in enumerate(windows):
        endpointer.step(probability, (index + 1) * WINDOW, level_db)
    return endpointer.is_hushed


def test_the_first_window_after_the_voice_is_a_hush():
    voice = [(0.99, -30.0)] * 6
    assert not hushed(voice)
    assert hushed([*voice, (0.99, -45.0)]), "the VAD still holds, the level has fallen"
    assert hushed([*voice, (0.6, -31.0)]), "in a noisy room the level stays, the VAD lets go"
    assert not hushed([*voice, (0.99, -45.0), (0.99, -33.0)]), "it was the closure of a consonant"


def test_a_voice_that_grows_quieter_slowly_is_not_hushed():
    assert not hushed([(0.99, -20.0 - 0.25 * n) for n in range(80)])
