import pytest
from visavis_brain.length import SpokenReply, is_ended, sentence_end


def said(pieces, limit, is_complete=True):
    reply = SpokenReply("Mira", limit)
    out = []
    for piece in pieces:
        out.append(reply.feed(piece))
        if reply.ended:
            break
    return "".join(out) + reply.finish(is_complete), reply


def tokens(text):
    """One token a word, as most models write: the space comes first."""
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("Yes. No", 4),
        ("Yes.", -1),
        ("It costs 3.50 now", -1),
        ("Ask Dr. Who", -1),
        ("Ask J. Smith", -1),
        ("So do I. Really", 8),
        ('He said "yes." Then', 14),
        ("Really?! Yes", 8),
        ("\u597d\u3002\u5f88", 2),
    ],
)
def test_sentence_end(text, end):
    assert sentence_end(text) == end


def test_a_short_reply_passes_as_it_is():
    text, reply = said(tokens("It is Canberra. A nice town."), 60)
    assert text == "It is Canberra. A nice town."
    assert not reply.was_cut


def test_a_missing_full_stop_is_added():
    assert said(tokens("It is Canberra"), 60)[0] == "It is Canberra."
    assert said(tokens("It is (probably Canberra)"), 60)[0] == "It is (probably Canberra)."


def test_a_comma_that_was_spoken_gets_no_full_stop():
    assert said(tokens("Well, **"), 60)[0] == "Well,"


def test_a_broken_reply_gets_no_full_stop():
    assert said(tokens("It is Can"), 60, is_complete=False)[0] == "It is Can"


def test_near_the_limit_the_next_sentence_end_is_the_last():
    text, reply = said(tokens("One two three four five. Six seven eight. Nine ten."), 10)
    assert text == "One two three four five."
    assert reply.was_cut


def test_a_sentence_may_run_past_the_limit():
    text, reply = said(tokens("One two three four five six seven eight nine ten eleven twelve. More."), 10)
    assert text == "One two three four five six seven eight nine ten eleven twelve."
    assert reply.was_cut


def test_an_endless_sentence_is_closed_at_a_word():
    text, reply = said(tokens("one two three, " * 20), 10)
    assert reply.was_cut
    assert is_ended(text)
    assert ",." not in text
    assert 10 <= len(text.split()) <= 15


def test_nothing_but_marks_stays_silent():
    assert said(["*"] * 40, 10)[0] == ""


@pytest.mark.parametrize("limit", range(1, 30))
def test_a_cut_reply_always_ends_at_a_sentence(limit):
    text, reply = said(
        tokens("Well, this is Mr. Smith, who is 3.5 feet tall, and I like him. Do you? " * 3), limit
    )
    assert reply.was_cut
    assert is_ended(text)
    assert len(text.split()) <= limit * 1.5 + 1
