import asyncio
import json
import os
import re
import signal
import sys
from collections import deque
from pathlib import Path

import httpx
import pytest
from visavis_cli.ports import Ports, why_not_free
from visavis_cli.programs import Program, plan
from visavis_cli.stack import StackError, running_stack
from visavis_cli.supervisor import restart_delay

GATEWAY = Path(__file__).with_name("fake_gateway.py")


def fake_stack(ports):
    """A real nats-server and a gateway that only pretends."""
    nats = plan(ports, {}, Path("models"))[0]
    command = [sys.executable, str(GATEWAY), str(ports.gateway)]
    return [nats, Program("gateway", command, f"127.0.0.1:{ports.gateway}")]


def program(name, code, port=1):
    return Program(name, [sys.executable, "-c", code], f"127.0.0.1:{port}")


class Lines(list):
    """A log that a test can look into."""

    def __call__(self, name, line):
        self.append(f"{name} {line}")


@pytest.fixture
def ports():
    return Ports.ephemeral()


@pytest.fixture
def lines():
    return Lines()


def test_each_service_shows_its_metrics_on_a_port_of_its_own():
    env = {"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_EXPORTER_PROMETHEUS_PORT": "9500"}
    programs = plan(Ports(), env, Path("models"))
    ports = {p.name: p.env.get("OTEL_EXPORTER_PROMETHEUS_PORT") for p in programs}
    assert ports == {
        "nats": None, "gateway": "9500", "asr": "9501", "brain": "9502", "tts": "9503", "render": "9504",
    }  # fmt: skip
    with pytest.raises(StackError, match="OTEL_EXPORTER_PROMETHEUS_PORT: '65535'"):
        plan(Ports(), {**env, "OTEL_EXPORTER_PROMETHEUS_PORT": "65535"}, Path("models"))


async def test_everything_runs_and_nothing_is_left(ports, lines):
    async with running_stack(ports, {}, lines, programs=fake_stack(ports)) as stack:
        pids = [stack.pid("nats"), stack.pid("gateway")]
        assert stack.url == f"http://localhost:{ports.gateway}"
        assert all(is_running(pid) for pid in pids)
        assert "gateway fake gateway is here" in lines
    assert not any(is_running(pid) for pid in pids)
    assert why_not_free(ports.gateway) is None
    assert why_not_free(ports.nats) is None


