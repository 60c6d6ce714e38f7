"""Which conversation sits in which slot of the model. A session finds its old slot again while it can."""

from rpckit.errors import Busy


class Slots:
    """`count` slots, numbered from 0; a free one keeps the cache of the session that had it last."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free: dict[int, str] = dict.fromkeys(range(count), "")  # slot -> last session, oldest first

    def take(self, session_id: str) -> int:
        """The slot this session had before, else the one unused for longest; Busy when all are taken."""
        if not self._free:
            raise Busy(f"all {self._count} conversations are in use")
        own = next((slot for slot, session in self._free.items() if session == session_id), None)
        slot = next(iter(self._free)) if own is None else own
        del self._free[slot]
        return slot

    def release(self, slot: int, session_id: str) -> None:
        """Give back a taken slot."""
        self._free[slot] = session_id

    @property
    def used_count(self) -> int:
        return self._count - len(self._free)
