import pytest
from visavis_brain.engine import Line, Role, Tool
from visavis_brain.prompt import (
    CUT_OFF,
    OPENING,
    SILENCE,
    Move,
    Persona,
    compose,
    conversation_lines,
    fits,
    system_text,
    token_estimate,
    trimmed,
    with_notes,
)

MIRA = Persona("Mira", "You love old films.", "", 60)
USER = Move(is_avatar=False, text="Hi.")
AVATAR = Move(is_avatar=True, text="Hello!")


def test_the_persona_comes_first_then_the_conversation():
    prompt = compose(MIRA, (USER, AVATAR), "Who are you?", (), 4096)
    assert [line.role for line in prompt.lines] == [Role.SYSTEM, Role.USER, Role.AVATAR, Role.USER]
    assert "Mira" in prompt.lines[0].text
    assert "old films" in prompt.lines[0].text
    assert prompt.lines[-1].text == "Who are you?"


def test_the_model_gets_room_to_end_its_sentence():
    assert compose(MIRA, (), "Hi", (), 4096).max_token_count == 90


def test_a_language_is_named():
    assert "German" in system_text(Persona("Mira", "", "de-AT", 60))
    assert "sw-KE" in system_text(Persona("Mira", "", "sw-KE", 60))
    assert "Always speak" not in system_text(MIRA)


def test_without_a_user_the_persona_takes_the_initiative():
    assert compose(MIRA, (), "", (), 4096).lines[-1] == Line(Role.USER, OPENING)
    assert compose(MIRA, (USER, AVATAR), " ", (), 4096).lines[-1] == Line(Role.USER, SILENCE)


def test_a_warm_up_before_any_word_ends_with_the_history():
    warm = compose(MIRA, (USER, AVATAR), None, (), 4096)
    assert warm.lines == compose(MIRA, (USER, AVATAR), "Who are you?", (), 4096).lines[:-1]
    assert compose(MIRA, (), None, (), 4096).lines == warm.lines[:1]


def test_words_that_were_cut_off_are_marked():
    cut = Move(is_avatar=True, text="First you take the", was_interrupted=True)
    lines = conversation_lines((USER, cut), "Stop.")
    assert [line.text for line in lines] == ["Hi.", f"First you take the{CUT_OFF}", "Stop."]


def test_a_reply_that_was_never_heard_leaves_no_trace():
    lines = conversation_lines((USER, Move(is_avatar=True, text="", was_interrupted=True)), "Are you there?")
    assert lines == [Line(Role.USER, "Hi. Are you there?")]


def test_the_prefix_is_stable_from_turn_to_turn():
    first = compose(MIRA, (USER, AVATAR), "One?", (), 4096).lines
    second = compose(MIRA, (USER, AVATAR, Move(False, "One?"), AVATAR), "Two?", (), 4096).lines
    assert second[: len(first)] == first


def test_long_history_loses_its_oldest_lines():
    moves = [Move(n % 2 == 1, f"{n} " + "word " * 40) for n in range(60)]
    prompt = compose(MIRA, tuple(moves), "And now?", (), 1500)
    assert sum(token_estimate(line.text) for line in prompt.lines) + prompt.max_token_count <= 1500
    assert prompt.lines[-1].text == "And now?"
    assert prompt.lines[-2].text.startswith("59 ")


def test_the_cut_stays_put_for_some_turns():
    lines = [Line(Role.USER if n % 2 else Role.AVATAR, f"{n} " + "word " * 40) for n in range(60)]
    firsts = {trimmed(lines[:count], 800)[0].text for count in range(40, 48)}
    assert len(firsts) <= 2


def test_the_end_of_an_endless_line_stays():
    prompt = compose(MIRA, (), "word " * 790 + "why?", (), 600)
    assert prompt.lines[-1].text.endswith("why?")
    assert sum(token_estimate(line.text) for line in prompt.lines) + prompt.max_token_count <= 600


@pytest.mark.parametrize(("size", "is_small_enough"), [(100, True), (8000, True), (20000, False)])
def test_a_persona_must_leave_room_for_talk(size, is_small_enough):
    assert fits(Persona("Mira", "x" * size, "", 60), 4096) is is_small_enough


def test_tools_are_handed_on_and_take_room():
    tool = Tool("weather", "Looks out of the window.", '{"type": "object"}', is_read_only=True)
    assert compose(MIRA, (), "Hi", (tool,), 4096).tools == (tool,)


def test_notes_stand_before_the_words_so_that_words_may_grow():
    short, longer = (
        with_notes("When do", ("We open at noon.",)),
        with_notes("When do you", ("We open at noon.",)),
    )
    assert longer.startswith(short)
    assert short.index("noon") < short.index("When do")
    assert with_notes("When do", ()) == "When do"
    assert with_notes(" ", ("We open at noon.",)) == " "
