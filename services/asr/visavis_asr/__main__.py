"""python -m visavis_asr: compose and run. Reads top to bottom; shuts down bottom to top."""

import asyncio
from contextlib import closing

from rpckit.serve import serve
from rpckit.settings import load
from rpckit.telemetry import telemetry
from visavis.asr.v1 import asr_service_pb2_grpc as pb_grpc

from visavis_asr.backends import load_engine
from visavis_asr.config import Config
from visavis_asr.server import AsrServicer


async def main() -> None:
    """Load the models, then listen until told to stop."""
    config = load(Config)
    with (
        telemetry("asr"),
        closing(load_engine(config)) as engine,
        closing(AsrServicer(engine, config)) as servicer,
    ):
        await serve(
            config.server,
            "visavis.asr.v1.AsrService",
            lambda server: pb_grpc.add_AsrServiceServicer_to_server(servicer, server),
            on_listening=lambda port: print(f"asr listening on port {port}", flush=True),
        )


if __name__ == "__main__":
    asyncio.run(main())
