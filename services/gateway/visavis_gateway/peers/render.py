"""The face: one render stream for the whole session, reopened when it breaks."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from rpckit.errors import InvalidInput, NotFound, ServiceError
from visavis.media.v1 import media_pb2
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub

from visavis_gateway.config import Config
from visavis_gateway.engine import Persona
from visavis_gateway.peers.lasting import LastingStream
from visavis_gateway.playout import Cue

MAX_OUTSTANDING = 3  # frames asked for and not answered: more means that the face can't keep up

STATES = {
    "idle": pb.BEHAVIOUR_IDLE,
    "listening": pb.BEHAVIOUR_LISTENING,
    "thinking": pb.BEHAVIOUR_THINKING,
    "speaking": pb.BEHAVIOUR_SPEAKING,
}


def start_render(session_id: str, persona: Persona, config: Config) -> pb.StartRender:
    """The persona's face, in the gateway's format."""
    return pb.StartRender(
        session_id=session_id,
        avatar=persona.avatar,
        background=persona.background,
        profile=persona.profile,
        label=persona.label,
        seed=int.from_bytes(session_id.encode()[:6], "big"),
        format=pb.VideoFormat(
            codec=pb.VIDEO_CODEC_VP8,
            width_px=config.video_size_px,
            height_px=config.video_size_px,
            frame_rate_hz=config.video_rate_hz,
            bitrate_bps=config.video_bitrate_bps,
        ),
    )


class RenderPeer:
    """Asks for frames at their pts, sends cues, hands encoded frames on in order."""

    def __init__(
        self,
        stub: RenderServiceStub,
        start: pb.StartRender,
        on_frame: Callable[[pb.EncodedFrame], Awaitable[None]],
        on_face: Callable[[pb.AvatarCredits], None] = lambda credits: None,
        on_refused: Callable[[ServiceError], None] = lambda error: None,
    ) -> None:
        """`on_face` is told whose face it is each time that the stream begins, `on_refused` why a new one
        can't be shown."""
        self._start = start
        self._good: tuple[str, str, str] | None = None  # avatar, background, profile as last shown
        self._on_face, self._on_refused = on_face, on_refused
        self._on_frame = on_frame
        self._stream: LastingStream[pb.RenderRequest, pb.RenderResponse] = LastingStream(
            "render", stub.Render, self._start_request, self._on_response, lambda: None, maxsize=1024,
            on_started=self._on_started,
        )  # fmt: skip
        self._outstanding = 0
        self._cues: deque[media_pb2.VisemeCue] = deque(maxlen=500)
        self._behaviour: pb.SetBehaviour | None = None
        self.frame_count = 0
        self.skipped_count = 0

    async def run(self) -> None:
        """Draw until cancelled. Raises the first error, or when the face stays away.

        A new face that is refused leaves the one before.
        """
        while True:
            try:
                await self._stream.run()
            except (InvalidInput, NotFound) as error:
                if self._good is None or self._good == self._look():
                    raise
                self._start.avatar, self._start.background, self._start.profile = self._good
                self._on_refused(error)

    def _look(self) -> tuple[str, str, str]:
        return self._start.avatar, self._start.background, self._start.profile

    def _on_started(self, response: pb.RenderResponse) -> None:
        self._good = self._look()
        self._on_face(response.started.avatar)

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

    def cut(self, pts_us: int) -> None:
        """Close the mouth."""
        self._cues.clear()
        self._stream.send(pb.RenderRequest(cut=pb.Cut(pts_us=pts_us)))

    def show(self, avatar: str, background: str, profile: str, label: str) -> None:
        """Another face: this stream ends, the next one begins with it."""
        self._start.avatar, self._start.background, self._start.profile = avatar, background, profile
        self._start.label = label
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
            case "skipped":
                self._outstanding -= 1
                self.skipped_count += 1
