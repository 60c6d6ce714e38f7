"""Messages to the viewer about who says what: docs/viewer.md, section 3."""

from typing import Any

from visavis_gateway.engine import Reply, Turn

Message = dict[str, Any]


def transcript(turn: Turn, *, final: bool) -> Message:
    """The user's words so far."""
    return {"type": "transcript", "turn_id": turn.turn_id, "text": turn.transcript, "final": final}


def no_transcript(turn: Turn) -> Message:
    """What this turn said is now said by another: its caption goes."""
    return {"type": "transcript", "turn_id": turn.turn_id, "text": "", "final": True}


def reply(reply: Reply, *, done: bool = False, interrupted: bool = False) -> Message:
    """The avatar's words: all that was released and how much of it has sounded."""
    return {
        "type": "reply",
        "turn_id": reply.turn.turn_id,
        "generation": reply.generation,
        "text": reply.said,
        "heard_end": reply.said_heard_end,
        "done": done,
        "interrupted": interrupted,
    }


def turn_report(
    turn: Turn, reply: Reply | None, trace_id: str, sources: list[str], *, interrupted: bool
) -> Message:
    """What became of a turn; `sources` are the passages that its last reply was given."""
    sent_us = turn.marks_us.get("first_sent")
    measured = turn.origin == "speech" and sent_us is not None and turn.speech_end_us is not None
    return {
        "type": "turn",
        "turn_id": turn.turn_id,
        "trace_id": trace_id,
        "origin": turn.origin,
        "transcript": turn.transcript,
        "reply": reply.said if reply else "",
        "heard": reply.heard if reply else "",
        "opener": reply.opener if reply else "",
        "answer_pts_us": sent_us,
        "interrupted": interrupted,
        "voice_to_voice_ms": turn.stages_ms["first_sent"] if measured else None,
        "stages_ms": turn.stages_ms,
        "sources": sources,
    }
