"""Client of any server that speaks the OpenAI chat protocol with streaming: the one way to every model."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from rpckit.errors import NotReady

from visavis_brain.backends.chat_json import body_of, cost_of
from visavis_brain.config import Config
from visavis_brain.engine import End, Finish, Piece, Prompt, ReplyEvent, ToolWish
from visavis_brain.slots import Slots

log = logging.getLogger(__name__)
MAX_EVENT_CHARS = 1 << 20
FINISH = {
    "stop": Finish.STOP,
    "tool_calls": Finish.STOP,
    "function_call": Finish.STOP,
    "length": Finish.LENGTH,
}


# What may pass by itself: too many requests, and troubles of the server or of what stands before it.
PASSING = (408, 429, 500, 502, 503, 504)
RETRY_AFTER_S = 0.2


class BrokenStream(Exception):
    """The server failed, stalled, went away or talks nonsense. The text says which, never what was said."""

    def __init__(self, text: str, *, may_pass: bool = False) -> None:
        super().__init__(text)
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds until connected, from there to the first token, and from token to token; and more attempts."""

    connect_s: float
    first_token_s: float
    next_token_s: float
    retry_count: int = 0


@dataclass(slots=True)
class Wishes:
    """Puts tool calls together, which arrive in fragments."""

    fragments: dict[int, dict[str, str]] = field(default_factory=dict)

    def add(self, calls: list[dict[str, Any]]) -> None:
        for call in calls:
            known = self.fragments.setdefault(
                int(call.get("index", 0)), {"id": "", "name": "", "arguments": ""}
            )
            function = call.get("function") or {}
            known["id"] = call.get("id") or known["id"]
            known["name"] += function.get("name") or ""
            known["arguments"] += function.get("arguments") or ""

    def whole(self) -> list[ToolWish]:
        """Those whose arguments are a JSON object; one that isn't breaks the stream."""
        found = []
        for index, call in sorted(self.fragments.items()):
            arguments = call["arguments"] or "{}"
            if not isinstance(json.loads(arguments), dict):
                raise BrokenStream("the arguments of a tool call are not an object")
            found.append(ToolWish(call["id"] or f"call-{index}", call["name"], arguments))
        return found


