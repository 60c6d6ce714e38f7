"""The face: one render stream for the whole session, reopened when it breaks."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from rpckit.errors import InvalidInput, NotFound, Unsupported
from visavis.media.v1 import media_pb2
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub

from visavis_gateway.engine import Persona
from visavis_gateway.faces import DrawnFace
from visavis_gateway.looks import wear
from visavis_gateway.peers.lasting import LastingStream
from visavis_gateway.playout import Cue

MAX_OUTSTANDING = 3  # frames asked for and not answered: more means that the face can't keep up
SETTLES_US = 500_000  # after the last word the face still moves for so long

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
        drawn: DrawnFace | None,
        on_refused: Callable[[str], None],
        on_away: Callable[[bool], None],
        on_face: Callable[[pb.AvatarCredits], None] = lambda credits: None,
    ) -> None:
        """`on_face` is told whose face it is each time that the stream begins, `on_refused` why a new one
        can't be shown."""
        self._start = start
        self._before: pb.StartRender | None = None  # the look to go back to while a new one is tried
        self._on_face = on_face
        self._on_frame = on_frame
        self._drawn = drawn
        self._on_refused = on_refused
        self._stream: LastingStream[pb.RenderRequest, pb.RenderResponse] = LastingStream(
            "render",
            stub.Render,
            self._start_request,
            self._on_response,
            self._on_back,
            on_away,
            maxsize=1024,
            on_started=lambda response: self._on_face(response.started.avatar),
        )
        self._outstanding = 0
        self._cues: deque[media_pb2.VisemeCue] = deque(maxlen=500)
        self._behaviour: pb.SetBehaviour | None = None
        self.frame_count = 0
        self.skipped_count = 0

    async def run(self) -> None:
        """Draw until cancelled. Raises the first error, or when the face stays away."""
        while True:
            try:
                await self._stream.run()
            except (InvalidInput, NotFound, Unsupported) as error:
                if self._before is None:
                    raise
                label = self._start.label  # in the language of the new persona
                self._start, self._before = self._before, None
                self._start.label = label
                self._on_refused(str(error))

    @property
    def ready(self) -> asyncio.Event:
        return self._stream.ready

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

    def is_resting(self, now_us: int) -> bool:
        """It has had nothing to do for a while: fewer pictures will do."""
        behaviour = self._behaviour
        if behaviour is None or behaviour.behaviour != pb.BEHAVIOUR_IDLE:
            return False
        return now_us - behaviour.pts_us >= SETTLES_US

    def cut(self, pts_us: int) -> None:
        """Close the mouth."""
        self._cues.clear()
        self._stream.send(pb.RenderRequest(cut=pb.Cut(pts_us=pts_us)))

    def show(self, persona: Persona) -> None:
        """Another face, unless it is the same: this stream ends, the next one begins with it.

        One that is refused leaves the old one, and `on_refused` hears of it.
        """
        start = pb.StartRender()
        start.CopyFrom(self._start)
        wear(start, persona)
        if start == self._start:
            return
        self._before, self._start = self._before or self._start, start
        self._stream.send(pb.RenderRequest(finish=pb.FinishRender()))

    def request_keyframe(self) -> None:
        """The viewer can't decode what comes next without one."""
        self._stream.send(pb.RenderRequest(keyframe=pb.RequestKeyframe()))

    def set_bitrate(self, bits_per_s: int) -> None:
        """Follow the viewer's bandwidth, within what the service takes."""
        bitrate = max(50_000, min(5_000_000, bits_per_s))
        self._start.format.bitrate_bps = bitrate  # of a stream that is opened again, too
        self._stream.send(
            pb.RenderRequest(configure=pb.Configure(format=pb.VideoFormat(bitrate_bps=bitrate)))
        )

    def _on_back(self) -> None:
        self._before = None

    def _start_request(self, again: bool) -> pb.RenderRequest:
        self._outstanding = 0
        start = pb.StartRender()
        start.CopyFrom(self._start)
        if again:
            start.snapshot.CopyFrom(pb.RenderSnapshot(visemes=self._cues, behaviour=self._behaviour))
        return pb.RenderRequest(start=start)

    async def _on_response(self, response: pb.RenderResponse) -> None:
        match response.WhichOneof("event"):
            case "frame":
                self._outstanding -= 1
                self.frame_count += 1
                await self._on_frame(response.frame)
            case "face" if self._drawn is not None:
                self._outstanding -= 1
                self.frame_count += 1
                self._drawn.take_face(response.face)
            case "asset" if self._drawn is not None:
                self._drawn.take_asset(response.asset)
            case "skipped":
                self._outstanding -= 1
                self.skipped_count += 1
