"""python -m visavis_gateway: compose and run. Reads top to bottom; shuts down bottom to top."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import uvicorn
from rpckit.bus import connect
from rpckit.channels import open_channel
from rpckit.settings import load
from rpckit.telemetry import telemetry
from visavis.asr.v1.asr_service_pb2_grpc import AsrServiceStub
from visavis.brain.v1.brain_service_pb2_grpc import BrainServiceStub
from visavis.render.v1.render_service_pb2_grpc import RenderServiceStub
from visavis.tts.v1.tts_service_pb2_grpc import TtsServiceStub

from visavis_gateway.backends.library import VectorLibrary
from visavis_gateway.backends.shelf import SealedShelf
from visavis_gateway.backends.webrtc import WebRtcTransport
from visavis_gateway.config import Config
from visavis_gateway.librarian import kept_read
from visavis_gateway.personas import Personas
from visavis_gateway.server import build_app
from visavis_gateway.session import Services
from visavis_gateway.sessions import Sessions


class Server(uvicorn.Server):
    """Says when it listens; ends on a signal, which uvicorn raises again, so that nothing were flushed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"gateway listening on port {port}", flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, self.handle_exit, signum, None)
        yield


async def main() -> None:
    config = load(Config)
    secrets = {name: secret.get_secret_value() for name, secret in config.tool_secrets.items()}
    personas = Personas(config.personas_dir, config.default_persona, secrets)
    with telemetry("gateway"):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(personas.kept_fresh())
            library = VectorLibrary(config.models_dir, config.knowledge_dir.expanduser())
            await stack.enter_async_context(kept_read(library, personas))
            bus = await stack.enter_async_context(connect(config.nats_url))
            names = ("asr", "brain", "tts", "render")
            channels = {
                name: await stack.enter_async_context(open_channel(getattr(config, f"{name}_target")))
                for name in names
            }
            services = Services(
                AsrServiceStub(channels["asr"]), BrainServiceStub(channels["brain"]),
                TtsServiceStub(channels["tts"]), RenderServiceStub(channels["render"]), bus, library,
            )  # fmt: skip
            sessions = Sessions(
                config,
                services,
                personas,
                lambda viewer, now_us: WebRtcTransport(
                    viewer, config.ice_servers, now_us, config.udp_port_range
                ),
                SealedShelf(config.resume_dir.expanduser()),
            )
            app = build_app(config, sessions, channels)
            settings = uvicorn.Config(
                app, host=config.host, port=config.port, log_level="warning", timeout_graceful_shutdown=3,
                ssl_certfile=config.tls_cert_file, ssl_keyfile=config.tls_key_file,
            )  # fmt: skip
            await Server(settings).serve()


if __name__ == "__main__":
    asyncio.run(main())
