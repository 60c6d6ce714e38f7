"""How each persona looks before the call: a picture of its face, drawn once by render."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from visavis_gateway.engine import Persona

MAX_KEPT = 32

Look = tuple[str, str, str, str]
Draw = Callable[[Persona], Awaitable[bytes]]


class Portraits:
    """WebP pictures by look; each is drawn when it is first asked for, one at a time."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._drawn: OrderedDict[Look, bytes] = OrderedDict()
        self._drawing = asyncio.Lock()

    async def of(self, persona: Persona) -> bytes:
        """The persona's face. Raises what drawing it raises."""
        look = (persona.avatar, persona.background, persona.profile, persona.label)
        async with self._drawing:
            if look not in self._drawn:
                self._drawn[look] = await self._draw(persona)
                if len(self._drawn) > MAX_KEPT:
                    self._drawn.popitem(last=False)
            return self._drawn[look]