async def test_an_error_inside_passes_through_as_it_is(ports):
    pids = []

    async def fail_inside():
        async with running_stack(ports, {}, programs=fake_stack(ports)) as stack:
            pids.append(stack.pid("nats"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_inside()
    assert not is_running(pids[0])


async def test_a_program_that_dies_is_started_again(ports, lines):
    async with running_stack(ports, {}, lines, programs=fake_stack(ports)) as stack:
        before = stack.pid("gateway")
        async with httpx.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx.HTTPError):
                await client.get(f"http://{stack.target('gateway')}/die")
        async with asyncio.timeout(20):
            while stack.pid("gateway") in (before, None):
                await asyncio.sleep(0.02)
            await stack.wait_ready("gateway")
        assert "gateway ended (exit code 7); starting again in 0.5 s" in lines


async def test_a_program_that_is_killed_is_started_again(ports, lines):
    async with running_stack(ports, {}, lines, programs=fake_stack(ports)) as stack:
        before = stack.pid("nats")
        os.kill(before, signal.SIGKILL)
        async with asyncio.timeout(20):
            while stack.pid("nats") in (before, None):
                await asyncio.sleep(0.02)
            await stack.wait_ready("nats")
        assert any(
            line.startswith("nats ended (SIGKILL; perhaps by the system, for want of memory")
            for line in lines
        )


async def test_a_program_that_ends_at_the_start_tells_why(ports):
    broken = program("tts", "import sys; sys.exit('unknown settings: TTS_VOICCE')")
    with pytest.raises(
        StackError, match=r"tts ended at the start \(exit code 1\):\n  unknown settings: TTS_V"
    ):
        async with running_stack(ports, {}, programs=[*fake_stack(ports), broken]):
            pytest.fail("it can't be ready")
    assert why_not_free(ports.gateway) is None


async def test_a_program_that_is_never_ready_is_named(ports):
    silent = program("brain", "import time; time.sleep(60)")
    with pytest.raises(StackError, match=r"not ready after 1 s: brain \(127.0.0.1:1\)"):
        async with running_stack(ports, {}, programs=[silent], ready_within_s=1):
            pytest.fail("it can't be ready")


async def test_a_program_that_ignores_sigterm_is_killed(ports, lines, monkeypatch):
    monkeypatch.setattr("visavis_cli.supervisor.STOP_GRACE_S", 0.3)
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    with pytest.raises(StackError, match="not ready"):
        async with running_stack(ports, {}, lines, programs=[program("asr", stubborn)], ready_within_s=2):
            pytest.fail("it can't be ready")
    assert "asr did not stop within 0 s: killed" in lines


async def test_a_flood_of_lines_and_an_endless_one_do_no_harm(ports, lines):
    code = (
        "import sys, time; print('x' * 200_000); [print(n) for n in range(3000)]; sys.stdout.flush();"
        "print('\\udcff'.encode('utf8', 'surrogateescape')) or time.sleep(60)"
    )
    noisy = program("render", code)
    with pytest.raises(StackError):
        async with running_stack(ports, {}, lines, programs=[noisy], ready_within_s=2):
            pytest.fail("it can't be ready")
    assert "render 2999" in lines
    assert any("too long" in line for line in lines)


async def test_a_taken_port_is_named_with_what_to_do(ports):
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", ports.brain)
    async with server:
        with pytest.raises(
            StackError, match=rf"port {ports.brain} is not free for brain: it is taken\. .*--base"
        ):
            async with running_stack(ports, {}):
                pytest.fail("it can't start")


async def test_a_second_stack_on_the_same_ports_is_told_of_the_first(ports):
    async with running_stack(ports, {}, programs=fake_stack(ports)):
        with pytest.raises(StackError, match=rf"already running on http://localhost:{ports.gateway}"):
            async with running_stack(ports, {}, programs=fake_stack(ports)):
                pytest.fail("it can't start")


async def test_the_real_programs_come_up_and_go_down(ports, lines):
    fakes = {f"{name}_BACKEND": "fake" for name in ("ASR", "BRAIN", "TTS")}
    async with running_stack(ports, fakes, lines) as stack:
        async with httpx.AsyncClient(trust_env=False) as client:
            health = (await client.get(f"{stack.url}/api/health")).json()
        assert health["services"] == dict.fromkeys(("asr", "brain", "tts", "render"), "serving")
        pids = [stack.pid(name) for name in ("nats", "asr", "brain", "tts", "render", "gateway")]
    assert not any(is_running(pid) for pid in pids)
    assert not any("did not stop" in line or "Traceback" in line for line in lines)


async def test_a_misspelt_setting_ends_the_start_and_is_named(ports):
    with pytest.raises(StackError, match=r"asr ended at the start[^$]*unknown settings: ASR_BACKENT"):
        async with running_stack(ports, {"ASR_BACKENT": "fake"}):
            pytest.fail("it can't be ready")


def test_restarts_slow_down_and_are_five_a_minute_at_most():
    now, starts, begun = 0.0, deque(maxlen=5), []
    while now < 600:  # a program that dies as soon as it is started
        starts.append(now)
        begun.append(now)
        now += restart_delay(starts, now)
    assert begun[:4] == [0, 0.5, 1.5, 3.5]
    for start in begun:
        assert len([other for other in begun if start <= other < start + 60]) <= 5


def test_a_restart_after_a_long_life_is_quick():
    assert restart_delay(deque([0.0]), 3600.0) == 0.0
    assert restart_delay(deque([0.0]), 9.0) == 0.5


def test_the_plan_gives_every_program_its_settings():
    by_name = {each.name: each for each in plan(Ports(), {}, Path("/srv/models"))}
    assert list(by_name) == ["nats", "asr", "brain", "tts", "render", "gateway"]
    assert by_name["asr"].env["ASR_SERVER__LISTEN_ADDRESS"] == "127.0.0.1:50051"
    assert by_name["brain"].env["BRAIN_MODELS_DIR"] == "/srv/models"
    assert by_name["gateway"].env["GATEWAY_TTS_TARGET"] == "127.0.0.1:50053"
    assert by_name["gateway"].env["GATEWAY_NATS_URL"] == "nats://127.0.0.1:4222"
    assert "-js" not in by_name["nats"].command


def test_no_call_waits_for_a_rendered_person_that_a_persona_names():
    services = Path(__file__).parents[2] / "services"
    avatars = services / "render/visavis_render/avatars"
    personas = [path.read_text() for path in services.glob("gateway/visavis_gateway/personas/*.yaml")]
    named = {name for text in personas for name in re.findall(r"^avatar: (\S+)$", text, re.M)}
    slow = {name for name in named if 'renderer = "atlas"' in (avatars / name / "avatar.toml").read_text()}
    render = next(each for each in plan(Ports(), {}, Path("models")) if each.name == "render")
    assert slow == set(json.loads(render.env["RENDER_PRELOAD"]))


def test_the_users_settings_are_kept():
    env = {"BRAIN_MODELS_DIR": "/mine", "GATEWAY_TTS_TARGET": "speaker:9000", "GATEWAY_HOST": "0.0.0.0"}
    by_name = {each.name: each for each in plan(Ports(), env, Path("/srv/models"))}
    assert by_name["brain"].env["BRAIN_MODELS_DIR"] == "/mine"
    assert by_name["tts"].command == []
    assert by_name["gateway"].env["GATEWAY_TTS_TARGET"] == "speaker:9000"
    assert by_name["gateway"].env["GATEWAY_HOST"] == "0.0.0.0"


def is_running(pid):
    """Alive, and not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
