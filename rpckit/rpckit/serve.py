"""Run one gRPC server until SIGTERM, then drain it."""

import asyncio
import signal
from collections.abc import Callable

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio  # type: ignore[attr-defined]
from grpc_reflection.v1alpha import reflection

from rpckit.interceptor import RpcInterceptor
from rpckit.settings import ServerSettings

# One second of audio or a large keyframe fits; anything bigger is a mistake of the sender.
MAX_MESSAGE_BYTES = 1 << 20


def new_server() -> grpc.aio.Server:
    """A server with our interceptor and message limit; tests use it too."""
    return grpc.aio.server(
        interceptors=[RpcInterceptor()],
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
            # Callers ping every 20 s to notice a dead peer; the default would call that abuse.
            ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ],
    )


async def serve(
    settings: ServerSettings,
    service_name: str,
    register: Callable[[grpc.aio.Server], None],
    *,
    on_listening: Callable[[int], None] = lambda port: None,
) -> None:
    """Serve `service_name` with health and reflection until SIGTERM or SIGINT.

    Then: report not-serving, let calls finish for `shutdown_grace_s`, return.
    Exits with a clear message when the address is taken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    server = new_server()
    health = health_aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection([service_name, reflection.SERVICE_NAME], server)
    register(server)
    try:
        port = server.add_insecure_port(settings.listen_address)
    except RuntimeError:
        raise SystemExit(f"can't listen on {settings.listen_address}: is the port taken?") from None
    await server.start()
    try:
        for name in ("", service_name):
            await health.set(name, health_pb2.HealthCheckResponse.SERVING)
        on_listening(port)
        await stop.wait()
        await health.enter_graceful_shutdown()
    finally:
        await server.stop(settings.shutdown_grace_s)
