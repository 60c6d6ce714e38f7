"""What a persona's tools do: an HTTP webhook, or a Python function that a package offers."""

import asyncio
import inspect
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import entry_points
from typing import Any

import httpx
from opentelemetry.trace import StatusCode
from rpckit.blocking import run_step

from visavis_gateway import names
from visavis_gateway.engine import Tool, ToolCall

log = logging.getLogger(__name__)

ENTRY_POINTS = "visavis.tools"
MAX_RESULT_BYTES = 64 * 1024


class ToolFailed(Exception):
    """A call came to nothing; the text is for the model."""


@dataclass(frozen=True)
class Webhook:
    """POSTs the call as JSON; the answer's body is the result."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()

    async def __call__(self, call: ToolCall) -> Any:
        body = {
            "tool": call.name,
            "arguments": call.arguments,
            "session_id": call.session_id,
            "turn_id": call.turn_id,
            "call_id": call.call_id,
        }
        request = client().stream("POST", self.url, json=body, headers=dict(self.headers))
        try:
            async with request as response:
                text = await self._body(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ToolFailed(f"the service can't be reached ({type(error).__name__})") from None
        if not response.is_success:
            raise ToolFailed(f"the service answered with HTTP status {response.status_code}")
        return _value(text)

    @staticmethod
    async def _body(response: httpx.Response) -> str:
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MAX_RESULT_BYTES:
                raise ToolFailed("the result is too large")
        return body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Function:
    """Calls a function, plain or async, with the arguments by name; what it returns is the result."""

    name: str
    function: Callable[..., Any]

    async def __call__(self, call: ToolCall) -> Any:
        try:
            inspect.signature(self.function).bind(**call.arguments)
        except TypeError as error:
            raise ToolFailed(f"wrong arguments: {error}") from None
        if inspect.iscoroutinefunction(self.function):
            return await self.function(**call.arguments)
        return await run_step(self.function, **call.arguments)


@cache
def client() -> httpx.AsyncClient:
    """One for the process; keeps no connection, so that it belongs to no event loop."""
    return httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_keepalive_connections=0))


def offered() -> dict[str, Any]:
    """The functions that installed packages offer, by name."""
    return {each.name: each for each in entry_points(group=ENTRY_POINTS)}


async def run(tool: Tool, call: ToolCall) -> tuple[str, bool]:
    """The result as JSON and whether the call failed; never raises, never takes longer than the tool may."""
    attributes = {
        names.OPERATION: "execute_tool",
        names.TOOL_NAME: tool.name,
        names.TOOL_CALL_ID: call.call_id,
        names.TURN_ID: call.turn_id,
    }
    with names.tracer.start_as_current_span(f"execute_tool {tool.name}", attributes=attributes) as span:
        try:
            async with asyncio.timeout(tool.timeout_s):
                return _json(await tool.work(call)), False
        except TimeoutError:
            reason = "no answer in time"
        except ToolFailed as error:
            reason = str(error)
        except Exception as error:  # anybody's code
            log.exception("the tool %s failed", tool.name)
            reason = f"the tool failed ({type(error).__name__})"
        span.set_attribute(names.ERROR_TYPE, "tool_failed")
        span.set_status(StatusCode.ERROR)
        return json.dumps(reason), True


def _json(result: Any) -> str:
    try:
        text = json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError):
        raise ToolFailed("the result is no JSON") from None
    if len(text.encode()) > MAX_RESULT_BYTES:
        raise ToolFailed("the result is too large")
    return text


def _value(text: str) -> Any:
    """JSON where it is, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def now() -> Mapping[str, str]:
    """The entry point `now`: the time and the date here."""
    here = datetime.now().astimezone()
    return {"time": f"{here:%H:%M}", "date": f"{here:%A, %B %d, %Y}", "zone": str(here.tzinfo)}
