"""French, as eSpeak NG's voice `fr-fr` has it: stress on the last syllable, liaison after small words.

Sounds: Fougeron, Smith: French, JIPA 23 (1993), 73-76.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from visavis_tts.phonemes.rules import VOWELS, Rules, listed, stressed
from visavis_tts.phonemes.spoken import Spoken

# ruff: noqa: RUF001 (phonetic letters)

_RULES = Rules(
    """
    (?<=[a-zà-ÿœ])ement$ > əmɑ̃
    (?<=[a-zà-ÿœ])es?$ >
    (?<=[a-zà-ÿœ])(?:er|ez)$ > e
    ée?s?$ > e
    eaux?$|aux?$ > o
    tion > sjɔ̃
    (?<=[a-zà-ÿœ])(?:x|z)$ >
    (?<=[a-zà-ÿœ])p?ts?$|(?<=[a-zà-ÿœ])ds?$|(?<=[a-zà-ÿœ])ps?$ >
    (?<=[a-zà-ÿœ])s$ >
    ouill|ouil$ > uj
    euill|euil$|ueil|œil > œj
    eill|eil$ > ɛj
    aill|ail$ > aj
    (?<=[^aeou])ill > ij
    oin(?![aeiouyéèêhnm]) > wɛ̃
    ien(?![aeiouyéèêhnm]) > jɛ̃
    (?:ain|ein|aim)(?![aeiouyéèêhnm]) > ɛ̃
    (?:in|im|yn|ym)(?![aeiouyéèêîhnm]) > ɛ̃
    (?:un|um)(?![aeiouyéèêhnm]) > œ̃
    (?:an|am|en|em)(?![aeiouyéèêâhnm]) > ɑ̃
    (?:on|om)(?![aeiouyéèêhnm]) > ɔ̃
    emm > ɛm
    enn > ɛn
    eau > o
    au > o
    oi|oî > wa
    oy(?=[aeiouéè]) > waj
    ou(?=[aeiéè]) > w
    où|oû|ou > u
    œu(?=[rlfv]|i) > œ
    eu(?=[rlfvn]|il) > œ
    œu|eu > ø
    œ > œ
    ai(?=[^lmn]|$)|aî|ei|ey > ɛ
    ai > ɛ
    ay(?=[aeiouéè]) > ɛj
    ui > ɥi
    u(?=[aeoéè]) > ɥ
    é > e
    è|ê|ë > ɛ
    à|â > a
    î|ï > i
    ô > o
    ù|û > y
    ç > s
    ch > ʃ
    cc(?=[eiyéèê]) > ks
    c(?=[eiyéèêî]) > s
    cqu|cc|ck > k
    c > k
    gn > ɲ
    ge(?=[aouâô]) > ʒ
    gu(?=[eiyéèê]) > ɡ
    gg > ɡ
    g(?=[eiyéèêî]) > ʒ
    g$ >
    g > ɡ
    ph > f
    th > t
    rh > ʁ
    qu|q > k
    ss > s
    sc(?=[eiyéèê]) > s
    (?<=[aeiouyàâéèêëîïôûœ])s(?=[aeiouyàâéèêëîïôûœh]) > z
    s > s
    x(?=[aeiouéè]) > ɡz
    x > ks
    e(?=rr|ll|tt|ss|ff|pp|cc|cq|[rlcfxs][bcdfgjklmnpqrstv]|[rlcfxnt]$|[bp]t|ct|st) > ɛ
    (?<![a-zà-ÿœ])e(?=[xs]) > ɛ
    e(?=[a-zà-ÿ]) > ə
    e > ə
    o(?=r|[lnmtpfcbdg]{2}|[lnmtpfcs]e?s?$) > ɔ
    i(?=[aeoéè]) > j
    y(?=[aeoéè]) > j
    bb|b > b
    dd|d > d
    ff|f > f
    j > ʒ
    k > k
    ll|l > l
    mm|m > m
    nn|n > n
    pp|p > p
    rr|r > ʁ
    tt|t > t
    v|w > v
    z > z
    h >
    a > a
    i|y > i
    o > o
    u > y
    """
)
# Words that the rules would get wrong, the small ones without stress.
_WORDS = {
    "à": "a", "ai": "e", "as": "a", "au": "o", "aux": "o", "avec": "avˈɛk", "avez": "avˈe",
    "c'est": "sɛ", "ce": "sə", "ces": "se", "cet": "sɛt",
    "cinq": "sˈɛ̃k", "d'accord": "dakˈɔʁ", "dans": "dɑ̃", "de": "də", "des": "de", "deux": "dˈø",
    "dix": "dˈis",
    "du": "dy", "elle": "ɛl", "elles": "ɛl", "en": "ɑ̃", "es": "ɛ", "est": "ɛ", "et": "e", "eu": "y",
    "femme": "fˈam", "fils": "fˈis", "hier": "jˈɛʁ", "huit": "ɥˈit", "il": "il", "ils": "il", "j'ai": "ʒe",
    "je": "ʒə", "la": "la", "le": "lə", "les": "le", "leur": "lœʁ", "leurs": "lœʁ", "lui": "lɥi", "ma": "ma",
    "mais": "mɛ", "me": "mə", "mer": "mˈɛʁ", "mes": "me", "mille": "mˈil", "monsieur": "məsjˈø", "ne": "nə",
    "neuf": "nˈœf", "nos": "no", "nous": "nu", "on": "ɔ̃", "ou": "u", "où": "u", "par": "paʁ",
    "parce": "paʁs",
    "pas": "pˈa", "pays": "peˈi", "plus": "plˈy", "pour": "puʁ", "que": "kə", "quel": "kɛl", "qui": "ki",
    "s'il": "sil",
    "sa": "sa", "se": "sə", "sept": "sˈɛt", "ses": "se", "six": "sˈis", "son": "sɔ̃", "sont": "sɔ̃",
    "sur": "syʁ",
    "te": "tə", "temps": "tˈɑ̃", "tes": "te", "tous": "tˈu", "très": "tʁɛ", "tu": "ty", "un": "œ̃",
    "une": "yn",
    "vas": "va", "vers": "vɛʁ", "ville": "vˈil", "villes": "vˈil", "vingt": "vˈɛ̃", "vos": "vo", "vous": "vu",
    "y": "i", "merci": "mɛʁsˈi", "chez": "ʃe", "aujourd'hui": "oʒuʁdɥˈi", "cher": "ʃˈɛʁ", "ciel": "sjˈɛl",
    "soixante": "swasˈɑ̃t", "œufs": "ˈø", "tranquille": "tʁɑ̃kˈil", "seconde": "səɡˈɔ̃d", "est-ce": "ɛs",
}  # fmt: skip
# What a word that ends in one of these says before a vowel.
_LIAISON = {
    **dict.fromkeys(
        listed(
            """
        aux ces des deux dix elles ils les leurs mes nos nous ses six tes très vos vous chez dans sans
        trois sous
        """
        ),
        "z",
    ),
    **dict.fromkeys(listed("en mon on son ton un aucun bien"), "n"),
    **dict.fromkeys(listed("est sont c'est petit grand quand tout vingt huit"), "t"),
}
_ASPIRATED = re.compile(r"h(?:ut?i?t$|aut|éros$|asard|onte|ollande|aricot|all$)|onze|oui|yaourt")
_STARTS_WITH_VOWEL = re.compile("h?[aeiouyàâéèêëîïôûœ]")
_ONES = listed(
    """
        zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize
        dix-sept dix-huit dix-neuf
        """
)
_TENS = listed(". . vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt")
_SIGNS = {
    "%": "pour cent", "€": "euros", "$": "dollars", "£": "livres", "&": "et", "@": "arobase", "+": "plus",
    "=": "égale", "°": "degrés",
}  # fmt: skip


def word(text: str) -> str:
    """The phonemes of a word, stress before its last vowel."""
    lower = text.lower().replace("’", "'")
    if lower in _WORDS:
        return _WORDS[lower]
    head, _, body = lower.rpartition("'")
    if body in _WORDS:
        return "".join(_RULES(head)) + _WORDS[body]
    return "".join(_RULES(head)) + stressed(_sounded(_RULES(body), body), 1)


def _sounded(pieces: list[str], text: str) -> list[str]:
    """A word whose only vowel is a final e keeps it: "que"."""
    return (
        pieces if any(VOWELS & set(p) for p in pieces) else [*pieces, "ə"] if text.endswith("e") else pieces
    )


def pronounce(words: Sequence[str]) -> list[str]:
    said = []
    for each, following in pairwise([*words, ""]):
        phonemes = word(each)
        after = following.lower()
        link = _LIAISON.get(each.lower().replace("’", "'"), "")
        if link and _STARTS_WITH_VOWEL.match(after) and not _ASPIRATED.match(after):
            phonemes = (
                phonemes.removesuffix("s") + link if each.lower() in ("six", "dix") else phonemes + link
            )
        said.append(phonemes)
    return said


def cardinal(n: int) -> str:
    """1250 -> "mille deux cent cinquante". 0 to 10**12 - 1."""
    if n < 20:
        return _ONES[n].replace("-", " ")
    if n < 100:
        return _below_100(n)
    if n < 1000:
        head = "cent" if n < 200 else f"{_ONES[n // 100]} cent"
        return head + (f" {cardinal(n % 100)}" if n % 100 else "")
    if n < 10**6:
        head = "mille" if n < 2000 else f"{cardinal(n // 1000)} mille"
        return head + (f" {cardinal(n % 1000)}" if n % 1000 else "")
    head = "un million" if n < 2 * 10**6 else f"{cardinal(n // 10**6)} millions"
    return head + (f" {cardinal(n % 10**6)}" if n % 10**6 else "")


def _below_100(n: int) -> str:
    ten = n // 10
    rest = n % 10 + (10 if ten in (7, 9) else 0)
    head = _TENS[ten].replace("-", " ")
    if not rest:
        return head
    joint = " et " if rest in (1, 11) and ten < 8 else " "
    return head + joint + cardinal(rest)


def spoken(tag: str) -> Spoken:
    """France's, whatever the region."""
    return Spoken(pronounce, cardinal, _ONES[:10], "virgule", ",", _SIGNS)
