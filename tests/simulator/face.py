"""The simulated face: a frame for each advance."""

import asyncio
import random
from typing import Any

from visavis.render.v1 import render_service_pb2 as pb

from .calls import Call

FRAME_S = (0.005, 0.015)


class Face:
    """The render service of one session."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.calls: list[Call] = []
        self.requests: list[pb.RenderRequest] = []
        self.avatars: list[str] = []
        self.violations: list[str] = []

    def Render(self, **_: Any) -> Call:
        self.calls.append(Call("render", self._serve))
        return self.calls[-1]

    async def _serve(self, call: Call) -> None:
        last_us = -1
        async for request in call.requests():
            match request.WhichOneof("event"):
                case "finish":
                    return
                case "start":
                    self.avatars.append(request.start.avatar)
                    await call.respond(pb.RenderResponse(started=pb.RenderStarted()))
                case "advance":
                    if request.advance.pts_us <= last_us:
                        self.violations.append(f"face: advance to {request.advance.pts_us} after {last_us}")
                    last_us = request.advance.pts_us
                    await self._draw(request.advance, call)
                case _:
                    self.requests.append(request)

    async def _draw(self, advance: pb.Advance, call: Call) -> None:
        if advance.skip:
            skipped = pb.FrameSkipped(pts_us=advance.pts_us)
            await call.respond(pb.RenderResponse(skipped=skipped))
            return
        await asyncio.sleep(self._dice.uniform(*FRAME_S))
        frame = pb.EncodedFrame(pts_us=advance.pts_us, keyframe=True, data=b"frame")
        await call.respond(pb.RenderResponse(frame=frame))
