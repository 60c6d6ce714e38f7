"""Moonshine tiny-en on onnxruntime, with Silero VAD and smart-turn beside it."""

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rpckit.loading import loading

from visavis_asr.backends.onnx_session import open_session
from visavis_asr.backends.silero import Silero, SileroVad
from visavis_asr.backends.smart_turn import SmartTurn
from visavis_asr.config import Config
from visavis_asr.engine import RATE_HZ, WINDOW_SAMPLES, Heard, Samples

log = logging.getLogger(__name__)

START_TOKEN = 1
VOCABULARY = 32_768
END_TOKEN = 2
# Faster than anyone speaks: a longer output is the decoder going round in circles.
MAX_TOKENS_PER_S = 6.5
EXTRA_TOKENS = 8
LOOP_TOKENS_MAX = 12
# Noise, clicks, coughs and silence all come out as exactly this, without the full stop of a real one.
NO_WORDS = "You"
# Speech has no quotation marks; an apostrophe inside a word stays.
QUOTES = re.compile(r"[\"\u201c\u201d]|(?<!\w)['\u2018\u2019]|['\u2018\u2019](?!\w)")
# The encoder's convolutions need some length to stand on.
MIN_SAMPLES = RATE_HZ // 2


def read_tokens(path: Path) -> list[bytes]:
    """The vocabulary: length-prefixed byte strings (two bytes of length when the first is 128 or more)."""
    if not path.is_file():
        raise SystemExit(f"{path} is missing: run `visavis models pull`, or set ASR_MODELS_DIR")
    data = path.read_bytes()
    tokens, at = [], 0
    while at < len(data):
        size, at = data[at], at + 1
        if size >= 128:
            size, at = data[at] * 128 + size - 128, at + 1
        tokens.append(data[at : at + size])
        at += size
    return tokens


def plain(token: bytes) -> bytes:
    """The bytes that a token stands for; markers stand for none."""
    if (byte := re.fullmatch(rb"<0x([0-9A-F]{2})>", token)) is not None:
        return bytes([int(byte[1], 16)])
    return b"" if token in (b"<s>", b"</s>", b"<unk>") else token


def loop_start(ids: list[int]) -> int | None:
    """Where the tail says for the second time what it then repeats on and on; None when it doesn't."""
    for size in range(1, LOOP_TOKENS_MAX + 1):
        times = 6 if size == 1 else 4  # digits may well come four times
        unit, tail = ids[-size:], ids[-size * times :]
        if len(tail) == size * times and tail == unit * times:
            return len(ids) - size * (times - 1)
    return None


def words_of(text: str) -> str:
    """`text` cleaned; empty when it is what the model writes for a sound without words."""
    text = QUOTES.sub("", text.replace("\u2581", " ")).strip()
    return text if any(c.isalnum() for c in text) and text != NO_WORDS else ""


