"""The tracks that carry what is encoded already."""

import pytest
from aiortc.mediastreams import MediaStreamError
from visavis_gateway.backends.packets import PacketTrack


@pytest.mark.asyncio
async def test_packets_leave_in_order_and_the_oldest_gives_way():
    track = PacketTrack("audio", 48_000, maxsize=2)
    assert [track.feed(bytes([k]), 20_000 * k) for k in range(3)] == [True, True, False]
    assert [bytes(await track.recv()) for _ in range(2)] == [b"\x01", b"\x02"]
    assert (track.waiting, track.first_pts_us) == (0, 20_000)


@pytest.mark.asyncio
async def test_a_stopped_track_holds_nothing_and_takes_nothing_more():
    track = PacketTrack("audio", 48_000, maxsize=2)
    track.feed(b"early", 0)
    track.stop()
    track.feed(b"late", 20_000)
    assert track.waiting == 0
    with pytest.raises(MediaStreamError):
        await track.recv()
