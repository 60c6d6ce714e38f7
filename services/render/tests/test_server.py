import asyncio

import av
import grpc
import numpy as np
import pytest
from visavis.media.v1 import media_pb2 as media
from visavis.render.v1 import render_service_pb2 as pb

FRAME_US = 40_000


def start(**fields):
    fields = {"session_id": "s1", "seed": 1, **fields}
    return pb.RenderRequest(start=pb.StartRender(**fields))


def advance(pts_us, skip=False):
    return pb.RenderRequest(advance=pb.Advance(pts_us=pts_us, skip=skip))


def cue(offset_us, duration_us=100_000, viseme=media.VISEME_AA, intensity=0.9):
    return media.VisemeCue(viseme=viseme, offset_us=offset_us, duration_us=duration_us, intensity=intensity)


def visemes(*cues, **fields):
    return pb.RenderRequest(visemes=pb.VisemeCues(cues=cues, turn_id="t1", generation=1, **fields))


FINISH = pb.RenderRequest(finish=pb.FinishRender())
KEYFRAME = pb.RenderRequest(keyframe=pb.RequestKeyframe())


async def begin(stub, first=None):
    """Send the first message and wait for the answer before sending more."""
    call = stub.Render()
    await call.write(first or start())
    started = await call.read()
    assert started.WhichOneof("event") == "started"
    return call


async def show(call, pts_us):
    await call.write(advance(pts_us))
    return await call.read()


async def rest(call, *messages):
    for message in messages:
        await call.write(message)
    await call.done_writing()
    received = []
    while (response := await call.read()) is not grpc.aio.EOF:
        received.append(response)
    return received


async def error_of(call, *messages):
    for message in messages:
        await call.write(message)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    return caught.value.code(), caught.value.details()


async def test_started_tells_the_video_as_it_will_be(stub):
    call = stub.Render()
    await call.write(start(format=pb.VideoFormat(width_px=256, bitrate_bps=300_000)))
    started = (await call.read()).started
    assert started.format == pb.VideoFormat(
        codec=pb.VIDEO_CODEC_VP8, width_px=256, height_px=256, frame_rate_hz=25, bitrate_bps=300_000
    )
    assert started.lookahead_us >= 200_000
    assert await rest(call, FINISH) == []


async def test_each_advance_gets_one_answer_in_order(stub):
    call = await begin(stub)
    got = []
    for number in range(12):
        await call.write(advance(number * FRAME_US, skip=number % 4 == 3))
        got.append(await call.read())
    assert await rest(call, FINISH) == []
    assert [r.WhichOneof("event") for r in got] == ["frame", "frame", "frame", "skipped"] * 3
    assert [getattr(r, r.WhichOneof("event")).pts_us for r in got] == [n * FRAME_US for n in range(12)]
    assert [r.frame.keyframe for r in got if r.HasField("frame")] == [True] + [False] * 8
    assert all(r.frame.duration_us > 0 for r in got if r.HasField("frame"))


async def test_frames_decode_and_the_mouth_follows_the_cues(stub):
    call = await begin(stub)
    await call.write(visemes(cue(400_000, 400_000)))
    decoder = av.CodecContext.create("vp8", "r")
    brightness = []
    for number in range(30):
        frame = (await show(call, number * FRAME_US)).frame
        (picture,) = decoder.decode(av.Packet(frame.data))
        brightness.append(int(np.median(picture.to_ndarray(format="yuv420p")[280:360, 200:300])))
    await rest(call, FINISH)
    assert max(brightness[:4]) < 100
    assert max(brightness[12:18]) > 140
    assert max(brightness[26:]) < 100


async def test_a_cut_closes_the_mouth(stub):
    call = await begin(stub)
    await call.write(visemes(*(cue(n * 100_000) for n in range(30))))
    decoder = av.CodecContext.create("vp8", "r")
    brightness = []
    for number in range(20):
        if number == 10:
            await call.write(pb.RenderRequest(cut=pb.Cut(pts_us=10 * FRAME_US)))
        frame = (await show(call, number * FRAME_US)).frame
        (picture,) = decoder.decode(av.Packet(frame.data))
        brightness.append(int(np.median(picture.to_ndarray(format="yuv420p")[280:360, 200:300])))
    await rest(call, FINISH)
    assert brightness[9] > 140
    assert max(brightness[13:]) < 100


