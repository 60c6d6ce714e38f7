"""Name -> engine. Each backend is imported only when chosen."""

from importlib import import_module

from visavis_brain.config import Config
from visavis_brain.engine import Engine

BACKENDS = {
    "llama": "visavis_brain.backends.llama",
    "openai": "visavis_brain.backends.openai",
    "fake": "visavis_brain.backends.fake",
}


def load_engine(config: Config) -> Engine:
    """Import and build the configured backend; loads weights, so call it once."""
    engine: Engine = import_module(BACKENDS[config.backend]).build(config)
    return engine
