import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_brain.spoken import SpokenText

TABLE = [
    ("plain", "The capital is Canberra.", "The capital is Canberra."),
    ("bold", "It is **really** good.", "It is really good."),
    ("italic", "It is *really* good.", "It is really good."),
    ("bold at the start", "**Yes**, of course.", "Yes, of course."),
    ("inline code", "Call `print` twice.", "Call print twice."),
    ("code block", "Like this:\n```python\nprint('hi')\n```\nEasy.", "Like this: Easy."),
    ("code block never closed", "Like this: ```python\nprint('hi')", "Like this:"),
    ("heading", "# Dinner\nRice is nice.", "Dinner, Rice is nice."),
    ("dashes as bullets", "You need:\n- rice\n- beans", "You need: rice, beans"),
    ("stars as bullets", "You need:\n* rice\n* beans.", "You need: rice, beans."),
    ("round bullets", "\u2022 rice\n\u2022 beans", "rice, beans"),
    ("numbers as bullets", "1. Cook rice.\n2. Eat it.", "Cook rice. Eat it."),
    ("numbers with brackets", "1) rice\n2) beans", "rice, beans"),
    ("a year is no bullet", "1969. That was the year.", "1969. That was the year."),
    ("a decimal is no bullet", "3.5 litres will do.", "3.5 litres will do."),
    (
        "a minus inside is no bullet",
        "A well-known film - and a good one.",
        "A well-known film - and a good one.",
    ),
    ("paragraphs", "Hello.\n\nHow are you?", "Hello. How are you?"),
    ("line without a mark", "Hello there\nHow are you?", "Hello there, How are you?"),
    ("emoji at the end", "Nice! \U0001f60a", "Nice!"),
    ("emoji before a mark", "Hello \U0001f44b\U0001f3fd!", "Hello!"),
    ("emoji inside", "I \u2764\ufe0f you.", "I you."),
    ("joined emoji", "A family \U0001f468\u200d\U0001f469\u200d\U0001f467 here.", "A family here."),
    ("own label", "Mira: Hello!", "Hello!"),
    ("own label in bold", "**Mira:** Hello!", "Hello!"),
    ("assistant label", "Assistant: Hello!", "Hello!"),
    ("label in another line", "Sure.\nMira: Hello!", "Sure. Hello!"),
    ("speaks for the user", "I am fine.\nUser: And you?\nMira: Good.", "I am fine."),
    ("begins with the user's label", "User: Hello!", "Hello!"),
    ("a word like a label", "Miracles happen. Air is free.", "Miracles happen. Air is free."),
    ("a name without a colon", "Mira is my name.", "Mira is my name."),
    ("calls the user by its own name", "Mira, you are tired.", "You are tired."),
    ("its own name inside", "I am Mira, and you?", "I am Mira, and you?"),
    ("stage direction", "*smiles warmly* Hello there.", "Hello there."),
    ("link", "See [the page](https://example.org/a) now.", "See the page now."),
    ("brackets that are no link", "He said [sic] so.", "He said [sic] so."),
    ("bare address", "Look at https://example.org/a?b=c. It helps.", "Look at a link. It helps."),
    ("tag", "Well<br>yes.", "Wellyes."),
    ("special token", "Fine.<|im_end|>", "Fine."),
    ("less than", "3 < 4 is true.", "3 < 4 is true."),
    ("product", "That is 3 * 4 and 5*6.", "That is 3 times 4 and 5 times 6."),
    ("snake case", "Use my_name here.", "Use my name here."),
    ("spaces", "  So   many \t spaces . ", "So many spaces."),
    ("quote", "> Be bold.", "Be bold."),
    ("strike", "It is ~~bad~~ good.", "It is bad good."),
    (
        "other scripts",
        "\u4f60\u597d\u3002\u5f88\u9ad8\u5174\uff01",
        "\u4f60\u597d\u3002\u5f88\u9ad8\u5174\uff01",
    ),
    ("accents", "\u00c7a va ? Oui, na\u00efve.", "\u00c7a va? Oui, na\u00efve."),
    ("only marks", "***", ""),
    ("only a bullet", "Yes.\n- ", "Yes."),
    ("nothing", "", ""),
]
FRAGMENTS = "a|Mira|User|:| |\n|*|**|- |1|.|`|```|_|\U0001f60a|https://e.org|#|3| * |!|, |word"


def spoken(pieces, name="Mira"):
    text = SpokenText(name)
    return "".join([*(text.feed(piece) for piece in pieces), text.finish()])


@pytest.mark.parametrize(("written", "heard"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_text_is_made_for_the_ear_however_it_is_cut(written, heard, size):
    assert spoken(written[n : n + size] for n in range(0, len(written), size)) == heard


@given(st.lists(st.sampled_from(FRAGMENTS.split("|")), max_size=25).map("".join), st.integers(1, 7))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_pieces_do_not_change_the_words(written, size):
    assert spoken(written[n : n + size] for n in range(0, len(written), size)) == spoken([written])


def test_words_are_not_held_back():
    text = SpokenText("Mira")
    assert [text.feed(piece) for piece in ("The", " capital", " is", " Can", "berra")] == [
        "The",
        " capital",
        " is",
        " Can",
        "berra",
    ]


def test_only_what_may_be_a_mark_waits():
    text = SpokenText("Mira")
    assert [text.feed(piece) for piece in ("So", " *", "very", "*", " good")] == [
        "So",
        "",
        " very",
        "",
        " good",
    ]


def test_it_says_when_the_model_speaks_for_the_user():
    text = SpokenText("Mira")
    text.feed("I am fine.\nUser: so")
    assert text.ended
    assert text.feed(" am I.") == ""
