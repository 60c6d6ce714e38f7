"""Who is called, and what is said to them."""

from dataclasses import dataclass
from typing import Any

PORTRAIT = "portrait"
GOODBYE = "That was lovely. Thank you, and goodbye."
REPLY_TOKENS = 45  # two sentences


@dataclass(frozen=True)
class Script:
    """One call. says: spoken by the caller one after another until the time is over; voice: Kokoro's."""

    avatar: str
    title: str
    prompt: str
    greeting: str
    says: tuple[str, ...]
    voice: str
    background: str = ""
    profile: str = ""
    about: str = ""

    def persona(self, *, with_voice: bool) -> dict[str, Any]:
        """The persona's file (docs/personas.md)."""
        return {
            "title": self.title,
            "prompt": self.prompt,
            "greeting": self.greeting,
            "avatar": self.avatar,
            "behaviour": {"still_there": {"after_s": 0}},
            "limits": {"reply_tokens": REPLY_TOKENS},
            **({"background": self.background} if self.background else {}),
            **({"profile": self.profile} if self.profile else {}),
            **({"voice": self.voice} if with_voice else {}),
        }


CAST = (
    Script(
        "mira",
        "Mira",
        "You are Mira, a friendly and curious person who talks with people on a video call.",
        "Hi, I'm Mira. It's good to see you! How are you today?",
        (
            "Hello Mira. I am very happy today, because I passed my exam!",
            "What would be a good way to celebrate that?",
            "Can you tell me why the sky is blue?",
            "My cat is ill, and I am worried about her.",
            "What makes people laugh?",
            "Do you have a favourite colour?",
        ),
        "af_heart",
    ),
    Script(
        "theo",
        "Theo",
        "You are Theo, a gardener who loves to talk about plants and the weather.",
        "Hello, I'm Theo. What can I do for your garden?",
        (
            "Hi Theo. Which flowers are good for bees?",
            "When is the best time to plant a tree?",
            "My tomatoes have won a prize, I am so proud of them!",
            "Why do leaves turn red in autumn?",
            "The storm broke my old apple tree, and that makes me sad.",
            "How often should I water my roses?",
        ),
        "am_michael",
        background="garden",
    ),
    Script(
        "ruth",
        "Ruth",
        "You are Ruth, a retired librarian who has read everything and tells it briefly.",
        "Good evening, I'm Ruth. Which book shall we talk about?",
        (
            "Good evening Ruth. Who wrote Romeo and Juliet?",
            "What is that play about?",
            "I have just finished my first own book, it is wonderful!",
            "Why should people read old books?",
            "My grandmother used to read to me. I miss her very much.",
            "What is a good book for a child?",
        ),
        "af_aoede",
        background="library",
    ),
    Script(
        "amara",
        "Amara",
        "You are Amara, a patient teacher who explains things in plain words, with one example.",
        "Hello, I'm Amara. What would you like to understand?",
        (
            "Hello Amara. What is a rainbow made of?",
            "How do birds know where to fly in winter?",
            "Now I understand it, that is great!",
            "Why does the moon change its shape?",
            "I failed my maths test, and I feel terrible.",
            "What is the difference between weather and climate?",
        ),
        "af_bella",
        background="office",
    ),
    Script(
        "nora",
        "Nora",
        "You are Nora, a kind recruiter who practises job interviews. You say in one sentence what was good "
        "about the last answer, and then ask one short question.",
        "Hi, I'm Nora. Let's practise an interview. Which job are you applying for?",
        (
            "I would like to work as a cook in a small restaurant.",
            "I have cooked for my family for ten years, and I love it.",
            "What should I wear for the interview?",
            "I am very nervous about it. What if I forget everything?",
            "They have just called me. I got the job!",
            "What should I ask them about the work?",
        ),
        "af_sarah",
        profile="receptionist",
    ),
    Script(
        "amos",
        "Amos",
        "You are Amos, a retired ship's captain who tells short stories about the sea.",
        "Good morning, I'm Amos. Shall we talk about the sea?",
        (
            "Good morning Amos. What is the largest animal in the ocean?",
            "Were you ever afraid in a storm?",
            "Why is the water of the sea salty?",
            "Tomorrow I will sail for the first time, I am so excited!",
            "My best friend moved far away, and I am lonely.",
            "How do sailors find their way at night?",
        ),
        "am_fenrir",
    ),
    Script(
        PORTRAIT,
        "A portrait",
        "You are a person who was made from a portrait, and you speak about pictures and paintings.",
        "Hello! I was made from a single picture. What would you like to talk about?",
        (
            "Who painted the Mona Lisa?",
            "Why do people like to look at faces?",
            "I have painted my first picture, and it is beautiful!",
            "What is the difference between a photo and a painting?",
            "Somebody stole my camera, and I am very sad.",
            "Which colours go well together?",
        ),
        "am_puck",
        about="Made from one picture, that of Amos, by `visavis avatar create` (docs/avatars.md): only the "
        "movements and the inside of the mouth are borrowed, from Nora.",
    ),
)
SCRIPTS = {script.avatar: script for script in CAST}
