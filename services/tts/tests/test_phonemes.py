# ruff: noqa: RUF001 (phonetic letters and other scripts)
"""Spelling -> phonemes in the languages of Kokoro, in the alphabets of eSpeak NG and misaki."""

import json
from pathlib import Path
from unicodedata import normalize

import pytest
from hibari import tts
from hypothesis import given, settings
from hypothesis import strategies as st
from visavis_tts.backends.hibari_text import vocabulary
from visavis_tts.phonemes import MODULES, language_of
from visavis_tts.phonemes.japanese import kana
from visavis_tts.phonemes.spoken import Pronouncer
from visavis_tts.visemes import MODIFIERS, SEPARATORS, STRESS

VOCABULARY = json.loads(Path(tts.ASSETS, "vocab.json").read_text("utf-8"))
SPELLED = sorted(set(MODULES) - {"ja"})


def said(tag: str, text: str) -> str:
    return " ".join(unit.phonemes for unit in Pronouncer(language_of(tag), vocabulary())(text))


@pytest.mark.parametrize(
    ("tag", "text", "phonemes"),
    [
        ("es", "Buenos días", "bwˈenos dˈias"),
        ("es", "¿Verdad, perro?", "beɾðˈað, pˈero?"),
        ("es", "gracias", "ɡɾˈaθjas"),
        ("es-MX", "gracias, me llamo", "ɡɾˈasjas, me ʝˈamo"),
        ("es", "hay seis niños hoy", "ˈI sˈAs nˈiɲos ˈoɪ"),
        ("it", "Gli spaghetti sono buoni.", "ʎi spaɡˈetti sˈono bwˈɔni."),
        ("it", "ciao, la città è bella", "ʧˈao, la ʧittˈa ˈɛ bˈɛlla"),
        ("it", "difficile, prendere, musica", "diffˈiʧile, prˈendere, mˈuzika"),
        ("fr", "Les enfants ont deux amis.", "lez ɑ̃fˈɑ̃ ˈɔ̃ dˈøz amˈi."),
        ("fr", "Bonjour, je m'appelle Claire", "bɔ̃ʒˈuʁ, ʒə mapˈɛl klˈɛʁ"),
        ("fr", "aujourd’hui il fait beau", "oʒuʁdɥˈi il fˈɛ bˈo"),
        ("pt-BR", "Bom dia, o Brasil não é pequeno", "bõ ʤjˈɐ, o bɾazˈiw nˈɐ̃ʊ̃ ˈɛ pekˈenʊ"),
        ("hi", "नमस्ते, आज मौसम अच्छा है।", "nˈʌməsteː, ˈaːɟ mˈɔːsəm ˈʌccʰaː hɛː."),
        ("hi", "भारत की राजधानी", "bʰˈaːɾət kˈiː ɾaːɟdʰˈaːniː"),
        ("zh", "你好，我们去中国。", "ni↗xau↓, wo↓mən ʨʰy↘ ꭧʊ→ŋkwo↗."),
        ("zh", "银行很行", "i↗nxa↗ŋ xə↓n ɕi↗ŋ"),
    ],
)
def test_words_are_pronounced(tag, text, phonemes):
    assert said(tag, text) == normalize("NFD", phonemes).replace("c\u0327", "ç")


@pytest.mark.parametrize(
    ("tag", "number", "words"),
    [
        ("es", "25", "veinticinco"),
        ("es", "1.250.000", "un millón doscientos cincuenta mil"),
        ("es", "3,5 %", "tres coma cinco por ciento"),
        ("es", "21.000", "veintiún mil"),
        ("fr", "75", "soixante quinze"),
        ("fr", "1981", "mille neuf cent quatre vingt un"),
        ("fr", "71", "soixante et onze"),
        ("it", "328", "trecento ventotto"),
        ("it", "5000", "cinque mila"),
        ("pt-BR", "1250", "mil duzentos e cinquenta"),
        ("pt-BR", "2100", "dois mil e cem"),
        ("hi", "125000", "एक लाख पच्चीस हज़ार"),
        ("zh", "10250", "一万零二百五十"),
        ("zh", "105", "一百零五"),
        ("es", "007", "cero cero siete"),
        ("fr", "1234567890123", "un deux trois quatre cinq six sept huit neuf zéro un deux trois"),
    ],
)  # fmt: skip
def test_numbers_are_said_in_the_language(tag, number, words):
    spoken = language_of(tag)
    assert " ".join(w for part in number.split() for w in spoken.words(part)) == words


def test_kana_of_japanese():
    assert kana("コンニチワ") == "koɲɲiʨiβa"
    assert kana("トーキョー") == "toːkʲoː"
    assert kana("ガッコウ") == "ɡaʔkoɯ"
    assert kana("サンポ") == "sampo"


@pytest.mark.parametrize("tag", SPELLED)
def test_every_phoneme_has_a_mouth(tag):
    shapes = language_of(tag).shapes
    for phoneme in VOCABULARY:
        assert phoneme in shapes or phoneme in STRESS or phoneme in MODIFIERS or phoneme in SEPARATORS


ODD = st.sampled_from("aeioqxyñçãéüœ'’ हिंदी你好十19.,%€¡¿— \n") | st.characters(codec="utf-8")


@pytest.mark.parametrize("tag", SPELLED)
@given(text=st.text(ODD, max_size=60))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_text_breaks_it(tag, text):
    pronounce = Pronouncer(language_of(tag), vocabulary())
    units = pronounce(text)
    pronounce.ids([])
    starts = [token.start for unit in units for token in unit.tokens]
    assert starts == sorted(starts)
    assert all(c in VOCABULARY for unit in units for c in unit.phonemes)