class ChatClient:
    """Streams chat completions from `base_url`. One client per process."""

    def __init__(self, base_url: str, api_key: str, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._http = httpx.AsyncClient(
            base_url=base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(None, connect=timeouts.connect_s, pool=timeouts.connect_s),
        )

    async def reply(self, body: dict[str, Any]) -> AsyncGenerator[ReplyEvent, None]:
        """The events of one completion; see Conversation.reply.

        Asks again when the server fails in a way that may pass, as long as nothing has come.
        """
        deadline = asyncio.get_running_loop().time() + self._timeouts.connect_s + self._timeouts.first_token_s
        has_begun = False
        for retries_left in reversed(range(self._timeouts.retry_count + 1)):
            try:
                async with contextlib.aclosing(self._events(body, deadline)) as events:
                    async for event in events:
                        has_begun = has_begun or isinstance(event, Piece | ToolWish)
                        yield event
                return
            except FAILURES as error:
                # The text of a parse error may quote what was said; the names of the types do not.
                reason = str(error) if isinstance(error, BrokenStream) else type(error).__name__
                log.warning("the model's stream broke off: %s", reason)
                if has_begun:
                    yield End(Finish.ERROR)
                    return
                if not retries_left or not may_pass(error):
                    raise NotReady(f"the model's server gave no reply ({reason})") from None
            await asyncio.sleep(RETRY_AFTER_S)

    async def ask(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        """The JSON object that answers one small request; raises NotReady."""
        try:
            async with asyncio.timeout(self._timeouts.connect_s):
                response = await self._http.post(url, json=body)
            answer: dict[str, Any] = response.raise_for_status().json()
        except (*FAILURES, TimeoutError) as error:
            raise NotReady(f"the model's server gave no answer ({type(error).__name__})") from None
        return answer

    async def candidates(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        """The likeliest next tokens of a text completion with `logprobs`; raises NotReady."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeouts.connect_s + self._timeouts.first_token_s
        try:
            async with contextlib.aclosing(self._chunks(body, deadline, "completions")) as chunks:
                async for chunk in chunks:
                    for choice in chunk.get("choices") or []:
                        if choice.get("logprobs"):
                            found: list[dict[str, Any]] = choice["logprobs"]["content"][0]["top_logprobs"]
                            return found
        except FAILURES as error:
            raise NotReady(f"the model's server gave no answer ({type(error).__name__})") from None
        raise NotReady("the model's server gave no likelihoods")

    async def _events(self, body: dict[str, Any], deadline: float) -> AsyncGenerator[ReplyEvent, None]:
        wishes, reason = Wishes(), ""
        async with contextlib.aclosing(self._chunks(body, deadline)) as chunks:
            async for chunk in chunks:
                if cost := cost_of(chunk):
                    yield cost
                for choice in chunk.get("choices") or []:
                    delta = choice.get("delta") or {}
                    if text := delta.get("content"):
                        yield Piece(str(text))
                    wishes.add(delta.get("tool_calls") or [])
                    reason = choice.get("finish_reason") or reason
        if not reason:
            raise BrokenStream("the connection was closed in mid-reply", may_pass=True)
        for wish in wishes.whole():
            yield wish
        yield End(FINISH.get(reason, Finish.STOP))

    async def _chunks(
        self, body: dict[str, Any], deadline: float, path: str = "chat/completions"
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The decoded `data:` lines of the response, the first by `deadline`, each within its time."""
        loop = asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as stack:
            lines = await self._open(path, body, stack, deadline)
            while (line := await next_line(lines, deadline)) is not None:
                if not line.startswith("data:"):
                    continue  # comments, event names, blank lines
                if (data := line[5:].strip()) == "[DONE]":
                    return
                chunk = json.loads(data)
                if "error" in chunk:
                    raise BrokenStream("the server reported an error")
                yield chunk
                if chunk.get("choices"):
                    deadline = loop.time() + self._timeouts.next_token_s

    async def _open(
        self, path: str, body: dict[str, Any], stack: contextlib.AsyncExitStack, deadline: float
    ) -> AsyncIterator[str]:
        """Send the request and wait for its headers; the stack closes the connection."""
        try:
            async with asyncio.timeout_at(deadline):
                response = await stack.enter_async_context(self._http.stream("POST", path, json=body))
        except TimeoutError:
            raise BrokenStream("no answer in time") from None
        if response.status_code != httpx.codes.OK:
            status = response.status_code
            raise BrokenStream(f"HTTP status {status}", may_pass=status in PASSING)
        return response.aiter_lines()

    async def close(self) -> None:
        await self._http.aclose()


FAILURES = (httpx.HTTPError, BrokenStream, ValueError, TypeError, AttributeError, LookupError)


def may_pass(error: Exception) -> bool:
    """Whether asking again has a chance."""
    return error.may_pass if isinstance(error, BrokenStream) else isinstance(error, httpx.TransportError)


async def next_line(lines: AsyncIterator[str], deadline: float) -> str | None:
    """The next line, or None at the end."""
    try:
        async with asyncio.timeout_at(deadline):
            line = await anext(lines, None)
    except TimeoutError:
        raise BrokenStream("stalled") from None
    if line is not None and len(line) > MAX_EVENT_CHARS:
        raise BrokenStream("an event is too long")
    return line


class OpenAIConversation:
    """One place among those that the config allows at once; the server behind knows no slots."""

    def __init__(self, engine: "OpenAIEngine", session_id: str) -> None:
        self._engine = engine
        self._session_id = session_id
        self._slot = engine.slots.take(session_id)

    async def warm(self, prompt: Prompt) -> None:
        """One token of a reply, thrown away; servers with a prefix cache keep what they read for it."""
        if not self._engine.warms_up:
            return
        body = {**self._body(prompt), "max_tokens": 1}
        async with contextlib.aclosing(self._engine.client.reply(body)) as events:
            async for _ in events:
                pass

    async def judge(self, prompt: Prompt) -> float | None:
        """The chat protocol has no way to ask what would follow the user's words."""
        return None

    def reply(self, prompt: Prompt) -> AsyncGenerator[ReplyEvent, None]:
        return self._engine.client.reply(self._body(prompt))

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        return body_of(prompt, self._engine.model, self._engine.extra_for(self._slot))

    def close(self) -> None:
        self._engine.slots.release(self._slot, self._session_id)


class OpenAIEngine:
    """A model behind HTTP."""

    provider = "openai"
    warms_up = False

    def __init__(self, client: ChatClient, model: str, config: Config) -> None:
        self.client = client
        self.model = model
        self.context_token_count = config.context_token_count
        self.slots = Slots(config.slots)
        self.warms_up = config.warm_up
        self._sampling = {"temperature": config.temperature, "top_p": config.top_p}

    def extra_for(self, slot: int) -> dict[str, Any]:
        """Fields of the request besides the prompt."""
        return self._sampling

    def open(self, session_id: str) -> OpenAIConversation:
        return OpenAIConversation(self, session_id)

    async def close(self) -> None:
        await self.client.close()


def timeouts_of(config: Config) -> Timeouts:
    return Timeouts(
        config.connect_timeout_s,
        config.first_token_timeout_s,
        config.next_token_timeout_s,
        config.retry_count,
    )


def build(config: Config) -> OpenAIEngine:
    client = ChatClient(config.base_url, config.api_key.get_secret_value(), timeouts_of(config))
    return OpenAIEngine(client, config.model, config)