async def test_too_many_advances_are_skipped_oldest_first(stub, slow_threads):
    call = await begin(stub)
    got = await rest(call, *(advance(n * FRAME_US) for n in range(12)), FINISH)
    events = [r.WhichOneof("event") for r in got]
    assert len(events) == 12
    assert "skipped" in events
    assert events[-3:] == ["frame"] * 3
    assert [getattr(r, e).pts_us for r, e in zip(got, events, strict=True)] == [
        n * FRAME_US for n in range(12)
    ]


async def test_a_requested_keyframe_comes(stub):
    call = await begin(stub)
    for number in range(10):
        await show(call, number * FRAME_US)
    await call.write(KEYFRAME)
    assert (await show(call, 10 * FRAME_US)).frame.keyframe
    assert not (await show(call, 11 * FRAME_US)).frame.keyframe
    await rest(call, FINISH)


async def test_configure_changes_the_size(stub):
    call = await begin(stub)
    await show(call, 0)
    await call.write(pb.RenderRequest(configure=pb.Configure(format=pb.VideoFormat(width_px=256))))
    frame = (await show(call, FRAME_US)).frame
    await rest(call, FINISH)
    assert frame.keyframe
    (picture,) = av.CodecContext.create("vp8", "r").decode(av.Packet(frame.data))
    assert (picture.width, picture.height) == (256, 256)


async def test_statistics_come_about_every_ten_seconds(stub):
    call = await begin(stub)
    await call.write(visemes(cue(1_000_000), cue(1_050_000), cue(2_000_000)))
    got = []
    for number in range(23):
        await call.write(advance(number * 1_000_000, skip=number == 5))
        got.append(await call.read())
        if number and number % 10 == 0:
            got.append(await call.read())
    await rest(call, FINISH)
    first, second = (r.statistics for r in got if r.HasField("statistics"))
    assert (first.frame_count, first.skipped_count, first.dropped_cue_count) == (10, 1, 1)
    assert first.frame_duration_us > 0
    assert second.frame_count == 20


async def test_a_snapshot_brings_the_schedule_back(stub):
    snapshot = pb.RenderSnapshot(
        visemes=[cue(5_000_000, 500_000)],
        behaviour=pb.SetBehaviour(behaviour=pb.BEHAVIOUR_SPEAKING, pts_us=4_000_000),
        emotion=pb.SetEmotion(emotion=media.EMOTION_HAPPY, intensity=0.5, pts_us=4_000_000),
        gaze=pb.SetGaze(x=0.1, y=0.1, pts_us=1_000_000),
    )
    call = await begin(stub, start(snapshot=snapshot))
    frame = (await show(call, 5_250_000)).frame
    (picture,) = av.CodecContext.create("vp8", "r").decode(av.Packet(frame.data))
    assert np.median(picture.to_ndarray(format="yuv420p")[280:360, 200:300]) > 140
    await rest(call, FINISH)


async def test_the_same_seed_gives_the_same_pictures(stub):
    async def frames(seed):
        call = await begin(stub, start(seed=seed, avatar="fake"))
        data = [(await show(call, n * FRAME_US)).frame.data for n in range(5)]
        await rest(call, FINISH)
        return data

    assert await frames(7) == await frames(7)


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"session_id": "a.b"}, "INVALID_ARGUMENT", "session_id"),
        ({"avatar": "nobody"}, "NOT_FOUND", "amara, amos, clapper, fake, mira, nora, ruth, theo"),
        ({"avatar": "../mira"}, "NOT_FOUND", "no avatar"),
        ({"avatar": "mira", "background": "moon"}, "NOT_FOUND", "evening, garden, library, office, studio"),
        ({"profile": "grumpy"}, "INVALID_ARGUMENT", "warm, neutral, receptionist, still"),
        ({"label": "x" * 17}, "INVALID_ARGUMENT", "label"),
        ({"label": "人"}, "INVALID_ARGUMENT", "label"),
        ({"format": pb.VideoFormat(codec=9)}, "INVALID_ARGUMENT", "codec"),
        ({"format": pb.VideoFormat(width_px=127)}, "INVALID_ARGUMENT", "width_px"),
        ({"format": pb.VideoFormat(width_px=1026)}, "INVALID_ARGUMENT", "width_px"),
        ({"format": pb.VideoFormat(width_px=512, height_px=256)}, "INVALID_ARGUMENT", "height_px"),
        ({"format": pb.VideoFormat(frame_rate_hz=61)}, "INVALID_ARGUMENT", "frame_rate_hz"),
        ({"format": pb.VideoFormat(bitrate_bps=1)}, "INVALID_ARGUMENT", "bitrate_bps"),
    ],
)
async def test_a_bad_start_is_refused(stub, studio, fields, code, says):
    got, details = await error_of(stub.Render(), start(**fields))
    assert (got.name, says in details) == (code, True), details
    assert studio.session_count == 0


