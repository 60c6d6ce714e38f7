"""The two ways in which the peer is run: as it is shipped, and tuned for short gaps like visavis."""

from dataclasses import asdict, dataclass
from typing import Any

from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.transports.base_transport import TransportParams


@dataclass(frozen=True)
class Configuration:
    """Everything that differs between two runs of the peer; seconds, except for the packets."""

    name: str
    vad_confidence: float
    vad_min_volume: float
    vad_start_s: float
    vad_stop_s: float
    smart_turn_stop_s: float
    stt_trailing_silence_s: float
    audio_out_10ms_chunks: int

    def vad(self) -> VADParams:
        return VADParams(
            confidence=self.vad_confidence,
            min_volume=self.vad_min_volume,
            start_secs=self.vad_start_s,
            stop_secs=self.vad_stop_s,
        )

    def smart_turn(self) -> SmartTurnParams:
        return SmartTurnParams(stop_secs=self.smart_turn_stop_s)

    def transport(self) -> TransportParams:
        return TransportParams(
            audio_in_enabled=True,
            audio_out_enabled=True,
            audio_out_10ms_chunks=self.audio_out_10ms_chunks,
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


SHIPPED_VAD, SHIPPED_TURN, SHIPPED_TRANSPORT = VADParams(), SmartTurnParams(), TransportParams()
# What the classes of this version are born with; read from them, so that nothing here can be out of date.
DEFAULTS = Configuration(
    name="defaults",
    vad_confidence=SHIPPED_VAD.confidence,
    vad_min_volume=SHIPPED_VAD.min_volume,
    vad_start_s=SHIPPED_VAD.start_secs,
    vad_stop_s=SHIPPED_VAD.stop_secs,
    smart_turn_stop_s=SHIPPED_TURN.stop_secs,
    stt_trailing_silence_s=0.5,
    audio_out_10ms_chunks=SHIPPED_TRANSPORT.audio_out_10ms_chunks,
)
# The waits that visavis has: 150 ms of silence at least, 2.5 s at most; no padding that Moonshine could do
# without; audio in packets of 20 ms; half the time until a voice counts as one.
TUNED = Configuration(
    name="tuned",
    vad_confidence=SHIPPED_VAD.confidence,
    vad_min_volume=SHIPPED_VAD.min_volume,
    vad_start_s=0.1,
    vad_stop_s=0.15,
    smart_turn_stop_s=2.5,
    stt_trailing_silence_s=0.1,
    audio_out_10ms_chunks=2,
)
CONFIGURATIONS = {each.name: each for each in (TUNED, DEFAULTS)}
