import os
import re
import signal
import subprocess
import sys


def spawn(**env: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "visavis_render"],
        env={**os.environ, "RENDER_SERVER__LISTEN_ADDRESS": "127.0.0.1:0", "RENDER_AVATAR": "fake", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_exits_cleanly():
    with spawn() as process:
        assert re.search(r"render listening on port \d+", process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0


def test_misspelt_setting_stops_the_start():
    with spawn(RENDER_AVATRA="mira") as process:
        assert "RENDER_AVATRA" in process.communicate(timeout=30)[1]
    assert process.returncode != 0


def test_out_of_range_setting_stops_the_start():
    with spawn(RENDER_MAX_SESSIONS="0") as process:
        assert "RENDER_MAX_SESSIONS" in process.communicate(timeout=30)[1]
    assert process.returncode != 0
