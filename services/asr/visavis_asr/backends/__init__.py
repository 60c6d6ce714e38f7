"""Name -> engine. Each backend is imported only when chosen."""

from importlib import import_module

from visavis_asr.config import Config
from visavis_asr.engine import Engine

BACKENDS = {
    "fake": "visavis_asr.backends.fake",
    "moonshine": "visavis_asr.backends.moonshine",
    "whisper": "visavis_asr.backends.whisper",
}


def load_engine(config: Config) -> Engine:
    """Import and build the configured backend; loads weights, so call it once."""
    engine: Engine = import_module(BACKENDS[config.backend]).build(config)
    return engine
