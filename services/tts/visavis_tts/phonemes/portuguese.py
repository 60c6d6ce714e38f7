"""Brazilian Portuguese, as eSpeak NG's voice `pt-br` has it.

Sounds: Barbosa, Albano: Brazilian Portuguese, JIPA 34 (2004), 227-232.
"""

from collections.abc import Sequence

from visavis_tts.phonemes.rules import Rules, listed, stressed
from visavis_tts.phonemes.spoken import Spoken

# ruff: noqa: RUF001 (phonetic letters)

_RULES = Rules(
    """
    ão|ãos > ˈɐ̃ʊ̃
    ãe > ˈɐ̃ɪ̃
    õe > ˈõɪ̃
    am$ > ɐ̃ʊ̃
    em$|ens$ > eɪ̃
    ém$|éns$ > ˈeɪ̃
    ã > ˈɐ̃
    õ > ˈõ
    ân|âm > ˈɐ̃
    ên|êm > ˈẽ
    ín(?=[^aeiouáéíóúh]) > ˈĩ
    á > ˈa
    à > a
    â > ˈɐ
    é > ˈɛ
    ê > ˈe
    í > ˈi
    ó > ˈɔ
    ô > ˈo
    ú > ˈu
    lh > ʎ
    nh > ɲ
    ch > ʃ
    rr > x
    (?<![a-zà-ú])r > x
    (?<=[nls])r > x
    r > ɾ
    qu(?=[eiéêí]) > k
    qu > kw
    gu(?=[eiéêí]) > ɡ
    g(?=[eiéêí]) > ʒ
    j > ʒ
    sc(?=[eiéêí]) > s
    ss > s
    ç > s
    c(?=[eiéêí]) > s
    c > k
    q > k
    g > ɡ
    (?<=[aeiouáéíóúâêôãõ])s(?=[aeiouáéíóúâêôãõ]) > z
    s(?=[bdgvmnlrz]) > z
    z$ > s
    ex(?=[aeiouáéíóú]) > ez
    x > ʃ
    an(?=[^aeiouáéíóúâêôãõhn]|$)|am(?=[pb]) > ɐ̃
    en(?=[^aeiouáéíóúâêôãõhn]|$)|em(?=[pb]) > ẽ
    in(?=[^aeiouáéíóúâêôãõhn]|$)|im(?=[pb]|$) > ĩ
    on(?=[^aeiouáéíóúâêôãõhn]|$)|om(?=[pb]|$) > õ
    un(?=[^aeiouáéíóúâêôãõhn]|$)|um(?=[pb]|$) > ũ
    t(?=i|e$|es$|í) > ʧ
    d(?=i|e$|es$|í) > ʤ
    l(?![aeiouáéíóúâêôãõh]) > w
    h >
    ai > aɪ
    ei > eɪ
    oi > oɪ
    ui > uɪ
    au > aʊ
    eu > eʊ
    ou > oʊ
    iu > iʊ
    (?<=[a-zà-ú])e(?=s?$) > i
    (?<=[a-zà-ú])o(?=s?$) > ʊ
    a(?=s?$) > ɐ
    i(?=[aeoáéóâêô]) > j
    u(?=[aeioáéíóâêô]) > w
    a > a
    e > e
    i|y > i
    o > o
    u > u
    b > b
    d > d
    f > f
    k > k
    l > l
    m > m
    n > n
    p > p
    s > s
    t > t
    v > v
    w > w
    z > z
    """
)
_UNSTRESSED = frozenset(
    listed(
        """
        a ao aos as com da das de do dos e em me na nas no nos o os ou para pela pelo por que se te um
        uma
        """
    )
)
_ENDS_WEAK = ("a", "e", "o", "as", "es", "os", "am", "em", "ens")
_ONES = listed(
    """
        zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis
        dezessete dezoito dezenove
        """
)
_TENS = listed(". . vinte trinta quarenta cinquenta sessenta setenta oitenta noventa")
_HUNDREDS = listed(
    """
        . cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos
        """
)
_SIGNS = {
    "%": "por cento", "€": "euros", "$": "dólares", "£": "libras", "&": "e", "@": "arroba", "+": "mais",
    "=": "igual a", "°": "graus",
}  # fmt: skip
# The rules would close these.
_WORDS = {
    "é": "ˈɛ",
    "e": "i",
    "muito": "mˈũɪ̃tʊ",
    "muita": "mˈũɪ̃tɐ",
    "que": "ki",
    "você": "vosˈe",
    "hoje": "ˈoʒi",
}


def word(text: str) -> str:
    """The phonemes of a word, stress before its vowel."""
    lower = text.lower()
    if lower in _WORDS:
        return _WORDS[lower]
    pieces = _RULES(lower)
    if lower in _UNSTRESSED:
        return "".join(pieces)
    return stressed(pieces, 2 if lower.endswith(_ENDS_WEAK) else 1)


def cardinal(n: int) -> str:
    """1250 -> "mil duzentos e cinquenta". 0 to 10**12 - 1."""
    if n < 20:
        return _ONES[n]
    if n < 100:
        return _TENS[n // 10] + (f" e {_ONES[n % 10]}" if n % 10 else "")
    if n == 100:
        return "cem"
    if n < 1000:
        return _HUNDREDS[n // 100] + (f" e {cardinal(n % 100)}" if n % 100 else "")
    if n < 10**6:
        rest = n % 1000
        head = "mil" if n < 2000 else f"{cardinal(n // 1000)} mil"
        return head + (f" {'e ' if rest < 100 or rest % 100 == 0 else ''}{cardinal(rest)}" if rest else "")
    head = "um milhão" if n < 2 * 10**6 else f"{cardinal(n // 10**6)} milhões"
    return head + (f" {cardinal(n % 10**6)}" if n % 10**6 else "")


def pronounce(words: Sequence[str]) -> list[str]:
    return [word(each) for each in words]


def spoken(tag: str) -> Spoken:
    """Brazil's, whatever the region."""
    return Spoken(pronounce, cardinal, _ONES[:10], "vírgula", ",", _SIGNS)
