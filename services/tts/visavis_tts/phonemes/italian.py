"""Italian, as eSpeak NG's voice `it` has it. Where the spelling tells no stress, the last but one is a guess.

Sounds: Rogers, d'Arcangeli: Italian, JIPA 34 (2004), 117-121.
"""

import re
from collections.abc import Sequence

from visavis_tts.phonemes.rules import Rules, listed, stressed
from visavis_tts.phonemes.spoken import Spoken

# ruff: noqa: RUF001 (phonetic letters)

_RULES = Rules(
    """
    gli(?=[aeou]) > ʎ
    gli > ʎi
    gn > ɲ
    sci(?=[aouàòù]) > ʃ
    sc(?=[eièéì]) > ʃ
    sch > sk
    cci(?=[aouàòù]) > tʧ
    cc(?=[eièéì]) > tʧ
    ci(?=[aouàòù]) > ʧ
    c(?=[eièéì]) > ʧ
    cch > kk
    ch > k
    ggi(?=[aouàòù]) > dʤ
    gg(?=[eièéì]) > dʤ
    gi(?=[aouàòù]) > ʤ
    g(?=[eièéì]) > ʤ
    ggh > ɡɡ
    gh > ɡ
    cqu > kkw
    qu > kw
    zz > tʦ
    (?<![a-zàèéìòù])z > ʣ
    z > ʦ
    (?<=[aeiouàèéìòù])s(?=[aeiouàèéìòù]) > z
    s(?=[bdgvmnlr]) > z
    h >
    c > k
    g > ɡ
    q > k
    j > j
    x > ks
    y > i
    uo > wɔ
    i(?=[aeouàèéòù]) > j
    u(?=[aeioàèéìò]) > w
    à > ˈa
    è > ˈɛ
    é > ˈe
    ì > ˈi
    ò > ˈɔ
    ù > ˈu
    e(?=mpo|nz|rr|rs|rt|tt[eo]$|ll[aoie]$|nt[eio]$|ndo$) > ɛ
    o(?=tt|st|rt|ss|nn[ae]$|rn|rp|lt[aoie]) > ɔ
    a > a
    e > e
    i > i
    o > o
    u > u
    b > b
    d > d
    f > f
    k > k
    l > l
    m > m
    n(?=[cgkq]) > ŋ
    n > n
    p > p
    r > r
    s > s
    t > t
    v > v
    w > w
    """
)
_UNSTRESSED = frozenset(
    listed(
        """
        a ad al alla alle ai agli allo che chi ci con da dal dalla dai di del della delle dei degli
        dello e ed gli i il in la le li lo ma mi ne nel nella nei nelle o per se si su sul sulla ti tra
        un una uno vi
        """
    )
)
# Words and endings with the stress on the last syllable but two.
_EARLY = frozenset(
    listed(
        """
        abito albero angolo anima camera chilometro credito debito domenica epoca esercito essere facile
        difficile simile utile inutile fegato giovane giovani isola lettera lettere limite macchina
        macchine massimo merito minimo mobile mobili nobile nobili numero numeri opera ordine origine
        ospite pagina pagine perdere piccolo piccola piccoli piccole popolo povero povera regola sabato
        scatola secolo semaforo stomaco subito tavolo telefono termine ultimo ultima uomini vivere
        leggere scrivere prendere mettere credere vendere chiedere rispondere correre nascere crescere
        conoscere vincere spendere scendere accendere attendere difendere decidere ridere dividere
        chiudere discutere muovere ricevere piovere napoli genova padova modena parlano mangiano
        lavorano abitano giocano arrivano trovano portano guardano amano zucchero camera undici dodici
        tredici quattordici quindici sedici venere venerdi tenero genere cenere interessi
        """
    )
)
_EARLY_END = re.compile(
    r".{2,}([^aeio]ic[aoie]|ich[ei]|[ai]bil[ei]|issim[aoie]|evol[ei]|ogic[aoi]|.{2}[^aeiou]ono)"
)
_LATE = frozenset(
    listed(
        """
        amico amica amici amiche antico antica nemico nemica fatica formica suono buono dono perdono
        """
    )
)
_ONES = listed(
    """
        zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici
        quindici sedici diciassette diciotto diciannove
        """
)
_TENS = listed(". . venti trenta quaranta cinquanta sessanta settanta ottanta novanta")
_SIGNS = {
    "%": "per cento", "€": "euro", "$": "dollari", "£": "sterline", "&": "e", "@": "chiocciola", "+": "più",
    "=": "uguale", "°": "gradi",
}  # fmt: skip


def word(text: str) -> str:
    """The phonemes of a word, stress before its vowel."""
    lower = text.lower()
    pieces = [piece for part in re.split("['’]", lower) for piece in _RULES(part)]
    if lower in _UNSTRESSED:
        return "".join(pieces)
    is_early = lower in _EARLY or (lower not in _LATE and _EARLY_END.fullmatch(lower))
    return stressed(pieces, 3 if is_early else 2 if lower[-1] in "aeiou" else 1)


def cardinal(n: int) -> str:
    """1250 -> "mille duecento cinquanta". 0 to 10**12 - 1; each part is a word with its stress."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        tens, one = _TENS[n // 10], n % 10
        return (tens[:-1] if one in (1, 8) else tens) + (_ONES[one] if one else "")
    if n < 1000:
        head = "cento" if n < 200 else f"{_ONES[n // 100]}cento"
        return head + (f" {cardinal(n % 100)}" if n % 100 else "")
    if n < 10**6:
        head = "mille" if n < 2000 else f"{cardinal(n // 1000)} mila"
        return head + (f" {cardinal(n % 1000)}" if n % 1000 else "")
    head = "un milione" if n < 2 * 10**6 else f"{cardinal(n // 10**6)} milioni"
    return head + (f" {cardinal(n % 10**6)}" if n % 10**6 else "")


def pronounce(words: Sequence[str]) -> list[str]:
    return [word(each) for each in words]


def spoken(tag: str) -> Spoken:
    """The one Italian there is."""
    return Spoken(pronounce, cardinal, _ONES[:10], "virgola", ",", _SIGNS)
