"""llama.cpp's own server with the weights of the brain service; prints its address, ends with its stdin."""

import argparse
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from visavis_brain.backends.llama import params_of
from visavis_brain.config import Config
from xllamacpp import Server

HEALTHY_WITHIN_S = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    config = Config(models_dir=args.models, slots=1, threads=args.threads, batch_token_count=512)
    server = Server(params_of(config))
    wait_healthy(server.listening_address)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()


def wait_healthy(url: str) -> None:
    """The first request after the start may find no one at home."""
    deadline = time.monotonic() + HEALTHY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urlopen(f"{url}/health", timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"llama.cpp's server did not become healthy within {HEALTHY_WITHIN_S:g} s")


if __name__ == "__main__":
    main()
