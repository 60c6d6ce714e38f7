"""A real call over a bad network: held to the end, pictures back by a keyframe, the voice at its pace."""

import av
import pytest
from rpckit.testing import until
from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VideoFrame
from visavis_cli.talk.client import open_call
from visavis_cli.talk.network import Conditions, bad_network
from visavis_cli.talk.record import Record

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

BLACKOUT = Conditions(loss=5, jitter=50, reorder=3, delay=20, blackout=2, after=3)
WITHIN_S = 60


def decoded(frames: list[VideoFrame]) -> int:
    """How many pictures a player gets out of these frames when it begins with the first of them."""
    decoder, count = av.VideoCodecContext.create("vp8", "r"), 0
    for frame in frames:
        try:
            count += len(decoder.decode(av.Packet(frame.data)))
        except av.FFmpegError:
            continue  # one that was lost before it is missing
    return count


def hole_end(record: Record) -> int | None:
    """The number of the first frame after the blackout."""
    times = [frame.arrival_s for frame in record.video]
    for number in range(1, len(times)):
        if times[number] - times[number - 1] > 1.5:
            return number
    return None


async def test_a_call_lives_through_losses_and_a_blackout(stack):
    record, turns = Record(), []
    async with (
        bad_network(BLACKOUT, seed=3) as network,
        open_call(stack.url, None, record, lambda line: None, network) as call,
    ):
        call._take_turn = turns.append
        await until(lambda: hole_end(record), "the blackout, and a picture after it", WITHIN_S)
        back = hole_end(record)
        assert back is not None
        await until(
            lambda: any(frame.keyframe for frame in record.video[back:]), "a keyframe after it", WITHIN_S
        )
        first = next(n for n, frame in enumerate(record.video) if n >= back and frame.keyframe)
        await until(lambda: decoded(record.video[first:]) >= 20, "pictures that can be decoded", WITHIN_S)
        before = len(turns)
        call.send({"type": "text", "text": "Are you still there?"})
        await until(lambda: len(turns) > before, "the conversation goes on", WITHIN_S)
        assert turns[-1]["heard"]
    assert network.down.lost_count > 20
    audio = record.received
    sent_s = (audio[-1].rtp - audio[0].rtp) / AUDIO_RATE_HZ
    took_s = audio[-1].arrival_s - audio[0].arrival_s
    assert abs(took_s - sent_s) < 1.0, "the voice neither ran ahead nor fell behind"
