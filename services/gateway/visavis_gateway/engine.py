"""What a call means here. No grpc, no aiortc, no asyncio: plain types and Protocols."""

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model's wish to have a tool run."""

    name: str
    arguments: dict[str, Any]
    session_id: str
    turn_id: str
    call_id: str


class Work(Protocol):
    """What a tool does. Returns what JSON can hold."""

    async def __call__(self, call: ToolCall) -> Any: ...


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that the persona may call. `fillers` are said one after the other while it takes its time."""

    name: str
    description: str
    parameters_json: str
    is_read_only: bool
    timeout_s: float
    fillers: tuple[str, ...]
    work: Work


@dataclass(frozen=True, slots=True)
class Refusal:
    """A topic that is not talked about: for the model, by its words, and what is said instead."""

    topic: str
    words: tuple[str, ...]
    reply: str


@dataclass(frozen=True, slots=True)
class Persona:
    """Who answers, how it sounds and looks."""

    name: str
    title: str
    prompt: str
    greeting: str
    voice: str = ""
    avatar: str = ""
    # Behind the avatar, and how it behaves; empty = its own.
    background: str = ""
    profile: str = ""
    # Whether the page offers it; it can be asked for in any case.
    is_listed: bool = True
    language_code: str = "en-US"
    # What says to people that it is an AI: in the picture, and beside it.
    label: str = "AI"
    disclosure: str = "You are talking to an AI."
    # Seconds of silence after which the avatar asks, and after which it leaves; 0 = never.
    still_there_s: float = 60
    still_there: str = "Are you still there?"
    goodbye_s: float = 60
    goodbye: str = "I'll let you go then. Goodbye!"
    # Said while an answer is late; never the same one twice in a row.
    openers: tuple[str, ...] = ("Let me think.", "Hmm, one moment.", "Let me see.")
    # Said to a user who stopped it and wants nothing else.
    stopped: str = "Okay."
    # Length of a reply; 0 = the brain's own. Length of a session; None = the gateway's own.
    max_token_count: int = 0
    max_session_s: int | None = None
    refusals: tuple[Refusal, ...] = ()
    # A folder of documents that it knows; empty = none.
    knowledge: str = ""
    tools: tuple[Tool, ...] = ()
    # Said when the mind has failed; empty = nothing.
    apology: str = "Sorry, something went wrong on my side. Could you say that again?"


@dataclass(frozen=True, slots=True)
class Move:
    """One entry of the conversation's memory: what was said and, for the avatar, really heard."""

    is_user: bool
    text: str
    interrupted: bool = False


@dataclass(eq=False)
class Turn:
    """The user's move and the reply to it. All times in microseconds on the session clock."""

    turn_id: str
    origin: str  # speech, text, greeting, say, resumed, initiative
    started_us: int
    transcript: str = ""
    prefix: str = ""  # what was said before a reply that came too early
    speech_end_us: int | None = None
    wait_until_us: int | None = None
    final_until_us: int | None = None
    heard_from_us: int = 0  # last news of the user, for the watchdog
    is_barge_in: bool = False
    is_unclear: bool = False  # the ear doubts its newest words: they may be a laugh
    took_floor: bool = False  # it cut a reply
    is_paused: bool = False
    is_at_rest: bool = False  # speech has just stopped, and `transcript` is all of it
    p_sound: float = 0  # of the pause: the sound's verdict on whether the turn is over
    judged: tuple[str, float] | None = None  # words, and the mind's verdict on whether they could be all
    generation: int = 0
    marks_us: dict[str, int] = field(default_factory=dict)

    def mark(self, stage: str, now_us: int) -> None:
        """Remember when a stage was first reached."""
        self.marks_us.setdefault(stage, now_us)

    @property
    def stages_ms(self) -> dict[str, float]:
        """Marks from the user's last speech sample (from the turn's start where nobody spoke)."""
        zero = self.speech_end_us if self.speech_end_us is not None else self.started_us
        return {stage: round((at - zero) / 1000, 1) for stage, at in self.marks_us.items()}


