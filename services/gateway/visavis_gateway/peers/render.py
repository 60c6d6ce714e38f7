"""The face: one render stream for the whole session, reopened when it breaks."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from rpckit.errors import NotReady
from visavis.media.v1 import media_pb2
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub

from visavis_gateway.peers.duplex import Duplex
from visavis_gateway.playout import Cue

log = logging.getLogger(__name__)

MAX_OUTSTANDING = 3  # frames asked for and not answered: more means that the face can't keep up
REOPEN_PAUSE_S = 0.3
REOPEN_TRIES = 30

STATES = {
    "idle": pb.BEHAVIOUR_IDLE,
    "listening": pb.BEHAVIOUR_LISTENING,
    "thinking": pb.BEHAVIOUR_THINKING,
    "speaking": pb.BEHAVIOUR_SPEAKING,
}


class RenderPeer:
    """Asks for frames at their pts, sends cues, hands encoded frames on in order."""

    def __init__(
        self,
        stub: RenderServiceStub,
        start: pb.StartRender,
        on_frame: Callable[[pb.EncodedFrame], Awaitable[None]],
    ) -> None:
        self._stub = stub
        self._start = start
        self._on_frame = on_frame
        self._stream: Duplex[pb.RenderRequest, pb.RenderResponse] = Duplex("render", maxsize=1024)
        self._outstanding = 0
        self._cues: deque[media_pb2.VisemeCue] = deque(maxlen=500)
        self._behaviour: pb.SetBehaviour | None = None
        self._was_open = False
        self.ready = asyncio.Event()
        self.frame_count = 0
        self.skipped_count = 0

    async def run(self) -> None:
        """Draw until cancelled. Raises the first error, or the one after which reopening never worked."""
        tries = 0
        while True:
            try:
                await self._stream.run(
                    self._stub.Render,
                    self._start_request(),
                    self._on_response,
                    on_started=self._on_started,
                )
                raise NotReady("render ended the stream")
            except NotReady as error:
                tries = 1 if self._was_open else tries + 1
                if not self.ready.is_set() or tries > REOPEN_TRIES:
                    raise
                log.warning("%s; reopening", error)
            self._was_open = False
            self._stream = Duplex("render", maxsize=1024)
            self._outstanding = 0
            await asyncio.sleep(REOPEN_PAUSE_S)

    def advance(self, pts_us: int, *, late: bool) -> None:
        """Ask for the frame at `pts_us`; not drawn when it is late or the face is behind."""
        if not self._stream.is_open:
            return
        skip = late or self._outstanding >= MAX_OUTSTANDING
        self._outstanding += 1
        self._stream.send(pb.RenderRequest(advance=pb.Advance(pts_us=pts_us, skip=skip)))

    def visemes(self, cues: Sequence[Cue], turn_id: str, generation: int, traceparent: str) -> None:
        """Mouth shapes at session time."""
        messages = [
            media_pb2.VisemeCue(
                viseme=media_pb2.Viseme.ValueType(c.viseme),
                offset_us=c.offset_us,
                duration_us=c.duration_us,
                intensity=c.intensity,
            )
            for c in cues
        ]
        self._cues.extend(messages)
        self._stream.send(
            pb.RenderRequest(
                visemes=pb.VisemeCues(
                    cues=messages, turn_id=turn_id, generation=generation, traceparent=traceparent
                )
            )
        )

    def behave(self, state: str, pts_us: int) -> None:
        """What the face does."""
        self._behaviour = pb.SetBehaviour(behaviour=STATES[state], pts_us=pts_us)
        self._stream.send(pb.RenderRequest(behaviour=self._behaviour))

    def cut(self, pts_us: int) -> None:
        """Close the mouth."""
        self._cues.clear()
        self._stream.send(pb.RenderRequest(cut=pb.Cut(pts_us=pts_us)))

    def request_keyframe(self) -> None:
        """The viewer can't decode what comes next without one."""
        self._stream.send(pb.RenderRequest(keyframe=pb.RequestKeyframe()))

    def set_bitrate(self, bits_per_s: int) -> None:
        """Follow the viewer's bandwidth, within what the service takes."""
        bitrate = max(50_000, min(5_000_000, bits_per_s))
        self._stream.send(
            pb.RenderRequest(configure=pb.Configure(format=pb.VideoFormat(bitrate_bps=bitrate)))
        )

    def _start_request(self) -> pb.RenderRequest:
        start = pb.StartRender()
        start.CopyFrom(self._start)
        if self.ready.is_set():
            start.snapshot.CopyFrom(pb.RenderSnapshot(visemes=self._cues, behaviour=self._behaviour))
        return pb.RenderRequest(start=start)

    def _on_started(self, response: pb.RenderResponse) -> None:
        self._was_open = True
        self.ready.set()

    async def _on_response(self, response: pb.RenderResponse) -> None:
        match response.WhichOneof("event"):
            case "frame":
                self._outstanding -= 1
                self.frame_count += 1
                await self._on_frame(response.frame)
            case "skipped":
                self._outstanding -= 1
                self.skipped_count += 1
