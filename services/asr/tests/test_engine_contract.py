"""What every backend must do; and what the real one must do with real speech."""

import asyncio
import re
import wave
from itertools import pairwise, zip_longest

import numpy as np
import pytest
from visavis_asr.backends import BACKENDS
from visavis_asr.backends.fake import FakeEngine
from visavis_asr.backends.moonshine import words_of
from visavis_asr.config import Config
from visavis_asr.engine import WINDOW_SAMPLES, Heard
from visavis_asr.server import AsrServicer

from .conftest import MODELS_DIR, RATE, Caller, kinds, serving, silence, tone

QUESTION = "What is the capital of Australia?"


def never() -> bool:
    return False


def words(text: str) -> str:
    return re.sub(r"[^a-z0-9' ]", "", text.lower())


def windows(samples: np.ndarray) -> np.ndarray:
    count = len(samples) // WINDOW_SAMPLES
    return samples[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES)


@pytest.fixture(
    params=[pytest.param(name, marks=[] if name == "fake" else pytest.mark.models) for name in BACKENDS]
)
def engine(request):
    return FakeEngine() if request.param == "fake" else request.getfixturevalue(request.param)


@pytest.fixture
def speech(engine, request):
    """Something with words in it."""
    return tone(1.5) if isinstance(engine, FakeEngine) else request.getfixturevalue("speak")(QUESTION)


def test_silence_is_no_speech(engine):
    vad = engine.open_vad()
    assert max(vad.step(window) for window in windows(silence(2))) < 0.2


def test_speech_is_speech_and_streams_do_not_mix(engine, speech):
    alone, first, second = engine.open_vad(), engine.open_vad(), engine.open_vad()
    expected = [alone.step(window) for window in windows(speech)]
    quiet = silence(len(speech) / RATE)
    got = []
    for window, other in zip(windows(speech), windows(quiet), strict=True):
        got.append(first.step(window))
        assert second.step(other) < 0.2
    assert got == expected
    assert np.mean(np.array(got) > 0.5) > 0.9


def test_speech_has_words_the_same_each_time(engine, speech):
    heard = engine.transcribe(speech, "en", never)
    assert heard.text
    assert heard.text == heard.text.strip()
    assert engine.transcribe(speech, "en", never) == heard


