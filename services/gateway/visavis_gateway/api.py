"""The HTTP handlers: signalling, and the doors for applications (docs/viewer.md, section 1; openapi.json)."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from rpckit.errors import Busy, InvalidInput, NotFound, NotReady, ServiceError, Unsupported, require
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from visavis_gateway import inbox, names
from visavis_gateway.config import Config
from visavis_gateway.peers.health import state_of
from visavis_gateway.reach import Reach, advertise, parse_advertised
from visavis_gateway.session import Session
from visavis_gateway.sessions import Sessions
from visavis_gateway.video import video_of

MAX_BODY_BYTES = 64 * 1024
RETRY_AFTER_S = "30"
FACE_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
}

Handler = Callable[[Request], Awaitable[Response]]


class TooLarge(ServiceError):
    """A body over the limit."""


# Error -> (HTTP status, code); the first that fits.
STATUS: list[tuple[type[Exception], int, str]] = [
    (TooLarge, 413, "too_large"),
    (InvalidInput, 400, "invalid_body"),
    (Unsupported, 409, "no_client_face"),
    (NotFound, 404, "not_found"),
    (Busy, 503, "full"),
    (NotReady, 503, "unavailable"),
    (ServiceError, 503, "unavailable"),
    (TimeoutError, 503, "unavailable"),
]


def failure(error: Exception) -> Response:
    """The JSON answer to an error that a caller may see."""
    status, code = next((s, c) for kind, s, c in STATUS if isinstance(error, kind))
    if isinstance(error, InvalidInput) and str(error).startswith("sdp"):
        code = "invalid_sdp"
    if isinstance(error, NotFound) and "persona" in str(error):
        code = "unknown_persona"
    headers = {"Retry-After": RETRY_AFTER_S} if status == 503 else {}
    message = str(error) or "the services took too long to answer"
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def guarded(handler: Handler) -> Handler:
    """Errors become answers; anything unknown is logged by Starlette and answered as 500 without a trace."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except (ServiceError, TimeoutError) as error:
            names.refused.add(1, {"visavis.reason": type(error).__name__})
            return failure(error)

    return handle


async def read_json(request: Request) -> dict[str, Any]:
    """The body as a JSON object of at most 64 KiB."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"the body must not be larger than {MAX_BODY_BYTES} bytes")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("the body must be JSON") from None
    require(isinstance(parsed, dict), "the body must be a JSON object")
    assert isinstance(parsed, dict)
    return parsed


def text_field(body: dict[str, Any], field: str, default: str | None = None) -> str:
    """A field that must be a non-empty string."""
    value = body.get(field, default)
    require(isinstance(value, str) and (value or default is not None), f"{field} must be text")
    assert isinstance(value, str)
    return value


def bearer(request: Request) -> str:
    """The token that a caller shows; empty for none."""
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def render_field(body: dict[str, Any]) -> bool:
    """Whether the viewer draws."""
    render = body.get("render", "server")
    require(render in ("server", "client"), 'render must be "server" or "client"')
    return bool(render == "client")


def resumed_field(body: dict[str, Any]) -> tuple[str, str] | None:
    """The session that broke off, as (id, token); None when this is a new conversation."""
    resume = body.get("resume")
    if resume is None:
        return None
    require(isinstance(resume, dict), "resume must be an object with session_id and token")
    return text_field(resume, "session_id"), text_field(resume, "token")


async def event_stream(messages: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Server-sent events: the message's type as the event, the message as its data."""
    async for message in messages:
        yield f"event: {message['type']}\ndata: {json.dumps(message)}\n\n"


class Api:
    """The handlers."""

    def __init__(self, config: Config, sessions: Sessions, channels: Mapping[str, Any]) -> None:
        self._config = config
        self._sessions = sessions
        self._channels = channels
        self._reach = Reach(parse_advertised(config.advertised_address))

    async def info(self, request: Request) -> Response:
        personas = self._sessions.personas
        default = personas.find("")
        ordered = sorted(personas.values(), key=lambda p: (p.name != default.name, p.name))
        return JSONResponse(
            {
                "personas": [
                    {"name": p.name, "title": p.title, "avatar": p.avatar, "listed": p.is_listed}
                    for p in ordered
                ],
                "disclosure": default.disclosure,
                "ice_servers": [{"urls": url} for url in self._config.ice_servers],
                "video": self._config.video.as_json(),
            }
        )

    async def health(self, request: Request) -> Response:
        services = {name: await state_of(channel) for name, channel in self._channels.items()}
        is_ok = all(state == "serving" for state in services.values())
        body = {
            "status": "ok" if is_ok else "degraded",
            "sessions": {"open": self._sessions.open_count, "limit": self._sessions.limit},
            "services": services,
        }
        return JSONResponse(body, 200 if is_ok else 503)

    async def create(self, request: Request) -> Response:
        body = await read_json(request)
        require(body.get("type") == "offer", 'type must be "offer"')
        sdp = text_field(body, "sdp")
        addresses = await self._reach.addresses(request.url.hostname or "")
        waits = body.get("waits", False)
        require(isinstance(waits, bool), "waits must be true or false")
        video = video_of(body.get("video", {}), self._config.video)
        session = await self._sessions.create(
            text_field(body, "persona", ""), sdp, video,
            waits=waits, resumes=resumed_field(body), viewer_draws=render_field(body),
        )  # fmt: skip
        sdp = advertise(session.answer.result(), addresses)
        answer = {
            "type": "answer",
            "sdp": sdp,
            "video": session.video.as_json(),
            "resumed": session.is_resumed,
            **session.face,
        }
        return JSONResponse({"session_id": session.session_id, "token": session.token, **answer}, 201)

    async def picture(self, request: Request) -> Response:
        persona = self._sessions.personas.find(request.path_params["name"])
        picture = await self._sessions.portraits.of(persona)
        return Response(picture, media_type="image/webp", headers={"Cache-Control": "max-age=300"})

    async def delete(self, request: Request) -> Response:
        await self._sessions.hang_up(request.path_params["session_id"], bearer(request))
        return Response(status_code=204)

    async def say(self, request: Request) -> Response:
        session = self._session_of(request)
        session.conversation.say(session.now_us(), inbox.text_of(await read_json(request)))
        return JSONResponse({}, 202)

    async def interrupt(self, request: Request) -> Response:
        session = self._session_of(request)
        session.conversation.interrupt(session.now_us())
        return JSONResponse({}, 202)

    async def persona(self, request: Request) -> Response:
        session = self._session_of(request)
        body = await read_json(request)
        session.become(text_field(body, "persona"))
        return JSONResponse({}, 202)

    async def manifest(self, request: Request) -> Response:
        return JSONResponse(self._session_of(request).manifest())

    async def face(self, request: Request) -> Response:
        """A file that a drawn face needs; its name is its hash, so it never changes."""
        self._sessions.require_any(bearer(request))
        digest = request.path_params["digest"]
        file = self._sessions.faces.get(digest)
        headers = {**FACE_HEADERS, "ETag": f'"{digest}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(file.data, media_type=file.media_type, headers=headers)

    async def events(self, request: Request) -> Response:
        session = self._session_of(request)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(
            event_stream(session.watch()), media_type="text/event-stream", headers=headers
        )

    def _session_of(self, request: Request) -> Session:
        return self._sessions.find(request.path_params["session_id"], bearer(request))
