"""The weights that visavis runs, behind Pipecat's service interfaces: Moonshine, hibari, Qwen2.5."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import yaml
from pipecat.frames.frames import Frame, TranscriptionFrame, TTSAudioRawFrame
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601
from visavis_asr.backends.moonshine import Moonshine
from visavis_brain.backends.llama import REPEAT_PENALTY
from visavis_brain.config import Config as BrainConfig
from visavis_brain.prompt import Persona, compose
from visavis_tts.backends.hibari import RATE_HZ as SPEECH_RATE_HZ
from visavis_tts.backends.hibari import HibariEngine
from visavis_tts.engine import Clause, Pause

BRAIN = BrainConfig()
# Read as text: the gateway's own reader would bring the gateway's packages along.
MIRA = Path(__file__).resolve().parents[2] / "services/gateway/visavis_gateway/personas/mira.yaml"


class Ears(SegmentedSTTService):
    """Moonshine tiny-en on what the VAD cut out, as Pipecat's own Whisper service does it."""

    def __init__(self, moonshine: Moonshine, trailing_silence_s: float) -> None:
        super().__init__(
            trailing_silence_secs=trailing_silence_s,
            settings=STTSettings(model="moonshine-tiny-en", language=Language.EN),
        )
        self._moonshine = moonshine

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        samples = np.frombuffer(audio, np.int16).astype(np.float32) / 32768
        text = await asyncio.to_thread(self._moonshine.transcribe, samples, lambda: False)
        if text:
            yield TranscriptionFrame(text, self._user_id, time_now_iso8601(), Language.EN)


class Voice(TTSService):
    """hibari, leading silence trimmed as in visavis; Pipecat hands it one sentence at a time."""

    def __init__(self, hibari: HibariEngine) -> None:
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            sample_rate=SPEECH_RATE_HZ,
            settings=TTSSettings(model="hibari", voice="af_heart", language=Language.EN),
        )
        self._hibari = hibari

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        speaker = self._hibari.open(voice="", language_code="en", speed=1)
        speech = await asyncio.to_thread(speaker.speak, Clause(text, 0, Pause.SENTENCE, is_last=True))
        if speech is not None:
            yield TTSAudioRawFrame(speech.pcm.tobytes(), SPEECH_RATE_HZ, 1, context_id=context_id)


def mind(base_url: str) -> OpenAILLMService:
    """The same GGUF through Pipecat's own OpenAI client, with the sampling of the brain service."""
    return OpenAILLMService(
        api_key="none",
        base_url=base_url,
        settings=OpenAILLMService.Settings(
            model="local",
            temperature=BRAIN.temperature,
            top_p=BRAIN.top_p,
            max_tokens=BRAIN.max_token_count,
            extra={"extra_body": {"cache_prompt": True, "repeat_penalty": REPEAT_PENALTY}},
        ),
    )


def persona_prompt() -> str:
    """What the brain service tells the model before the conversation, for the gateway's usual persona."""
    mira = yaml.safe_load(MIRA.read_text(encoding="utf-8"))
    persona = Persona(mira["title"], mira["prompt"].strip(), "en-US", BRAIN.max_token_count)
    return compose(persona, (), "", (), BRAIN.context_token_count).lines[0].text


def load_ears(models_dir: Path) -> Moonshine:
    """Moonshine, warm."""
    moonshine = Moonshine(models_dir)
    moonshine.transcribe(np.zeros(32_000, np.float32), lambda: False)
    return moonshine


def load_voice() -> HibariEngine:
    """hibari, warm; one thread, as in visavis."""
    return HibariEngine(threads=1)
