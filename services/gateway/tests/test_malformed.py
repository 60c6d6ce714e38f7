"""Offers and messages that no viewer should send: refused with a reason, nothing breaks, nothing hangs."""

import asyncio
import random

from aiortc import RTCPeerConnection
from aiortc.mediastreams import AudioStreamTrack
from rpckit.errors import InvalidInput
from visavis_gateway import inbox
from visavis_gateway.backends.webrtc import WebRtcTransport
from visavis_gateway.video import Video, agreed

OFFERS, MESSAGES = 150, 300
WITHIN_S = 30
NUMBERS = ["0", "-1", "65536", "99999999999999999999", "", "x", "\u0663", "1e9", "0x10"]


async def good_offer() -> str:
    pc = RTCPeerConnection()
    pc.addTrack(AudioStreamTrack())
    pc.addTransceiver("video", direction="recvonly")
    pc.createDataChannel("visavis")
    await pc.setLocalDescription(await pc.createOffer())
    sdp = pc.localDescription.sdp
    await pc.close()
    return sdp


def spoilt(sdp: str, chance: random.Random) -> str:
    """Lines lost, doubled, moved and cut; numbers replaced."""
    lines = sdp.splitlines()
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        words = lines[at].split(" ")
        match chance.randrange(6):
            case 0:
                del lines[at]
            case 1:
                lines.insert(chance.randrange(len(lines)), lines[at])
            case 2:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 3:
                words[chance.randrange(len(words))] = chance.choice(NUMBERS)
                lines[at] = " ".join(words)
            case 4:
                lines[at] = lines[at].replace(
                    chance.choice(":/=;"), chance.choice([" ", "", "::", "\0", "a=" * 99])
                )
            case _:
                chance.shuffle(lines[at : at + 5])
    return "\r\n".join(lines) + "\r\n"


class Deaf:
    """A viewer of whom nothing is wanted."""

    def __getattr__(self, name: str):
        return lambda *args: None


async def test_no_offer_breaks_the_gateway():
    chance, good = random.Random(5), await good_offer()
    reasons = []
    for number in range(OFFERS):
        sdp = spoilt(good, chance) if number % 10 else "".join(map(chr, chance.choices(range(256), k=300)))
        transport = WebRtcTransport(Deaf(), [], lambda: 0)
        try:
            async with asyncio.timeout(WITHIN_S):
                await transport.answer(sdp, agreed(Video(), sdp).codec)
        except InvalidInput as error:
            reasons.append(str(error))
        finally:
            await transport.close()
    assert len(reasons) > OFFERS / 3
    assert all(reason.startswith("sdp") for reason in reasons)


class Guest:
    """A call in which nothing may happen."""

    is_waiting = False

    def __init__(self) -> None:
        self.told: list[dict] = []
        self.conversation = self.hearing = Deaf()

    def now_us(self) -> int:
        return 0

    def media_clock(self) -> dict:
        track = {"rtp": 1, "pts_us": 0, "rate_hz": 48_000}
        return {"audio": track, "video": track}

    def tell(self, message: dict) -> None:
        self.told.append(message)

    def close(self, reason: str) -> None: ...

    def become(self, persona_name: str) -> None: ...

    def begin(self) -> None: ...


def test_no_message_of_a_viewer_breaks_a_call():
    chance, guest = random.Random(6), Guest()
    values = ["null", "1e999", "-1", '"x"', "[]", "{}", "true", '"' + "a" * 3000 + '"', "9" * 400, "NaN"]
    kinds = ["shown", "text", "interrupt", "report", "bye", "nothing", ""]
    fields = ["text", "audio_rtp", "video_rtp", "output_latency_ms", "type"]
    for number in range(MESSAGES):
        inside = "".join(
            f', "{chance.choice(fields)}": {chance.choice(values)}' for _ in range(chance.randint(0, 4))
        )
        raw = f'{{"type": "{chance.choice(kinds)}"{inside}}}'
        inbox.handle(guest, raw if number % 3 else raw[: chance.randrange(len(raw))])
    assert guest.told
    assert all(message["code"] == "invalid_message" for message in guest.told)
