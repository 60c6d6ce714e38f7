"""The captions: both sides grow, corrections replace, and nothing that is said becomes markup."""

import json

import pytest
import pytest_asyncio

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(open_viewer):
    async with open_viewer() as viewer:
        await viewer.get(
            "import('/page/captions.js').then(({Captions}) => {"
            " const list = document.createElement('ol');"
            " document.body.append(list);"
            " window.captions = new Captions(list); })"
        )
        yield viewer


@pytest.fixture
def lines(page):
    """Run calls of Captions on an empty list; the text of each entry afterwards."""

    async def run(*calls):
        steps = "".join(f"captions.{name}({json.dumps(argument)});" for name, argument in calls)
        read = "[...captions.list.children].map((item) => item.querySelector('.words').textContent)"
        return await page.get(f"(() => {{ captions.clear(); {steps} return {read}; }})()")

    return run


def transcript(text, turn_id="t1", final=True):
    return ("setTranscript", {"turn_id": turn_id, "text": text, "final": final})


def reply(text, heard_end, turn_id="t1", done=False, interrupted=False):
    fields = {"turn_id": turn_id, "generation": 1, "text": text, "heard_end": heard_end}
    return ("setReply", fields | {"done": done, "interrupted": interrupted})


def turn(transcript="", turn_id="t1"):
    fields = {"turn_id": turn_id, "trace_id": "0af7651916cd43dd8448eb211c80319c", "transcript": transcript}
    stages = {
        "generate": -40,
        "end_of_turn": 310,
        "first_token": 300,
        "first_audio": 580,
        "first_sent": 640.4,
    }
    return ("setTurn", fields | {"origin": "speech", "stages_ms": stages})


async def test_partials_are_replaced(lines) -> None:
    assert await lines(transcript("what is", final=False), transcript("What is it?")) == ["What is it?"]


async def test_reply_grows_under_its_question(lines) -> None:
    calls = transcript("Hi."), reply("Hello", 2), reply("Hello there.", 12, done=True)
    assert await lines(*calls) == ["Hi.", "Hello there."]


async def test_question_that_comes_late_stands_before_its_reply(lines) -> None:
    assert await lines(reply("Hello.", 6), transcript("Hi.")) == ["Hi.", "Hello."]


async def test_interrupted_reply_ends_where_it_was_heard(lines) -> None:
    assert await lines(reply("Hello there.", 5, done=True, interrupted=True)) == ["Hello — interrupted"]


async def test_nothing_stays_faint_in_a_reply_that_is_done(lines, page) -> None:
    await lines(reply("Hello there.", 5), reply("Hello there.", 5, done=True))
    assert await page.get("captions.list.querySelector('.ahead').textContent") == ""


async def test_reply_of_which_nothing_was_heard_is_gone(lines) -> None:
    assert await lines(reply("Hello", 0), reply("Hello", 0, done=True, interrupted=True)) == []


async def test_nothing_grows_after_the_call(lines) -> None:
    calls = reply("Hello there.", 5), reply("Never heard.", 0, "t2"), ("settle", None)
    assert await lines(*calls) == ["Hello — interrupted"]


async def test_typed_words_appear_once(lines) -> None:
    assert await lines(("addTyped", "How are you?"), transcript("How are you?")) == ["How are you?"]


async def test_turn_in_two_halves_is_one_caption(lines) -> None:
    halves = transcript("What is"), turn("What is"), transcript("What is the time?", "t2")
    assert await lines(*halves) == ["What is the time?"]


async def test_empty_transcript_takes_its_caption_away(lines) -> None:
    assert await lines(transcript("uh", final=False), transcript("")) == []


async def test_nothing_becomes_markup(lines, page) -> None:
    nasty = '<img src=x onerror="window.hurt = true"><script>window.hurt = true</script>'
    assert await lines(transcript(nasty), reply(nasty, 1000, done=True)) == [nasty, nasty]
    assert await page.get("[window.hurt, captions.list.querySelector('img, script')]") == [None, None]


async def test_times_stand_under_the_reply(lines, page) -> None:
    await lines(reply("Hello.", 6, done=True), turn())
    assert (
        await page.get("captions.list.querySelector('summary').textContent")
        == "answered in 640 ms · trace 0af76519"
    )


async def test_stages_stand_as_bars_on_one_scale(lines, page) -> None:
    await lines(reply("Hello.", 6, done=True), turn())
    rows = await page.get(
        "[...captions.list.querySelectorAll('tr')].map((row) => [...row.children].map((c) => c.textContent))"
    )
    assert [[name, took] for name, _, took in rows] == [
        ["waits: are you done?", "310 ms"],
        ["thinks: first words", "340 ms"],
        ["makes the first sound", "280 ms"],
        ["sends it", "60 ms"],
    ]
    ends = await page.get(
        "[...captions.list.querySelectorAll('.bar')].map((bar) => ['--from', '--length'].reduce("
        "(sum, name) => sum + parseFloat(bar.style.getPropertyValue(name)), 0))"
    )
    assert max(ends) == ends[-1] == pytest.approx(100)
    assert await page.get("captions.list.querySelector('.trace').textContent.length") == len("trace ") + 32
