"""Sessions that wait for their viewer, and the portrait that is seen meanwhile."""

import struct
from collections.abc import AsyncIterator

import pytest
from rpckit.errors import Busy
from rpckit.testing import until
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.config import Config
from visavis_gateway.peers.portrait import as_webp
from visavis_gateway.personas import Personas
from visavis_gateway.session import Session
from visavis_gateway.sessions import Sessions


@pytest.fixture
async def sessions(backstage) -> AsyncIterator[Sessions]:
    config = Config(max_sessions=1, vanish_timeout_s=30, connect_timeout_s=30)
    made = Sessions(config, backstage.services, Personas(), lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        yield made


def transport_of(session: Session) -> FakeTransport:
    return session._transport


def told(session: Session) -> list[str]:
    return [message["type"] for message in transport_of(session).messages]


async def test_nothing_happens_before_begin(sessions, backstage):
    session = await sessions.create("", "offer", waits=True)
    session.on_connected()
    session.on_message('{"type": "shown"}')
    assert transport_of(session).messages == [
        {"type": "error", "code": "invalid_message", "message": "this session waits: send begin first"}
    ]
    assert session.conversation.reply is None
    assert not transport_of(session).video
    session.on_message('{"type": "begin"}')
    await until(lambda: transport_of(session).video, "the face is sent")
    session.on_message('{"type": "shown"}')
    assert session.conversation.reply is not None, "it greets"
    session.on_message('{"type": "begin"}')
    assert told(session).count("session") == 1, "it begins once"


async def test_begin_may_come_before_the_connection_is_known(sessions):
    session = await sessions.create("", "offer", waits=True)
    session.on_message('{"type": "begin"}')
    assert told(session) == []
    session.on_connected()
    assert told(session)[0] == "session"


async def test_one_that_waits_makes_room_for_one_that_does_not(sessions):
    waiting = await sessions.create("", "offer", waits=True)
    waiting.on_connected()
    with pytest.raises(Busy):
        await sessions.create("", "offer", waits=True)
    session = await sessions.create("", "offer")
    assert transport_of(waiting).is_closed
    assert sessions.open_count == 1
    with pytest.raises(Busy):
        await sessions.create("", "offer")
    session.close("left")


async def test_portrait_is_a_keyframe_in_a_webp_and_drawn_once(sessions, backstage):
    persona = sessions.personas.find("ada")
    picture = await sessions.portraits.of(persona)
    assert picture == as_webp(b"frame")
    starts = backstage.render.of_kind("start")
    assert [start.avatar for start in starts] == [persona.avatar]
    assert await sessions.portraits.of(persona) is picture
    assert len(backstage.render.of_kind("start")) == 1
    assert len(backstage.render.of_kind("keyframe")) == 1


def test_webp_has_the_right_lengths():
    for payload in (b"even", b"odd"):
        made = as_webp(payload)
        assert made[:4] == b"RIFF"
        assert struct.unpack("<I", made[4:8])[0] == len(made) - 8
        assert made[8:16] == b"WEBPVP8 "
        assert struct.unpack("<I", made[16:20])[0] == len(payload)
        assert len(made) % 2 == 0
