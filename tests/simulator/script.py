"""What a simulated person does, as data. A scenario's repr is all that is needed to play it again."""

from dataclasses import dataclass

WORD_S = 0.3


@dataclass(frozen=True)
class Speaks:
    """Says `text` evenly within `seconds`. `p`: how complete it then sounds; None = as it is written.

    `confidence`: how sure the ear is of the words, below 0.67 for a laugh that it takes for some.
    """

    text: str
    seconds: float = 0.0
    p: float | None = None
    confidence: float | None = None

    @property
    def length_s(self) -> float:
        return self.seconds or WORD_S * len(self.text.split())

    @property
    def p_complete(self) -> float:
        return self.p if self.p is not None else 0.95 if self.text[-1] in ".?!" else 0.1


@dataclass(frozen=True)
class Coughs:
    """A sound without words."""

    seconds: float = 0.25


@dataclass(frozen=True)
class Pauses:
    """Does nothing."""

    seconds: float


@dataclass(frozen=True)
class Hears:
    """Waits until the avatar begins to sound, then listens for `seconds`."""

    seconds: float


@dataclass(frozen=True)
class HearsOut:
    """Waits until nobody has the floor."""


@dataclass(frozen=True)
class Types:
    """Writes instead of speaking."""

    text: str


@dataclass(frozen=True)
class PressesStop:
    """The stop button."""


@dataclass(frozen=True)
class AppSays:
    """An application publishes `say`."""

    text: str


@dataclass(frozen=True)
class AppInterrupts:
    """An application publishes `interrupt`; ids as given, empty = whatever runs."""

    turn_id: str = ""
    generation: int = 0


@dataclass(frozen=True)
class AppSetsPersona:
    """An application publishes `set_persona`."""

    name: str


@dataclass(frozen=True)
class LosesReports:
    """From now on the viewer's reports are lost (or, with False, come through again)."""

    lost: bool = True


@dataclass(frozen=True)
class LosesLine:
    """From now on nothing arrives in either direction (or, with False, everything again)."""

    lost: bool = True


@dataclass(frozen=True)
class Fails:
    """From now on a service behaves like `how`; "" = well again.

    ear: "lost finals", "breaks" (once, now). mind: "slow", "refuses", "mute" (no first word), "breaks"
    and "stalls" (after the first words), "error", "empty". voice: "refuses", "mute", "breaks", "stalls".
    """

    service: str
    how: str


@dataclass(frozen=True)
class Leaves:
    """Closes the page."""


Step = (
    Speaks | Coughs | Pauses | Hears | HearsOut | Types | PressesStop | AppSays | AppInterrupts
    | AppSetsPersona | LosesReports | LosesLine | Fails | Leaves
)  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """A person's steps, in order; `seed` is for the services' delays and what the avatar says."""

    steps: tuple[Step, ...]
    seed: int = 0
    greets: bool = False
    reply_words: tuple[int, int] = (4, 24)
    judged: float = 0.0  # the share of all words that the mind has a verdict on, any verdict