def test_words_with_times_are_those_of_the_text_in_order(engine, speech):
    heard = engine.transcribe(np.concatenate([silence(0.5), speech, silence(0.3)]), "en", never)
    if heard.words:
        assert [word.text for word in heard.words] == heard.text.split()
        assert abs(heard.words[0].start_sample - RATE // 2) < RATE // 5
        assert abs(heard.words[-1].end_sample - RATE // 2 - len(speech)) < RATE // 5
    assert all(word.start_sample < word.end_sample for word in heard.words)
    assert all(a.end_sample <= b.start_sample for a, b in pairwise(heard.words))


def test_a_stopped_decode_says_so(engine, speech):
    assert engine.transcribe(speech, "en", lambda: True) is None


@pytest.mark.parametrize("seconds", [0.03, 0.2, 12, 29])
def test_any_length_can_be_decoded_and_judged(engine, seconds):
    samples = silence(seconds)
    assert isinstance(engine.transcribe(samples, "", never), Heard)
    assert 0 <= engine.p_complete(samples) <= 1


@pytest.mark.models
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_draft_of_the_beginning_changes_no_word(ear, speak, share):
    samples = np.concatenate([silence(0.4), speak(QUESTION), silence(0.2)])
    begun = ear.transcribe(samples[: int(len(samples) * share)], "en", never)
    heard = ear.transcribe(samples, "en", never, begun.draft)
    assert words(heard.text) == words(QUESTION)
    assert ear.transcribe(samples, "en", never, heard.draft) == heard


@pytest.mark.models
def test_a_draft_of_other_words_is_not_believed(ear, speak):
    other = ear.transcribe(speak("My brother has two dogs and a cat."), "en", never)
    assert words(ear.transcribe(speak(QUESTION), "en", never, other.draft).text) == words(QUESTION)


@pytest.mark.models
@pytest.mark.parametrize(
    "sentence", [QUESTION, "Can you tell me a story about a dragon?", "Yes, please.", "Stop!"]
)
def test_sentences_are_understood(ear, speak, sentence):
    samples = np.concatenate([silence(0.4), speak(sentence), silence(0.2)])
    assert words(ear.transcribe(samples, "en", never).text) == words(sentence)


def laughter() -> np.ndarray:
    """Five bursts of a breathy "a", five a second, falling."""
    time = np.arange(RATE // 5) / RATE
    random = np.random.default_rng(0)
    burst = np.sin(2 * np.pi * 250 * time) + 0.6 * np.sin(2 * np.pi * 850 * time)
    burst = (burst + 0.5 * random.standard_normal(len(time))) * np.exp(-time * 18)
    return np.concatenate([0.2 * burst * 0.8**k for k in range(5)]).astype(np.float32)


@pytest.mark.models
def test_laughter_is_doubted_or_no_words_at_all_and_words_are_not(ear, speak):
    """Whisper's doubt is its own: it gives no words then."""
    for text in (QUESTION, "Hold on.", "No, I meant something else."):
        heard = ear.transcribe(np.concatenate([silence(0.2), speak(text), silence(0.2)]), "en", never)
        assert words(heard.text) == words(text)
        assert heard.confidence is None or 0.7 < heard.confidence <= 1
    laugh = ear.transcribe(np.concatenate([silence(0.2), laughter(), silence(0.2)]), "en", never)
    assert laugh.text == "" or laugh.confidence < 0.67


def noises() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    t = np.arange(RATE) / RATE
    burst = 0.3 * random.standard_normal(RATE // 3)
    return {
        "silence": np.zeros(RATE),
        "room": 3e-4 * random.standard_normal(RATE),
        "hiss": 0.1 * random.standard_normal(RATE),
        "burst": np.concatenate([np.zeros(RATE // 2), burst, np.zeros(RATE // 2)]),
        "cough": np.concatenate([np.zeros(RATE // 2), burst * np.exp(-np.arange(len(burst)) / 1300)]),
        "clicks": np.where(random.random(RATE) < 5e-4, 0.8, 0.0),
        "hum": 0.3 * np.sin(2 * np.pi * 100 * t),
    }


@pytest.mark.models
@pytest.mark.parametrize("name", noises())
def test_noise_has_no_words_and_is_no_speech(ear, name):
    samples = noises()[name].astype(np.float32)
    assert ear.transcribe(samples, "en", never).text == ""
    vad = ear.open_vad()
    assert max(vad.step(window) for window in windows(samples)) < 0.5


@pytest.mark.models
def test_a_sentence_broken_off_sounds_less_complete_than_a_whole_one(moonshine, speak):
    sentences = [
        "I would like to book a table for two people.",
        "Could you tell me how to get to the station?",
        "My brother and I went to the market yesterday.",
        "The weather in London was really terrible last week.",
        "Please remind me to call my mother tomorrow.",
    ]
    whole, broken = [], []
    for sentence in sentences:
        sound = speak(sentence)
        half = sound[: len(sound) * 2 // 5]
        whole.append(moonshine.p_complete(np.concatenate([silence(0.4), sound, silence(0.2)])))
        broken.append(moonshine.p_complete(np.concatenate([silence(0.4), half, silence(0.2)])))
    assert np.median(whole) > 0.7
    assert np.median(broken) < np.median(whole) - 0.3


CLIPS = {
    "0870": "and mr john dashwood had then leisure to consider how much there might be prudently in his power"
    " to do for them",
    "0880": "he was not an illdisposed young man",
    "0930": "he might even have been made amiable himself",
}


@pytest.mark.models
@pytest.mark.parametrize("number", CLIPS)
def test_recorded_people_are_understood(ear, number):
    path = MODELS_DIR / f"librivox-clips/sense_and_sensibility_01_austen_64kb-{number}.wav"
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    heard = words(ear.transcribe(samples, "en", never).text)
    wrong = sum(a != b for a, b in zip_longest(heard.split(), CLIPS[number].split()))
    assert wrong <= 1, heard


@pytest.mark.models
class TestSession:
    """The real models behind the real server."""

    @pytest.fixture
    async def caller(self, ear):
        async with serving(AsrServicer(ear, Config())) as stub:
            yield await Caller(stub).start()

    async def test_a_question_is_heard_from_its_first_to_its_last_sample(self, caller, speak):
        question = speak(QUESTION)
        await caller.begin_turn("t1")
        await caller.say(silence(1))
        onset = caller.sent
        await caller.say(question)
        end = caller.sent
        await caller.say(silence(0.3))
        events = await caller.read_until("paused")
        assert abs(events[0].speech_started.start_sample - onset) <= 1024
        transcript = events[-1].paused.transcript
        assert words(transcript.text) == words(QUESTION)
        assert abs(transcript.end_sample - end) <= 1600
        await caller.end_turn("t1")
        assert (await caller.read_until("final"))[-1].final == transcript

    @pytest.mark.parametrize("sentence", [QUESTION, "Hello there.", "Yes.", "Open the window."])
    async def test_speech_is_noticed_soon_after_its_onset(self, caller, speak, sentence):
        sound = np.concatenate([speak(sentence), silence(0.5)])
        await caller.say(silence(1))
        await caller.say(sound[:2400])
        assert kinds(await caller.read_until("speech_started")) == ["speech_started"]

    async def test_two_halves_of_a_turn_have_one_final(self, caller, speak):
        await caller.begin_turn("t1")
        await caller.say(np.concatenate([silence(0.5), speak("What is the capital"), silence(0.4)]))
        await caller.read_until("paused")
        await caller.say(np.concatenate([speak("of the country Australia?"), silence(0.4)]))
        events = await caller.read_until("paused")
        assert kinds(events).count("resumed") == 1
        await caller.end_turn("t1")
        events = await caller.read_until("final")
        text = words(events[-1].final.text)
        assert text.startswith("what is the capital")
        assert text.endswith("australia")

    async def test_sessions_at_the_same_time_do_not_mix(self, ear, speak):
        sentences = [QUESTION, "Why is the sky blue?", "Open the window, please.", "Tell me about the moon."]

        async def hear(stub, sentence: str) -> str:
            caller = await Caller(stub).start()
            await caller.begin_turn("t1")
            await caller.say(np.concatenate([silence(0.5), speak(sentence), silence(0.4)]))
            await caller.end_turn("t1")
            final = (await caller.read_until("final"))[-1].final
            await caller.finish()
            assert await caller.read_rest() == []
            return words(final.text)

        async with serving(AsrServicer(ear, Config())) as stub, asyncio.TaskGroup() as tasks:
            heard = [tasks.create_task(hear(stub, sentence)) for sentence in sentences]
        assert [task.result() for task in heard] == [words(sentence) for sentence in sentences]

    async def test_a_quiet_room_and_noise_give_no_event(self, caller):
        await caller.begin_turn("t1")
        await caller.say(silence(1))
        for noise in noises().values():
            await caller.say(np.concatenate([noise, silence(0.4)]))
        await caller.end_turn("t1")
        events = await caller.read_until("final")
        assert kinds(events) == ["final"]
        assert events[0].final.text == ""

    async def test_a_minute_of_speech_keeps_every_sentence(self, caller, speak):
        sentences = [
            "The old house by the river has a red door.",
            "Every morning a gray cat sits on the step.",
            "My father planted seven apple trees in the garden.",
            "In summer the children swim in the lake.",
            "After dinner we played cards until midnight.",
        ]
        await caller.begin_turn("t1")
        for sentence in sentences * 4:
            await caller.say(np.concatenate([speak(sentence), silence(0.35)]))
        await caller.end_turn("t1")
        text = words((await caller.read_until("final"))[-1].final.text)
        heard = text.split()
        expected = words(" ".join(sentences * 4)).split()
        assert abs(len(heard) - len(expected)) <= 0.05 * len(expected)
        assert text.count("apple trees") == 4
        assert text.count("midnight") == 4


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ('"Sorry, do you like music?"', "Sorry, do you like music?"),
        ("'How do I get a coffee stain?'", "How do I get a coffee stain?"),
        ("\u201cI don't know,\u201d he said.", "I don't know, he said."),
        ("You", ""),
    ],
)
def test_speech_has_no_quotation_marks(written, spoken):
    assert words_of(written) == spoken
