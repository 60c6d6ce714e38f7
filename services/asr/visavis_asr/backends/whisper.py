"""Whisper on CTranslate2 (faster-whisper's models), with Silero VAD and smart-turn beside it.

What makes it fit a conversation: the window is as long as the speech, not 30 s; one greedy pass; sound
without words is recognised by the model's own doubt.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import merge_punctuations
from numpy.typing import NDArray

from visavis_asr.backends.silero import Silero, SileroVad
from visavis_asr.backends.smart_turn import SmartTurn
from visavis_asr.config import Config
from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES, Heard, Samples, Word

log = logging.getLogger(__name__)

FRAME_SAMPLES = 160
# In a window under 5 s the base model says the same thing again and again; 8 s cost 50 ms more than 5.
SHORTEST_WINDOW = 800
LONGEST_WINDOW = 3000
AFTER_SPEECH = 50
# Faster than anyone speaks: a longer output is the decoder going round in circles.
MAX_TOKENS_PER_S = 8
EXTRA_TOKENS = 12
# Mean log probability of a token. Words are above -1.2, what is made up over noise is under -1.8.
LEAST_LIKELY = -1.5
# What the model itself takes for no speech needs to be likelier.
NO_SPEECH = 0.5
LEAST_LIKELY_OVER_NO_SPEECH = -1.0
# Punctuation that belongs to the next word, and to the one before.
OPENING = "\"'“¿([{-"
CLOSING = "\"'.。,，!！?？:：”)]}、"  # noqa: RUF001
# A word begins and ends where it is at least this loud, compared with its loudest part.
AUDIBLE = 0.1
EDGE_SAMPLES = RATE_HZ // 100
# Longer than any sound that closes the mouth inside a word.
SILENT_STEPS = 15


class Whisper:
    """One model on one device."""

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        if not (folder / "model.bin").is_file():
            advice = "run `visavis models pull --with whisper`, or set ASR_WHISPER_MODEL"
            raise SystemExit(f"no model in {folder}: {advice}")
        compute_type = "float16" if device == "cuda" else "int8"
        self._model = WhisperModel(str(folder), device, compute_type=compute_type, cpu_threads=threads)
        words = self._model.hf_tokenizer
        known = [code for code in self._model.supported_languages if words.token_to_id(f"<|{code}|>")]
        self.languages = tuple(sorted(map(str, known), key=lambda code: code != "en")) or ("en",)
        self._tokenizers = {
            code: Tokenizer(words, self._model.model.is_multilingual, task="transcribe", language=code)
            for code in self.languages
        }

    def transcribe(self, samples: Samples, language: str, should_stop: Callable[[], bool]) -> Heard | None:
        """What `samples` say; None when stopped, which can be between the steps only."""
        if should_stop():
            return None
        sound = self._model.encode(self._window(samples))
        if should_stop():
            return None
        tokenizer = self._tokenizers[language or self._language_of(sound)]
        ids = self._decode(sound, tokenizer, len(samples))
        text = str(tokenizer.decode(ids)).strip()
        if not any(c.isalnum() for c in text):
            return Heard("")
        aligned = self._model.find_alignment(tokenizer, [ids], sound, len(samples) // FRAME_SAMPLES)[0]
        merge_punctuations(aligned, OPENING, CLOSING)
        return Heard(text, words_of(aligned, samples))

    def _window(self, samples: Samples) -> NDArray[np.float32]:
        """The features, zeros after them up to the window's end, shape (mels, frames)."""
        features = self._model.feature_extractor(samples)
        wanted = max(SHORTEST_WINDOW, len(samples) // FRAME_SAMPLES + AFTER_SPEECH)
        size = min(LONGEST_WINDOW, wanted)
        cut = features[:, :size]
        return np.pad(cut, ((0, 0), (0, size - cut.shape[1]))).astype(np.float32)

    def _language_of(self, sound: Any) -> str:
        if len(self.languages) == 1:
            return self.languages[0]
        token, _ = self._model.model.detect_language(sound)[0][0]
        return str(token).strip("<|>")

    def _decode(self, sound: Any, tokenizer: Tokenizer, size: int) -> list[int]:
        """The tokens of the text; none when the model doubts that there are words."""
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        longest = int(size / RATE_HZ * MAX_TOKENS_PER_S) + EXTRA_TOKENS + len(prompt)
        (result,) = self._model.model.generate(
            sound,
            [prompt],
            beam_size=1,
            max_length=min(longest, self._model.max_length),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=[-1],
        )
        is_doubted = result.no_speech_prob > NO_SPEECH
        least = LEAST_LIKELY_OVER_NO_SPEECH if is_doubted else LEAST_LIKELY
        return list(result.sequences_ids[0]) if result.scores[0] > least else []


def words_of(aligned: list[dict[str, Any]], samples: Samples) -> tuple[Word, ...]:
    """Words with their times, from the model's steps of 20 ms drawn in to what is heard of each."""
    words = []
    for each in aligned:
        if text := str(each["word"]).strip():
            start, end = (min(round(each[k] * RATE_HZ), len(samples)) for k in ("start", "end"))
            words.append(Word(text, *audible(samples, start, max(start, end))))
    return tuple(words)


def audible(samples: Samples, start: int, end: int) -> tuple[int, int]:
    """What of [start, end) is the word: from its loudest place on both ways, up to a real silence."""
    count = (end - start) // EDGE_SAMPLES
    if count < 2:
        return start, end
    steps = samples[start : start + count * EDGE_SAMPLES].reshape(count, EDGE_SAMPLES)
    level = np.sqrt(np.square(steps).mean(axis=1))
    loud = np.flatnonzero(level >= AUDIBLE * level.max())
    run = next(
        r for r in np.split(loud, np.flatnonzero(np.diff(loud) > SILENT_STEPS) + 1) if level.argmax() in r
    )
    return start + int(run[0]) * EDGE_SAMPLES, start + (int(run[-1]) + 1) * EDGE_SAMPLES


class WhisperEngine:
    """All languages of the model."""

    partial_interval_ms = 1000

    def __init__(self, config: Config, device: str) -> None:
        self._vad = Silero(config.models_dir)
        self._smart_turn = SmartTurn(config.models_dir)
        self._whisper = Whisper(config.models_dir / config.whisper_model, device, config.threads)
        self.languages = self._whisper.languages

    def open_vad(self) -> SileroVad:
        return self._vad.open()

    def transcribe(
        self,
        samples: Samples,
        language: str,
        should_stop: Callable[[], bool],
        draft: tuple[int, ...] = (),
    ) -> Heard | None:
        return self._whisper.transcribe(samples, language, should_stop)

    def p_complete(self, samples: Samples) -> float:
        return self._smart_turn.p_complete(samples)

    def warm_up(self) -> None:
        """Take the cost of first runs (memory, kernels) before anyone waits for it."""
        silence = np.zeros(2 * RATE_HZ, np.float32)
        self.open_vad().step(silence[:WINDOW_SAMPLES])
        self.transcribe(silence, "", lambda: False)
        self.p_complete(silence)

    def close(self) -> None:
        del self._vad, self._whisper, self._smart_turn


def devices_of(config: Config, gpu_count: int) -> list[str]:
    """Where to try to load the model, in order."""
    if config.device != "auto":
        return [config.device]
    return ["cuda", "cpu"] if gpu_count else ["cpu"]


def build(config: Config) -> WhisperEngine:
    """Load and warm the models; takes about two seconds on a CPU."""
    begun = time.perf_counter()
    reason = ""
    for device in devices_of(config, ctranslate2.get_cuda_device_count()):
        try:
            engine = WhisperEngine(config, device)
            engine.warm_up()
        except (RuntimeError, ValueError) as error:  # a driver or a library of CUDA that is missing
            reason = str(error)
            log.warning("whisper does not run on %s: %s", device, reason)
            continue
        took_s = time.perf_counter() - begun
        log.info("%s on %s ready in %.1f s", config.whisper_model.name, device, took_s)
        return engine
    raise SystemExit(f"whisper can't be loaded: {reason}")
