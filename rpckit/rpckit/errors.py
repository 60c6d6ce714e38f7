"""The errors a domain may raise. No grpc import: engines stay transport-free."""


class ServiceError(Exception):
    """Base. The message is shown to the caller: no paths, prompts or transcripts in it."""


class InvalidInput(ServiceError):
    """The request can never succeed as sent (value, format, message order)."""


class Unsupported(ServiceError):
    """What is asked for exists but can't do this; asked for in another way, it can."""


class NotFound(ServiceError):
    """The named thing (voice, avatar, session) does not exist."""


class Busy(ServiceError):
    """No free slot now; another replica may have one."""


class NotReady(ServiceError):
    """Still loading, or a dependency is down; retry later."""


def require(condition: object, message: str) -> None:
    """Raise InvalidInput with `message` (which field, which range) unless `condition` holds."""
    if not condition:
        raise InvalidInput(message)


def require_id(field: str, value: str) -> None:
    """Refuse an id that is not 1 to 64 of [A-Za-z0-9_-]: it becomes part of a NATS subject."""
    plain = value.replace("_", "a").replace("-", "a")
    require(
        0 < len(value) <= 64 and plain.isascii() and plain.isalnum(),
        f"{field} must be 1 to 64 of [A-Za-z0-9_-]",
    )
