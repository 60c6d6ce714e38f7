"""What says to people that they talk to an AI, in the language of the persona."""

ENGLISH = "en"
LABELS = {
    **dict.fromkeys(("ca", "es", "fr", "gl", "it", "pt", "ro"), "IA"),
    **dict.fromkeys(("de", "nb", "nn", "no"), "KI"),
    **dict.fromkeys(("bg", "ru"), "ИИ"),
    **dict.fromkeys(("hu", "lv"), "MI"),
    **dict.fromkeys(("hr", "sl"), "UI"),
    "lt": "DI",
    "tr": "YZ",
    "uk": "ШІ",
}
SENTENCES = {
    ENGLISH: "You are talking to an AI.",
    "cs": "Mluvíte s umělou inteligencí.",
    "da": "Du taler med en AI.",
    "de": "Sie sprechen mit einer KI.",
    "es": "Está hablando con una IA.",
    "fi": "Puhut tekoälyn kanssa.",
    "fr": "Vous parlez à une IA.",
    "hi": "आप एक AI से बात कर रहे हैं।",
    "hu": "Ön egy mesterséges intelligenciával beszél.",
    "it": "Sta parlando con un'IA.",
    "ja": "あなたはAIと話しています。",
    "ko": "AI와 대화하고 있습니다.",
    "nb": "Du snakker med en KI.",
    "nl": "U spreekt met een AI.",
    "no": "Du snakker med en KI.",
    "pl": "Rozmawiasz ze sztuczną inteligencją.",
    "pt": "Você está falando com uma IA.",
    "pt-pt": "Está a falar com uma IA.",
    "ru": "Вы разговариваете с ИИ.",  # noqa: RUF001
    "sv": "Du pratar med en AI.",
    "tr": "Bir yapay zekâ ile konuşuyorsunuz.",
    "uk": "Ви розмовляєте зі штучним інтелектом.",
    "zh": "您正在与 AI 对话。",
}


def label_of(language_code: str) -> str:
    """The mark in the picture: the short form of "artificial intelligence" that people know, mostly "AI"."""
    return LABELS.get(_language(language_code), "AI")


def disclosure_of(language_code: str) -> str:
    """The sentence beside the picture; in English where there is none in the language."""
    code = language_code.lower()
    return SENTENCES.get(code) or SENTENCES.get(_language(code)) or SENTENCES[ENGLISH]


def _language(language_code: str) -> str:
    return language_code.lower().split("-")[0]