@dataclass(eq=False)
class Reply:
    """One generation of the answer to a turn."""

    turn: Turn
    generation: int
    prompt_text: str
    deadline_us: int
    text: str = ""
    heard_end: int = 0
    opener: str = ""  # said before it, because it was late
    opener_heard_end: int = 0
    is_confirmed: bool = False
    is_audible: bool = False  # audio has come in
    released_us: int | None = None

    @property
    def heard(self) -> str:
        """The words that have sounded, the opener's included."""
        return f"{self.opener[: self.opener_heard_end]} {self.text[: self.heard_end]}".strip()

    @property
    def said(self) -> str:
        """All words, the opener's included."""
        return f"{self.opener} {self.text}".strip()

    @property
    def said_heard_end(self) -> int:
        """How many characters of `said` have sounded."""
        before = len(self.opener) + 1 if self.opener else 0
        return before + self.heard_end if self.heard_end else self.opener_heard_end


class Shelf(Protocol):
    """Where memories of calls lie. What was put there comes out again only for the token it was put with.

    Every call may wait for a disk; none raises when that fails.
    """

    def put(self, session_id: str, token: str, plain: bytes, keep_s: float) -> None: ...
    def get(self, session_id: str, token: str) -> bytes | None: ...
    def drop(self, session_id: str) -> None: ...
    def tidy(self) -> None: ...


class Hands(Protocol):
    """What the conversation can do. Every call returns at once; its outcome comes back as an event."""

    def turn_opened(self, turn: Turn) -> None: ...
    def turn_closed(self, turn: Turn, reply: Reply | None, *, interrupted: bool) -> None: ...
    def listen_to(self, turn: Turn) -> None: ...
    def end_listening(self, turn: Turn) -> None: ...
    def drop_listening(self, turn: Turn) -> None: ...
    def open_brain(self, turn: Turn, history: list[Move]) -> None: ...
    def warm(self, turn: Turn, text: str) -> None: ...
    def generate(self, reply: Reply, history: list[Move]) -> None: ...
    def recite(self, reply: Reply) -> None: ...
    def confirm(self, reply: Reply) -> None: ...
    def discard(self, reply: Reply) -> None: ...
    def release(self, reply: Reply) -> None: ...
    def cut(self, reply: Reply) -> None: ...
    def unheard_us(self) -> int: ...
    def said_without(self, reply: Reply, unheard_us: int) -> int: ...
    def leave(self, reason: str) -> None: ...
    def is_saturated(self) -> bool: ...
    def duck(self, on: bool) -> None: ...
    def show_state(self, state: str) -> None: ...
    def tell(self, message: dict[str, Any]) -> None: ...


class Viewer(Protocol):
    """What a transport reports. Called on the event loop, in order."""

    def on_connected(self) -> None: ...
    def on_audio(self, timestamp: int, payload: bytes) -> None: ...
    def on_message(self, text: str) -> None: ...
    def on_keyframe_request(self) -> None: ...
    def on_bitrate(self, bits_per_s: int) -> None: ...
    def on_loss(self, fraction: float) -> None: ...
    def on_closed(self) -> None: ...


class Transport(Protocol):
    """One viewer's connection. Media is encoded already: a transport only packetises."""

    async def answer(self, offer_sdp: str, codec: str | None) -> str: ...
    def send_audio(self, packet: bytes, pts_us: int) -> None: ...
    def send_video(self, frame: bytes, pts_us: int, *, keyframe: bool) -> None: ...
    def video_waiting(self) -> int: ...
    def pace_video(self, bits_per_s: int | None) -> None: ...
    def send_message(self, text: str) -> None: ...
    def send_face(self, text: str) -> None: ...
    def media_clock(self) -> dict[str, Any] | None: ...
    async def close(self) -> None: ...
