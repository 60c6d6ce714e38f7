"""Downloads that go on where they stopped, and that give up on an unreachable host within seconds."""

import re
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx

from visavis_cli import environment
from visavis_cli.progress import Progress

TIMEOUT = httpx.Timeout(20, connect=4)
ANSWERS = (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT, httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE)
# Where people name a certificate authority of their own.
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")


class SourceError(Exception):
    """This source can't give the bytes; another one may."""


class SourceBroke(SourceError):
    """The source stopped in the middle; asking it again for the rest may help."""


def tls() -> ssl.SSLContext:
    """Trusts what the system trusts, the usual authorities, the user's own, and `visavis up --tls` here."""
    context = ssl.create_default_context()
    named = [environment.current().get(name) for name in CA_VARIABLES]
    for path in (certifi.where(), str(environment.own_certificate()), *filter(None, named)):
        if Path(path).is_file():
            context.load_verify_locations(path)
    return context


def reason_of(error: Exception) -> str:
    """An error in words, without its number."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__


class Web:
    """An HTTP client that remembers which hosts could not be reached."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._client: httpx.Client | None = None
        self._unreachable: set[str] = set()

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    def page(self, url: str) -> tuple[str, str]:
        """A small page: its text and the URL it came from in the end."""
        with self._open(url, {}) as response:
            response.read()
            return response.text, str(response.url)

    def read(self, url: str, label: str, offset: int) -> Iterator[bytes]:
        """The bytes of `url` from `offset` on, shown as progress under `label`."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        # A compressed transfer would count other bytes than the file's.
        with self._open(url, {"Accept-Encoding": "identity", **headers}) as response:
            if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is left beyond `offset`
            skip = 0 if response.status_code == httpx.codes.PARTIAL_CONTENT else offset
            length = int(response.headers.get("content-length", 0))
            with self._progress.task(label, offset - skip + length, offset - skip) as advance:
                for chunk in self._chunks(response):
                    advance(len(chunk))
                    yield chunk[skip:]
                    skip = max(0, skip - len(chunk))

    def _open(self, url: str, headers: dict[str, str]) -> AbstractContextManager[httpx.Response]:
        host = urlsplit(url).hostname or url
        if host in self._unreachable:
            raise SourceError(f"{host} can't be reached")
        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=True, verify=tls())
        request = self._client.build_request("GET", url, headers=headers)
        try:
            response = self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            self._unreachable.add(host)
            raise SourceError(f"{host} can't be reached ({reason_of(error)})") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{host}: {reason_of(error)}") from None
        if response.status_code not in ANSWERS:
            response.close()
            raise SourceError(f"{host} answered {response.status_code} {response.reason_phrase}")
        return closing(response)

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_raw()  # as it arrives: nothing is lost when it breaks
        except httpx.HTTPError as error:
            raise SourceBroke(f"the connection broke ({reason_of(error)})") from None
