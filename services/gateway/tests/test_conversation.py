"""Who has the floor: every event in virtual time, every outcome on recording hands."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from visavis_gateway import captions
from visavis_gateway.conversation import Conversation
from visavis_gateway.endpointing import EndpointingValues
from visavis_gateway.engine import Move, Reply, Turn
from visavis_gateway.policy import Manners, Policy

POLICY = Policy()
MS = 1000


class RecordingHands:
    """Writes down each call; keeps what is open so that leaks show."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.open_turns: dict[str, Turn] = {}
        self.closed: list[tuple[Turn, Reply | None, bool]] = []
        self.generated: list[Reply] = []
        self.sounding: Reply | None = None
        self.ducked = False
        self.unheard = 0
        self.saturated = False
        self.states: list[str] = []
        self.messages: list[dict[str, Any]] = []

    def turn_opened(self, turn: Turn) -> None:
        assert turn.turn_id not in self.open_turns
        self.open_turns[turn.turn_id] = turn

    def turn_closed(self, turn: Turn, reply: Reply | None, *, interrupted: bool) -> None:
        del self.open_turns[turn.turn_id]
        self.closed.append((turn, reply, interrupted))
        if reply is not None and reply is self.sounding:
            self.sounding = None

    def release(self, reply: Reply) -> None:
        assert self.sounding is None, "two replies sound at once"
        self.sounding = reply

    def cut(self, reply: Reply) -> None:
        assert self.sounding is reply
        self.sounding = None
        self.ducked = False

    def unheard_us(self) -> int:
        return self.unheard

    def is_saturated(self) -> bool:
        return self.saturated

    def said_without(self, reply: Reply, unheard_us: int) -> int:
        return 5 if unheard_us else len(reply.text)

    def duck(self, on: bool) -> None:
        self.ducked = on

    def generate(self, reply: Reply, history: list[Move]) -> None:
        self.generated.append(reply)
        self.calls.append(("generate", reply.prompt_text))

    def recite(self, reply: Reply) -> None:
        self.generated.append(reply)

    def show_state(self, state: str) -> None:
        self.states.append(state)

    def tell(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: self.calls.append((name, args))

    def called(self, name: str) -> int:
        return sum(1 for call, _ in self.calls if call == name)


@pytest.fixture
def hands() -> RecordingHands:
    return RecordingHands()


@pytest.fixture
def talk(hands: RecordingHands) -> Conversation:
    return Conversation(hands, POLICY, "Hello.")


def speak(talk: Conversation, text: str, start_ms: int, end_ms: int, p: float = 0.9) -> None:
    """The user says `text` and pauses; the pause is reported 250 ms after the last sample."""
    talk.speech_started((start_ms + 60) * MS, start_ms * MS)
    talk.partial((start_ms + 400) * MS, text)
    talk.paused((end_ms + 250) * MS, text, p, end_ms * MS)


def answer(talk: Conversation, text: str, now_ms: int) -> Reply:
    """The brain writes `text` and the voice makes its first sound."""
    reply = talk.reply
    assert reply is not None
    talk.text(now_ms * MS, reply, text)
    talk.first_audio(now_ms * MS, reply)
    return reply


def test_words_that_the_mind_finds_unfinished_are_waited_for(talk, hands):
    speak(talk, "She told us all.", 0, 1000, p=0.75)
    assert talk.reply is not None
    talk.judged(1300 * MS, talk.turn, "She told us all.", 0.00001)
    talk.tick(1900 * MS)
    assert hands.called("end_listening") == 0
    talk.tick(3600 * MS)
    assert hands.called("end_listening") == 1


def test_words_that_the_mind_finds_whole_end_the_turn_whatever_their_sound(talk, hands):
    speak(talk, "I have a thousand thoughts", 0, 1000, p=0.02)
    assert hands.called("generate") == 0
    talk.judged(1300 * MS, talk.turn, "I have a thousand thoughts", 0.4)
    assert hands.called("generate") == 1
    talk.tick(1500 * MS)
    assert hands.called("end_listening") == 1


def test_the_mind_is_asked_before_a_reply_is_begun_on_words_at_rest(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.partial(900 * MS, "what time is it", at_rest=True)
    assert (hands.called("warm"), hands.called("generate")) == (1, 0)
    talk.judged(950 * MS, talk.turn, "what time is it", 0.4)
    assert (hands.called("warm"), hands.called("generate")) == (1, 1)


def test_a_mind_that_judges_is_asked_before_a_short_pause_is_the_end(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.partial(400 * MS, "The film")
    talk.judged(450 * MS, talk.turn, "The film", 0.0001)
    talk.paused(1200 * MS, "The film that I saw.", 0.97, 1000 * MS)
    talk.tick(1300 * MS)
    assert hands.called("end_listening") == 0, "a short pause would be the end, but there is no verdict yet"
    talk.judged(1350 * MS, talk.turn, "The film that I saw.", 0.0001)
    talk.tick(1800 * MS)
    assert hands.called("end_listening") == 0


def test_the_mind_is_asked_for_its_verdict_when_no_more_may_be_guessed(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.partial(300 * MS, "The")
    talk.judged(350 * MS, talk.turn, "The", 0.0001)
    for number in range(POLICY.max_speculations):
        talk.paused((600 + 100 * number) * MS, "The film" + " really" * number + ".", 0.97, 500 * MS)
        talk.resumed((650 + 100 * number) * MS)
    asked = hands.called("generate"), hands.called("warm")
    talk.paused(1200 * MS, "The film that I saw.", 0.97, 1000 * MS)
    assert (hands.called("generate"), hands.called("warm")) == (asked[0], asked[1] + 1)
    talk.tick(1700 * MS)
    assert hands.called("end_listening") == 0


def test_a_user_who_goes_on_over_the_reply_is_waited_for_the_next_time(talk, hands):
    speak(talk, "We need three things.", 0, 1000, p=0.97)
    talk.tick(1300 * MS)
    talk.final(1310 * MS, "We need three things.")
    answer(talk, "Which three things?", 1320)
    talk.first_sent(1330 * MS)
    speak(talk, "Milk, bread and butter.", 1900, 3500, p=0.8)
    talk.tick(3900 * MS)
    assert hands.called("end_listening") == 1
    talk.tick(4700 * MS)
    assert hands.called("end_listening") == 2


def test_a_verdict_on_older_words_says_nothing(talk, hands):
    talk.speech_started(60 * MS, 0)
    turn = talk.turn
    talk.partial(900 * MS, "what time is it", at_rest=True)
    talk.partial(1200 * MS, "what time is it in")
    talk.judged(1250 * MS, turn, "what time is it", 0.9)
    assert hands.called("generate") == 0
    talk.paused(1700 * MS, "what time is it in", 0.1, 1500 * MS)
    talk.tick(2200 * MS)
    assert hands.called("end_listening") == 0


def test_a_question_is_answered_and_remembered(talk, hands):
    speak(talk, "What is your name?", 0, 1000)
    assert [t for c, t in hands.calls if c == "generate"] == ["What is your name?"]
    reply = answer(talk, "I am Mira.", 1400)
    assert hands.sounding is None, "the turn is not over yet"
    talk.tick(1500 * MS)
    assert hands.called("end_listening") == 1
    talk.final(1510 * MS, "What is your name?")
    assert hands.sounding is reply
    talk.first_sent(1520 * MS)
    talk.heard(10)
    talk.all_sent(3000 * MS)
    assert talk.history == [Move(True, "What is your name?"), Move(False, "I am Mira.")]
    assert hands.states == ["listening", "speaking", "idle"], "who has the answer ready does not think"
    assert not hands.open_turns
    assert len(hands.generated) == 1, "the speculated reply was the one that was heard"


def test_speech_that_goes_on_kills_the_speculated_reply(talk, hands):
    speak(talk, "I live in Lisbon", 0, 800)
    answer(talk, "How lovely.", 1150)
    talk.resumed(1200 * MS)
    assert talk.reply is None
    assert hands.called("discard") == 1
    talk.paused(2400 * MS, "I live in Lisbon with my dog.", 0.9, 2150 * MS)
    talk.tick(2700 * MS)
    talk.final(2710 * MS, "I live in Lisbon with my dog.")
    reply = answer(talk, "What is it called?", 2900)
    assert hands.sounding is reply
    assert reply.generation == 2


def test_complete_words_at_rest_are_answered_before_the_pause_is_judged(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.partial(600 * MS, "What is the capital")
    assert talk.reply is None
    talk.partial(1170 * MS, "What is the capital of France?", at_rest=True)
    first = talk.reply
    assert first is not None
    talk.paused(1290 * MS, "What is the capital of France?", 0.9, 1000 * MS)
    assert talk.reply is first, "the judgement only confirmed it"
    talk.resumed(1400 * MS)
    assert talk.reply is None


def test_words_that_go_on_drop_the_guess(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.partial(1170 * MS, "I live in Lisbon.", at_rest=True)
    assert talk.reply is not None
    talk.partial(1500 * MS, "I live in Lisbon with")
    assert talk.reply is None
    assert hands.called("discard") == 1


def test_guesses_are_few_and_stop_when_too_much_was_wasted(talk, hands):
    talk.speech_started(60 * MS, 0)
    for number in range(6):
        talk.partial((1000 + number) * MS, "I know this" + " really" * number + ".", at_rest=True)
    assert len(hands.generated) == POLICY.max_speculations - 1, "one is kept for a real pause"
    talk.paused(1_200 * MS, "I know this, really.", 0.9, 1_000 * MS)
    assert len(hands.generated) == POLICY.max_speculations
    talk.typed(3000 * MS, "Never mind.")
    talk.interrupt(3100 * MS)
    talk._budget.wasted = 1000  # or
    hands.saturated = True
    speak(talk, "What is your name?", 4000, 5000)
    assert talk.reply is None
    talk.tick(5400 * MS)
    talk.final(5500 * MS, "What is your name?")
    assert talk.reply is not None, "a turn that is over is always answered"


def test_a_sentence_that_sounds_unfinished_gets_more_time(talk, hands):
    speak(talk, "I would like to", 0, 1000, p=0.1)
    talk.tick(1600 * MS)
    assert hands.called("end_listening") == 0
    assert talk.reply is None, "nothing is speculated on half a sentence"
    talk.tick(1000 * MS + POLICY.guess_anyway_us)
    assert talk.reply is not None, "but the answer is ready when the long wait is over"
    talk.tick(1000 * MS + EndpointingValues().longest_us)
    assert hands.called("end_listening") == 1


def test_a_final_that_differs_is_answered_anew(talk, hands):
    speak(talk, "Call Tom", 0, 1000)
    answer(talk, "Calling Tom.", 1300)
    talk.tick(1500 * MS)
    talk.final(1510 * MS, "Call Tom's mother")
    assert hands.sounding is None
    assert [t for c, t in hands.calls if c == "generate"] == ["Call Tom", "Call Tom's mother"]
    assert hands.sounding is None
    reply = answer(talk, "Calling his mother.", 1700)
    assert hands.sounding is reply


def test_a_noise_is_forgotten(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.paused(500 * MS, "", 0.9, 200 * MS)
    talk.tick(200 * MS + POLICY.empty_wait_us)
    assert talk.turn is None
    assert talk.history == []
    assert hands.called("drop_listening") == 1
    assert hands.states[-1] == "idle"


def test_an_ear_that_comes_back_in_mid_turn_ends_it_with_what_was_heard(talk, hands):
    talk.speech_started(60 * MS, 0)
    talk.partial(400 * MS, "What is the capital")
    talk.ear_back(2000 * MS)
    talk.tick(2000 * MS + EndpointingValues().longest_us)
    assert hands.called("end_listening") == 1
    talk.final(4600 * MS, "What is the capital")
    assert talk.reply is not None


def start_reply(talk: Conversation, hands: RecordingHands) -> Reply:
    talk.greet(0)
    reply = talk.reply
    assert reply is not None
    reply.text = "Hello there, this is a rather long greeting."
    talk.first_audio(100 * MS, reply)
    talk.first_sent(120 * MS)
    assert hands.sounding is reply
    return reply


def test_a_backchannel_ducks_and_lets_go_on(talk, hands):
    reply = start_reply(talk, hands)
    talk.speech_started(1060 * MS, 1000 * MS)
    assert hands.ducked
    talk.paused(1500 * MS, "Mhm.", 0.9, 1250 * MS)
    assert not hands.ducked
    assert hands.sounding is reply
    assert hands.called("open_brain") == 1, "only the greeting did"
    talk.all_sent(3000 * MS)
    assert [m.is_user for m in talk.history] == [False]


def test_a_laugh_that_the_ear_took_for_words_lets_go_on(talk, hands):
    reply = start_reply(talk, hands)
    talk.speech_started(1060 * MS, 1000 * MS)
    talk.partial(1600 * MS, "That's it, that's it", 0.5)
    talk.tick(2000 * MS)
    assert (hands.sounding, hands.ducked) == (reply, True)
    talk.paused(2250 * MS, "That's it, that's it, the other.", 0.9, 2050 * MS, 0.6)
    assert (hands.sounding, hands.ducked) == (reply, False)
    assert talk.turn is None


@pytest.mark.parametrize("how", ["it goes on", "it becomes clear", "stop"])
def test_unclear_words_take_the_floor_when(talk, hands, how):
    start_reply(talk, hands)
    talk.speech_started(1060 * MS, 1000 * MS)
    talk.partial(1500 * MS, "a rote room", 0.5)
    assert hands.sounding is not None
    if how == "it goes on":
        talk.tick(1000 * MS + POLICY.unclear_us + POLICY.notice_us)
    elif how == "it becomes clear":
        talk.partial(1900 * MS, "Who wrote Romeo", 0.8)
    else:
        talk.partial(1900 * MS, "Mirror stop", 0.5)
    assert hands.sounding is None


@pytest.mark.parametrize("how", ["two words", "length", "stop"])
def test_a_real_interruption_stops_the_reply_and_cuts_memory(talk, hands, how):
    reply = start_reply(talk, hands)
    talk.heard(11)
    talk.speech_started(1060 * MS, 1000 * MS)
    if how == "two words":
        talk.partial(1400 * MS, "actually what")
    elif how == "stop":
        talk.partial(1300 * MS, "Stop.")
    else:
        talk.tick(1000 * MS + POLICY.barge_in_us + POLICY.notice_us)
    assert hands.sounding is None
    assert talk.history == [Move(False, "Hello there", interrupted=True)]
    assert hands.closed[-1] == (reply.turn, reply, True)
    assert hands.states[-1] == "listening"
    talk.paused(2500 * MS, "Actually what time is it?", 0.9, 2250 * MS)
    assert talk.reply is not None
    assert talk.reply.prompt_text == "Actually what time is it?"


def test_a_noise_that_cut_the_reply_lets_it_go_on_from_its_phrase(talk, hands):
    reply = start_reply(talk, hands)
    talk.heard(24)  # "Hello there, this is a ra"
    talk.speech_started(1060 * MS, 1000 * MS)
    talk.tick(1000 * MS + POLICY.barge_in_us + POLICY.notice_us)
    assert hands.sounding is None
    talk.tick(1850 * MS + POLICY.resume_us)
    again = talk.reply
    assert again is not None
    assert again.text == "this is a rather long greeting."
    assert again.turn.origin == "resumed"
    assert talk.turn is None
    talk.first_audio(3600 * MS, again)
    assert hands.sounding is again
    talk.all_sent(5000 * MS)
    assert [move.text for move in talk.history] == [reply.text[:24].strip(), again.text]


def test_words_after_the_cut_keep_the_floor(talk, hands):
    start_reply(talk, hands)
    talk.speech_started(1060 * MS, 1000 * MS)
    talk.tick(1000 * MS + POLICY.barge_in_us + POLICY.notice_us)
    talk.partial(1800 * MS, "what about")
    talk.tick(1600 * MS + POLICY.resume_us)
    assert talk.reply is None
    assert talk.turn is not None


def test_packets_that_were_lost_are_not_remembered_as_heard(talk, hands):
    start_reply(talk, hands)
    talk.heard(20)
    hands.unheard = 400 * MS
    talk.interrupt(1500 * MS)
    assert talk.history == [Move(False, "Hello", interrupted=True)]


def late_turn(talk: Conversation, number: int, start_ms: int) -> None:
    """A turn that is over 310 ms after its last word, and no word of the answer yet."""
    speak(talk, f"What is the number {number}?", start_ms, start_ms + 1000)
    talk.tick((start_ms + 1400) * MS)
    talk.final((start_ms + 1410) * MS, f"What is the number {number}?")


def test_a_late_answer_is_opened_at_most_once_in_three_turns(hands):
    talk = Conversation(hands, POLICY, "", None, Manners(openers=("Let me think.", "Hmm.")))
    opened = []
    for number in range(7):
        start_ms = number * 10_000
        late_turn(talk, number, start_ms)
        talk.tick((start_ms + 2090) * MS)
        assert talk.opening is None, "not late yet"
        talk.tick((start_ms + 2110) * MS)
        if talk.opening is not None:
            opener = talk.opening
            opened.append((number, opener.text))
            talk.first_audio((start_ms + 2150) * MS, opener)
            assert hands.sounding is opener
            talk.first_sent((start_ms + 2160) * MS)
            answer(talk, "Forty two.", start_ms + 2400)
            assert hands.sounding is opener, "the answer waits for the opener's end"
            hands.sounding = None
            talk.all_sent((start_ms + 2900) * MS)
        else:
            answer(talk, "Forty two.", start_ms + 2400)
        assert hands.sounding is talk.reply
        talk.first_sent((start_ms + 2910) * MS)
        talk.all_sent((start_ms + 3500) * MS)
    assert [number for number, _ in opened] == [0, 3, 6]
    assert all(one[1] != other[1] for one, other in pairwise(opened))
    assert talk.history[1] == Move(False, f"{opened[0][1]} Forty two.")
    report = captions.turn_report(*hands.closed[0][:2], "", [], interrupted=False)
    assert report["voice_to_voice_ms"] == 1910.0, "the answer counts, not the opener"


@pytest.mark.parametrize("words", ["Stop.", "Wait a moment, please.", "Okay, stop it."])
def test_who_only_wants_it_to_stop_gets_a_word_and_no_model(talk, hands, words):
    talk.set_manners(Manners(stopped="Okay."))
    talk.typed(0, "Tell me everything.")
    answer(talk, "There is much to tell.", 400)
    talk.first_sent(420 * MS)
    talk.heard(8)
    talk.speech_started(1000 * MS, 900 * MS)
    talk.partial(1300 * MS, words, at_rest=True)
    talk.paused(1500 * MS, words, 0.9, 1300 * MS)
    talk.tick(1900 * MS)
    talk.final(1910 * MS, words)
    assert [text for call, text in hands.calls if call == "generate"] == ["Tell me everything."]
    assert hands.generated[-1].text == "Okay."


def test_an_interruption_during_the_opener_keeps_what_was_said_of_it(hands):
    talk = Conversation(hands, POLICY, "", None, Manners(openers=("Let me think.",)))
    late_turn(talk, 1, 0)
    talk.tick(2110 * MS)
    opener = talk.opening
    talk.first_audio(2150 * MS, opener)
    talk.heard(6)
    talk.interrupt(2400 * MS)
    assert hands.sounding is None
    assert talk.opening is talk.reply is None
    assert talk.history == [Move(True, "What is the number 1?"), Move(False, "Let me", interrupted=True)]
    assert not hands.open_turns


def test_silence_is_broken_once_and_then_ended(hands):
    manners = Manners(60_000 * MS, "Are you still there?", 30_000 * MS, "Goodbye!")
    talk = Conversation(hands, POLICY, "", None, manners)
    talk.tick(0)
    talk.tick(59_000 * MS)
    assert talk.reply is None
    talk.tick(60_000 * MS)
    reply = talk.reply
    assert reply is not None
    assert reply.text == "Are you still there?"
    talk.first_audio(60_100 * MS, reply)
    talk.all_sent(62_000 * MS)
    talk.tick(62_020 * MS)
    talk.tick(91_000 * MS)
    assert talk.reply is None
    talk.tick(92_100 * MS)
    goodbye = talk.reply
    assert goodbye is not None
    assert goodbye.text == "Goodbye!"
    talk.first_audio(92_200 * MS, goodbye)
    talk.all_sent(93_000 * MS)
    assert ("leave", ("timed_out",)) in hands.calls


def test_a_user_who_speaks_is_asked_anew_later(hands):
    talk = Conversation(hands, POLICY, "", None, Manners(1000 * MS, "Still there?", 1000 * MS, "Bye."))
    talk.tick(0)
    talk.tick(1000 * MS)
    talk.first_audio(1100 * MS, talk.reply)
    talk.all_sent(1500 * MS)
    talk.typed(1600 * MS, "Yes!")
    answer(talk, "Good.", 1700)
    talk.all_sent(2500 * MS)
    talk.tick(2600 * MS)
    talk.tick(3600 * MS)
    assert talk.reply.text == "Still there?", "asked again, not left"


def test_speech_right_after_the_release_makes_one_turn(talk, hands):
    speak(talk, "Tell me a story", 0, 1000)
    answer(talk, "Once upon a time", 1400)
    talk.tick(1500 * MS)
    talk.final(1510 * MS, "Tell me a story")
    assert hands.sounding is not None
    talk.speech_started(1700 * MS, 1640 * MS)
    assert hands.sounding is None
    assert talk.history == [], "nobody heard that reply"
    talk.paused(2600 * MS, "about a dragon.", 0.9, 2350 * MS)
    assert talk.turn is not None
    assert talk.turn.transcript == "Tell me a story about a dragon."


def test_typing_replaces_whatever_goes_on(talk, hands):
    start_reply(talk, hands)
    talk.typed(500 * MS, "What is two plus two?")
    assert hands.sounding is None
    reply = answer(talk, "Four.", 700)
    assert hands.sounding is reply
    talk.all_sent(1500 * MS)
    assert talk.history[-2:] == [Move(True, "What is two plus two?"), Move(False, "Four.")]


def test_say_and_interrupt_from_outside(talk, hands):
    talk.say(0, "Please take a seat.")
    reply = talk.reply
    assert reply is not None
    talk.first_audio(100 * MS, reply)
    assert hands.sounding is reply
    talk.interrupt(200 * MS, "t99")
    assert hands.sounding is reply, "a stale id is ignored"
    talk.heard(6)
    talk.interrupt(200 * MS, reply.turn.turn_id, reply.generation)
    assert hands.sounding is None
    assert talk.history == [Move(False, "Please", interrupted=True)]


def test_no_answer_in_time_ends_the_turn_with_a_message(talk, hands):
    speak(talk, "Hello?", 0, 500)
    talk.tick(1000 * MS)
    talk.final(1010 * MS, "Hello?")
    talk.tick(750 * MS + POLICY.first_text_timeout_us + MS)
    assert talk.reply is None
    assert not hands.open_turns
    assert any(m["type"] == "error" for m in hands.messages)
    assert talk.history == [Move(True, "Hello?")], "what the user said is remembered all the same"


def test_a_lost_final_does_not_hang_the_turn(talk, hands):
    speak(talk, "Hello there", 0, 500)
    talk.tick(1000 * MS)
    talk.tick(1000 * MS + POLICY.final_timeout_us + MS)
    assert talk.turn is None
    assert talk.reply is not None
    assert talk.reply.is_confirmed


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["speech", "partial", "paused", "resumed", "judged", "final", "typed", "say", "interrupt",
             "text", "audio", "sent", "heard", "all_sent", "failed", "wait"]
        ),
        st.integers(0, 1500),
        st.sampled_from(["", "mhm", "stop", "tell me more", "what is your name", "yes but why"]),
        st.floats(0, 1),
    ),
    max_size=60,
)  # fmt: skip


def play(talk: Conversation, hands: RecordingHands, kind: str, now: int, text: str, p: float) -> None:
    """One event, if it can happen now: the ear starts no turn inside a turn, only what sounds is heard."""
    reply, sounding = talk.reply, hands.sounding is not None
    can_start = talk.turn is None or talk.turn.final_until_us is not None
    events = {
        "speech": (can_start, lambda: talk.speech_started(now, now - 60 * MS)),
        "partial": (True, lambda: talk.partial(now, text)),
        "paused": (True, lambda: talk.paused(now, text, p, now - 250 * MS)),
        "resumed": (True, lambda: talk.resumed(now)),
        "judged": (talk.turn, lambda: talk.judged(now, talk.turn, talk.turn.transcript, p)),
        "final": (True, lambda: talk.final(now, text)),
        "typed": (text, lambda: talk.typed(now, text)),
        "say": (text, lambda: talk.say(now, text)),
        "interrupt": (True, lambda: talk.interrupt(now)),
        "text": (reply, lambda: talk.text(now, reply, text + " ")),
        "audio": (reply, lambda: talk.first_audio(now, reply)),
        "sent": (sounding, lambda: talk.first_sent(now)),
        "heard": (sounding, lambda: talk.heard(min(len(reply.text), 7))),
        "all_sent": (sounding, lambda: talk.all_sent(now)),
        "failed": (reply, lambda: talk.reply_failed(now, reply, "lost")),
        "wait": (True, lambda: None),
    }
    possible, act = events[kind]
    if possible:
        act()


@settings(max_examples=300, deadline=None)
@given(EVENTS)
@example(
    [("typed", 0, "mhm", 0.0), ("audio", 0, "", 0.0), ("speech", 300, "", 0.0), ("speech", 790, "", 0.0)]
)
def test_no_order_of_events_breaks_the_conversation(steps):
    """Two replies never sound at once (asserted by the hands), and every state has a way out."""
    hands = RecordingHands()
    talk = Conversation(hands, POLICY, "Hello.")
    now = 0
    for kind, wait_ms, text, p in steps:
        now += wait_ms * MS
        play(talk, hands, kind, now, text, p)
        talk.tick(now)
        assert hands.sounding is None or hands.sounding is talk.reply
    for _ in range(40):  # nothing more happens but time, and a voice that ends
        now += 2_000_000
        if hands.sounding is not None:
            talk.all_sent(now)
        talk.tick(now)
    assert talk.turn is None
    assert talk.reply is None
    assert not hands.open_turns
    assert hands.states[-1:] in ([], ["idle"])