def setting(**event):
    return pb.RenderRequest(**event)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (pb.RenderRequest(), "empty message"),
        (start(), "unexpected start"),
        (advance(-1), "advance.pts_us"),
        (advance(1 << 60), "advance.pts_us"),
        (visemes(cue(0, 0)), "duration_us"),
        (visemes(cue(0, 10_000_001)), "duration_us"),
        (visemes(cue(0, viseme=0)), "VISEME_PP"),
        (visemes(*(cue(n * 10, 10) for n in range(2001))), "2000"),
        (setting(behaviour=pb.SetBehaviour(behaviour=0)), "BEHAVIOUR_IDLE"),
        (setting(emotion=pb.SetEmotion(emotion=media.EMOTION_HAPPY, intensity=1.5)), "intensity"),
        (setting(emotion=pb.SetEmotion(emotion=media.EMOTION_HAPPY, intensity=float("nan"))), "intensity"),
        (setting(emotion=pb.SetEmotion(emotion=77)), "EMOTION_HAPPY"),
        (setting(gesture=pb.PlayGesture(gesture=0)), "GESTURE_NOD"),
        (setting(gaze=pb.SetGaze(x=float("inf"))), "gaze.x"),
        (setting(gaze=pb.SetGaze(y=-1.1)), "gaze.y"),
        (setting(cut=pb.Cut(pts_us=-5)), "cut.pts_us"),
        (setting(configure=pb.Configure(format=pb.VideoFormat(width_px=100))), "width_px"),
        (setting(configure=pb.Configure(format=pb.VideoFormat(codec=pb.VIDEO_CODEC_H264))), "codec"),
    ],
)
async def test_a_bad_request_ends_the_session_and_says_why(stub, studio, message, says):
    code, details = await error_of(await begin(stub), message)
    assert (code, says in details) == (grpc.StatusCode.INVALID_ARGUMENT, True), details
    assert studio.session_count == 0


async def test_pts_must_increase(stub):
    call = await begin(stub)
    await show(call, FRAME_US)
    code, details = await error_of(call, advance(FRAME_US))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "advance.pts_us" in details


async def test_odd_intensities_are_brought_into_range(stub):
    call = await begin(stub)
    odd = [float("nan"), float("inf"), -1.0, 5.0]
    await call.write(visemes(*(cue(n * 100_000, intensity=value) for n, value in enumerate(odd))))
    assert (await show(call, 100_000)).HasField("frame")
    await rest(call, FINISH)


async def test_advance_before_start_is_invalid(stub):
    code, details = await error_of(stub.Render(), advance(0))
    assert (code, details) == (grpc.StatusCode.INVALID_ARGUMENT, "the first message must be start")


async def test_a_full_service_says_resource_exhausted(stub):
    first = await begin(stub)
    code, _ = await error_of(stub.Render(), start(session_id="s2"))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    await rest(first, FINISH)
    await rest(await begin(stub), FINISH)


async def test_a_cancelled_call_frees_its_slot(stub, studio):
    call = await begin(stub)
    await show(call, 0)
    assert studio.session_count == 1
    call.cancel()
    async with asyncio.timeout(2):
        while studio.session_count:
            await asyncio.sleep(0.01)


async def test_half_close_without_finish_frees_its_slot(stub, studio):
    call = await begin(stub)
    await show(call, 0)
    assert await rest(call) == []
    assert studio.session_count == 0
