"""The process itself."""

import os
import re
import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_a_signal_ends_it_in_order_and_not_by_the_signal(signum):
    """An exit by the signal itself would skip the last flush of spans and metrics."""
    env = {**os.environ, "GATEWAY_PORT": "0", "GATEWAY_HOST": "127.0.0.1"}
    command = [sys.executable, "-m", "visavis_gateway"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert re.search(r"gateway listening on port \d+", it.stdout.readline())
        it.send_signal(signum)
        assert it.wait(timeout=30) == 0, it.stderr.read()
