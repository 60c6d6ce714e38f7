"""python -m visavis_brain: compose and run. Reads top to bottom; shuts down bottom to top."""

import asyncio
from contextlib import AsyncExitStack

from rpckit.bus import connect
from rpckit.serve import serve
from rpckit.settings import load
from rpckit.telemetry import telemetry
from visavis.brain.v1 import brain_service_pb2_grpc as pb_grpc
from visavis.events.v1 import events_pb2

from visavis_brain.backends import load_engine
from visavis_brain.config import Config
from visavis_brain.gauge import settled
from visavis_brain.server import BrainServicer


async def main() -> None:
    config = load(Config)
    async with AsyncExitStack() as stack:
        stack.enter_context(telemetry("brain"))
        config, choice = await settled(config)
        engine = load_engine(config)
        stack.push_async_callback(engine.close)
        why = choice.why if choice else ""
        servicer = BrainServicer(engine, config.max_token_count, config.tool_timeout_s, why)
        bus = await stack.enter_async_context(connect(config.nats_url))
        await bus.subscribe("*", "interrupt", events_pb2.Interrupt, servicer.on_interrupt)
        await serve(
            config.server,
            "visavis.brain.v1.BrainService",
            lambda server: pb_grpc.add_BrainServiceServicer_to_server(servicer, server),
            on_listening=lambda port: print(f"brain listening on port {port}", flush=True),
        )


if __name__ == "__main__":
    asyncio.run(main())
