import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_tts.clauses import MAX_CLAUSE, MAX_WORD, ClauseCutter
from visavis_tts.engine import Clause, Pause


def cut(text: str, *, at: tuple[int, ...] = ()) -> list[Clause]:
    """The clauses of `text`, pushed in pieces that end at the positions `at`."""
    cutter = ClauseCutter()
    edges = [0, *at, len(text)]
    clauses = [c for a, b in pairwise(edges) for c in cutter.push(text[a:b])]
    return clauses + cutter.finish()


# "|" marks where a clause ends.
CASES = [
    # the first clause
    "Sure!| I can help you with that.| Paris is nice.",
    "Hello,| how are you today?",
    "Hello there,| how are you today?",
    "Well,| I'd say so.",
    "To be honest,| I do not know.",
    "To make tea:| boil fresh water.",
    "I think so;| ask me again.",
    "Let me see —| it is late.",
    "I would like to know| whether you could tell me the way",
    "I live in a house| in the old town",
    "The best time to visit| is in late spring,| really.",
    "A really very extraordinarily long| opening phrase without punctuation goes on",
    "I like cats| and dogs",
    "What do you think| of that?",
    # later clauses are longer
    "Yes.| No, not now,| maybe later, but I am not sure about it yet.",
    "One moment.| It is a small old town,| quiet and green, with a river.",
    "Oh.| Well.| It was warm,| so we sat by the river,| ate our bread, and went home.",
    "Yes,| Paris is the capital of France| and it has been so for very long.",
    "Hello,| I am Mira,| and I am happy to meet you.",
    # abbreviations and initials
    "Dr. Smith is here.| Come in.",
    "Mr. and Mrs. Jones came.| So did I.| But she left.",
    "I met Prof. Lee today.| He is well.",
    "Use e.g. apples.| Or pears.",
    "Cats vs. dogs again.| Ok.",
    "J. K. Rowling wrote it.| Yes.",
    "The U.S. President spoke.| Fine.",
    "At 5 p.m. on Monday.",
    "He came at 5 p.m.| The train was gone.",
    "Take apples etc.| for the pie.| And go.",
    "Sept. 5 is fine.| Good.",
    "See No. 5 for that.",
    "No.| That is wrong.",
    "Acme Inc. sells it.| Buy now.",
    # numbers and times
    "It is 3.5,| not 4.",
    "It costs $9.99 now.| Ok.",
    "Is it 1,000 or 2,000?| Tell me.",
    "It's 10:30.| Go.",
    "He was born in 1999.| I know.",
    "1. Boil water.| 2. Add tea.",
    "1. Boil water\n| 2. Add tea\n\n| Enjoy!",
    "That great old house cost| 5 million dollars.",
    "We all came here last| January 5 at night.",
    # ellipses, quotes, brackets, dashes
    "Well... I don't know… maybe.",
    "Hmm… okay.| Fine.",
    '"Stop!" she said.| "Why?" he asked.',
    'He said "no."| Then he left.',
    "“Go away.”| He went.",
    "(See below.)| Then go.",
    "What?!| No way!!",
    "The old cat—| and the dog too—| they all ran.",
    "A well-known half-truth.| Yes.",
    "Go to https://example.com/a.b?c=d,| please.",
    # what is not a word
    "👋 Hello there!| 😀 How are you?",
    "Hello there!| - - -",
    "Price:| € 5.| Good.",
    "I'm *very* **happy.**| Me too.",
    "   Spaced   out   text.|   Yes.  ",
    "你好 Hello.",
]


def expected(marked: str) -> list[str]:
    found = [part.strip() for part in marked.split("|")]
    return [part for part in found if any(c.isalnum() for c in part)]


@pytest.mark.parametrize("marked", CASES)
def test_text_is_cut_where_a_speaker_would_pause(marked):
    assert [c.text for c in cut(marked.replace("|", ""))] == expected(marked)


@pytest.mark.parametrize("marked", CASES)
def test_the_borders_of_the_deltas_change_nothing(marked):
    text = marked.replace("|", "")
    whole = cut(text)
    for position in range(len(text) + 1):
        assert cut(text, at=(position,)) == whole
    assert cut(text, at=tuple(range(len(text)))) == whole


PIECES = ["a", "I", "the", "and", "in", "Dr.", "U.S.", "3.5", "x,", "y.", '"', "(", "—", "…", "1.", "p.m."]
PIECES += ["ok!", "你", "🙂", "No.", "\n"]


@given(st.lists(st.sampled_from(PIECES)), st.data())
@settings(max_examples=80, deadline=None)
def test_any_text_in_any_pieces_gives_the_same_clauses_in_order(words, data):
    text = " ".join(words)
    at = tuple(sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4))))
    clauses = cut(text, at=at)
    assert clauses == cut(text)
    for clause in clauses:
        assert text[clause.text_start : clause.text_end] == clause.text == clause.text.strip()
        assert any(c.isalnum() for c in clause.text)
    assert all(a.text_end <= b.text_start for a, b in pairwise(clauses))
    assert sum(c.isalnum() for c in text) == sum(c.isalnum() for k in clauses for c in k.text)


def test_a_word_still_being_written_is_never_in_a_clause():
    cutter = ClauseCutter()
    assert cutter.push("By all means, I ca") == [Clause("By all means,", 0, Pause.COMMA)]
    assert cutter.push("n do that.") == []
    assert cutter.push(" ") == [Clause("I can do that.", 14, Pause.SENTENCE)]


def test_flush_speaks_what_is_there_and_the_text_goes_on():
    cutter = ClauseCutter()
    assert cutter.push("I am thin") == []
    assert cutter.flush() == [Clause("I am thin", 0, Pause.NONE)]
    assert cutter.push("king. Well") == [Clause("king.", 9, Pause.SENTENCE)]
    assert cutter.finish() == [Clause("Well", 15, Pause.NONE, is_last=True)]


def test_flushing_nothing_gives_nothing():
    cutter = ClauseCutter()
    assert cutter.flush() == []
    assert cutter.push(" 🙂 … ") == []
    assert cutter.flush() == []
    assert cutter.push("Hi there. ") == [Clause("Hi there.", 5, Pause.SENTENCE)]
    assert cutter.finish() == []


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("Hi.", Pause.SENTENCE),
        ("Hi", Pause.NONE),
        ("So,", Pause.COMMA),
        ('"Hi!"', Pause.SENTENCE),
        ("at 5 p.m.", Pause.SENTENCE),
        ("well…", Pause.SENTENCE),
    ],
)
def test_the_last_clause_pauses_as_its_punctuation_says(text, pause):
    (clause,) = cut(text)
    assert (clause.pause, clause.is_last) == (pause, True)


@pytest.mark.parametrize("text", ["x" * 20_000, "# " * 10_000, "1" * 20_000, "a " * 10_000, "." * 20_000])
def test_clauses_are_bounded_and_cut_in_bounded_time(text):
    began = time.monotonic()
    clauses = cut(text)
    assert time.monotonic() - began < 5
    assert all(len(c.text) <= MAX_CLAUSE + MAX_WORD for c in clauses)
    assert sum(c.isalnum() for c in text) == sum(c.isalnum() for k in clauses for c in k.text)
