"""A session's pace: what is heard and what is seen, on one clock.

Audio leaves every 20 ms at media time; nothing ever delays it. Video frames are asked for one frame ahead and
leave at their pts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from visavis.render.v1 import render_service_pb2 as render_pb

from visavis_gateway import names
from visavis_gateway.backends.aec import Aec3
from visavis_gateway.backends.opus import OpusDecoder, OpusEncoder
from visavis_gateway.conversation import Conversation
from visavis_gateway.echo import EchoGuard
from visavis_gateway.engine import Transport
from visavis_gateway.frame_times import FrameTimes
from visavis_gateway.peers.asr import AsrPeer
from visavis_gateway.peers.render import RenderPeer
from visavis_gateway.playout import FRAME_US, Playout
from visavis_gateway.stage import Stage
from visavis_gateway.uplink import CapturedChunk, Uplink

LATENESS_WEIGHT = 0.05  # of the newest frame: an average over about 0.4 s

MAX_VIDEO_WAITING = 3  # frames: with more, the network is behind, and what is not encoded need not be sent


class Media:
    """Drives one session's microphone, voice and face; tells the conversation what has left."""

    def __init__(
        self,
        now_us: Callable[[], int],
        transport: Transport,
        asr: AsrPeer,
        render: RenderPeer,
        playout: Playout,
        frames: FrameTimes,
    ) -> None:
        self._now_us = now_us
        self._transport = transport
        self._asr = asr
        self._render = render
        self._playout = playout
        self._frames = frames
        self._uplink = Uplink(OpusDecoder())
        self._encoder = OpusEncoder()
        self._echo = EchoGuard(Aec3())
        self._heard_end = 0
        self._seen = {"underruns": 0, "skipped": 0}
        self.next_pts_us = 0
        self.lateness_us = 0.0

    def on_packet(self, timestamp: int, payload: bytes) -> None:
        """A microphone packet has arrived."""
        for chunk in self._uplink.push(timestamp, payload, self._now_us()):
            self._hear(chunk)

    async def pace(self, conversation: Conversation, stage: Stage, on_tick: Callable[[int], None]) -> None:
        """Every 20 ms: one audio frame at its pts, requests for the video frames up to one frame ahead."""
        self._render.request_keyframe()
        self.next_pts_us = -(-self._now_us() // FRAME_US) * FRAME_US
        self._frames.start(self.next_pts_us + self._frames.frame_us)
        while True:
            await self._sleep_until(self.next_pts_us)
            now_us = self._now_us()
            self.lateness_us += LATENESS_WEIGHT * (now_us - self.next_pts_us - self.lateness_us)
            for chunk in self._uplink.poll(now_us):
                self._hear(chunk)
            conversation.tick(now_us)
            self._send_audio(conversation, stage)
            self._ask_for_frames(now_us)
            self._count()
            on_tick(now_us)

    async def show(self, frame: render_pb.EncodedFrame) -> None:
        """An encoded frame is always sent, at its pts or, if it comes late, at once."""
        await self._sleep_until(frame.pts_us)
        names.late_frames.record(max(0, self._now_us() - frame.pts_us) / 1_000_000)
        names.frames.add(1)
        self._transport.send_video(frame.data, frame.pts_us, keyframe=frame.keyframe)

    def _hear(self, chunk: CapturedChunk) -> None:
        self._asr.push(replace(chunk, pcm=self._echo.clean(chunk.pcm, chunk.pts_us)))
        if chunk.concealed:
            names.concealed.add(1)

    def _send_audio(self, conversation: Conversation, stage: Stage) -> None:
        pts_us = self.next_pts_us
        audio = self._playout.reply
        pcm = self._playout.next_frame(pts_us)
        self._echo.played(pcm, pts_us)
        self.next_pts_us += FRAME_US
        self._transport.send_audio(self._encoder.encode(pcm), pts_us)
        if audio is None:
            return
        if 0 < audio.sent <= len(pcm):
            self._heard_end = 0
            conversation.first_sent(pts_us)
        stage.make_room()
        conversation.starved(self._now_us(), self._playout.starved_us)
        heard_end = audio.heard_end  # looks through all words: once a frame is enough
        if heard_end > self._heard_end:
            self._heard_end = heard_end
            conversation.heard(heard_end)
            stage.publish_heard(audio.turn_id, audio.generation, heard_end)
        if self._playout.finished() is not None:
            conversation.all_sent(self._now_us())

    def _ask_for_frames(self, now_us: int) -> None:
        resting = self._playout.reply is None and self._render.is_resting(now_us)
        is_behind = self._transport.video_waiting() > MAX_VIDEO_WAITING
        for pts_us in self._frames.due(now_us, resting=resting):
            self._render.advance(pts_us, late=is_behind or pts_us < now_us)

    def _count(self) -> None:
        counts = {"underruns": self._playout.underrun_count, "skipped": self._render.skipped_count}
        if counts != self._seen:
            names.underruns.add(counts["underruns"] - self._seen["underruns"])
            names.skipped.add(counts["skipped"] - self._seen["skipped"])
            self._seen = counts

    async def _sleep_until(self, pts_us: int) -> None:
        await asyncio.sleep(max(0, pts_us - self._now_us()) / 1_000_000)
