"""python fake_up.py ARG...: `visavis up ARG...` with a real nats-server and a gateway that only pretends."""

import sys
from pathlib import Path

from visavis_cli import __main__, programs, stack


def plan(ports, env, models_dir):
    nats = programs.plan(ports, env, models_dir)[0]
    command = [sys.executable, str(Path(__file__).with_name("fake_gateway.py")), str(ports.gateway)]
    return [nats, programs.Program("gateway", command, f"127.0.0.1:{ports.gateway}")]


stack.plan = plan
__main__.main(["up", *sys.argv[1:]])
