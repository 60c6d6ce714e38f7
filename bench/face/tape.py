"""The render service, keeping every request that it gets: run in its place by the report.

    python bench/face/tape.py out/requests.bin

A face is a pure function of the requests, so `replay` can tell the exact curve behind any picture. The signal
USR1 breaks all open streams, as a service that dies does.
"""

import asyncio
import signal
import struct
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from rpckit.blocking import run_step
from rpckit.errors import NotReady
from rpckit.serve import serve
from rpckit.settings import load
from rpckit.telemetry import telemetry
from visavis.render.v1 import render_service_pb2 as pb
from visavis.render.v1 import render_service_pb2_grpc as pb_grpc
from visavis_render.config import Config
from visavis_render.server import RenderServicer
from visavis_render.studio import Studio

HEAD = struct.Struct("<idI")  # number of the stream, monotonic seconds, length of the request


class TapedServicer(RenderServicer):
    """Serves as usual."""

    def __init__(self, studio: Studio, idle_timeout_s: float, tape: BinaryIO) -> None:
        super().__init__(studio, idle_timeout_s)
        self._tape = tape
        self._stream_count = self._break_count = 0

    def break_streams(self) -> None:
        """End every open stream with an error at its next request."""
        self._break_count += 1

    async def Render(self, request_iterator: AsyncIterator[pb.RenderRequest], context: Any) -> None:
        self._stream_count += 1
        await super().Render(self._kept(request_iterator, self._stream_count), context)

    async def _kept(
        self, requests: AsyncIterator[pb.RenderRequest], number: int
    ) -> AsyncIterator[pb.RenderRequest]:
        before = self._break_count
        async for request in requests:
            if self._break_count != before:
                raise NotReady("broken on purpose")
            data = request.SerializeToString()
            self._tape.write(HEAD.pack(number, time.monotonic(), len(data)) + data)
            yield request


def read_tape(path: Path) -> Iterator[tuple[int, float, pb.RenderRequest]]:
    """(stream, monotonic seconds, request) in the order in which they were served."""
    data, at = path.read_bytes(), 0
    while at + HEAD.size <= len(data):
        number, arrived_s, length = HEAD.unpack_from(data, at)
        at += HEAD.size
        yield number, arrived_s, pb.RenderRequest.FromString(data[at : at + length])
        at += length


async def main(path: Path) -> None:
    config = load(Config)
    with (
        path.open("wb") as tape,
        telemetry("render"),
        closing(await run_step(Studio, config)) as studio,
    ):
        servicer = TapedServicer(studio, config.idle_timeout_s, tape)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, servicer.break_streams)
        await serve(
            config.server,
            "visavis.render.v1.RenderService",
            lambda server: pb_grpc.add_RenderServiceServicer_to_server(servicer, server),
            on_listening=lambda port: print(f"render listening on port {port}", flush=True),
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
