"""The voices of every backend, by name: what `visavis voices list` shows. Pure."""

from dataclasses import dataclass

from visavis_tts.languages import primary_of


@dataclass(frozen=True, slots=True)
class Language:
    """A language of Kokoro; tested: spoken in the tests, and understood by Whisper (bench/voices.py)."""

    tag: str
    name: str
    is_tested: bool


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice as its publisher names it; `level` is the RMS of its speech as its model gives it."""

    name: str
    language: str
    gender: str
    level: float

    def has_region(self, language_code: str) -> bool:
        """The tag is one of its language and says more: es-MX, en-GB."""
        return "-" in language_code and primary_of(language_code) == primary_of(self.language)


LANGUAGES = {
    "a": Language("en-US", "American English", is_tested=True),
    "b": Language("en-GB", "British English", is_tested=True),
    "e": Language("es", "Spanish", is_tested=True),
    "f": Language("fr", "French", is_tested=True),
    "h": Language("hi", "Hindi", is_tested=True),
    "i": Language("it", "Italian", is_tested=True),
    "j": Language("ja", "Japanese", is_tested=False),
    "p": Language("pt-BR", "Brazilian Portuguese", is_tested=True),
    "z": Language("zh", "Mandarin Chinese", is_tested=True),
}
GENDERS = {"f": "female", "m": "male"}

# https://huggingface.co/hexgrad/Kokoro-82M/blob/main/VOICES.md, with the RMS of its speech
# (bench/voices.py measures it). The first is the default.
_KOKORO = """
af_heart 0.087  af_alloy 0.101  af_aoede 0.153  af_bella 0.098  af_jessica 0.090  af_kore 0.138
af_nicole 0.102  af_nova 0.059  af_river 0.097  af_sarah 0.109  af_sky 0.079  am_adam 0.134
am_echo 0.099  am_eric 0.104  am_fenrir 0.125  am_liam 0.097  am_michael 0.082  am_onyx 0.090
am_puck 0.136  am_santa 0.090  bf_alice 0.111  bf_emma 0.113  bf_isabella 0.161  bf_lily 0.105
bm_daniel 0.099  bm_fable 0.082  bm_george 0.102  bm_lewis 0.084  ef_dora 0.074  em_alex 0.078
em_santa 0.080  ff_siwis 0.124  hf_alpha 0.188  hf_beta 0.147  hm_omega 0.173  hm_psi 0.143
if_sara 0.216  im_nicola 0.127  jf_alpha 0.123  jf_gongitsune 0.127  jf_nezumi 0.115  jf_tebukuro 0.123
jm_kumo 0.127  pf_dora 0.073  pm_alex 0.079  pm_santa 0.077  zf_xiaobei 0.103  zf_xiaoni 0.136
zf_xiaoxiao 0.163  zf_xiaoyi 0.128  zm_yunjian 0.101  zm_yunxi 0.093  zm_yunxia 0.106  zm_yunyang 0.065
"""
KOKORO = [
    Voice(name, LANGUAGES[name[0]].tag, GENDERS[name[1]], float(level))
    for name, level in (line.split() for line in _KOKORO.replace("  ", "\n").split("\n") if line)
]
HIBARI = [Voice("af_heart", "en-US", "female", 0.07)]
