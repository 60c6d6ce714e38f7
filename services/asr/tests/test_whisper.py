"""What only whisper has: languages, word times, a device."""

import numpy as np
import pytest
from visavis_asr.backends import load_engine, whisper
from visavis_asr.config import Config

from .conftest import MODELS_DIR, RATE, silence, tone


def never() -> bool:
    return False


@pytest.mark.models
def test_it_hears_many_languages_english_first(whisper):
    assert whisper.languages[0] == "en"
    assert {"de", "fr", "es", "ja"} < set(whisper.languages)


@pytest.mark.models
def test_the_language_is_found_out_when_none_is_named(whisper, speak):
    speech = speak("What is the capital of Australia?")
    assert whisper.transcribe(speech, "", never) == whisper.transcribe(speech, "en", never)


@pytest.mark.models
def test_each_word_sounds_where_its_time_says(whisper, speak):
    """Two words with half a second between them: the gap is silent, the words are not."""
    first, second = speak("Banana."), speak("Elephant.")
    samples = np.concatenate([silence(0.4), first, silence(0.6), second, silence(0.3)])
    words = whisper.transcribe(samples, "en", never).words
    assert [word.text.lower().strip(".,") for word in words] == ["banana", "elephant"]
    begins = (0.4 * RATE, 1.0 * RATE + len(first))
    for word, begin, size in zip(words, begins, (len(first), len(second)), strict=True):
        assert word.start_sample == pytest.approx(begin, abs=0.2 * RATE)
        assert word.end_sample == pytest.approx(begin + size, abs=0.2 * RATE)


def test_silent_edges_are_no_part_of_a_word():
    samples = np.concatenate([silence(0.2), tone(0.3), silence(0.1)])
    assert whisper.audible(samples, 0, len(samples)) == (
        pytest.approx(3200, abs=160),
        pytest.approx(8000, abs=160),
    )
    assert whisper.audible(samples, 5, 10) == (5, 10)


@pytest.mark.parametrize(
    ("device", "gpu_count", "tried"),
    [("auto", 1, ["cuda", "cpu"]), ("auto", 0, ["cpu"]), ("cpu", 1, ["cpu"]), ("cuda", 0, ["cuda"])],
)
def test_a_gpu_is_used_when_there_is_one(device, gpu_count, tried):
    assert whisper.devices_of(Config(device=device), gpu_count) == tried


@pytest.mark.models
def test_a_gpu_that_does_not_run_is_no_reason_to_fail(monkeypatch):
    monkeypatch.setattr(whisper, "devices_of", lambda config, gpu_count: ["cuda", "cpu"])
    if whisper.ctranslate2.get_cuda_device_count():
        monkeypatch.setattr(whisper, "devices_of", lambda config, gpu_count: ["cpu"])
    engine = load_engine(Config(backend="whisper", models_dir=MODELS_DIR))
    assert engine.languages[0] == "en"
    engine.close()


@pytest.mark.models
def test_missing_weights_say_what_to_do(tmp_path):
    config = Config(backend="whisper", models_dir=MODELS_DIR, whisper_model=tmp_path)
    with pytest.raises(SystemExit, match="visavis models pull --with whisper"):
        load_engine(config)
