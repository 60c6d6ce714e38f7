"""One place where an RPC gets its span, its status code and its deterministic clean-up."""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from opentelemetry import propagate, trace
from opentelemetry.context import Context

from rpckit import errors

log = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

STATUS: dict[type[errors.ServiceError], grpc.StatusCode] = {
    errors.InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Unsupported: grpc.StatusCode.FAILED_PRECONDITION,
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.Busy: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.NotReady: grpc.StatusCode.UNAVAILABLE,
}


# What the service did wrong, and not its caller: OpenTelemetry's list for servers.
FAULTS = {
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DATA_LOSS,
}


def status_of(error: errors.ServiceError | None) -> grpc.StatusCode:
    """The status of a domain error, whatever kind of its kind it is; INTERNAL for anything else."""
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), grpc.StatusCode.INTERNAL)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The real errors inside the (nested) groups that TaskGroup raises."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error


def meant_for_caller(found: Sequence[BaseException]) -> errors.ServiceError | None:
    """What of these errors the caller can act on; None when it is the service's own fault."""
    for error in found:
        if isinstance(error, errors.ServiceError):
            return error
        if isinstance(error, DecodeError):
            return errors.InvalidInput("a message can't be read: it is no protobuf message of this call")
    return None


@contextlib.contextmanager
def rpc_span(method: str, context: Any) -> Iterator[trace.Span]:
    """The server span of a call that carries a trace; no span otherwise.

    A stream that lives as long as a session belongs to no turn, so its caller sends no trace
    context, and neither do health checks.
    """
    parent = propagate.extract(dict(context.invocation_metadata() or ()), context=Context())
    if not trace.get_current_span(parent).get_span_context().is_valid:
        yield trace.INVALID_SPAN
        return
    attributes = {"rpc.system.name": "grpc", "rpc.method": method.lstrip("/")}
    with tracer.start_as_current_span(
        method.lstrip("/"),
        parent,
        trace.SpanKind.SERVER,
        attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def note(span: trace.Span, code: grpc.StatusCode) -> None:
    """Tell the span how its call ended."""
    span.set_attribute("rpc.response.status_code", code.name)
    if code in FAULTS:
        span.set_status(trace.StatusCode.ERROR)


@contextlib.asynccontextmanager
async def rpc_scope(method: str, context: Any) -> AsyncIterator[None]:
    """Span around one RPC; domain errors become a status, unknown ones become INTERNAL."""
    with rpc_span(method, context) as span:
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            note(span, grpc.StatusCode.CANCELLED)
            if task is not None and task.cancelling():
                raise  # the caller left: not an error
            # Ours alone: grpc.aio would leave the caller hanging until its deadline.
            await context.abort(grpc.StatusCode.ABORTED, "cancelled by the service")
        except Exception as error:
            found = list(leaves(error))
            if any(isinstance(e, grpc.aio.AbortError) for e in found):
                note(span, context.code())
                raise  # the status is already on the wire
            gone = next((e for e in found if isinstance(e, grpc.aio.InternalError)), None)
            if gone is not None:
                raise gone from None  # no wire any more; grpc.aio knows whether the caller has left
            known = meant_for_caller(found)
            code = status_of(known)
            note(span, code)
            if code is grpc.StatusCode.INTERNAL:
                log.exception("%s failed", method)
            await context.abort(code, str(known) if known else "internal error")


class RpcInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Wraps all four call shapes; streaming handlers may be generators or coroutines."""

    async def intercept_service(
        self,
        continuation: Callable[[Any], Awaitable[Any]],
        details: Any,
    ) -> Any:
        handler = await continuation(details)
        if handler is None:
            return None

        async def unary(request: Any, context: Any) -> Any:
            async with rpc_scope(details.method, context):
                return await (handler.unary_unary or handler.stream_unary)(request, context)

        async def streaming(request: Any, context: Any) -> None:
            async with rpc_scope(details.method, context):
                result = (handler.unary_stream or handler.stream_stream)(request, context)
                if not inspect.isasyncgen(result):
                    await result  # the handler calls context.write itself
                    return
                # Driving the generator here closes it in this task, at once, on cancel.
                async with contextlib.aclosing(result) as responses:
                    async for response in responses:
                        await context.write(response)

        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[handler.request_streaming, handler.response_streaming]
        return make(
            streaming if handler.response_streaming else unary,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
