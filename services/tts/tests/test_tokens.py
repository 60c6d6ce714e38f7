# ruff: noqa: RUF001 (phonetic and typographic letters)
import pytest
from visavis_tts.tokens import MAX_TOKEN, Group, Token, align, speakable, tokens_of


def test_tokens_keep_their_place():
    assert tokens_of(" Hi  you!") == [Token(1, 3, "Hi"), Token(5, 9, "you!")]
    assert tokens_of(" ") == []


@pytest.mark.parametrize(
    ("token", "spoken"),
    [
        ("don't", "don't"),
        ("**bold**", "bold"),
        ("_it_", "it"),
        ("snake_case", "snake_case"),
        ("[x](/pˈ/)", "x(/pˈ/)"),
        ("`code`", "code"),
        ("\u200b", ""),
        ("$9.99", "$9.99"),
        ("1234567890123456", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6"),
        ("x" * 200, "x" * MAX_TOKEN),
    ],
)
def test_only_what_is_for_the_ear_is_spoken(token, spoken):
    assert speakable(token) == spoken


@pytest.mark.parametrize(
    ("written", "spoken", "groups"),
    [
        ("a b", "a b", [(0, 1, 0, 1), (1, 2, 1, 2)]),
        ("at 7:30 now", "at seven thirty now", [(0, 1, 0, 1), (1, 2, 1, 3), (2, 3, 3, 4)]),
        ("7:30 pm now", "seven thirty P.M. now", [(0, 2, 0, 3), (2, 3, 3, 4)]),
        ("don’t go", "don't go", [(0, 1, 0, 1), (1, 2, 1, 2)]),
        ("May 5 is", "May fifth is", [(0, 1, 0, 1), (1, 2, 1, 2), (2, 3, 2, 3)]),
        ("on 5 May", "on the fifth of May", [(0, 1, 0, 1), (1, 2, 1, 4), (2, 3, 4, 5)]),
        ("go ~ on", "go on", [(0, 1, 0, 1), (1, 2, 1, 1), (2, 3, 1, 2)]),
        ("x", "about x", [(0, 1, 0, 2)]),
        ("x", "x equals", [(0, 1, 0, 2)]),
        ("x", "", [(0, 1, 0, 0)]),
    ],
)
def test_spoken_words_find_the_written_ones(written, spoken, groups):
    assert align(written.split(), spoken.split()) == [Group(*g) for g in groups]


def test_a_token_of_several_words_stays_one_group():
    assert align(["1 2 3", "go"], ["1", "2", "3", "go"]) == [Group(0, 1, 0, 3), Group(1, 2, 3, 4)]


def test_a_token_without_sound_is_in_no_group():
    assert align(["", "go"], ["go"]) == [Group(1, 2, 0, 1)]
