"""A spoken question is answered: the words, the sound and the face, as a browser received them."""

from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What is the capital of Australia?"
GREETING_LASTS_S = 12.0  # at most, with the time that the call takes to connect
MOUTH = {"left": 0.42, "top": 0.54, "width": 0.16, "height": 0.11, "columns": 16, "rows": 11}
FRAME_RATE_HZ = 25
IDLE_RATE_HZ = 12.5


@dataclass
class Seen:
    """What is left of the call when it is over."""

    turns: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    sent: list[dict[str, Any]]
    frames: list[dict[str, Any]]
    sound: Any
    stats: dict[str, Any]
    decoded_per_s: float
    captions: str

    def turn(self, origin: str) -> dict[str, Any]:
        return next(turn for turn in self.turns if turn["origin"] == origin)

    def state_spans(self, state: str) -> list[tuple[float, float]]:
        """(from, to) on the page's clock, for each time the state was shown."""
        states = [m for m in self.messages if m["type"] == "state"]
        spans = zip(states, [*states[1:], self.messages[-1]], strict=True)
        return [(one["at_ms"], following["at_ms"]) for one, following in spans if one["state"] == state]

    def span_of(self, turn_id: str) -> tuple[float, float]:
        """When the reply of a turn sounded: its first caption to its report."""
        first = next(m for m in self.messages if m["type"] == "reply" and m["turn_id"] == turn_id)
        last = next(m for m in self.messages if m["type"] == "turn" and m["turn_id"] == turn_id)
        return first["at_ms"], last["at_ms"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def seen(open_viewer, speak, microphone_file) -> Seen:
    """One call: the greeting, a spoken question, the answer."""
    question = microphone_file(GREETING_LASTS_S, speak(QUESTION), 50.0)
    async with open_viewer(f"{question}%noloop") as viewer:
        await viewer.start()
        await viewer.get(f"__taps.recordRegion({MOUTH})")
        await viewer.until("visavis.turns.some((turn) => turn.origin === 'greeting')", within_s=20)
        await viewer.shot("page-idle")
        before = await viewer.get("visavis.stats()")
        await viewer.until("visavis.replies.length >= 2", within_s=30)
        await viewer.shot("page-speaking")
        await viewer.until("visavis.turns.some((turn) => turn.origin === 'speech')", within_s=40)
        await viewer.page.wait_for_timeout(1500)  # what is on its way arrives, and the face rests
        after = await viewer.get("visavis.stats()")
        await viewer.shot("page-answered")
        video, earlier = after["video_in"], before["video_in"]
        decoded = video["framesDecoded"] - earlier["framesDecoded"]
        return Seen(
            turns=await viewer.get("visavis.turns"),
            messages=await viewer.get("visavis.messages"),
            sent=await viewer.get("__taps.sent"),
            frames=await viewer.get("__taps.frames"),
            sound=await viewer.sound(),
            stats=after,
            decoded_per_s=1000 * decoded / (video["timestamp"] - earlier["timestamp"]),
            captions=await viewer.page.inner_text("#captions"),
        )


async def test_page_shows_what_was_asked(seen, overlap) -> None:
    assert overlap(QUESTION, seen.turn("speech")["transcript"]) >= 0.8
    assert seen.turn("speech")["transcript"] in seen.captions


async def test_page_shows_the_answer_and_how_long_it_took(seen) -> None:
    turn = seen.turn("speech")
    assert turn["reply"].strip()
    assert turn["heard"] == turn["reply"]
    assert not turn["interrupted"]
    assert turn["reply"] in seen.captions
    shown_ms = floor(turn["voice_to_voice_ms"] + 0.5)  # as JavaScript rounds: halves go up
    assert f"answered in {shown_ms} ms" in seen.captions
    assert f"trace {turn['trace_id'][:8]}" in seen.captions


@pytest.mark.parametrize("origin", ["greeting", "speech"])
async def test_received_sound_says_the_reply(seen, transcribe, overlap, origin) -> None:
    turn = seen.turn(origin)
    begun, over = seen.span_of(turn["turn_id"])
    heard = transcribe(seen.sound, begun - 200, over + 800)
    assert overlap(turn["reply"], heard) >= 0.8, f"said {turn['reply']!r}, heard {heard!r}"


async def test_video_comes_at_its_rate_and_size(seen) -> None:
    video = seen.stats["video_in"]
    assert (video["frameWidth"], video["frameHeight"]) == (512, 512)
    spans = seen.state_spans("speaking")
    count = sum(begun <= frame["at_ms"] <= over for frame in seen.frames for begun, over in spans)
    per_s = 1000 * count / sum(over - begun for begun, over in spans)
    assert per_s == pytest.approx(FRAME_RATE_HZ, rel=0.2)
    assert seen.decoded_per_s > 0.8 * IDLE_RATE_HZ


async def test_mouth_moves_with_speech_and_rests_without(seen) -> None:
    speaking = motion(seen.frames, seen.state_spans("speaking"))
    idle = motion(seen.frames, seen.state_spans("idle"))
    assert speaking > 3 * idle, f"speaking {speaking:.2f}, idle {idle:.2f}"


def motion(frames: list[dict[str, Any]], spans: list[tuple[float, float]]) -> float:
    """Mean change of brightness from frame to frame in the mouth's region, away from the spans' borders."""
    changes = []
    for begun, over in spans:
        inside = [f["luma"] for f in frames if begun + 500 <= f["at_ms"] <= over - 300]
        if len(inside) > 1:
            changes.extend(np.abs(np.diff(np.array(inside, float), axis=0)).mean(axis=1))
    assert len(changes) >= 10, f"only {len(changes)} frames in {spans}"
    return float(np.mean(changes))


async def test_page_reports_what_it_plays_on_both_clocks(seen) -> None:
    reports = [m for m in seen.sent if {"audio_rtp", "video_rtp"} <= m.keys()]
    assert len(reports) >= 20
    first, last = reports[0], reports[-1]
    passed_ms = last["at_ms"] - first["at_ms"]
    audio = (last["audio_rtp"] - first["audio_rtp"]) % 2**32
    video = (last["video_rtp"] - first["video_rtp"]) % 2**32
    assert audio / 48 == pytest.approx(passed_ms, abs=200)
    assert video / 90 == pytest.approx(passed_ms, abs=200)
    assert [m["type"] for m in seen.sent].count("shown") == 1
