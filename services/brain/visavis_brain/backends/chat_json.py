"""The OpenAI chat protocol's JSON: requests, and what a chunk says of the cost."""

import json
from typing import Any

from visavis_brain.engine import Cost, Line, Prompt, Role, Tool


def cost_of(chunk: dict[str, Any]) -> Cost | None:
    """The usage at the end of a stream, or the progress that llama.cpp reports while it reads the prompt."""
    if usage := chunk.get("usage"):
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        return Cost(int(usage["prompt_tokens"]), int(cached), int(usage["completion_tokens"]))
    if progress := chunk.get("prompt_progress"):
        return Cost(int(progress["total"]), int(progress["cache"]))
    return None


def line_to_json(line: Line) -> dict[str, Any]:
    """One message as the protocol wants it."""
    message: dict[str, Any] = {"role": line.role.value, "content": line.text}
    if line.role is Role.TOOL:
        message["tool_call_id"] = line.call_id
    if line.wishes:
        message["tool_calls"] = [
            {
                "id": wish.call_id,
                "type": "function",
                "function": {"name": wish.name, "arguments": wish.arguments_json},
            }
            for wish in line.wishes
        ]
    return message


def tool_to_json(tool: Tool) -> dict[str, Any]:
    """One tool as the protocol wants it."""
    schema = json.loads(tool.parameters_json_schema or "{}") or {"type": "object", "properties": {}}
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": schema},
    }


def body_of(prompt: Prompt, model: str, extra: dict[str, Any]) -> dict[str, Any]:
    """The request for one reply."""
    tools = {"tools": [tool_to_json(tool) for tool in prompt.tools]} if prompt.tools else {}
    return {
        "model": model,
        "messages": [line_to_json(line) for line in prompt.lines],
        "max_tokens": prompt.max_token_count,
        "stream": True,
        "stream_options": {"include_usage": True},
        **tools,
        **extra,
    }
