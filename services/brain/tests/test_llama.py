"""What only the embedded model can do: keep a prompt cache for each conversation, and let go at once."""

import asyncio
import contextlib
import json

import pytest
import pytest_asyncio
from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.engine import Cost, Line, Piece, Prompt, Role, Tool, ToolWish

from .conftest import MODELS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.models]
PERSONA = "You are Mira. " + "You love old films and long walks by the river. " * 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine():
    engine = load_engine(Config(backend="llama", models_dir=MODELS, slots=2))
    yield engine
    await engine.close()


def prompt(words: str, persona: str = PERSONA) -> Prompt:
    return Prompt((Line(Role.SYSTEM, persona), Line(Role.USER, words)), 8)


async def cost_of(conversation, asked: Prompt) -> Cost:
    costs = [event async for event in conversation.reply(asked) if isinstance(event, Cost)]
    return costs[-1]


async def test_a_warm_up_leaves_only_the_last_words_to_read(engine):
    with contextlib.closing(engine.open("s1")) as conversation:
        await conversation.warm(prompt("What is the capital of"))
        cost = await cost_of(conversation, prompt("What is the capital of Australia?"))
    assert cost.prompt - cost.cached < 12
    assert cost.cached > 100
    assert cost.completion > 0


async def test_a_session_finds_its_cache_in_its_next_turn(engine):
    for session in ("a", "b"):
        with contextlib.closing(engine.open(session)) as conversation:
            await conversation.warm(prompt("Hi", f"For {session}. {PERSONA}"))
    for session in ("b", "a", "b"):
        with contextlib.closing(engine.open(session)) as conversation:
            cost = await cost_of(conversation, prompt("Hi", f"For {session}. {PERSONA}"))
        assert cost.prompt - cost.cached < 5


async def test_a_warm_up_that_is_cancelled_frees_the_model(engine):
    loop = asyncio.get_running_loop()
    with contextlib.closing(engine.open("s1")) as conversation:
        await conversation.warm(prompt("Hi"))
        async with asyncio.TaskGroup() as tasks:
            warming = tasks.create_task(conversation.warm(prompt("never mind " * 600)))
            await asyncio.wait([warming], timeout=0.3)
            assert not warming.done()
            warming.cancel()
            await asyncio.wait([warming])
            cancelled = loop.time()
            async with contextlib.aclosing(conversation.reply(prompt("Hi"))) as events:
                async for event in events:
                    if isinstance(event, Piece):
                        break
    assert loop.time() - cancelled < 3  # reading all of it would take some 15 s


async def test_a_prompt_that_does_not_fit_is_refused_quickly(engine):
    with contextlib.closing(engine.open("s1")) as conversation:
        with pytest.raises(Exception, match="400"):
            await cost_of(conversation, prompt("word " * 5000))
        assert (await cost_of(conversation, prompt("Hi"))).completion > 0


async def test_the_embedded_model_asks_for_a_tool(engine):
    system = Line(Role.SYSTEM, "You are Mira. Answer in one short sentence.")
    city = '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}'
    weather = Tool("get_weather", "Current weather in a city.", city, is_read_only=True)
    asked = Prompt((system, Line(Role.USER, "What's the weather in Paris?")), 60, (weather,))
    with contextlib.closing(engine.open("s1")) as conversation:
        wishes = [event async for event in conversation.reply(asked) if isinstance(event, ToolWish)]
        assert [(wish.name, json.loads(wish.arguments_json)) for wish in wishes] == [
            ("get_weather", {"city": "Paris"})
        ]


@pytest.mark.parametrize(
    ("begun", "whole"),
    [
        ("Can you tell me?", "Can you tell me how to boil an egg?"),
        ("How do I get from", "How do I get from the airport to the city?"),
        ("The film that I saw yesterday.", "The film that I saw yesterday was about a whale."),
        (
            "My brother, who lives in Berlin,",
            "My brother, who lives in Berlin, is coming to see me next week.",
        ),
        ("Please remind me to.", "Please remind me to call my mother this evening."),
        ("When it rains,", "When it rains, what should I wear?"),
    ],
)
async def test_words_are_judged_by_how_sentences_go_on(engine, begun, whole):
    with contextlib.closing(engine.open("s1")) as conversation:
        assert await conversation.judge(prompt(begun)) < 0.02
        assert await conversation.judge(prompt(whole)) > 0.05
        cost = await cost_of(conversation, prompt(whole))
    assert cost.prompt - cost.cached < 12, "the reply finds the words in the cache"


async def test_marks_without_words_are_not_judged(engine):
    with contextlib.closing(engine.open("s1")) as conversation:
        assert await conversation.judge(prompt("...")) is None
