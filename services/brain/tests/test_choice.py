"""Which model a machine can afford."""

from pathlib import Path

import pytest
from visavis_brain.choice import AROUND_MODEL_S, Speed, choose

SMALL, LARGE = Path("small.gguf"), Path("large.gguf")


def test_the_wait_is_what_the_model_reads_and_writes_and_the_rest():
    assert Speed(SMALL, 80, 60).voice_to_voice_s == pytest.approx(AROUND_MODEL_S + 0.1 + 0.1)


def test_the_largest_that_is_quick_enough_is_taken():
    speeds = [Speed(SMALL, 80, 58), Speed(LARGE, 29, 13)]
    chosen = choose(speeds, 1.2)
    assert chosen.file == LARGE
    assert chosen.why == (
        "the largest of 2 that answers within 1.2 s on this machine; "
        "large: 1.02 s expected, reads 29, writes 13 tokens/s; "
        "small: 0.48 s expected, reads 80, writes 58 tokens/s"
    )
    assert choose(speeds, 1.0).file == SMALL


def test_where_none_is_quick_enough_the_smallest_is_taken_and_said_so():
    chosen = choose([Speed(SMALL, 8, 5), Speed(LARGE, 3, 2)], 1.2)
    assert chosen.file == SMALL
    assert chosen.why.startswith("the smallest: none answers within 1.2 s on this machine")


def test_the_only_one():
    assert choose([Speed(SMALL, 80, 58)], 1.2).why.startswith("the only one here, and it answers")
