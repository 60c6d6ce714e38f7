"""What the model is given: the persona, rules for speech, the conversation. Pure."""

import math
from dataclasses import dataclass

from visavis_brain.engine import Line, Prompt, Role, Tool
from visavis_brain.guard import Refusal, rule
from visavis_brain.length import OVERRUN

SPEECH_RULES = (
    "You are on a video call. Answer in one or two short spoken sentences, correct and kind, "
    "the first one very short. No lists, no markdown, no emojis."
)
# Small models take what stands in brackets for a form to copy, so these are plain requests.
OPENING = "Who are you? Please introduce yourself with a friendly hello."
SILENCE = "Please ask me one short question, to keep our talk going."
NOTES = "Answer by these notes where they fit:"
CUT_OFF = "..."  # a dash or a remark was copied into the next answer
LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
# English has about 4 bytes a token, and where a character has more bytes it has more tokens too.
BYTES_PER_TOKEN = 3.2
TOKENS_PER_LINE = 6
# History is cut by whole blocks, so that the cut, and with it the cached prefix, stays put for some turns.
BLOCK = 8
LEAST_TALK = 100


@dataclass(frozen=True, slots=True)
class Persona:
    """Who answers. `max_token_count` is the length a reply should not exceed."""

    name: str
    prompt: str
    language_code: str
    max_token_count: int
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One move in the conversation so far; `was_interrupted` only on the avatar's."""

    is_avatar: bool
    text: str
    was_interrupted: bool = False


def with_notes(transcript: str, notes: tuple[str, ...]) -> str:
    """The user's words after what documents say to them: so the notes stay cached while the words grow."""
    if not notes or not transcript.strip():
        return transcript
    return f"{NOTES} {' '.join(notes)}\n\n{transcript}"


def system_text(persona: Persona) -> str:
    """Rules for speech, then the persona in its own words. The same in every turn: it is cached."""
    code = persona.language_code
    language = LANGUAGES.get(code.split("-")[0].lower(), code)
    parts = [
        f"You are {persona.name}, a helpful companion." if persona.name else "",
        SPEECH_RULES,
        persona.prompt.strip(),
        f"Always speak {language}." if language else "",
        rule(persona.refusals),
    ]
    return " ".join(part for part in parts if part)


def token_estimate(text: str) -> int:
    """An upper guess at the tokens of one line."""
    return math.ceil(len(text.encode()) / BYTES_PER_TOKEN) + TOKENS_PER_LINE


def conversation_lines(history: tuple[Move, ...], transcript: str) -> list[Line]:
    """History and the user's words as lines; neighbours of one speaker are joined."""
    lines: list[Line] = []
    for move in (*history, Move(is_avatar=False, text=transcript)):
        text = move.text.strip()
        if not text:
            continue
        if move.is_avatar and move.was_interrupted:
            text += CUT_OFF
        role = Role.AVATAR if move.is_avatar else Role.USER
        if lines and lines[-1].role is role:
            text = f"{lines.pop().text} {text}"
        lines.append(Line(role, text))
    return lines


def trimmed(lines: list[Line], token_budget: int) -> list[Line]:
    """The newest lines that fit, cut at a multiple of BLOCK; the end of the last line always stays."""
    start = 0
    while start < len(lines) - 1 and sum(token_estimate(line.text) for line in lines[start:]) > token_budget:
        start = min(start + BLOCK, len(lines) - 1)
    *older, last = lines[start:]
    text = last.text
    while older == [] and len(text) > 1 and token_estimate(text) > token_budget:
        text = text[len(text) // 4 + 1 :]  # nothing else is left to drop: the newest words count
    return [*older, Line(last.role, text)]


def fits(persona: Persona, context_token_count: int) -> bool:
    """There is room for the persona, a reply and a few words of the user."""
    reply = math.ceil(persona.max_token_count * OVERRUN)
    return token_estimate(system_text(persona)) + reply + LEAST_TALK <= context_token_count


def compose(
    persona: Persona,
    history: tuple[Move, ...],
    transcript: str | None,
    tools: tuple[Tool, ...],
    context_token_count: int,
) -> Prompt:
    """The prompt for one reply.

    An empty transcript asks the persona to take the initiative; None is for warming what is known before
    the user has said a word.
    """
    system = Line(Role.SYSTEM, system_text(persona))
    lines = conversation_lines(history, transcript or "")
    if transcript is not None and not transcript.strip():
        lines.append(Line(Role.USER, SILENCE if lines else OPENING))
    reply_token_count = math.ceil(persona.max_token_count * OVERRUN)
    described = sum(token_estimate(tool.description + tool.parameters_json_schema) for tool in tools)
    budget = context_token_count - reply_token_count - token_estimate(system.text) - described
    return Prompt((system, *(trimmed(lines, budget) if lines else [])), reply_token_count, tools)
