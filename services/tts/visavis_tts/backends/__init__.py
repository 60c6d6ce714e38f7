"""Name -> engine. Each backend is imported only when chosen."""

from importlib import import_module

from visavis_tts.backends.clicks import ClicksEngine
from visavis_tts.config import Config
from visavis_tts.engine import Engine
from visavis_tts.voices import Voices

BACKENDS = {
    "fake": "visavis_tts.backends.fake",
    "hibari": "visavis_tts.backends.hibari",
    "kokoro": "visavis_tts.backends.kokoro",
}


def load_engine(config: Config) -> Engine:
    """The configured backend's voices and the test voice; loads weights, so call it once."""
    engine: Engine = import_module(BACKENDS[config.backend]).build(config)
    voices = Voices([engine, ClicksEngine()], config.max_streams, config.default_voice)
    return voices
