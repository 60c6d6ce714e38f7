# ruff: noqa: RUF001 (other scripts)
"""Kokoro itself, on the int8 export: how true its times are, and that every language is spoken."""

import threading

import numpy as np
import pytest
from rpckit.errors import InvalidInput, NotFound
from visavis_tts.backends import load_engine
from visavis_tts.backends.kokoro import FOLDER, KokoroEngine, network_in, read_styles
from visavis_tts.backends.kokoro_networks import FRAME
from visavis_tts.clauses import ClauseCutter
from visavis_tts.config import Config
from visavis_tts.engine import Clause, Pause, Viseme
from visavis_tts.roster import KOKORO

from .conftest import MODELS_DIR, Humming
from .test_engine_contract import check
from .test_hibari import cues_of, heard, sharpness

pytestmark = pytest.mark.models
RATE = 24_000
PHRASES = {
    "af_heart": ("en-US", "Good morning, my friend."),
    "bm_george": ("en-GB", "I can't bear the weather."),
    "ef_dora": ("es", "Buenos días, amigo."),
    "ff_siwis": ("fr", "Bonjour, mes amis."),
    "hf_alpha": ("hi", "आज मौसम अच्छा है।"),
    "if_sara": ("it", "Buongiorno, come stai?"),
    "pm_alex": ("pt-BR", "Bom dia, meu amigo."),
    "zf_xiaoxiao": ("zh", "今天天气很好。"),
}


def speak(engine, text, voice="", language="", speed=1.0):
    cutter = ClauseCutter()
    speaker = engine.open(voice=voice, language_code=language, speed=speed)
    return [(c, s) for c in cutter.push(text) + cutter.finish() if (s := speaker.speak(c)) is not None]


@pytest.mark.parametrize("voice", PHRASES)
def test_each_language_is_spoken_with_words_and_mouth(kokoro, voice):
    language, text = PHRASES[voice]
    spoken = speak(kokoro, text, voice, language)
    check(text, [speech for _, speech in spoken])
    covered = {i for _, s in spoken for w in s.words for i in range(w.text_start, w.text_end)}
    assert {i for i, c in enumerate(text) if c.isalnum()} <= covered
    pcm = np.concatenate([s.pcm for _, s in spoken]).astype(np.float64) / 32768
    active = pcm[: len(pcm) // 120 * 120].reshape(-1, 120)[heard(pcm, 0.01)]
    assert -24 < 10 * np.log10(np.mean(active**2)) < -14
    assert 20 * FRAME < len(pcm) < 4 * RATE
    assert len({c.viseme for _, s in spoken for c in s.visemes} - {Viseme.SIL}) >= 5


def test_hiss_sounds_where_its_cue_says(kokoro):
    """The cue for s and z is sharpest where it stands, not 25 ms before or after."""
    spoken = speak(kokoro, "Six sticky steps stop short of success. She sells sea shells.")

    def contrast(shift: int) -> float:
        hiss = [sharpness(x) for x in cues_of(spoken, {Viseme.SS}, shift)]
        rest = [sharpness(x) for x in cues_of(spoken, {Viseme.AA, Viseme.E, Viseme.O}, shift)]
        return float(np.mean(hiss) - np.mean(rest))

    at = {ms: contrast(RATE * ms // 1000) for ms in (-50, -25, 0, 25, 50)}
    assert max(at, key=at.__getitem__) == 0


def test_durations_are_those_of_the_samples(kokoro):
    run = kokoro._network.start()
    style = read_styles(MODELS_DIR / FOLDER, "am_puck")[4]
    wave, durations = run([0, 50, 86, 54, 31, 0], style, 1.0)
    assert int(durations.sum()) == len(wave)
    again, _ = run([0, 50, 86, 54, 31, 0], style, 1.0)
    assert np.array_equal(wave, again)


def test_a_stopped_step_ends_early_and_unheard(kokoro):
    speaker = kokoro.open(voice="", language_code="", speed=1)
    clause = Clause(
        "This is a very long clause that nobody will ever want to hear until its end.", 0, Pause.NONE
    )
    said = []
    step = threading.Thread(target=lambda: said.append(speaker.speak(clause)))
    step.start()
    speaker.stop()
    step.join(timeout=30)
    assert said == [None]
    assert speaker.speak(clause) is None


def test_a_voice_speaks_its_own_language_only(humming_kokoro):
    with pytest.raises(NotFound, match="ef_dora speaks es; voices that speak fr: ff_siwis"):
        humming_kokoro.open(voice="ef_dora", language_code="fr-FR", speed=1)
    with pytest.raises(NotFound, match="none speaks de"):
        humming_kokoro.open(voice="af_heart", language_code="de", speed=1)
    with pytest.raises(InvalidInput, match="BCP-47"):
        humming_kokoro.open(voice="af_heart", language_code="no language!", speed=1)
    humming_kokoro.open(voice="zf_xiaoni", language_code="cmn-Hans-CN", speed=1).close()


def test_the_region_decides_how_a_language_is_spoken(humming_kokoro):
    def first_unit(voice: str, language: str, text: str) -> str:
        speaker = humming_kokoro.open(voice=voice, language_code=language, speed=1)
        return speaker._pronounce(text)[0].phonemes

    assert first_unit("ef_dora", "es-MX", "gracias") == "ɡɾˈasjas"
    assert first_unit("ef_dora", "", "gracias") == "ɡɾˈaθjas"
    assert first_unit("bf_emma", "", "dance") == "dˈɑːns"
    assert first_unit("af_heart", "", "dance") == "dˈæns"


def test_a_voice_may_be_named_with_its_engine(monkeypatch):
    monkeypatch.setattr("visavis_tts.backends.kokoro.network_in", lambda models_dir, config: Humming())
    voices = load_engine(Config(backend="kokoro", models_dir=MODELS_DIR, default_voice="kokoro/am_puck"))
    assert voices.voices[0] == "am_puck"
    assert len(voices.voices) == len(KOKORO) + 1
    voices.open(voice="kokoro/ef_dora", language_code="es", speed=1).close()
    with pytest.raises(NotFound, match="no voice 'kokoro/nobody'; there are: am_puck, af_heart"):
        voices.open(voice="kokoro/nobody", language_code="", speed=1)
    with pytest.raises(NotFound, match="speaks by kokoro and clicks"):
        voices.open(voice="hibari/af_heart", language_code="", speed=1)


def test_missing_and_damaged_weights_are_told_with_what_to_do(tmp_path, humming_kokoro):
    config = Config(backend="kokoro", models_dir=tmp_path)
    with pytest.raises(SystemExit, match=r"no model in .*visavis models pull --with kokoro"):
        load_engine(config)
    with pytest.raises(SystemExit, match="no voices in"):
        KokoroEngine(tmp_path, Humming())
    (tmp_path / "af_heart.bin").write_bytes(b"short")
    with pytest.raises(SystemExit, match=r"af_heart.bin is damaged"):
        KokoroEngine(tmp_path, Humming())
    with pytest.raises(SystemExit, match="TTS_KOKORO_RUNTIME"):
        network_in(tmp_path, config.model_copy(update={"kokoro_runtime": "torch"}))
