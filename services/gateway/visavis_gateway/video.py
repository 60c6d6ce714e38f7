"""The picture of one session: what the viewer may ask for, and the codec that both sides speak. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from rpckit.errors import InvalidInput, require

Codec = Literal["vp8", "h264"]
CODECS: tuple[Codec, ...] = ("vp8", "h264")
FIELDS = ("size_px", "rate_hz", "bitrate_bps", "codec")
SIZES_PX, RATES_HZ, BITRATES_BPS = (128, 1024), (5, 60), (50_000, 5_000_000)

RTPMAP = re.compile(r"^a=rtpmap:(\d+) (VP8|H264)/90000\s*$", re.MULTILINE | re.IGNORECASE)
FMTP = re.compile(r"^a=fmtp:(\d+) (.*)$", re.MULTILINE)
BASELINE = "42"  # profile_idc 66: what every browser decodes


@dataclass(frozen=True, slots=True)
class Video:
    """Square, with at most so many frames a second. `codec` is the one wanted, or the one agreed on."""

    size_px: int = 512
    rate_hz: int = 25
    bitrate_bps: int = 800_000
    codec: Codec = "vp8"

    def as_json(self) -> dict[str, Any]:
        """As the API tells it."""
        return {
            "codec": self.codec.upper(),
            "width_px": self.size_px,
            "height_px": self.size_px,
            "frame_rate_hz": self.rate_hz,
            "bitrate_bps": self.bitrate_bps,
        }


def video_of(wish: object, usual: Video) -> Video:
    """What the viewer asks for in `video`; what it leaves out is as usual. Raises InvalidInput."""
    require(isinstance(wish, Mapping), "video must be an object")
    assert isinstance(wish, Mapping)
    unknown = sorted(str(key) for key in wish.keys() - set(FIELDS))
    require(not unknown, f"video has no field {', '.join(unknown)[:100]}; it has {', '.join(FIELDS)}")
    codec = wish.get("codec", usual.codec)
    require(codec in CODECS, f"video.codec must be one of {', '.join(CODECS)}")
    size_px = _whole(wish, "size_px", usual.size_px, SIZES_PX)
    require(size_px % 2 == 0, "video.size_px must be even")
    return Video(
        size_px,
        _whole(wish, "rate_hz", usual.rate_hz, RATES_HZ),
        _whole(wish, "bitrate_bps", usual.bitrate_bps, BITRATES_BPS),
        codec,
    )


def _whole(wish: Mapping[str, Any], field: str, usual: int, limits: tuple[int, int]) -> int:
    value = wish.get(field, usual)
    low, high = limits
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not low <= value <= high:
        raise InvalidInput(f"video.{field} must be a whole number from {low} to {high}")
    return int(value)


def agreed(video: Video, offer_sdp: str) -> Video:
    """With the wanted codec where the offer has it, else with the other one.

    An offer with neither changes nothing: whoever answers it refuses it, or needs no video.
    """
    offered = codecs_in(offer_sdp)
    wanted = [codec for codec in (video.codec, *CODECS) if codec in offered]
    return replace(video, codec=wanted[0]) if wanted else video


def codecs_in(offer_sdp: str) -> set[Codec]:
    """What of ours an offer has; H.264 counts as baseline with packetization mode 1 (RFC 6184) only."""
    parameters = {number: rest.lower() for number, rest in FMTP.findall(offer_sdp)}
    found: set[Codec] = set()
    for number, name in RTPMAP.findall(offer_sdp):
        if name.upper() == "VP8":
            found.add("vp8")
        elif _is_baseline(parameters.get(number, "")):
            found.add("h264")
    return found


def _is_baseline(parameters: str) -> bool:
    values = dict(each.strip().partition("=")[::2] for each in parameters.split(";"))
    profile = values.get("profile-level-id", BASELINE)
    return values.get("packetization-mode") == "1" and profile.startswith(BASELINE)
