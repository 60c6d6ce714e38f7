"""Every subject on NATS: published by somebody, heard by somebody, and documented as it is."""

import ast
import re
from pathlib import Path
from typing import Any

from visavis.events.v1 import events_pb2

from .script import AppSays, Coughs, Fails, Hears, HearsOut, Scenario, Speaks
from .world import simulate

ROOT = Path(__file__).parents[2]
PUBLISH = {"publish", "_publish"}
EVENT = re.compile(r"[a-z_]+(\.[a-z]+)?")
APPLICATIONS = "applications"


def sources() -> list[Path]:
    return sorted([*ROOT.glob("services/*/visavis_*/**/*.py"), *ROOT.glob("cli/visavis_cli/**/*.py")])


def calls_of(names: set[str]) -> set[str]:
    """Events named by literals in calls of these methods, in all of the project."""
    found = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in names
            ):
                literals = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                found |= {text for text in literals if isinstance(text, str) and EVENT.fullmatch(text)}
    return found


def documented() -> dict[str, tuple[str, set[str], set[str]]]:
    """The table of docs/protocol.md: event -> its message, who publishes, who listens."""
    section = (ROOT / "docs/protocol.md").read_text().split("## 7. Events on NATS")[1].split("\n## ")[0]
    table = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            messages = re.findall(r"[A-Z]\w+", cells[1])
            for event, message in zip(re.findall(r"`([a-z_.]+)`", cells[0]), messages, strict=True):
                table[event] = (message, set(cells[2].split(", ")), set(cells[3].split(", ")))
    return table


def test_every_event_that_is_published_has_a_listener():
    published, heard = calls_of(PUBLISH), calls_of({"subscribe"})
    assert published, "the collection works"
    for event in published:
        _, _, listeners = documented()[event]
        assert event in heard or APPLICATIONS in listeners, f"nobody listens to {event}"


def test_every_event_that_is_listened_to_has_a_publisher():
    published = calls_of(PUBLISH)
    for event in calls_of({"subscribe"}):
        _, publishers, _ = documented()[event]
        assert event in published or APPLICATIONS in publishers, f"nobody publishes {event}"


def test_what_is_documented_is_what_there_is():
    table = documented()
    assert set(table) == calls_of(PUBLISH) | calls_of({"subscribe"})
    comments = dict(
        re.findall(r"^// Subject ([a-z_.]+)[:.].*\n(?://.*\n)*message (\w+)",
                   (ROOT / "protos/visavis/events/v1/events.proto").read_text(), re.M)
    )  # fmt: skip
    assert comments == {event: message for event, (message, _, _) in table.items()}
    assert all(hasattr(events_pb2, message) for message in comments.values())


def test_a_conversation_publishes_what_is_documented():
    steps = (HearsOut(), Speaks("What is your name?"), Hears(1.0), AppSays("s0w0 s0w1"), HearsOut())
    world = simulate(Scenario(steps, greets=True, reply_words=(20, 30)))
    seen = {event: type(message).__name__ for _, event, message in world.bus.published}
    table = documented()
    assert seen == {
        event: message for event, (message, publishers, _) in table.items() if "gateway" in publishers
    }
    assert all(message.session_id == "s1" for _, _, message in world.bus.published)


def test_what_was_started_is_ended():
    noise = (Coughs(0.3), HearsOut())
    merged = (Speaks("I live in Lisbon."), Hears(0.1), Speaks("With my two cats."), HearsOut())
    late = (Fails("mind", "mute"), Speaks("Tell me more."), HearsOut())
    for steps in (noise, merged, late):
        bus = simulate(Scenario(steps)).bus
        for kind in ("turn", "reply"):
            started = [ids(event) for _, event in bus.of_kind(f"{kind}.started")]
            ended = [ids(event) for _, event in bus.of_kind(f"{kind}.ended")]
            assert sorted(ended) == sorted(started), f"{kind} in {steps}"


def ids(event: Any) -> tuple[str, int]:
    return event.turn_id, getattr(event, "generation", 0)
