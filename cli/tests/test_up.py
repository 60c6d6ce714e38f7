import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from visavis_cli.ports import why_not_free

FAKE_UP = Path(__file__).with_name("fake_up.py")
WITHIN_S = 30
ENV = {**os.environ, "ASR_BACKEND": "fake", "BRAIN_BACKEND": "fake"}


@pytest.fixture
def start():
    """Starts `visavis up` with some arguments; whatever still runs at the end is killed."""
    started = []

    def start_up(*arguments, env=ENV):
        process = subprocess.Popen(
            [sys.executable, str(FAKE_UP), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        started.append(process)
        return process

    yield start_up
    for process in started:
        process.kill()
        process.communicate(timeout=WITHIN_S)


@pytest.fixture
def up(start):
    process = start("--ephemeral", "--json-ready")
    return process, json.loads(process.stdout.readline())


def test_ready_is_announced_as_json_and_the_log_has_time_and_program(up):
    process, ready = up
    assert httpx.get(ready["url"] + "/api/health", trust_env=False).status_code == 200
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=WITHIN_S)
    assert "gateway  fake gateway is here" in log
    assert "visavis  ready on http://localhost:" in log
    for line in log.splitlines():
        assert line[2] == line[5] == ":"
    assert "\x1b" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything_with_exit_code_0(up, number):
    process, ready = up
    process.send_signal(number)
    _, log = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert log.rstrip().endswith("visavis  stopped")
    assert "Traceback" not in log
    assert [why_not_free(ready["ports"][name]) for name in ("gateway", "nats")] == [None, None]


def test_ctrl_c_twice_kills_at_once(up):
    process, ready = up
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert "Traceback" not in log
    assert why_not_free(ready["ports"]["gateway"]) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent's life")
def test_even_sigkill_leaves_no_process(up):
    process, ready = up
    process.kill()
    process.communicate(timeout=WITHIN_S)
    deadline = time.monotonic() + WITHIN_S  # the kernel kills them a moment after their parent
    for name in ("gateway", "nats"):
        while why_not_free(ready["ports"][name]) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert why_not_free(ready["ports"][name]) is None


def test_tls_is_served_with_a_certificate_of_its_own(start, tmp_path):
    arguments = ("--ephemeral", "--json-ready", "--tls")
    process = start(*arguments, env={**ENV, "TLS_DIR": str(tmp_path), "GATEWAY_HOST": "127.0.0.1"})
    ready = json.loads(process.stdout.readline())
    trust = ssl.create_default_context(cafile=tmp_path / "visavis.crt")
    assert ready["url"].startswith("https://localhost:")
    assert httpx.get(ready["url"] + "/api/health", verify=trust, trust_env=False).status_code == 200
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=WITHIN_S)
    assert f"https://localhost:{ready['ports']['gateway']}" in log
    assert re.search(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", log)


def test_a_second_one_is_told_of_the_first(up, start):
    _, ready = up
    second = start("--base-port", str(ready["ports"]["gateway"]))
    log, _ = second.communicate(timeout=WITHIN_S)
    assert second.returncode == 1
    assert f"visavis is already running on http://localhost:{ready['ports']['gateway']}" in log


def test_a_taken_port_names_the_option(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        process = start("--ephemeral", "--port", str(port))
        log, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 1
    assert f"port {port} is not free for gateway: it is taken. Choose another with --port" in log
