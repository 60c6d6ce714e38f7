"""Whether a user's words could be all, from what a llama.cpp server would write after them.

A model that has read much knows how sentences go on: after "how do I get from" a full stop is out of the
question, after "how do I get from here to the station" it is likely. Reading the words costs nothing extra,
because the reply needs them in the cache anyway.
"""

import math
from typing import Any

from visavis_brain.backends.chat_json import line_to_json, tool_to_json
from visavis_brain.engine import Prompt, Role

# Enough to hold all ways to end a sentence where one is likely.
CANDIDATES = 60
# Marks at the end are the ear's guess; they are taken off, and the model makes its own.
MARKS = " .,;:?!\u2026-\u2013\u2014\"'"
ENDS = ".?!\u3002\uff1f\uff01\n"
UNFINISHED = "..", "\u2026"


def is_judged(prompt: Prompt) -> bool:
    """It ends with words of the user."""
    return prompt.lines[-1].role is Role.USER and bool(prompt.lines[-1].text.strip(MARKS))


def template_body(prompt: Prompt) -> dict[str, Any]:
    """The request that has the prompt written out as the model reads it."""
    tools = {"tools": [tool_to_json(tool) for tool in prompt.tools]} if prompt.tools else {}
    return {"messages": [line_to_json(line) for line in prompt.lines], **tools}


def split_at_words(written: str, prompt: Prompt) -> tuple[str, str]:
    """The written prompt up to the user's last word, and from the mark that ends the message on."""
    words = prompt.lines[-1].text.strip()
    at = written.rindex(words)
    return written[: at + len(words.rstrip(MARKS))], written[at + len(words) :]


def completion_body(text: str) -> dict[str, Any]:
    """The request for what would follow `text`: the likeliest tokens, none of them chosen."""
    return {"prompt": text, "max_tokens": 1, "temperature": 0, "logprobs": CANDIDATES, "stream": True}


def tokens_body(text: str) -> dict[str, Any]:
    """The request for the tokens of a piece of a written prompt."""
    return {"content": text, "add_special": False, "parse_special": True}


def p_complete(candidates: list[dict[str, Any]], end_of_message: int) -> float:
    """The share of those tokens that end a sentence or the message, 0 to 1."""
    ending = (
        math.exp(each["logprob"])
        for each in candidates
        if each["id"] == end_of_message or is_end(each["token"].strip(" "))
    )
    return min(1.0, sum(ending))


def is_end(token: str) -> bool:
    """It begins with a mark that ends a sentence."""
    return token[:1] in tuple(ENDS) and not token.startswith(UNFINISHED)
