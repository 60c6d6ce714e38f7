"""What tools do: webhooks against a real HTTP server, functions that packages offer."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from visavis_gateway import tools
from visavis_gateway.engine import Tool, ToolCall
from visavis_gateway.personas.schema import PersonaError, read_persona
from visavis_gateway.tools import Function, Webhook

CALL = ToolCall("look", {"at": "sky"}, "s1", "t1", "c1")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with what the server holds; keeps what it was sent."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), json.loads(body)))
        status, answer, delay_s = self.server.answer
        time.sleep(delay_s)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        with suppress(ConnectionError):  # who asked has left
            self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def hook() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.got, server.answer = [], (200, b'{"sky": "blue"}', 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def url(server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/look"


def tool(work, timeout_s: float = 5) -> Tool:
    return Tool("look", "Looks.", "{}", True, timeout_s, (), work)


async def test_a_webhook_gets_the_call_and_gives_its_result(hook):
    work = Webhook(url(hook), (("Authorization", "Bearer x"),))
    assert await tools.run(tool(work), CALL) == ('{"sky": "blue"}', False)
    ((path, headers, body),) = hook.got
    assert path == "/look"
    assert headers["Authorization"] == "Bearer x"
    assert body == {
        "tool": "look", "arguments": {"at": "sky"}, "session_id": "s1", "turn_id": "t1", "call_id": "c1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((200, b"plain words", 0), ("plain words", False)),
        ((204, b"", 0), ("", False)),
        ((500, b"oh", 0), ("the service answered with HTTP status 500", True)),
        ((302, b"", 0), ("the service answered with HTTP status 302", True)),
        ((200, b"x" * 70_000, 0), ("the result is too large", True)),
        ((200, b"{}", 1), ("no answer in time", True)),
    ],
)
async def test_what_comes_of_a_webhook(hook, answer, outcome):
    hook.answer = answer
    result, failed = await tools.run(tool(Webhook(url(hook)), timeout_s=0.5), CALL)
    assert (json.loads(result), failed) == outcome


async def test_a_webhook_that_is_away():
    result, failed = await tools.run(tool(Webhook("http://127.0.0.1:9/x")), CALL)
    assert (json.loads(result), failed) == ("the service can't be reached (ConnectError)", True)


async def test_a_function_may_be_plain_or_async():
    def plain(at):
        return {"at": at}

    async def later(at, depth=1):
        return [at, depth]

    assert await tools.run(tool(Function("plain", plain)), CALL) == ('{"at": "sky"}', False)
    assert await tools.run(tool(Function("later", later)), CALL) == ('["sky", 1]', False)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda: 1, "wrong arguments"),
        (lambda at: object(), "the result is no JSON"),
        (lambda at: "x" * 70_000, "the result is too large"),
        (lambda at: 1 / 0, "the tool failed (ZeroDivisionError)"),
    ],
)
async def test_a_function_that_fails_is_told_to_the_model(function, reason):
    result, failed = await tools.run(tool(Function("f", function)), CALL)
    assert failed
    assert json.loads(result).startswith(reason)


PERSONA = """
prompt: You are Tom.
greeting: Hi
tools:
  - name: weather
    description: The weather in a city.
    parameters:
      properties: {city: {type: string}}
      required: [city]
    read_only: true
    webhook: http://127.0.0.1:1/weather
    headers:
      Authorization: Bearer ${WEATHER_KEY}
    timeout_s: 3
    filler: [Let me look outside.]
  - name: clock
    description: Time and date.
    read_only: true
    python: now
"""


def persona(tmp_path, text: str, **secrets: str):
    path = tmp_path / "tom.yaml"
    path.write_text(text)
    return read_persona(path, secrets)


async def test_a_persona_declares_its_tools(tmp_path):
    weather, clock = persona(tmp_path, PERSONA, WEATHER_KEY="k").tools
    assert weather.work == Webhook("http://127.0.0.1:1/weather", (("Authorization", "Bearer k"),))
    assert (weather.is_read_only, weather.timeout_s, weather.fillers) == (True, 3, ("Let me look outside.",))
    assert json.loads(weather.parameters_json) == {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
    }  # fmt: skip
    result, failed = await tools.run(clock, ToolCall("clock", {}, "s1", "t1", "c1"))
    assert not failed
    assert set(json.loads(result)) == {"time", "date", "zone"}
    assert clock.fillers


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("python: now", "python: nothing", "no package offers 'nothing' in visavis.tools; there are: now"),
        ("python: now", "", "tools.1: .*a tool needs webhook or python, and not both"),
        ("name: clock", "name: weather", "two tools have the same name"),
        ("name: clock", "name: a b", "tools.1.name: String should match"),
        ("WEATHER_KEY", "OTHER", "tools: OTHER is not in GATEWAY_TOOL_SECRETS"),
        ("webhook: http://", "webhook: file://", "tools.0.webhook: String should match"),
        ("timeout_s: 3", "timeout_s: 60", "tools.0.timeout_s: Input should be less than or equal to 15"),
        ("python: now", "python: now\n    headers: {a: b}", "headers belong to a webhook"),
    ],
)
def test_a_mistake_in_a_tool_is_told(tmp_path, old, new, message):
    with pytest.raises(PersonaError, match=rf"^tom\.yaml: .*{message}"):
        persona(tmp_path, PERSONA.replace(old, new), WEATHER_KEY="k")
