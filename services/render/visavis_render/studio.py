"""What all sessions share: loaded avatars, slots, and the threads that draw."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from rpckit.errors import Busy, ServiceError, Unsupported

from visavis_render.avatar import AvatarDirectory, by_name, read_directory, require_size, size_range
from visavis_render.backends import load_avatar, traits_of, with_background
from visavis_render.config import Config
from visavis_render.drawing import Drawing
from visavis_render.encoders import require_codec
from visavis_render.engine import Asset, Avatar, Traits, VideoSpec, ViewerDrawn
from visavis_render.kit import packed
from visavis_render.label import require_label
from visavis_render.manner import Manner, manner_of
from visavis_render.posing import Posing


def open_house(config: Config) -> AvatarDirectory:
    """The service's own avatar, by name or by path; exits with the reason when it can't be used."""
    named = config.avatar
    is_path = "/" in named or named in (".", "..")
    try:
        path = Path(named).expanduser()
        directory = read_directory(path) if is_path else by_name(named, config.avatars_dir)
        size_range(directory, traits_of(directory))
        manner_of(directory, "", config)
    except ServiceError as error:
        raise SystemExit(f"RENDER_AVATAR: {error}") from None
    return directory


def _require_drawable(traits: Traits, name: str) -> None:
    """Raise Unsupported unless a viewer can draw an avatar of these traits."""
    if not traits.viewer_can_draw:
        raise Unsupported(f"output: the avatar {name} can't be drawn by a viewer")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is to be seen, and how; empty = the service's or the avatar's own."""

    avatar: str = ""
    background: str = ""
    profile: str = ""
    label: str = ""
    spec: VideoSpec = field(default_factory=VideoSpec)
    # The viewer draws: it gets states of the face instead of pictures.
    is_drawn_by_viewer: bool = False


class Studio:
    """The service's own avatar and those to preload are loaded, baked and compiled when this exists."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._loading = threading.Lock()
        self._house = open_house(config)
        self._directories = {self._house.name: self._house}
        self._avatars: dict[tuple[str, str], Avatar] = {}
        self.session_count = 0
        self.threads = ThreadPoolExecutor(config.max_sessions, thread_name_prefix="render.draw")
        # One whole session's work: the codec's first picture costs up to 140 ms.
        try:
            low, high = size_range(self._house, traits_of(self._house))
            spec = VideoSpec(size_px=min(high, max(low, VideoSpec().size_px)))
            self.open(Wish(spec=spec)).close()
        except ServiceError as error:
            raise SystemExit(f"RENDER_AVATAR: {error}") from None
        for name in config.preload:
            try:
                self._avatar(self.directory(name, ""))
            except ServiceError as error:
                raise SystemExit(f"RENDER_PRELOAD: {error}") from None

    def directory(self, name: str, background: str) -> AvatarDirectory:
        """The avatar asked for; NotFound or AvatarError when there is none that can be used."""
        name = name or self._house.name
        if name not in self._directories:
            self._directories[name] = by_name(name, self._config.avatars_dir)
        return with_background(self._directories[name], background)

    def _avatar(self, directory: AvatarDirectory) -> Avatar:
        key = (directory.name, directory.background)
        with self._loading:
            if key not in self._avatars:
                self._avatars[key] = load_avatar(directory, self._config)
            return self._avatars[key]

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

    def check(self, wish: Wish) -> Traits:
        """Raise what `open` would, without the work; what the avatar's renderer needs and can do."""
        directory = self.directory(wish.avatar, wish.background)
        traits = traits_of(directory)
        if wish.is_drawn_by_viewer:
            _require_drawable(traits, directory.name)
        else:
            require_size(size_range(directory, traits), wish.spec.size_px)
            require_codec(wish.spec)
        require_label(wish.label)
        self.manner(wish)
        return traits

    def manner(self, wish: Wish) -> Manner:
        """How the one asked for behaves."""
        return manner_of(self.directory(wish.avatar, ""), wish.profile, self._config)

    def open(self, wish: Wish) -> Drawing | Posing:
        """A session's output; blocks while an avatar or a size is used for the first time."""
        directory = self.directory(wish.avatar, wish.background)
        if wish.is_drawn_by_viewer:
            return Posing(wish.spec)
        sizes_px = size_range(directory, traits_of(directory))
        return Drawing(self._avatar(directory), wish.label, wish.spec, sizes_px)

    def assets(self, wish: Wish) -> tuple[Asset, ...]:
        """What a viewer needs to draw; blocks while an avatar is used for the first time."""
        avatar = self._avatar(self.directory(wish.avatar, wish.background))
        return packed(cast(ViewerDrawn, avatar).kit(), wish.label)  # `check` has seen its traits

    def close(self) -> None:
        """Let the drawing threads end."""
        self.threads.shutdown()
