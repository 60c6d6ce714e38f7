"""Spanish, as eSpeak NG's voice `es` has it: theta for c and z; regions of America say s and no ʎ.

Sounds: Martínez-Celdrán, Fernández-Planas, Carrera-Sabaté: Castilian Spanish, JIPA 33 (2003), 255-259.
"""

from collections.abc import Sequence

from visavis_tts.engine import Viseme
from visavis_tts.phonemes.rules import Rules, listed, stressed
from visavis_tts.phonemes.spoken import Spoken
from visavis_tts.visemes import SHAPES

# ruff: noqa: RUF001 (phonetic letters)

_RULES = Rules(
    """
    ch > ʧ
    ll > ʎ
    rr > r
    (?<![a-zñáéíóúü])r > r
    (?<=[nls])r > r
    r > ɾ
    qu(?=[eiéí]) > k
    gu(?=[eiéí]) > ɡ
    gü > ɡw
    g(?=[eiéí]) > x
    j > x
    c(?=[eiéí]) > θ
    z > θ
    c > k
    q > k
    ñ > ɲ
    (?<=[aeiouáéíóúrls])[bv](?=[aeiouáéíóúrl]) > β
    [bv] > b
    (?<=[aeiouáéíóúrs])d(?=[aeiouáéíóúr]) > ð
    (?<=[aeiouáéíóú])d(?![a-zñ]) > ð
    d > d
    (?<=[aeiouáéíóúrls])g(?=[aouáóúülr]) > ɣ
    g > ɡ
    h >
    ph > f
    x > ks
    y(?=[aeiouáéíóú]) > ʝ
    (?<![a-zñáéíóúü])hi(?=e) > ʝ
    n(?=[gckqj]) > ŋ
    ai(?![aeo])|ay(?![aeiouáéíóú]) > I
    ái|áy > ˈI
    au(?![aeo]) > W
    áu > ˈW
    ei(?![ao])|ey(?![aeiouáéíóú]) > A
    éi|éy > ˈA
    oi(?![ae])|oy(?![aeiouáéíóú]) > oɪ
    ói|óy > ˈoɪ
    eu > eʊ
    éu > ˈeʊ
    i(?=[aeouáéóú]) > j
    [uü](?=[aeioáéíó]) > w
    á > ˈa
    é > ˈe
    í > ˈi
    ó > ˈo
    ú > ˈu
    y > i
    a > a
    e > e
    i > i
    o > o
    u|ü > u
    f > f
    k > k
    l > l
    m > m
    n > n
    p > p
    s > s
    t > t
    w > w
    """
)
_UNSTRESSED = frozenset(
    listed(
        """
        a al con de del e el en la las le les lo los me mi mis ni nos o os para pero por que se si sin
        su sus te tu tus u un una y
        """
    )
)
_ENDS_WEAK = ("a", "e", "i", "o", "u", "n", "s")
_ONES = listed(
    """
        cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince
        dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro
        veinticinco veintiséis veintisiete veintiocho veintinueve
        """
)
_TENS = listed(" . . treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_HUNDREDS = listed(
    """
        . ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos
        novecientos
        """
)
_SIGNS = {
    "%": "por ciento", "€": "euros", "$": "dólares", "£": "libras", "&": "y", "@": "arroba", "+": "más",
    "=": "igual a", "°": "grados",
}  # fmt: skip
SHAPES_ES = {**SHAPES, "β": (Viseme.PP,)}


def word(text: str) -> str:
    """The phonemes of a word, stress before its vowel."""
    lower = text.lower()
    pieces = _RULES(lower)
    if lower in _UNSTRESSED:
        return "".join(pieces)
    return stressed(pieces, 2 if lower.endswith(_ENDS_WEAK) else 1)


def cardinal(n: int) -> str:
    """1250 -> "mil doscientos cincuenta". 0 to 10**12 - 1."""
    if n < 30:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10 - 1] + (f" y {_ONES[n % 10]}" if n % 10 else "")
    if n == 100:
        return "cien"
    if n < 1000:
        return _HUNDREDS[n // 100] + (f" {cardinal(n % 100)}" if n % 100 else "")
    if n < 10**6:
        head = "mil" if n < 2000 else f"{_before_noun(n // 1000)} mil"
        return head + (f" {cardinal(n % 1000)}" if n % 1000 else "")
    head = "un millón" if n < 2 * 10**6 else f"{_before_noun(n // 10**6)} millones"
    return head + (f" {cardinal(n % 10**6)}" if n % 10**6 else "")


def _before_noun(n: int) -> str:
    said = cardinal(n)
    if said.endswith("uno"):
        return said[:-3] + ("ún" if said.endswith("veintiuno") else "un")
    return said


def spoken(tag: str) -> Spoken:
    """Castilian for es and es-ES, American for any other region."""
    is_american = "-" in tag and not tag.lower().endswith("-es")

    def pronounce(words: Sequence[str]) -> list[str]:
        said = [word(each) for each in words]
        return [s.replace("θ", "s").replace("ʎ", "ʝ") for s in said] if is_american else said

    return Spoken(pronounce, cardinal, _ONES[:10], "coma", ",", _SIGNS, SHAPES_ES)
