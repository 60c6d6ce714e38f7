"""gRPC face of the studio: order of messages, one answer for each advance."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from typing import Any

from rpckit.blocking import run_step_in
from rpckit.errors import InvalidInput, require_id
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1 import render_service_pb2_grpc as pb_grpc

from visavis_render.engine import VideoSpec
from visavis_render.line import Advance, AdvanceLine
from visavis_render.posing import Posing
from visavis_render.proto import credits_of, is_drawn_by_viewer, spec_of, to_format
from visavis_render.session import Session
from visavis_render.studio import Studio, Wish
from visavis_render.wire import asset_parts, to_face

log = logging.getLogger(__name__)
Requests = AsyncIterator[pb.RenderRequest]


class RenderServicer(pb_grpc.RenderServiceServicer):
    """Serves visavis.render.v1.RenderService."""

    def __init__(self, studio: Studio, idle_timeout_s: float) -> None:
        self._studio = studio
        self._idle_timeout_s = idle_timeout_s

    async def Render(  # type: ignore[override]  # the stub knows no handler that writes by itself
        self, request_iterator: Requests, context: Any
    ) -> None:
        requests = aiter(request_iterator)
        start = await self._read_start(requests)
        spec = spec_of(start.format, VideoSpec())
        by_viewer = is_drawn_by_viewer(start.output)
        wish = Wish(start.avatar, start.background, start.profile, start.label, spec, by_viewer)
        traits = self._studio.check(wish)
        with self._studio.slot():
            drawing = await run_step_in(self._studio.threads, self._studio.open, wish)
            with closing(drawing):
                session = Session(start, drawing, self._studio.manner(wish))
                directory = self._studio.directory(wish.avatar, wish.background)
                started = pb.RenderStarted(
                    format=to_format(spec), lookahead_us=traits.lookahead_us, avatar=credits_of(directory)
                )
                await context.write(pb.RenderResponse(started=started))
                if by_viewer:
                    await self._equip(wish, context)
                try:
                    await self._run(session, requests, context)
                finally:
                    session.first_frames.cancel()

    async def _equip(self, wish: Wish, context: Any) -> None:
        """Everything that the viewer needs to draw; made at the first use of an avatar."""
        assets = await run_step_in(self._studio.threads, self._studio.assets, wish)
        for part in asset_parts(assets):
            await context.write(pb.RenderResponse(asset=part))

    async def _run(self, session: Session, requests: Requests, context: Any) -> None:
        """Read and answer side by side until finish, or until the caller is gone."""
        line = AdvanceLine()
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(self._answer(session, line, context), name="render.answer")
            if await self._read(session, line, requests):
                await line.end()
            else:
                answering.cancel()

    async def _next(self, requests: Requests) -> pb.RenderRequest | None:
        """The next request, None at the end of the stream; InvalidInput when none comes for long."""
        try:
            async with asyncio.timeout(self._idle_timeout_s):
                return await anext(requests, None)
        except TimeoutError:
            raise InvalidInput(f"no request for {self._idle_timeout_s:g} s") from None

    async def _read_start(self, requests: Requests) -> pb.StartRender:
        first = await self._next(requests)
        if first is None or first.WhichOneof("event") != "start":
            raise InvalidInput("the first message must be start")
        require_id("start.session_id", first.start.session_id)
        return first.start

    async def _read(self, session: Session, line: AdvanceLine, requests: Requests) -> bool:
        """Apply requests as they come; True at finish, False when the stream just ends."""
        apply: dict[str, Callable[[Any], None]] = {
            "visemes": session.add_visemes,
            "behaviour": session.set_behaviour,
            "emotion": session.set_emotion,
            "gesture": session.play_gesture,
            "gaze": session.set_gaze,
            "cut": session.cut,
            "configure": session.configure,
            "keyframe": session.request_keyframe,
        }
        while (request := await self._next(requests)) is not None:
            event = request.WhichOneof("event")
            if event == "finish":
                return True
            if event == "advance":
                await line.put(session.advance(request.advance))
            elif event in apply:
                apply[event](getattr(request, event))
            else:
                raise InvalidInput(f"unexpected {event or 'empty message'} inside a session")
        return False

    async def _answer(self, session: Session, line: AdvanceLine, context: Any) -> None:
        """One frame or one skipped for each advance, in order."""
        async for advance in line:
            await self._show(session, advance, context)
            if statistics := session.statistics_at(advance.pts_us):
                await context.write(pb.RenderResponse(statistics=statistics))

    async def _show(self, session: Session, advance: Advance, context: Any) -> None:
        if advance.face is None:
            await context.write(pb.RenderResponse(skipped=pb.FrameSkipped(pts_us=advance.pts_us)))
            session.note_skipped()
            return
        drawing = session.drawing
        if isinstance(drawing, Posing):
            frame = drawing.frame(advance.face, advance.pts_us)
            await context.write(pb.RenderResponse(face=to_face(frame.pts_us, frame.face)))
            session.note_frame(frame.pts_us, 0)
            return
        picture = await run_step_in(self._studio.threads, drawing.frame, advance.face, advance.pts_us)
        message = pb.EncodedFrame(
            pts_us=picture.pts_us,
            keyframe=picture.keyframe,
            data=picture.data,
            duration_us=picture.duration_us,
        )
        await context.write(pb.RenderResponse(frame=message))
        session.note_frame(picture.pts_us, picture.duration_us)
