"""The peer: a Pipecat voice agent that answers SDP offers over HTTP, with the weights that visavis runs.

    bench/peer/.venv/bin/python bench/peer/serve.py --port 8090

`POST /offer {"sdp", "type", "configuration": "tuned" or "defaults"}` -> `{"sdp", "type", "pc_id"}`;
`GET /configurations` tells what each of them is. Nothing is fetched from anywhere. It ends on SIGTERM.
"""

import argparse
import asyncio
import contextlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKOUT = [
    ROOT / part for part in ("rpckit", "services/asr", "services/brain", "services/tts", "services/gateway")
]
sys.path[:0] = [str(path) for path in CHECKOUT]

from aiohttp import web  # noqa: E402
from configurations import CONFIGURATIONS, Configuration  # noqa: E402
from loguru import logger  # noqa: E402
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3  # noqa: E402
from pipecat.audio.vad.silero import SileroVADAnalyzer  # noqa: E402
from pipecat.pipeline.pipeline import Pipeline  # noqa: E402
from pipecat.pipeline.worker import PipelineWorker  # noqa: E402
from pipecat.processors.aggregators.llm_context import LLMContext  # noqa: E402
from pipecat.processors.aggregators.llm_response_universal import (  # noqa: E402
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection  # noqa: E402
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport  # noqa: E402
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy  # noqa: E402
from pipecat.turns.user_turn_strategies import UserTurnStrategies  # noqa: E402
from pipecat.workers.runner import WorkerRunner  # noqa: E402
from weights import Ears, Voice, load_ears, load_voice, mind, persona_prompt  # noqa: E402


class Peer:
    """Holds the models, and one pipeline for each call."""

    def __init__(self, models_dir: Path, llm_url: str, calls: asyncio.TaskGroup) -> None:
        self._moonshine = load_ears(models_dir)
        self._hibari = load_voice()
        self._llm_url = llm_url
        self._calls = calls

    async def offer(self, request: web.Request) -> web.Response:
        """Answer an offer and start the pipeline behind it."""
        body = await request.json()
        configuration = CONFIGURATIONS.get(body.get("configuration"))
        if configuration is None:
            raise web.HTTPBadRequest(text=f"configuration must be one of {', '.join(CONFIGURATIONS)}")
        connection = SmallWebRTCConnection()
        await connection.initialize(sdp=body["sdp"], type=body["type"])
        self._calls.create_task(self._hold(connection, configuration), name="peer.call")
        return web.json_response(connection.get_answer())

    async def _hold(self, connection: SmallWebRTCConnection, configuration: Configuration) -> None:
        worker, transport = self._pipeline(connection, configuration)

        @transport.event_handler("on_client_disconnected")
        async def on_client_disconnected(transport: SmallWebRTCTransport, client: object) -> None:
            await worker.cancel()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()

    def _pipeline(
        self, connection: SmallWebRTCConnection, configuration: Configuration
    ) -> tuple[PipelineWorker, SmallWebRTCTransport]:
        """The usual order of Pipecat's examples."""
        transport = SmallWebRTCTransport(connection, configuration.transport())
        stop = TurnAnalyzerUserTurnStopStrategy(
            turn_analyzer=LocalSmartTurnAnalyzerV3(params=configuration.smart_turn())
        )
        context = LLMContext([{"role": "system", "content": persona_prompt()}])
        aggregators = LLMContextAggregatorPair(
            context,
            user_params=LLMUserAggregatorParams(
                vad_analyzer=SileroVADAnalyzer(params=configuration.vad()),
                user_turn_strategies=UserTurnStrategies(stop=[stop]),
            ),
        )
        pipeline = Pipeline(
            [
                transport.input(),
                Ears(self._moonshine, configuration.stt_trailing_silence_s),
                aggregators.user(),
                mind(self._llm_url),
                Voice(self._hibari),
                transport.output(),
                aggregators.assistant(),
            ]
        )
        return PipelineWorker(pipeline, idle_timeout_secs=None), transport


async def configurations(request: web.Request) -> web.Response:
    """What the peer is: published beside every result."""
    return web.json_response(
        {
            "pipecat": importlib.metadata.version("pipecat-ai"),
            "llm_threads": request.app["llm_threads"],
            "persona_prompt": persona_prompt(),
            **{name: each.as_json() for name, each in CONFIGURATIONS.items()},
        }
    )


async def serve(args: argparse.Namespace, llm_url: str) -> None:
    """Answer offers until cancelled."""
    async with asyncio.TaskGroup() as calls:
        peer = Peer(args.models, llm_url, calls)
        app = web.Application()
        app["llm_threads"] = args.llm_threads
        app.add_routes([web.post("/offer", peer.offer), web.get("/configurations", configurations)])
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", args.port).start()
            print(f"peer listening on port {args.port}", flush=True)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--models", type=Path, default=ROOT / "models")
    parser.add_argument("--llm-threads", type=int, default=1, help="of llama.cpp (default 1, as visavis)")
    parser.add_argument("--log", default="WARNING", help="Pipecat's log level (default %(default)s)")
    args = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level=args.log)
    command = [sys.executable, str(Path(__file__).with_name("llama_server.py"))]
    command += ["--models", str(args.models), "--threads", str(args.llm_threads)]
    environment = {"PYTHONPATH": ":".join(str(path) for path in CHECKOUT)}
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=environment) as llama:
        url = llama.stdout.readline().strip() if llama.stdout else ""
        if not url:
            sys.exit("the language model's server did not start")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(args, url))
        llama.terminate()


if __name__ == "__main__":
    main()
