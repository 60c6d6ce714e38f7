"""What all sessions share: loaded avatars, slots, and the threads that draw."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rpckit.errors import Busy

from visavis_render.backends import load_avatar, require_avatar
from visavis_render.config import Config
from visavis_render.drawing import Drawing
from visavis_render.encoders import require_codec
from visavis_render.engine import Avatar, VideoSpec
from visavis_render.label import require_label


class Studio:
    """The service's own avatar is loaded, baked and compiled when this exists; others at first use."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._loading = threading.Lock()
        self._avatars: dict[str, Avatar] = {}
        self.session_count = 0
        self.threads = ThreadPoolExecutor(config.max_sessions, thread_name_prefix="render.draw")
        # One whole session's work: the codec's first picture costs up to 140 ms.
        Drawing(self._avatar(config.avatar), "", VideoSpec()).close()

    def _avatar(self, name: str) -> Avatar:
        with self._loading:
            if name not in self._avatars:
                self._avatars[name] = load_avatar(name, self._config)
            return self._avatars[name]

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Room for one session; Busy when there is none."""
        if self.session_count >= self._config.max_sessions:
            raise Busy(f"all {self._config.max_sessions} faces are in use")
        self.session_count += 1
        try:
            yield
        finally:
            self.session_count -= 1

    def check(self, avatar: str, label: str, spec: VideoSpec) -> None:
        """Raise what `open` would, without the work."""
        require_avatar(avatar or self._config.avatar)
        require_label(label)
        require_codec(spec)

    def open(self, avatar: str, label: str, spec: VideoSpec) -> Drawing:
        """A session's drawing; blocks while an avatar or a size is used for the first time."""
        return Drawing(self._avatar(avatar or self._config.avatar), label, spec)

    def close(self) -> None:
        """Let the drawing threads end."""
        self.threads.shutdown()
