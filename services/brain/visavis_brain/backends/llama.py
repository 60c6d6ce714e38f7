"""The embedded model: llama.cpp's server inside this process, spoken to like any other server."""

import logging
from typing import Any

from rpckit.loading import loading
from xllamacpp import CommonParams, Server, llama_load_mode

from visavis_brain.backends import judging
from visavis_brain.backends.openai import ChatClient, OpenAIConversation, OpenAIEngine, timeouts_of
from visavis_brain.config import Config
from visavis_brain.engine import Prompt

log = logging.getLogger(__name__)
REPEAT_PENALTY = 1.05
SILENT = -1


class LlamaConversation(OpenAIConversation):
    """A slot of the server, which also tells how it would go on after the user's words."""

    _engine: "LlamaEngine"

    async def judge(self, prompt: Prompt) -> float | None:
        if not judging.is_judged(prompt):
            return None
        return await self._engine.judge(prompt, self._slot)


class LlamaEngine(OpenAIEngine):
    """One slot of the server per conversation, each with a prompt cache of its own."""

    provider = "llama_cpp"

    def __init__(self, server: Server, config: Config) -> None:
        client = ChatClient(f"{server.listening_address}/v1", "", timeouts_of(config))
        super().__init__(client, config.model_file.stem, config)
        self.warms_up = True
        self._root = server.listening_address
        self._end_of_message: int | None = None  # a token
        self._server: Server | None = server

    def open(self, session_id: str) -> LlamaConversation:
        return LlamaConversation(self, session_id)

    async def judge(self, prompt: Prompt, slot: int) -> float:
        """See Conversation.judge; the prompt ends with words of the user."""
        written = await self.client.ask(f"{self._root}/apply-template", judging.template_body(prompt))
        text, rest = judging.split_at_words(written["prompt"], prompt)
        if self._end_of_message is None:  # the same in every prompt of the model's template
            found = await self.client.ask(f"{self._root}/tokenize", judging.tokens_body(rest))
            self._end_of_message = int(found["tokens"][0])
        body = {**self.extra_for(slot), **judging.completion_body(text)}
        return judging.p_complete(await self.client.candidates(body), self._end_of_message)

    def extra_for(self, slot: int) -> dict[str, Any]:
        # Progress events make the server notice within one batch, not one second, that we have left.
        return {
            **super().extra_for(slot),
            "id_slot": slot,
            "cache_prompt": True,
            "return_progress": True,
            "repeat_penalty": REPEAT_PENALTY,
        }

    async def close(self) -> None:
        await super().close()
        self._server = None


def params_of(config: Config) -> CommonParams:
    """Small batches, so that reading a long prompt can be interrupted; a bounded cache; no log."""
    params = CommonParams()
    # Mapped, the file would be in memory a second time beside the blocks that are packed for the CPU.
    params.load_mode = llama_load_mode.LLAMA_LOAD_MODE_NONE
    params.model.path = str(config.models_dir / config.model_file)
    params.n_parallel = config.slots
    params.n_ctx = config.context_token_count * config.slots
    params.n_batch = params.n_ubatch = max(config.batch_token_count, config.slots)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = config.threads
    params.n_threads_http = config.slots + 2
    params.n_gpu_layers = 0
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    params.ui = False
    params.verbosity = SILENT
    return params


def build(config: Config) -> LlamaEngine:
    path = config.models_dir / config.model_file
    if not path.is_file():
        raise SystemExit(f"no model at {path}: run `visavis models pull`, or set BRAIN_MODEL_FILE")
    with loading(path):
        return LlamaEngine(Server(params_of(config)), config)
