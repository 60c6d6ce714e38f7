"""Proto <-> domain, with every size and range checked on the way in."""

import json
from typing import Any

from rpckit.errors import InvalidInput, require, require_id
from visavis.brain.v1 import brain_service_pb2 as pb

from visavis_brain.engine import Cost, End, Finish, Judgement, Piece, ReplyEvent, Tool, ToolWish
from visavis_brain.generation import failure
from visavis_brain.guard import (
    MAX_REFUSALS,
    MAX_REPLY_CHARS,
    MAX_TOPIC_CHARS,
    MAX_WORD_CHARS,
    MAX_WORDS,
    Refusal,
)
from visavis_brain.prompt import Move, Persona

MAX_TEXT_CHARS = 4000
MAX_PASSAGES = 8
MAX_SOURCE_CHARS = 300
MAX_PASSAGE_CHARS = 2000
MAX_PERSONA_CHARS = 8000
MAX_HISTORY_COUNT = 100
MAX_HISTORY_BYTES = 64 * 1024
MAX_TOKEN_COUNT = 1000
MAX_TOOL_COUNT = 32
MAX_SCHEMA_BYTES = 16 * 1024
MAX_RESULT_BYTES = 64 * 1024
FINISH_REASONS = {
    Finish.STOP: pb.FINISH_REASON_STOP,
    Finish.LENGTH: pb.FINISH_REASON_LENGTH,
    Finish.ERROR: pb.FINISH_REASON_ERROR,
}


def to_persona(persona: pb.Persona, default_token_count: int) -> Persona:
    require(len(persona.name) <= 64, "persona.name must be at most 64 characters")
    require(
        len(persona.prompt) <= MAX_PERSONA_CHARS,
        f"persona.prompt must be at most {MAX_PERSONA_CHARS} characters",
    )
    require(len(persona.language_code) <= 35, "persona.language_code must be a BCP-47 code")
    require(
        0 <= persona.max_token_count <= MAX_TOKEN_COUNT,
        f"persona.max_token_count must be 0 to {MAX_TOKEN_COUNT}",
    )
    limit = persona.max_token_count or default_token_count
    return Persona(persona.name, persona.prompt, persona.language_code, limit, to_refusals(persona.refusals))


def to_refusals(refusals: Any) -> tuple[Refusal, ...]:
    """What the persona refuses, checked."""
    require(len(refusals) <= MAX_REFUSALS, f"persona.refusals must be at most {MAX_REFUSALS}")
    for each in refusals:
        require(
            len(each.topic) <= MAX_TOPIC_CHARS,
            f"persona.refusals.topic must be at most {MAX_TOPIC_CHARS} characters",
        )
        is_said = 0 < len(each.reply.strip()) <= MAX_REPLY_CHARS
        require(is_said, f"persona.refusals.reply must be 1 to {MAX_REPLY_CHARS} characters")
        are_words = len(each.words) <= MAX_WORDS and all(
            0 < len(word.strip(" *")) <= MAX_WORD_CHARS for word in each.words
        )
        require(
            are_words, f"persona.refusals.words must be at most {MAX_WORDS} of {MAX_WORD_CHARS} characters"
        )
    return tuple(Refusal(r.topic, tuple(r.words), r.reply.strip()) for r in refusals)


def to_moves(messages: Any) -> tuple[Move, ...]:
    """History, checked for size."""
    require(len(messages) <= MAX_HISTORY_COUNT, f"history must be at most {MAX_HISTORY_COUNT} messages")
    size = sum(len(message.text.encode()) for message in messages)
    require(size <= MAX_HISTORY_BYTES, f"history must be at most {MAX_HISTORY_BYTES} bytes of text")
    known = all(message.role in (pb.ROLE_USER, pb.ROLE_AVATAR) for message in messages)
    require(known, "history.role must be ROLE_USER or ROLE_AVATAR")
    return tuple(Move(m.role == pb.ROLE_AVATAR, m.text, m.interrupted) for m in messages)


def to_notes(field: str, passages: Any) -> tuple[str, ...]:
    """What documents say, checked for size; where it stands is for people, not for the model."""
    require(len(passages) <= MAX_PASSAGES, f"{field}.knowledge must be at most {MAX_PASSAGES} passages")
    for passage in passages:
        require(
            len(passage.source) <= MAX_SOURCE_CHARS,
            f"{field}.knowledge.source must be at most {MAX_SOURCE_CHARS} characters",
        )
        require(
            0 < len(passage.text.strip()) <= MAX_PASSAGE_CHARS,
            f"{field}.knowledge.text must be 1 to {MAX_PASSAGE_CHARS} characters",
        )
    return tuple(passage.text.strip() for passage in passages)


def to_words(field: str, text: str) -> str:
    require(len(text) <= MAX_TEXT_CHARS, f"{field} must be at most {MAX_TEXT_CHARS} characters")
    return text


def to_tools(tools: Any) -> tuple[Tool, ...]:
    """What the persona may call; each schema is checked to be an object."""
    require(len(tools) <= MAX_TOOL_COUNT, f"tools must be at most {MAX_TOOL_COUNT}")
    require(len({tool.name for tool in tools}) == len(tools), "tools.name must be unique")
    for tool in tools:
        require_id("tools.name", tool.name)
        require(is_schema(tool.parameters_json_schema), "tools.parameters_json_schema must be a JSON object")
    return tuple(Tool(t.name, t.description, t.parameters_json_schema, t.read_only) for t in tools)


def is_schema(text: str) -> bool:
    """Empty, or a JSON object of a sane size."""
    try:
        return len(text) <= MAX_SCHEMA_BYTES and isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False


def to_result(result: pb.ToolResult) -> str:
    """What the model reads."""
    size = len(result.result_json.encode())
    require(size <= MAX_RESULT_BYTES, f"tool_result.result_json must be at most {MAX_RESULT_BYTES} bytes")
    try:
        value = json.loads(result.result_json or "null")
    except ValueError:
        raise InvalidInput("tool_result.result_json must be JSON") from None
    return failure(value) if result.failed else json.dumps(value, ensure_ascii=False)


def to_proto(generation: int, event: ReplyEvent | Judgement) -> pb.ReplyResponse:
    response = pb.ReplyResponse(generation=generation)
    match event:
        case Judgement(text, p_complete):
            response.judgement.CopyFrom(pb.Judgement(text=text, p_complete=p_complete))
        case Piece(text):
            response.text.text = text
        case ToolWish(call_id, name, arguments):
            response.tool_call.CopyFrom(pb.ToolCall(call_id=call_id, name=name, arguments_json=arguments))
        case Cost(prompt, cached, completion):
            counts = pb.Usage(prompt_token_count=prompt, cached_token_count=cached)
            counts.completion_token_count = completion
            response.usage.CopyFrom(counts)
        case End(reason):
            response.done.finish_reason = FINISH_REASONS[reason]
    return response
