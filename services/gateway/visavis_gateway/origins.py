"""Whose pages may use this gateway: CORS, frames, and what the page itself may load."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = "GET, POST, DELETE"
REQUEST_HEADERS = "Authorization, Content-Type"
EVERYONE = "*"
# The page loads nothing from elsewhere, and runs no text as code.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self';"
    " img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
)


def content_policy(allowed: Sequence[str]) -> str:
    """The page's Content-Security-Policy; only the allowed origins may frame it."""
    ancestors = " ".join(allowed) if allowed else "'none'"
    return CONTENT_POLICY.format(ancestors=ancestors)


def is_own(headers: Headers, origin: str) -> bool:
    """The request comes from this gateway's own page, be it behind a proxy or not."""
    if headers.get("sec-fetch-site") == "same-origin":
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class Origins:
    """ASGI middleware. A page of an origin that is not allowed gets 403 from the API, and no CORS header."""

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        self._policy = content_policy(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = self._allows(origin)
        if origin and not allowed and scope["path"].startswith("/api") and not is_own(headers, origin):
            await _refusal(origin)(scope, receive, send)
        elif allowed and scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=_preflight(origin))(scope, receive, send)
        else:
            await self._app(scope, receive, self._marking(send, origin if allowed else ""))

    def _allows(self, origin: str) -> bool:
        return bool(origin) and (origin.lower() in self._allowed or EVERYONE in self._allowed)

    def _marking(self, send: Send, origin: str) -> Send:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Content-Security-Policy"] = self._policy
                headers.add_vary_header("Origin")
                if origin:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = "Retry-After"
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        return marked


def _preflight(origin: str) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


def _refusal(origin: str) -> Response:
    message = f"pages of {origin} may not use this gateway; see GATEWAY_ALLOWED_ORIGINS"
    return JSONResponse({"error": {"code": "origin_refused", "message": message}}, 403)
