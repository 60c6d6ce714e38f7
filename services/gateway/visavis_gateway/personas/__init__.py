"""The personas of this gateway: those that ship, and those of GATEWAY_PERSONAS_DIR; changes count at once."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

from rpckit.blocking import run_step
from rpckit.errors import NotFound

from visavis_gateway.engine import Persona
from visavis_gateway.personas.schema import PersonaError, read_persona

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent
REFRESH_S = 1.0
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Stamp = tuple[int, int]


class Personas(Mapping[str, Persona]):
    """By name. A file in `folder` takes the place of a shipped one of the same name."""

    def __init__(
        self,
        folder: Path | None = None,
        default: str = "mira",
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Read all. Exits with a message that names file and field when one is wrong."""
        self._folder = folder
        self._secrets = secrets
        self._stamps: dict[Path, Stamp] = {}
        self._known: dict[Path, Persona] = {}
        self._by_name: dict[str, Persona] = {}
        self.default = default
        if mistakes := self.refresh():
            raise SystemExit("\n".join(f"persona {mistake}" for mistake in mistakes))
        if default not in self._by_name:
            raise SystemExit(f"GATEWAY_DEFAULT_PERSONA: no persona {default!r}; there are {', '.join(self)}")

    def __getitem__(self, name: str) -> Persona:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._by_name))

    def __len__(self) -> int:
        return len(self._by_name)

    def find(self, name: str) -> Persona:
        """A persona by its name; an empty one is the default. Raises NotFound."""
        found = self._by_name.get(name or self.default)
        if found is None:
            raise NotFound(f"no persona {name!r}; there are {', '.join(self)}")
        return found

    def refresh(self) -> list[str]:
        """Read what has changed; the mistakes of files that can't be used: their last good personas stay."""
        stamps = self._stamps_now()
        changed = [path for path, stamp in stamps.items() if self._stamps.get(path) != stamp]
        if len(stamps) == len(self._stamps) and not changed:
            return []
        mistakes: list[str] = []
        known = {path: persona for path, persona in self._known.items() if path in stamps}
        for path in changed:
            try:
                known[path] = self._read(path)
            except PersonaError as error:
                mistakes.append(str(error))
        by_name = {persona.name: persona for _, persona in sorted(known.items(), key=self._rank)}
        if self.default in self._by_name:
            by_name.setdefault(self.default, self._by_name[self.default])
        self._stamps, self._known, self._by_name = stamps, known, by_name
        return mistakes

    @asynccontextmanager
    async def kept_fresh(self, every_s: float = REFRESH_S) -> AsyncIterator[None]:
        """While inside, changes in the folder count from the next session on."""
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch(every_s), name="personas.watch")
            try:
                yield
            finally:
                watching.cancel()

    async def _watch(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            before = dict(self._by_name)
            for mistake in await run_step(self.refresh):
                log.error("persona %s; it stays as it was", mistake)
            changed = {name for name in {*before, *self} if before.get(name) != self._by_name.get(name)}
            if changed:
                log.info("personas changed: %s", ", ".join(sorted(changed)))

    def _read(self, path: Path) -> Persona:
        if not NAME.fullmatch(path.stem):
            raise PersonaError(f"{path.name}: the file's name must be 1 to 64 of [A-Za-z0-9_-]")
        return read_persona(path, self._secrets)

    def _stamps_now(self) -> dict[Path, Stamp]:
        """Every persona file there is, with what tells that it has changed."""
        if self._folder is not None and not self._folder.is_dir() and not self._stamps:
            raise SystemExit(f"GATEWAY_PERSONAS_DIR: there is no directory {self._folder}")
        stamps = {}
        for folder in filter(None, (SHIPPED, self._folder)):
            for path in (*folder.glob("*.yaml"), *folder.glob("*.yml")):
                try:
                    stat = path.stat()
                except OSError:
                    continue  # gone between two looks
                stamps[path] = (stat.st_mtime_ns, stat.st_size)
        return stamps

    @staticmethod
    def _rank(item: tuple[Path, Persona]) -> tuple[bool, Path]:
        """Shipped ones first, so that others replace them."""
        path = item[0]
        return path.parent != SHIPPED, path
