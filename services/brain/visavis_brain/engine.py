"""What thinking means here: a prompt goes in, pieces of a reply come out. No grpc, no http, no model."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Role(Enum):
    """Whose words a line of the prompt holds; the values are those of the chat protocols."""

    SYSTEM = "system"
    USER = "user"
    AVATAR = "assistant"
    TOOL = "tool"


class Finish(Enum):
    """Why a reply ended."""

    STOP = "stop"
    LENGTH = "length"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the model may ask for. `parameters_json_schema` is the text of a JSON object."""

    name: str
    description: str
    parameters_json_schema: str
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class ToolWish:
    """The model asks for a tool. `arguments_json` is a JSON object, as text."""

    call_id: str
    name: str
    arguments_json: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message for the model. `wishes` only on an avatar's line, `call_id` only on a tool's."""

    role: Role
    text: str
    wishes: tuple[ToolWish, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything the model is given for one reply."""

    lines: tuple[Line, ...]
    max_token_count: int
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Raw text as the model writes it: about one token, with its spaces, not yet fit for the ear."""

    text: str


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens so far; each one replaces the one before it. `prompt` includes `cached`."""

    prompt: int = 0
    cached: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True)
class End:
    """Last event of a reply."""

    reason: Finish


@dataclass(frozen=True, slots=True)
class Judgement:
    """How likely a sentence or the message ends after the user's last words, punctuation aside."""

    text: str
    p_complete: float


ReplyEvent = Piece | ToolWish | Cost | End


class Conversation(Protocol):
    """One slot of the model. Calls never overlap: end a stream before the next call."""

    async def warm(self, prompt: Prompt) -> None:
        """Read `prompt` into the cache. Cancelling frees the model within about 0.2 s."""

    async def judge(self, prompt: Prompt) -> float | None:
        """Read `prompt` into the cache as far as the user's last words go; see Judgement.

        None, at once, from a model that can't tell. Raises NotReady when the model fails.
        """

    def reply(self, prompt: Prompt) -> AsyncGenerator[ReplyEvent, None]:
        """Pieces, wishes and costs, then one End. Closing the generator frees the model.

        Raises NotReady when the model fails before the first piece; later it ends with Finish.ERROR.
        """

    def close(self) -> None:
        """Give the slot back."""


class Engine(Protocol):
    """A loaded model, shared by all turns."""

    model: str  # as users know it
    provider: str  # value of gen_ai.provider.name
    context_token_count: int  # what prompt and reply of one conversation must fit into

    def open(self, session_id: str) -> Conversation:
        """Take a slot, if possible the one that this session had before; raises Busy when none is free."""

    async def close(self) -> None:
        """Free the model."""
