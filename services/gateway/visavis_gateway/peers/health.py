"""Whether a service is there."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT_S = 1.0


async def state_of(channel: grpc.aio.Channel) -> str:
    """`serving`, `not serving` or `unreachable`, by the service's own health RPC."""
    try:
        answer = await health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S
        )
    except grpc.aio.AioRpcError:
        return "unreachable"
    return "serving" if answer.status == health_pb2.HealthCheckResponse.SERVING else "not serving"
