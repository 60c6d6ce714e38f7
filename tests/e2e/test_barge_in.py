"""Who speaks over the avatar silences it."""

import pytest
from rpckit.testing import until

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

LONG = (
    "Let me tell you about the sea. It covers most of our planet, and is deeper than the mountains are high. "
    "Ships have crossed it for thousands of years, and yet most of its floor has never been seen by anyone. "
    "Whales sing in it over hundreds of miles, and tiny plants in it make much of the air that we breathe."
)
OBJECTION = "Excuse me, please stop for a moment, because I would like to ask you something else instead."


async def test_speaking_over_it_silences_it(open_viewer, speak, microphone_file) -> None:
    async with open_viewer(microphone_file(speak(OBJECTION))) as viewer:  # played again and again
        await viewer.page.click("#start")
        await viewer.page.click("#mute")
        await viewer.until("visavis.phase === 'live'")
        await viewer.get("void __taps.recordSound()")
        await viewer.until("visavis.turns.length === 1")
        assert await viewer.call("POST", "/say", {"text": LONG}) == 202
        await viewer.until(
            "visavis.replies.some((reply) => reply.heard_end > 20 && reply.text.startsWith('Let me'))"
        )

        await viewer.page.click("#mute")
        spoken_ms = await viewer.get("performance.now()")
        await viewer.until("visavis.turns.some((turn) => turn.origin === 'say')", within_s=8)
        await viewer.page.click("#mute")
        await viewer.shot("page-interrupted")
        await viewer.until("visavis.turns.length === 3 && visavis.turns[2].origin === 'speech'", within_s=40)

        turn = await viewer.get("visavis.turns[1]")
        assert turn["interrupted"]
        assert 0 < len(turn["heard"]) < len(turn["reply"])
        assert LONG.startswith(turn["heard"].strip())
        answered_ms = await viewer.get(
            "visavis.messages.find(({at_ms, type, state}) =>"
            f" type === 'state' && state === 'speaking' && at_ms > {spoken_ms}).at_ms"
        )
        sound = await viewer.sound()
        assert sound.last_loud_ms(spoken_ms - 1000, spoken_ms) > spoken_ms - 500, "it was not speaking"
        assert sound.last_loud_ms(spoken_ms, answered_ms) < spoken_ms + 3000
        assert "interrupted" in await viewer.page.inner_text("#captions")


async def test_stop_button_silences_it(open_viewer) -> None:
    async with open_viewer() as viewer:
        await viewer.start()
        await viewer.until("visavis.replies.some((reply) => reply.heard_end > 0)")
        await viewer.page.keyboard.press("Escape")
        await viewer.until("visavis.turns.length === 1", within_s=3)
        assert await viewer.get("visavis.turns[0].interrupted")
        await viewer.until("visavis.state === 'idle'", within_s=3)


async def test_a_listeners_sounds_let_it_go_on(open_viewer, speak, microphone_file, otlp) -> None:
    said = LONG.split(". Ships")[0] + "."
    async with open_viewer(microphone_file(1.0, speak("Mhm."), 2.0)) as viewer:  # played again and again
        await viewer.page.click("#start")
        await viewer.page.click("#mute")
        await viewer.until("visavis.phase === 'live'")
        await viewer.until("visavis.turns.length === 1")
        assert await viewer.call("POST", "/say", {"text": said}) == 202
        await viewer.until("visavis.replies.length === 2 && visavis.replies[1].heard_end > 0")

        await viewer.page.click("#mute")
        await viewer.until(f"visavis.replies[1].heard_end > {len(said) - 30}")
        await viewer.page.click("#mute")
        await viewer.until("visavis.turns.length === 2")

        turn = await viewer.get("visavis.turns[1]")
        assert (turn["interrupted"], turn["heard"]) == (False, said)
        assert "Mhm" not in await viewer.page.inner_text("#captions")

        def heard_sounds() -> bool:
            mine = [s for s in otlp.spans if s.attributes.get("session.id") == viewer.session["session_id"]]
            return any(s.attributes.get("visavis.turn.outcome") == "dropped" for s in mine)

        await until(heard_sounds, "a sound of the listener that was heard and let pass")
