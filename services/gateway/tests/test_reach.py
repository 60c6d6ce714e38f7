"""Where viewers are sent: advertised addresses, fixed UDP ports."""

import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from rpckit.errors import NotReady
from rpckit.settings import load
from rpckit.testing import until
from visavis_gateway.backends.webrtc import WebRtcTransport
from visavis_gateway.config import Config
from visavis_gateway.personas import Personas
from visavis_gateway.reach import Reach, advertise, parse_advertised
from visavis_gateway.server import build_app
from visavis_gateway.sessions import Sessions

ANSWER = "\r\n".join(
    [
        "v=0", "o=- 1 1 IN IP4 0.0.0.0", "m=audio 8190 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 172.18.0.7",
        "a=candidate:aa 1 udp 2130706431 172.18.0.7 8190 typ host",
        "a=candidate:bb 1 udp 2130706431 fd00::7 8190 typ host",
        "a=candidate:cc 1 udp 1694498815 203.0.113.9 8190 typ relay raddr 172.18.0.7 rport 8190",
        "a=end-of-candidates", "",
    ]
)  # fmt: skip

OpenDoor = Callable[[Config], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def door(backstage) -> OpenDoor:
    """A gateway with these settings, and a client that has reached it by IP address."""

    @asynccontextmanager
    async def open_door(config: Config) -> AsyncIterator[httpx.AsyncClient]:
        sessions = Sessions(
            config,
            backstage.services,
            Personas(),
            lambda viewer, now_us: WebRtcTransport(viewer, [], now_us, config.udp_port_range),
        )
        app = httpx.ASGITransport(app=build_app(config, sessions, backstage.channels))
        async with (
            sessions.running(),
            httpx.AsyncClient(transport=app, base_url="http://127.0.0.1:8080") as client,
        ):
            yield client

    return open_door


@pytest.fixture
async def viewer() -> AsyncIterator[RTCPeerConnection]:
    pc = RTCPeerConnection()
    pc.addTrack(AudioStreamTrack())
    pc.addTransceiver("video", direction="recvonly")
    pc.createDataChannel("visavis")
    await pc.setLocalDescription(await pc.createOffer())
    yield pc
    await pc.close()


def free_ports(count: int) -> range:
    """Ports in a row that nobody used a moment ago."""
    for first in range(21_000, 60_000, 97):
        probes = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
        try:
            for k, probe in enumerate(probes):
                probe.bind(("", first + k))
            return range(first, first + count)
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise AssertionError("no free UDP ports")


def candidates(sdp: str) -> list[tuple[str, int]]:
    found = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp)
    return [(address, int(port)) for address, port in found]


async def test_a_call_comes_in_at_the_advertised_address_and_one_of_the_ports(door, viewer):
    ports = free_ports(2)
    config = Config(udp_ports=f"{ports[0]}-{ports[-1]}", advertised_address="request")
    async with door(config) as http:
        offer = {"type": "offer", "sdp": viewer.localDescription.sdp}
        answer = (await http.post("/api/sessions", json=offer)).json()
        [(address, port)] = set(candidates(answer["sdp"]))
        assert address == "127.0.0.1"
        assert port in ports
        await viewer.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))
        await until(lambda: viewer.connectionState == "connected", "the call is connected")
        url = f"/api/sessions/{answer['session_id']}"
        await http.delete(url, headers={"Authorization": f"Bearer {answer['token']}"})


async def test_without_a_free_port_the_viewer_is_told_that_it_is_full(door, viewer):
    [port] = free_ports(1)
    config = Config(max_sessions=1, udp_ports=str(port))
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("", port))
        async with door(config) as http:
            refused = await http.post(
                "/api/sessions", json={"type": "offer", "sdp": viewer.localDescription.sdp}
            )
    assert refused.status_code == 503
    assert refused.json()["error"]["code"] == "full"
    assert str(port) in refused.json()["error"]["message"]


async def test_a_page_reached_by_name_needs_an_address_that_is_set(door, viewer):
    async with door(Config(advertised_address="request")) as http:
        refused = await http.post(
            "http://avatar.example/api/sessions", json={"type": "offer", "sdp": viewer.localDescription.sdp}
        )
    assert refused.status_code == 503
    assert "GATEWAY_ADVERTISED_ADDRESS" in refused.json()["error"]["message"]


def test_own_addresses_give_way_and_relays_stay():
    sdp = advertise(ANSWER, ["192.0.2.1", "2001:db8::1"])
    assert candidates(sdp) == [("192.0.2.1", 8190), ("2001:db8::1", 8190)]
    assert "172.18.0.7 8190 typ host" not in sdp
    assert "c=IN IP4 192.0.2.1\r\n" in sdp
    assert "203.0.113.9 8190 typ relay" in sdp
    priorities = [int(p) for p in re.findall(r"udp (\d+) \S+ 8190 typ host", sdp)]
    assert priorities == sorted(priorities, reverse=True)
    assert len(set(re.findall(r"a=candidate:(\S+)", sdp))) == 3, "each candidate has a foundation of its own"


def test_nothing_to_advertise_changes_nothing():
    assert advertise(ANSWER, []) == ANSWER


@pytest.mark.parametrize(
    ("setting", "host", "expected"),
    [
        ("", "anything.example", []),
        ("request", "localhost", ["127.0.0.1"]),
        ("request", "192.0.2.7", ["192.0.2.7"]),
        ("request", "2001:db8::7", ["2001:db8::7"]),
        ("request, 192.0.2.1", "192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.1,198.51.100.1", "localhost", ["192.0.2.1", "198.51.100.1"]),
    ],
)
async def test_which_addresses_a_viewer_is_told(setting, host, expected):
    assert await Reach(parse_advertised(setting)).addresses(host) == expected


async def test_names_are_looked_up():
    assert "127.0.0.1" in await Reach(("localhost",)).addresses("")
    with pytest.raises(NotReady, match=r"nowhere\.invalid can't be looked up"):
        await Reach(("nowhere.invalid",)).addresses("")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GATEWAY_ADVERTISED_ADDRESS", "0.0.0.0", "no address that a viewer can send to"),
        ("GATEWAY_ADVERTISED_ADDRESS", "10.0.0", "must be an IP address"),
        ("GATEWAY_ADVERTISED_ADDRESS", "http://x", "must be an IP address"),
        ("GATEWAY_ADVERTISED_ADDRESS", "a,b,c,d,e", "at most 4"),
        ("GATEWAY_UDP_PORTS", "80-90", "from 1024 to 65535"),
        ("GATEWAY_UDP_PORTS", "9000-8000", "FIRST-LAST"),
        ("GATEWAY_UDP_PORTS", "many", "FIRST-LAST"),
        ("GATEWAY_UDP_PORTS", "8190", "1 ports are too few for GATEWAY_MAX_SESSIONS=2"),
    ],
)
def test_a_mistake_names_the_setting_and_what_it_may_be(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=says) as refused:
        load(Config)
    assert name in str(refused.value)
