"""Hindi in Devanagari, as eSpeak NG's voice `hi` has it: the inherent vowel goes where speech drops it.

Sounds: Ohala: Hindi, Handbook of the IPA (1999), 100-103. Which inherent vowels go: Ohala, Aspects of Hindi
Phonology (1983): the last of a word, and one between vowel-consonant and consonant-vowel, from the right.
"""

from collections.abc import Sequence

from visavis_tts.engine import Viseme
from visavis_tts.phonemes.rules import VOWELS, listed
from visavis_tts.phonemes.spoken import Spoken
from visavis_tts.visemes import SHAPES

# ruff: noqa: RUF001 (phonetic letters)

_VOWELS = {
    "अ": "ə", "आ": "aː", "इ": "ɪ", "ई": "iː", "उ": "ʊ", "ऊ": "uː", "ऋ": "ɾɪ", "ए": "eː", "ऐ": "ɛː", "ओ": "oː",
    "औ": "ɔː", "ऑ": "ɔː", "ऍ": "ɛː",
}  # fmt: skip
_SIGNS_OF_VOWELS = {
    "ा": "aː", "ि": "ɪ", "ी": "iː", "ु": "ʊ", "ू": "uː", "ृ": "ɾɪ", "े": "eː", "ै": "ɛː", "ो": "oː",
    "ौ": "ɔː",
    "ॉ": "ɔː", "ॅ": "ɛː",
}  # fmt: skip
_CONSONANTS = {
    "क": "k", "ख": "kʰ", "ग": "ɡ", "घ": "ɡʰ", "ङ": "ŋ", "च": "c", "छ": "cʰ", "ज": "ɟ", "झ": "ɟʰ", "ञ": "ɲ",
    "ट": "ʈ", "ठ": "ʈʰ", "ड": "ɖ", "ढ": "ɖʰ", "ण": "ɳ", "त": "t", "थ": "tʰ", "द": "d", "ध": "dʰ", "न": "n",
    "प": "p", "फ": "pʰ", "ब": "b", "भ": "bʰ", "म": "m", "य": "j", "र": "ɾ", "ल": "l", "व": "ʋ", "श": "ʃ",
    "ष": "ʃ", "स": "s", "ह": "h", "ळ": "l", "क़": "q", "ख़": "x", "ग़": "ɣ", "ज़": "z", "ड़": "ɽ", "ढ़": "ɽʰ",
    "फ़": "f",
}  # fmt: skip
_VIRAMA, _NUKTA, _NASALS, _VISARGA = "्", "़", "ँं", "ः"
_INHERENT = "ə"
# Said otherwise than written.
_WORDS = {
    "वह": "ʋˈoː",
    "यह": "jˈeː",
    "ये": "jˈeː",
    "हैं": "hɛ̃ː",
    "है": "hɛː",
    "में": "mẽː",
    "और": "ˈɔːɾ",
    "नहीं": "nəhˈĩː",
}
_NUMBERS = listed(
    """
        शून्य एक दो तीन चार पाँच छह सात आठ नौ दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस
        बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस तीस इकतीस बत्तीस तैंतीस चौंतीस
        पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस
        सैंतालीस अड़तालीस उनचास पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ साठ इकसठ
        बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर
        छिहत्तर सतहत्तर अठहत्तर उन्यासी अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी
        नवासी नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे
        """
)
_SCALES = ((10**7, "करोड़"), (10**5, "लाख"), (1000, "हज़ार"), (100, "सौ"))
_SIGNS = {
    "%": "प्रतिशत",
    "€": "यूरो",
    "$": "डॉलर",
    "£": "पाउंड",
    "&": "और",
    "@": "ऐट",
    "+": "जमा",
    "=": "बराबर",
    "°": "डिग्री",
}
# Hindi's palatal stops are affricates to the eye, its v has no teeth.
SHAPES_HI = {**SHAPES, "c": (Viseme.CH,), "ɟ": (Viseme.CH,), "ʋ": (Viseme.FF,)}

Letter = list[str]  # a consonant and its vowel, "" for none


def word(text: str) -> str:
    """The phonemes of a word, stress before its heaviest syllable."""
    if text in _WORDS:
        return _WORDS[text]
    letters = _without_dropped(_letters(text.replace("\u200c", "").replace("\u200d", "")))
    return _stressed([sound for letter in letters for sound in letter if sound])


def _letters(text: str) -> list[Letter]:
    found: list[Letter] = []
    for char in text:
        if char in _CONSONANTS:
            found.append([_CONSONANTS[char], _INHERENT])
        elif char in _VOWELS:
            found.append(["", _VOWELS[char]])
        elif found:
            _modify(found, char)
    return found


def _modify(letters: list[Letter], char: str) -> None:
    last = letters[-1]
    if char in _SIGNS_OF_VOWELS:
        last[1] = _SIGNS_OF_VOWELS[char]
    elif char == _VIRAMA:
        last[1] = ""
    elif char == _NUKTA:
        last[0] = {"k": "q", "kʰ": "x", "ɡ": "ɣ", "ɟ": "z", "ɖ": "ɽ", "ɖʰ": "ɽʰ", "pʰ": "f"}.get(
            last[0], last[0]
        )
    elif char in _NASALS:
        last[1] = f"{last[1][:1]}\u0303{last[1][1:]}" if last[1] else ""
    elif char == _VISARGA:
        last[1] += "h"


def _without_dropped(letters: list[Letter]) -> list[Letter]:
    if len(letters) > 1 and letters[-1][1] == _INHERENT and letters[-1][0] != "j":
        letters[-1][1] = ""
    for i in range(len(letters) - 2, 0, -1):
        before, here, after = letters[i - 1], letters[i], letters[i + 1]
        if here[1] == _INHERENT and before[1] and after[1] and here[0] and after[0]:
            here[1] = ""
    return letters


def _stressed(sounds: list[str]) -> str:
    """The last long vowel but the final one, else the first; eSpeak says an inherent one there as ʌ."""
    vowels = [i for i, sound in enumerate(sounds) if VOWELS & set(sound)]
    if not vowels:
        return "".join(sounds)
    long = [i for i in vowels[:-1] if "ː" in sounds[i]]
    place = long[-1] if long else vowels[0]
    sounds[place] = "ˈ" + sounds[place].replace("ə", "ʌ")
    return "".join(sounds)


def cardinal(n: int) -> str:
    """1250 -> "एक हज़ार दो सौ पचास". 0 to 10**12 - 1."""
    if n < 100:
        return _NUMBERS[n]
    size, name = next((size, name) for size, name in _SCALES if n >= size)
    return f"{cardinal(n // size)} {name}" + (f" {cardinal(n % size)}" if n % size else "")


def pronounce(words: Sequence[str]) -> list[str]:
    return [word(each) for each in words]


def spoken(tag: str) -> Spoken:
    """The one Hindi there is; letters of other scripts are silent."""
    return Spoken(pronounce, cardinal, _NUMBERS[:10], "दशमलव", ".", _SIGNS, SHAPES_HI)
