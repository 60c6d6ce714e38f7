"""python -m visavis_render: compose and run. Reads top to bottom; shuts down bottom to top."""

import asyncio
from contextlib import closing

from rpckit.blocking import run_step
from rpckit.serve import serve
from rpckit.settings import load
from rpckit.telemetry import telemetry
from visavis.render.v1 import render_service_pb2_grpc as pb_grpc

from visavis_render.config import Config
from visavis_render.server import RenderServicer
from visavis_render.studio import Studio


async def main() -> None:
    config = load(Config)
    with telemetry("render"), closing(await run_step(Studio, config)) as studio:
        servicer = RenderServicer(studio, config.idle_timeout_s)
        await serve(
            config.server,
            "visavis.render.v1.RenderService",
            lambda server: pb_grpc.add_RenderServiceServicer_to_server(servicer, server),
            on_listening=lambda port: print(f"render listening on port {port}", flush=True),
        )


if __name__ == "__main__":
    asyncio.run(main())
