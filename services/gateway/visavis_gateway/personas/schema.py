"""What a persona file may say, and how it becomes a persona. A mistake is told by file and field."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from visavis_gateway.disclosure import disclosure_of, label_of
from visavis_gateway.engine import Persona, Refusal, Tool, Work
from visavis_gateway.knowledge import KnowledgeError, documents_in
from visavis_gateway.tools import ENTRY_POINTS, Function, Webhook, offered

MAX_FILE_BYTES = 64 * 1024

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# With its engine or without: kokoro/af_heart.
VoiceName = Annotated[str, StringConstraints(pattern=r"^([a-z]{1,20}/)?[A-Za-z0-9_-]{1,40}$")]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class PersonaError(Exception):
    """A persona file that can't be used; the text names the file and the field."""


class Table(BaseModel):
    """A level of the file; an unknown field is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Silence(Table):
    """After how many seconds of silence something is said; 0 = never."""

    after_s: float = Field(default=60, ge=0, le=3600)
    say: str = Field(default="", max_length=300)


class Behaviour(Table):
    """Manners."""

    openers: list[Sentence] | None = Field(default=None, max_length=16)
    stopped: str | None = Field(default=None, max_length=300)
    apology: str | None = Field(default=None, max_length=300)
    still_there: Silence = Silence()
    goodbye: Silence = Silence()


class Limits(Table):
    """How long: a reply in tokens (None = the brain's own), a session in seconds (None = the gateway's)."""

    reply_tokens: int | None = Field(default=None, ge=1, le=1000)
    session_s: int | None = Field(default=None, ge=10, le=86_400)


class Refuse(Table):
    """A topic that is not talked about."""

    topic: str = Field(default="", max_length=200)
    words: list[Annotated[str, StringConstraints(pattern=r"[^\s*]", max_length=64)]] = Field(
        default=[], max_length=32
    )
    reply: Sentence


class Guardrails(Table):
    """What the persona keeps away from."""

    refuse: list[Refuse] = Field(default=[], max_length=16)


class ToolEntry(Table):
    """Something that the model may call: a webhook or a Python entry point."""

    name: Id
    description: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    parameters: dict[str, Any] = {}
    read_only: bool = False
    webhook: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=2000)] | None = None
    headers: dict[str, str] = {}
    python: str | None = None
    timeout_s: float = Field(default=8, gt=0, le=15)
    filler: list[Sentence] = Field(
        default=["One moment, please.", "I'm still on it.", "It takes a little longer."], max_length=4
    )

    @model_validator(mode="after")
    def does_one_thing(self) -> "ToolEntry":
        if (self.webhook is None) == (self.python is None):
            raise ValueError("a tool needs webhook or python, and not both")
        if self.headers and self.webhook is None:
            raise ValueError("headers belong to a webhook")
        return self

    def tool(self, secrets: Mapping[str, str]) -> Tool:
        """As it is called."""
        schema = {"type": "object", "properties": {}, **self.parameters}
        return Tool(
            self.name, self.description, json.dumps(schema), self.read_only, self.timeout_s,
            tuple(self.filler), self._work(secrets),
        )  # fmt: skip

    def _work(self, secrets: Mapping[str, str]) -> Work:
        if self.webhook is not None:
            headers = {name: revealed(value, secrets) for name, value in self.headers.items()}
            return Webhook(self.webhook, tuple(headers.items()))
        functions = offered()
        name = self.python or ""
        if name not in functions:
            known = ", ".join(sorted(functions)) or "none"
            raise ValueError(f"tools: no package offers {name!r} in {ENTRY_POINTS}; there are: {known}")
        return Function(name, functions[name].load())


def revealed(text: str, secrets: Mapping[str, str]) -> str:
    """`text` with each ${NAME} replaced by that secret: so they stay out of the file."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in secrets:
            raise ValueError(f"tools: {match[1]} is not in GATEWAY_TOOL_SECRETS")
        return secrets[match[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)


class PersonaFile(Table):
    """The whole file. Its name, without .yaml, is the persona's."""

    title: str = Field(default="", max_length=64)
    prompt: str = Field(min_length=1, max_length=8000)
    greeting: str = Field(max_length=2000)
    voice: VoiceName | None = None
    avatar: Id | None = None
    background: Id | None = None
    profile: Id | None = None
    listed: bool = True
    language: str = Field(default="en-US", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)
    # None = the sentence of the language.
    disclosure: Sentence | None = None
    behaviour: Behaviour = Behaviour()
    limits: Limits = Limits()
    guardrails: Guardrails = Guardrails()
    tools: list[ToolEntry] = Field(default=[], max_length=32)
    knowledge: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None

    @field_validator("tools")
    @classmethod
    def names_differ(cls, tools: list[ToolEntry]) -> list[ToolEntry]:
        if len({tool.name for tool in tools}) < len(tools):
            raise ValueError("two tools have the same name")
        return tools

    def persona(self, name: str, folder: Path, secrets: Mapping[str, str]) -> Persona:
        """As the gateway plays it; `folder` is the file's."""
        plain = Persona(name, "", "", "")
        manners = self.behaviour
        return Persona(
            name=name,
            title=self.title or name.replace("-", " ").replace("_", " ").title(),
            prompt=self.prompt.strip(),
            greeting=self.greeting.strip(),
            voice=self.voice or "",
            avatar=self.avatar or "",
            background=self.background or "",
            profile=self.profile or "",
            is_listed=self.listed,
            language_code=self.language,
            label=label_of(self.language),
            disclosure=self.disclosure or disclosure_of(self.language),
            still_there_s=manners.still_there.after_s,
            still_there=manners.still_there.say or plain.still_there,
            goodbye_s=manners.goodbye.after_s,
            goodbye=manners.goodbye.say or plain.goodbye,
            openers=plain.openers if manners.openers is None else tuple(manners.openers),
            max_token_count=self.limits.reply_tokens or 0,
            max_session_s=self.limits.session_s,
            stopped=plain.stopped if manners.stopped is None else manners.stopped,
            apology=plain.apology if manners.apology is None else manners.apology,
            tools=tuple(tool.tool(secrets) for tool in self.tools),
            knowledge=known_in(folder, self.knowledge) if self.knowledge else "",
            refusals=tuple(Refusal(r.topic, tuple(r.words), r.reply) for r in self.guardrails.refuse),
        )


def known_in(folder: Path, named: str) -> str:
    """The folder of documents, relative to the persona's file. Raises ValueError."""
    path = folder / Path(named).expanduser()
    try:
        documents_in(path)
    except KnowledgeError as error:
        raise ValueError(f"knowledge: {error}") from None
    return str(path)


class Loader(yaml.SafeLoader):
    """Plain YAML: no tags, no aliases, no key twice."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if twice := {str(key) for key in keys if keys.count(key) > 1}:
            raise yaml.YAMLError(f"{', '.join(sorted(twice))}: is there twice")
        return super().construct_mapping(node, deep)


def read_persona(path: Path, secrets: Mapping[str, str] = MappingProxyType({})) -> Persona:
    """The persona in a file. Raises PersonaError."""
    try:
        text = path.read_bytes()
        if len(text) > MAX_FILE_BYTES:
            raise PersonaError(f"{path.name}: must not be larger than {MAX_FILE_BYTES} bytes")
        fields = yaml.load(text.decode("utf-8"), Loader)
        return PersonaFile.model_validate(fields).persona(path.stem, path.parent, secrets)
    except ValidationError as error:
        raise PersonaError(f"{path.name}: {'; '.join(map(_mistake, error.errors()))}") from None
    except (yaml.YAMLError, ValueError, RecursionError, OSError) as error:
        raise PersonaError(f"{path.name}: {_reason(error)}") from None


def _mistake(error: Any) -> str:
    """The field and what is wrong with it."""
    field = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{field}: there is no such field"
    return f"{field}: {error['msg']}"


def _reason(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return "is nested too deeply" if isinstance(error, RecursionError) else str(error)
