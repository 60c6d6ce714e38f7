"""Scripted services behind real gRPC, and a gateway in front of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from rpckit.bus import Bus
from rpckit.channels import open_channel
from rpckit.errors import Busy, InvalidInput, NotFound, Unsupported
from rpckit.serve import new_server
from visavis.asr.v1 import asr_service_pb2 as asr_pb
from visavis.asr.v1 import asr_service_pb2_grpc as asr_grpc
from visavis.brain.v1 import brain_service_pb2 as brain_pb
from visavis.brain.v1 import brain_service_pb2_grpc as brain_grpc
from visavis.media.v1 import media_pb2
from visavis.render.v1 import render_service_pb2 as render_pb
from visavis.render.v1 import render_service_pb2_grpc as render_grpc
from visavis.tts.v1 import tts_service_pb2 as tts_pb
from visavis.tts.v1 import tts_service_pb2_grpc as tts_grpc
from visavis_gateway.session import Services

WORD_SAMPLES = 2400  # the scripted voice says ten words a second


@dataclass
class ScriptedAsr(asr_grpc.AsrServiceServicer):
    """Says what the test puts into `script`; keeps what it was sent."""

    script: asyncio.Queue[asr_pb.RecognizeResponse] = field(default_factory=asyncio.Queue)
    requests: list[asr_pb.RecognizeRequest] = field(default_factory=list)
    final_text: str = ""
    is_full: bool = False
    open_count: int = 0
    crash: asyncio.Event = field(default_factory=asyncio.Event)

    async def Recognize(self, requests: Any, context: Any) -> None:
        await anext(requests)
        if self.is_full:
            raise Busy("all recognizers are in use")
        self.open_count += 1
        try:
            await context.write(asr_pb.RecognizeResponse(started=asr_pb.RecognitionStarted()))
            async with asyncio.TaskGroup() as tasks:
                speaker = tasks.create_task(self._speak(context))
                crash = tasks.create_task(self._crash())
                async for request in requests:
                    await self._take(request, context)
                speaker.cancel()
                crash.cancel()
        finally:
            self.open_count -= 1

    async def _take(self, request: asr_pb.RecognizeRequest, context: Any) -> None:
        self.requests.append(request)
        if request.WhichOneof("event") == "end_turn":
            final = asr_pb.Transcript(turn_id=request.end_turn.turn_id, text=self.final_text)
            await context.write(asr_pb.RecognizeResponse(final=final))

    async def _speak(self, context: Any) -> None:
        while True:
            await context.write(await self.script.get())

    async def _crash(self) -> None:
        await self.crash.wait()
        self.crash.clear()
        raise RuntimeError("the ear broke")

    def say(self, text: str, end_sample: int = 8000) -> None:
        """A whole utterance: onset, partial, pause."""
        self.final_text = text
        words = asr_pb.Transcript(text=text, end_sample=end_sample)
        for response in (
            asr_pb.RecognizeResponse(speech_started=asr_pb.SpeechStarted(start_sample=0)),
            asr_pb.RecognizeResponse(partial=words),
            asr_pb.RecognizeResponse(paused=asr_pb.Paused(transcript=words, p_complete=0.9)),
        ):
            self.script.put_nowait(response)


@dataclass
class ScriptedBrain(brain_grpc.BrainServiceServicer):
    """Answers every generate with `reply`, word by word."""

    reply: str = "That is a good question."
    requests: list[brain_pb.ReplyRequest] = field(default_factory=list)
    fails: bool = False
    open_count: int = 0

    async def Reply(self, requests: Any, context: Any) -> None:
        self.open_count += 1
        try:
            async for request in requests:
                self.requests.append(request)
                kind = request.WhichOneof("event")
                if kind == "start":
                    await context.write(brain_pb.ReplyResponse(started=brain_pb.ReplyStarted(model="script")))
                elif kind == "generate":
                    await self._generate(request.generate.generation, context)
                elif kind == "finish":
                    return
        finally:
            self.open_count -= 1

    async def _generate(self, generation: int, context: Any) -> None:
        if self.fails:
            raise RuntimeError("the mind broke")
        for word in self.reply.split():
            text = brain_pb.TextDelta(text=word + " ")
            await context.write(brain_pb.ReplyResponse(generation=generation, text=text))
        done = brain_pb.ReplyDone(finish_reason=brain_pb.FINISH_REASON_STOP)
        await context.write(brain_pb.ReplyResponse(generation=generation, done=done))


@dataclass
class ScriptedTts(tts_grpc.TtsServiceServicer):
    """A loud tone of 0.1 s for each word; every voice but `lacks` is there."""

    lacks: str = ""
    open_count: int = 0

    async def Synthesize(self, requests: Any, context: Any) -> None:
        self.open_count += 1
        try:
            sample, text = 0, ""
            async for request in requests:
                kind = request.WhichOneof("event")
                if kind == "start":
                    if self.lacks and request.start.voice == self.lacks:
                        raise NotFound(f"no voice {self.lacks!r}; there are: tone")
                    audio_format = media_pb2.AudioFormat(sample_rate_hz=24_000, channel_count=1)
                    await context.write(
                        tts_pb.SynthesizeResponse(started=tts_pb.SpeechStarted(format=audio_format))
                    )
                elif kind == "text":
                    start = len(text)
                    text += request.text.text
                    sample = await self._speak(text, start, sample, context)
                elif kind == "finish":
                    await context.write(
                        tts_pb.SynthesizeResponse(done=tts_pb.SpeechDone(sample_count=sample))
                    )
                    return
        finally:
            self.open_count -= 1

    async def _speak(self, text: str, start: int, sample: int, context: Any) -> int:
        position = start
        for word in text[start:].split():
            position = text.index(word, position)
            times = {"offset_us": sample * 1_000_000 // 24_000, "duration_us": 100_000}
            cue = media_pb2.VisemeCue(viseme=media_pb2.VISEME_AA, intensity=0.8, **times)
            said = tts_pb.WordCue(text_start=position, text_end=position + len(word), **times)
            tone = (9000 * np.sin(np.arange(WORD_SAMPLES) / 12)).astype("<i2")
            chunk = media_pb2.AudioChunk(start_sample=sample, pcm_s16le=tone.tobytes())
            await context.write(tts_pb.SynthesizeResponse(words=tts_pb.WordCues(words=[said])))
            await context.write(tts_pb.SynthesizeResponse(visemes=tts_pb.VisemeCues(cues=[cue])))
            await context.write(tts_pb.SynthesizeResponse(audio=chunk))
            sample += WORD_SAMPLES
            position += len(word)
        return sample


@dataclass
class ScriptedRender(render_grpc.RenderServiceServicer):
    """A frame of a few bytes, or a face, for each advance; keyframes first, and when asked."""

    requests: list[render_pb.RenderRequest] = field(default_factory=list)
    open_count: int = 0
    unknown: set[str] = field(default_factory=set)

    async def Render(self, requests: Any, context: Any) -> None:
        self.open_count += 1
        try:
            start = (await anext(requests)).start
            self.requests.append(render_pb.RenderRequest(start=start))
            if start.avatar in self.unknown:
                kind = Unsupported if start.output == render_pb.RENDER_OUTPUT_FACE else InvalidInput
                raise kind(f"output: the avatar {start.avatar} can't be drawn by a viewer")
            credits = render_pb.AvatarCredits(
                name=start.avatar or "house",
                title="Somebody",
                renderer="paper",
                licence="CC0-1.0",
                author="A. Author",
            )
            await context.write(render_pb.RenderResponse(started=render_pb.RenderStarted(avatar=credits)))
            if start.output == render_pb.RENDER_OUTPUT_FACE:
                await self._equip(start.avatar, context)
                await self._answer(requests, context, lambda pts_us, _: {"face": self.face(pts_us)})
            else:
                await self._answer(requests, context, self._frame)
        finally:
            self.open_count -= 1

    async def _answer(self, requests: Any, context: Any, made: Callable[[int, bool], dict[str, Any]]) -> None:
        keyframe = True
        async for request in requests:
            kind = request.WhichOneof("event")
            if kind == "advance":
                answer = made(request.advance.pts_us, keyframe)
                await context.write(render_pb.RenderResponse(**answer))
                keyframe = False
                continue
            self.requests.append(request)
            keyframe |= kind == "keyframe"
            if kind == "finish":
                return

    @staticmethod
    def _frame(pts_us: int, keyframe: bool) -> dict[str, Any]:
        return {"frame": render_pb.EncodedFrame(pts_us=pts_us, keyframe=keyframe, data=b"frame")}

    async def _equip(self, avatar: str, context: Any) -> None:
        """A picture in two parts, and the index."""
        files = (
            ("head.webp", "image/webp", b"he", False),
            ("head.webp", "image/webp", b"ad", True),
            ("face.json", "application/json", f'{{"avatar": "{avatar}"}}'.encode(), True),
        )
        for name, media_type, data, complete in files:
            part = render_pb.FaceAsset(name=name, media_type=media_type, data=data, complete=complete)
            await context.write(render_pb.RenderResponse(asset=part))

    @staticmethod
    def face(pts_us: int) -> render_pb.FaceFrame:
        return render_pb.FaceFrame(
            pts_us=pts_us,
            visemes=[render_pb.VisemeWeight(viseme=media_pb2.VISEME_AA, weight=0.123456)],
            expression=[render_pb.BlendshapeWeight(name="jawOpen", weight=0.5)],
            head=render_pb.HeadPose(yaw_deg=2.0),
            gaze_y=-0.25,
            sounding=media_pb2.VISEME_AA,
        )

    def of_kind(self, kind: str) -> list[Any]:
        return [getattr(r, kind) for r in self.requests if r.WhichOneof("event") == kind]


@dataclass
class Backstage:
    """The four scripted services and the gateway's stubs for them."""

    asr: ScriptedAsr
    brain: ScriptedBrain
    tts: ScriptedTts
    render: ScriptedRender
    services: Services
    channels: dict[str, Any]

    @property
    def open_calls(self) -> int:
        return sum(s.open_count for s in (self.asr, self.brain, self.tts, self.render))


@asynccontextmanager
async def scripted_backstage(bus: Bus) -> AsyncIterator[Backstage]:
    """All four on one port of their own."""
    asr, brain, tts, render = ScriptedAsr(), ScriptedBrain(), ScriptedTts(), ScriptedRender()
    server = new_server()
    asr_grpc.add_AsrServiceServicer_to_server(asr, server)
    brain_grpc.add_BrainServiceServicer_to_server(brain, server)
    tts_grpc.add_TtsServiceServicer_to_server(tts, server)
    render_grpc.add_RenderServiceServicer_to_server(render, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with open_channel(f"127.0.0.1:{port}") as channel:
            services = Services(
                asr_grpc.AsrServiceStub(channel), brain_grpc.BrainServiceStub(channel),
                tts_grpc.TtsServiceStub(channel), render_grpc.RenderServiceStub(channel), bus,
            )  # fmt: skip
            names = ("asr", "brain", "tts", "render")
            yield Backstage(asr, brain, tts, render, services, dict.fromkeys(names, channel))
    finally:
        await server.stop(None)


@pytest.fixture
async def backstage() -> AsyncIterator[Backstage]:
    async with scripted_backstage(Bus(None)) as made:
        yield made
