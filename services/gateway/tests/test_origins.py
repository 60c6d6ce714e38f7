"""Whose pages may use the gateway, and what the page may load."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import ValidationError
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.config import Config
from visavis_gateway.personas import Personas
from visavis_gateway.server import PAGE, build_app
from visavis_gateway.sessions import Sessions

MUSEUM = "https://museum.example"


@asynccontextmanager
async def gateway(backstage, *allowed: str) -> AsyncIterator[httpx.AsyncClient]:
    config = Config(allowed_origins=list(allowed))
    sessions = Sessions(config, backstage.services, Personas(), lambda viewer, now_us: FakeTransport(viewer))
    transport = httpx.ASGITransport(app=build_app(config, sessions, backstage.channels))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway:8080") as client:
        yield client


async def test_by_default_no_other_page_gets_in(backstage):
    async with gateway(backstage) as http:
        for path in ("/api/info", "/api/health"):
            answer = await http.get(path, headers={"Origin": MUSEUM})
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "origin_refused"
            assert "GATEWAY_ALLOWED_ORIGINS" in answer.json()["error"]["message"]
        script = await http.get("/embed.js", headers={"Origin": MUSEUM})
        assert "access-control-allow-origin" not in script.headers, "no browser runs it there"
        page = await http.get("/")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://gateway:8080"},
        {"Origin": "https://avatar.example", "Sec-Fetch-Site": "same-origin"},
    ],
    ids=["no browser", "the page itself", "the page behind a proxy"],
)
async def test_own_page_and_programs_get_in(backstage, headers):
    async with gateway(backstage) as http:
        assert (await http.get("/api/info", headers=headers)).status_code == 200


@pytest.mark.parametrize("allowed", [MUSEUM, "*"])
async def test_allowed_page_gets_in(backstage, allowed):
    async with gateway(backstage, allowed) as http:
        answer = await http.get("/api/info", headers={"Origin": MUSEUM})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == MUSEUM
        assert "Origin" in answer.headers["vary"]
        wanted = {"Origin": MUSEUM, "Access-Control-Request-Method": "POST"}
        preflight = await http.options("/api/sessions", headers=wanted)
        assert preflight.status_code == 204
        assert "Authorization" in preflight.headers["access-control-allow-headers"]
        for path in ("/embed.js", "/page/embed/element.js"):
            script = await http.get(path, headers={"Origin": MUSEUM})
            assert script.headers["access-control-allow-origin"] == MUSEUM
        assert f"frame-ancestors {allowed}" in (await http.get("/")).headers["content-security-policy"]


async def test_allowed_page_allows_no_other(backstage):
    async with gateway(backstage, MUSEUM) as http:
        assert (await http.get("/api/info", headers={"Origin": "https://evil.example"})).status_code == 403
        assert (await http.get("/api/info", headers={"Origin": "null"})).status_code == 403


async def test_page_loads_nothing_from_elsewhere_and_has_no_code_in_its_text(backstage):
    async with gateway(backstage) as http:
        page = await http.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    for source in PAGE.rglob("*"):
        if source.suffix in (".html", ".js", ".css"):
            text = source.read_text()
            assert "eval(" not in text
            assert "innerHTML" not in text
            assert not [line for line in text.splitlines() if " style=" in line or " onclick=" in line], (
                source
            )


@pytest.mark.parametrize("wrong", ["museum.example", "https://museum.example/guide", "ftp://x", ""])
def test_what_is_no_origin_is_refused(wrong):
    with pytest.raises(ValidationError, match="is not an origin"):
        Config(allowed_origins=[wrong])


def test_certificate_needs_its_key(tmp_path):
    here = tmp_path / "a.crt"
    here.write_text("x")
    with pytest.raises(ValidationError, match="go together"):
        Config(tls_cert_file=here)
    with pytest.raises(ValidationError, match="there is no file"):
        Config(tls_cert_file=here, tls_key_file=tmp_path / "missing.key")
    with pytest.raises(ValidationError, match="must be a certificate and its key"):
        Config(tls_cert_file=here, tls_key_file=here)
