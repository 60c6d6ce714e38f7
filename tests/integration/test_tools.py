"""A persona's tools over the whole stack: the model asks, webhook and function answer, the voice tells."""

import asyncio
import http.server
import json
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from rpckit.testing import until
from visavis_cli.ports import Ports
from visavis_cli.stack import running_stack
from visavis_cli.talk.client import open_call
from visavis_cli.talk.record import Record

pytestmark = [pytest.mark.e2e, pytest.mark.models]

PERSONA = """
prompt: You are Tom.
greeting: ''
behaviour:
  apology: So sorry about that.
tools:
  - name: weather
    description: The weather.
    read_only: true
    webhook: {url}
  - name: lamp
    description: Switches the lamp.
    webhook: {url}
    filler: [Let me switch it.]
  - name: clock
    description: The time.
    read_only: true
    python: now
guardrails:
  refuse:
    - words: [politics]
      reply: No politics please.
"""


class Hook(http.server.BaseHTTPRequestHandler):
    """Answers with the name of the tool; a lamp takes its time."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.called.append(body["tool"])
        if body["tool"] == "lamp":
            self.server.may_answer.wait(10)
        answer = json.dumps(f"{body['tool']} is fine").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def hook() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.called, server.may_answer = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()


async def test_tools_guardrails_and_a_reload_over_the_whole_stack(hook, tmp_path):
    path = tmp_path / "tom.yaml"
    text = PERSONA.format(url=f"http://127.0.0.1:{hook.server_address[1]}/tool")
    path.write_text(text)
    env = {
        "GATEWAY_PERSONAS_DIR": str(tmp_path),
        "GATEWAY_DEFAULT_PERSONA": "tom",
        "ASR_BACKEND": "fake",
        "BRAIN_BACKEND": "fake",
        "OTEL_METRICS_EXPORTER": "none",
    }
    async with running_stack(Ports.ephemeral(), env) as stack:
        async with talking(stack.url) as answer_to:
            assert await answer_to("how is the weather") == 'The tool says "weather is fine".'
            assert "time" in await answer_to("ask the clock")
            assert await answer_to("let us talk politics") == "No politics please."

            async with asyncio.TaskGroup() as tasks:
                asked = tasks.create_task(answer_to("switch the lamp"))
                await until(lambda: hook.called[-1] == "lamp", "the lamp was switched")
                await asyncio.sleep(1)  # longer than nothing is said
                hook.may_answer.set()
            assert asked.result() == 'Let me switch it. The tool says "lamp is fine".'
            assert hook.called.count("lamp") == 1

            path.write_text(text.replace("No politics please.", "Anything but politics."))
            await asyncio.sleep(2.5)  # the folder is looked at every second
            assert await answer_to("politics again") == "No politics please.", "this call goes on as it was"
        async with talking(stack.url) as answer_to:
            assert await answer_to("politics once more") == "Anything but politics."

            os.kill(stack.pid("brain"), signal.SIGKILL)
            assert await answer_to("are you there") == "So sorry about that."
            await stack.wait_ready("brain", within_s=60)
            await asyncio.sleep(1.5)  # the gateway's channel comes back by itself
            assert await answer_to("are you back") == "You said: are you back."


@asynccontextmanager
async def talking(url: str) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    """A call in which one may type; what was heard of each answer."""
    turns = []
    async with open_call(url, None, Record(), lambda line: None) as call:
        call._take_turn = turns.append
        await until(lambda: call.record.video, "a picture")

        async def answer_to(question: str) -> str:
            before = len(turns)
            call.send({"type": "text", "text": question})
            await until(lambda: len(turns) > before, f"{question}: answered", 40)
            await until(lambda: call.state == "idle", "idle again")
            return turns[-1]["heard"]

        yield answer_to
