"""python -m visavis_tts: compose and run. Reads top to bottom; shuts down bottom to top."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from rpckit.serve import serve
from rpckit.settings import load
from rpckit.telemetry import telemetry
from visavis.events.v1 import events_pb2
from visavis.tts.v1 import tts_service_pb2_grpc as pb_grpc

from rpckit import bus
from visavis_tts.backends import load_engine
from visavis_tts.config import Config
from visavis_tts.interrupts import Replies
from visavis_tts.metering import MeteredEngine
from visavis_tts.server import TtsServicer


async def main() -> None:
    config = load(Config)
    replies = Replies()
    with (
        telemetry("tts"),
        closing(MeteredEngine(load_engine(config))) as engine,
        ThreadPoolExecutor(1, "tts") as worker,
    ):
        servicer = TtsServicer(engine, worker, replies, config.idle_timeout)
        async with bus.connect(config.nats_url) as events:
            await events.subscribe("*", "interrupt", events_pb2.Interrupt, replies.on_interrupt)
            await serve(
                config.server,
                "visavis.tts.v1.TtsService",
                lambda server: pb_grpc.add_TtsServiceServicer_to_server(servicer, server),
                on_listening=lambda port: print(f"tts listening on port {port}", flush=True),
            )


if __name__ == "__main__":
    asyncio.run(main())
