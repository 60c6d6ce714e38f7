"""How a session ends."""

from visavis.events.v1 import events_pb2 as events

REASONS = {
    "left": events.SESSION_END_REASON_LEFT,
    "vanished": events.SESSION_END_REASON_VANISHED,
    "timed_out": events.SESSION_END_REASON_TIMED_OUT,
    "failed": events.SESSION_END_REASON_FAILED,
    "shutdown": events.SESSION_END_REASON_SHUTDOWN,
}


class SessionOver(Exception):
    """Ends the session's tasks; `reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def leave_reason(error: BaseException) -> str:
    """Why the session's task group ended."""
    if isinstance(error, BaseExceptionGroup):
        reasons = [leave_reason(inner) for inner in error.exceptions]
        return next((reason for reason in reasons if reason != "failed"), "failed")
    return error.reason if isinstance(error, SessionOver) else "failed"
