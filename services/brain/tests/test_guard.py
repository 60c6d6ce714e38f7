"""Refused topics: found by their words, in what is heard and in what the model writes."""

import grpc
import pytest
from visavis.brain.v1 import brain_service_pb2 as pb
from visavis_brain.guard import Guard, GuardedText, Refusal, rule
from visavis_brain.prompt import Persona, system_text

from .conftest import FINISH, begin, generate, rest, start, text_of

DOSE = Refusal("medical advice", ("dose", "diagnos*", "side effects"), "Please ask a doctor.")
SECRET = Refusal("", ("project falcon",), "I can't talk about that.")
GUARD = Guard((DOSE, SECRET))


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("What DOSE should I take?", DOSE),
        ("Can you diagnose me", DOSE),
        ("my diagnosis is bad", DOSE),
        ("are there  side\neffects?", DOSE),
        ("tell me about Project Falcon", SECRET),
        ("an overdose of sugar", None),
        ("doses", None),
        ("the side has effects", None),
        ("", None),
    ],
)
def test_words_give_a_topic_away(text, refusal):
    assert GUARD.refused(text) is refusal


def written(*pieces: str) -> tuple[str, Refusal | None]:
    """What is said of a reply that comes in pieces."""
    text = GuardedText(GUARD)
    said = "".join(text.feed(piece) for piece in pieces) + text.feed("", is_last=True)
    return said + text.refuse(), text.refusal


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (("Sure. ", "Take one dose", " a day."), "Sure. Take one \N{EM DASH} Please ask a doctor."),
        (("Sure.", " The do", "se is small."), "Sure. The do \N{EM DASH} Please ask a doctor."),
        (("Dose", " it."), "Please ask a doctor."),
        (("All well. ", "Dose"), "All well. Please ask a doctor."),
        (("It is a dose", "-free day."), "It is a \N{EM DASH} Please ask a doctor."),
        (("It is a dose", "r of cows."), "It is a doser of cows."),
        (("Nothing to hide",), "Nothing to hide"),
    ],
)
def test_a_reply_breaks_off_where_a_refused_topic_begins(pieces, said):
    assert written(*pieces)[0] == said


def test_the_model_is_told_the_topics_and_only_where_there_are_any():
    persona = Persona("Mira", "You are kind.", "en", 60, (DOSE, SECRET))
    assert system_text(persona).endswith("say kindly that you can't: medical advice.")
    assert rule((SECRET,)) == rule(()) == ""


def refusing(*refusals: pb.Refusal) -> pb.ReplyRequest:
    return start(persona=pb.Persona(name="Mira", prompt="You are kind.", refusals=refusals))


async def reply_to(stub, first: pb.ReplyRequest, transcript: str) -> list[pb.ReplyResponse]:
    call = await begin(stub, first)
    await call.write(generate(1, transcript))
    await call.write(FINISH)
    return await rest(call)


async def test_a_refused_question_never_reaches_the_model(stub, engine):
    persona = refusing(pb.Refusal(topic="cities", words=["capital"], reply="I don't do cities."))
    responses = await reply_to(stub, persona, "What is the capital of Australia?")
    assert text_of(responses, 1) == "I don't do cities."
    assert responses[-1].done.finish_reason == pb.FINISH_REASON_STOP
    assert not engine.asked


async def test_a_refused_answer_is_cut(stub):
    persona = refusing(pb.Refusal(words=["Sydney"], reply="I'd rather not say."))
    responses = await reply_to(stub, persona, "What is the capital of Australia?")
    said = "Canberra is the capital of Australia. It lies between \N{EM DASH} I'd rather not say."
    assert text_of(responses, 1) == said
    assert responses[-1].done.finish_reason == pb.FINISH_REASON_STOP


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (pb.Refusal(words=["x"]), "persona.refusals.reply"),
        (pb.Refusal(words=[" * "], reply="no"), "persona.refusals.words"),
        (pb.Refusal(words=["x" * 65], reply="no"), "persona.refusals.words"),
        (pb.Refusal(words=["x"] * 33, reply="no"), "persona.refusals.words"),
        (pb.Refusal(topic="x" * 201, reply="no"), "persona.refusals.topic"),
    ],
)
async def test_a_bad_refusal_names_its_field(stub, refusal, field):
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await reply_to(stub, refusing(refusal), "Hello")
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in error.value.details()


async def test_too_many_refusals_are_refused(stub):
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await reply_to(stub, refusing(*[pb.Refusal(words=["x"], reply="no")] * 17), "Hello")
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
