"""What an offer must be like, beyond what aiortc looks at."""

import re

from aiortc import RTCRtpTransceiver
from rpckit.errors import InvalidInput

MID = re.compile(r"^a=mid:(\S+)\s*$", re.MULTILINE)
BUNDLE = re.compile(r"^a=group:BUNDLE((?: \S+)+)\s*$", re.MULTILINE)


def check_text(offer_sdp: str) -> None:
    """Refuse early what aiortc would accept and never connect."""
    printable = all(c.isprintable() or c in "\r\n\t" for c in offer_sdp)
    if not printable:
        raise InvalidInput("sdp must be plain text")
    if "a=fingerprint:" not in offer_sdp or "SAVPF" not in offer_sdp:
        raise InvalidInput("sdp must offer DTLS-SRTP (a fingerprint and a SAVPF profile)")
    mids = MID.findall(offer_sdp)
    bundled = [mid for group in BUNDLE.findall(offer_sdp) for mid in group.split()]
    if not mids or sorted(mids) != sorted(bundled) or len(set(mids)) != len(mids):
        raise InvalidInput("sdp must bundle all of its sections (a=group:BUNDLE with each a=mid)")


def without_hidden_addresses(offer_sdp: str) -> str:
    """The offer less its mDNS candidates, and open for those that come with the viewer's own checks.

    Browsers hide their addresses until the microphone is allowed. Looking a name up takes a second where
    nobody answers, and with no address at all ICE would fail before the first check of the viewer arrives.
    """
    lines = offer_sdp.splitlines(keepends=True)
    hidden = [line.startswith("a=candidate:") and ".local " in line for line in lines]
    if not any(hidden):
        return offer_sdp
    kept = [line for line, drop in zip(lines, hidden, strict=True) if not drop]
    return "".join(line for line in kept if not line.startswith("a=end-of-candidates"))


def keep_codec(transceiver: RTCRtpTransceiver, mime_type: str) -> None:
    """Answer with this codec and its retransmission alone; aiortc would send the offer's first."""
    chosen = [c for c in transceiver._codecs if c.mimeType.lower() == mime_type.lower()]
    if not chosen:
        raise InvalidInput(f"sdp must offer {mime_type}")
    types = {c.payloadType for c in chosen}
    retransmission = [c for c in transceiver._codecs if c.parameters.get("apt") in types]
    transceiver._codecs = chosen + retransmission