def certainty(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-probability of the most likely token in each row."""
    best = logits.max(axis=-1, keepdims=True)
    sure: NDArray[np.float64] = -np.log(np.exp(logits - best).sum(axis=-1, dtype=np.float64))
    return sure


def agreeing(draft: tuple[int, ...], written: NDArray[np.int64]) -> int:
    """How many tokens of the draft are those that were written in their places."""
    places = (at for at, token in enumerate(draft) if token != written[at])
    return next(places, len(draft))


class Moonshine:
    """Greedy decoding: the encoder once, then one short step a token.

    A draft is read in the first of these steps, and stays as far as it is what greedy decoding would write.
    """

    def __init__(self, models_dir: Path) -> None:
        folder = models_dir / "moonshine-tiny-en"
        self._encoder = open_session(folder / "encoder_model.ort")
        self._decoder = open_session(folder / "decoder_model_merged.ort")
        with loading(folder / "tokenizer.bin"):
            self._tokens = [plain(token) for token in read_tokens(folder / "tokenizer.bin")]
            if len(self._tokens) != VOCABULARY:
                raise ValueError(f"{len(self._tokens)} tokens where there should be {VOCABULARY}")
        inputs = self._decoder.get_inputs()
        self._empty_past = {
            i.name: np.zeros((1, i.shape[1], 0, i.shape[3]), np.float32)
            for i in inputs
            if i.name.startswith("past_key_values")
        }
        outputs = self._decoder.get_outputs()[1:]
        self._past_names = [o.name.replace("present", "past_key_values") for o in outputs]

    def transcribe(
        self, samples: Samples, should_stop: Callable[[], bool], draft: tuple[int, ...] = ()
    ) -> str | None:
        """The words in `samples`; None when stopped."""
        heard = self.hear(samples, should_stop, draft)
        return None if heard is None else heard.text

    def hear(self, samples: Samples, should_stop: Callable[[], bool], draft: tuple[int, ...]) -> Heard | None:
        """The words in `samples`, and their tokens as the draft for more; None when stopped."""
        if len(samples) < MIN_SAMPLES:
            samples = np.pad(samples, (0, MIN_SAMPLES - len(samples)))
        decoded = self._decode(samples, should_stop, draft)
        if decoded is None:
            return None
        ids, sure = decoded
        text = b"".join(self._tokens[i] for i in ids).decode("utf-8", "ignore")
        return Heard(words_of(text), draft=tuple(ids), confidence=float(np.exp(np.mean(sure))))

    def _decode(
        self, samples: Samples, should_stop: Callable[[], bool], draft: tuple[int, ...]
    ) -> tuple[list[int], list[float]] | None:
        """The tokens, and the log-probability of each that was written, that of the end among them."""
        mask = np.ones((1, len(samples)), np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": samples[None], "attention_mask": mask})
        past: dict[str, NDArray[np.float32]] = dict(self._empty_past)
        ids: list[int] = []
        sure: list[float] = []
        given = (START_TOKEN, *draft)
        for step in range(int(len(samples) / RATE_HZ * MAX_TOKENS_PER_S) + EXTRA_TOKENS):
            if should_stop():
                return None
            logits, *present = self._decoder.run(
                None,
                {
                    "input_ids": np.array([given], np.int64),
                    "encoder_hidden_states": hidden,
                    "encoder_attention_mask": mask,
                    "use_cache_branch": np.array([step > 0]),
                    **past,
                },
            )
            written = logits[0].argmax(axis=-1)
            kept = agreeing(draft, written) if step == 0 else 0
            ids += draft[:kept]
            sure.extend(certainty(logits[0][: kept + 1]))
            token = int(written[kept])
            if token == END_TOKEN:
                break
            ids.append(token)
            if (start := loop_start(ids)) is not None:
                return ids[:start], sure
            given = (token,)
            for name, value in zip(self._past_names, present, strict=True):
                # The encoder's keys come out empty after the first step, in which they do not grow.
                if ".encoder." not in name:
                    past[name] = value[:, :, : kept + 1] if step == 0 else value
                elif step == 0:
                    past[name] = value
        return ids, sure


class MoonshineEngine:
    """English; its exports lack what word times are read from."""

    languages = ("en",)
    partial_interval_ms = 500

    def __init__(self, models_dir: Path) -> None:
        self._vad = Silero(models_dir)
        self._moonshine = Moonshine(models_dir)
        self._smart_turn = SmartTurn(models_dir)

    def open_vad(self) -> SileroVad:
        return self._vad.open()

    def transcribe(
        self,
        samples: Samples,
        language: str,
        should_stop: Callable[[], bool],
        draft: tuple[int, ...] = (),
    ) -> Heard | None:
        return self._moonshine.hear(samples, should_stop, draft)

    def p_complete(self, samples: Samples) -> float:
        return self._smart_turn.p_complete(samples)

    def warm_up(self) -> None:
        """Take the cost of first runs (memory, kernels) before anyone waits for it."""
        silence = np.zeros(2 * RATE_HZ, np.float32)
        self.open_vad().step(silence[:WINDOW_SAMPLES])
        self.transcribe(silence, "", lambda: False)
        self.p_complete(silence)

    def close(self) -> None:
        del self._vad, self._moonshine, self._smart_turn


def build(config: Config) -> MoonshineEngine:
    """Load and warm the models; takes about a second."""
    begun = time.perf_counter()
    engine = MoonshineEngine(config.models_dir)
    engine.warm_up()
    log.info("moonshine-tiny-en, silero-vad and smart-turn ready in %.1f s", time.perf_counter() - begun)
    return engine
