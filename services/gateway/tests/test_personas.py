"""Persona files: what they may say, how a mistake is told, and that a change counts at once."""

import random
from contextlib import suppress

import pytest
from rpckit.errors import NotFound
from rpckit.testing import until
from visavis_gateway.engine import Persona, Refusal
from visavis_gateway.peers.brain import persona_of
from visavis_gateway.personas import SHIPPED, Personas
from visavis_gateway.personas.schema import PersonaError, read_persona

WHOLE = """
title: Tom the guide
prompt: You are Tom.
greeting: Ahoy!
voice: af_heart
avatar: mira
language: en-GB
disclosure: I am a machine.
behaviour:
  openers: [Well., Let's see.]
  still_there: {after_s: 20, say: 'Hello?'}
  goodbye: {after_s: 0}
  stopped: Aye.
  apology: So sorry.
limits: {reply_tokens: 80, session_s: 600}
guardrails:
  refuse:
    - {topic: politics, words: [election, vot*], reply: No politics please.}
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def write(folder, text: str, name: str = "tom"):
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_becomes_a_persona(folder):
    assert read_persona(write(folder, WHOLE)) == Persona(
        name="tom", title="Tom the guide", prompt="You are Tom.", greeting="Ahoy!", voice="af_heart",
        avatar="mira", language_code="en-GB", disclosure="I am a machine.", still_there_s=20,
        still_there="Hello?", goodbye_s=0, openers=("Well.", "Let's see."), stopped="Aye.",
        apology="So sorry.", max_token_count=80,
        max_session_s=600, refusals=(Refusal("politics", ("election", "vot*"), "No politics please."),),
    )  # fmt: skip


def test_only_prompt_and_greeting_are_needed(folder):
    persona = read_persona(write(folder, "prompt: You are a tour guide.\ngreeting: ''", "tour-guide"))
    assert persona == Persona("tour-guide", "Tour Guide", "You are a tour guide.", "")


def test_the_brain_is_told_its_limits_and_refusals(folder):
    told = persona_of(read_persona(write(folder, WHOLE)))
    assert (told.name, told.language_code, told.max_token_count) == ("Tom the guide", "en-GB", 80)
    assert [(r.topic, list(r.words), r.reply) for r in told.refusals] == [
        ("politics", ["election", "vot*"], "No politics please.")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WHOLE + "nose: long", "nose: there is no such field"),
        (WHOLE + "limits: {reply_tokens: 0}", "limits: is there twice"),
        (WHOLE.replace("80", "0"), "limits.reply_tokens: Input should be greater than or equal to 1"),
        (WHOLE.replace("80", "'80'"), "limits.reply_tokens: Input should be a valid integer"),
        (WHOLE.replace("after_s: 20", "after: 20"), "behaviour.still_there.after: there is no such field"),
        (WHOLE.replace("en-GB", "no"), "language: Input should be a valid string"),
        (WHOLE.replace("en-GB", "klingon!"), "language: String should match"),
        (WHOLE.replace("reply: No politics please.", "reply: ''"), "guardrails.refuse.0.reply:"),
        (WHOLE.replace("vot*", "'*'"), "guardrails.refuse.0.words.1:"),
        (WHOLE.replace("voice: af_heart", "voice: ../x"), "voice:"),
        ("greeting: Hi", "prompt: Field required"),
        ("- a\n- b", "the file: Input should be"),
        ("", "the file: Input should be"),
        ("prompt: [", "line 1: "),
        ("prompt: &a x\ngreeting: *a", r"aliases \(\*name\) are not allowed"),
        ("prompt: !!python/object/apply:os.system [ls]\ngreeting: x", "could not determine a constructor"),
        ("[" * 5000, "is nested too deeply|line 1"),
        ("prompt: " + "x" * 70_000, "must not be larger than 65536 bytes"),
    ],
)
def test_a_mistake_is_told_by_file_and_field(folder, text, message):
    with pytest.raises(PersonaError, match=r"^tom\.yaml: .*" + message):
        read_persona(write(folder, text))


def test_no_garbage_does_more_than_be_refused(folder):
    dice = random.Random(0)
    for _ in range(1000):
        text = list(WHOLE)
        for _ in range(dice.randint(1, 8)):
            text[dice.randrange(len(text))] = dice.choice("{}[]:&*!|>-#\n\t '\"%@`x0\x00é")
        with suppress(PersonaError):
            read_persona(write(folder, "".join(text)))


def test_the_shipped_ones_are_good():
    personas = Personas()
    assert {"mira", "ada", "nora", "clapper"} == set(personas)
    assert personas.find("").name == "mira"
    for persona in personas.values():
        assert persona.title
        assert persona.disclosure
    assert [path.suffix for path in SHIPPED.glob("*.y*ml")] == [".yaml"] * 4


def test_a_file_of_ones_own_takes_the_place_of_a_shipped_one(folder):
    write(folder, WHOLE)
    write(folder, "prompt: Other.\ngreeting: Hey.", "mira")
    personas = Personas(folder, "tom")
    assert personas["mira"].greeting == "Hey."
    assert personas.find("").name == "tom"
    with pytest.raises(NotFound, match="no persona 'nobody'; there are ada, clapper, mira, nora, tom"):
        personas.find("nobody")


def test_at_the_start_a_mistake_ends_the_gateway(folder):
    write(folder, "prompt: x")
    with pytest.raises(SystemExit, match=r"persona tom\.yaml: greeting: Field required"):
        Personas(folder)
    with pytest.raises(SystemExit, match="GATEWAY_DEFAULT_PERSONA: no persona 'zoe'"):
        Personas(None, "zoe")
    with pytest.raises(SystemExit, match="GATEWAY_PERSONAS_DIR: there is no directory"):
        Personas(folder / "none")


def test_a_change_counts_and_a_broken_file_keeps_the_last_good_persona(folder):
    path = write(folder, WHOLE)
    personas = Personas(folder, "tom")
    assert personas.refresh() == []
    write(folder, WHOLE.replace("Ahoy!", "Good day!"))
    assert personas.refresh() == []
    assert personas["tom"].greeting == "Good day!"
    write(folder, "prompt: [")
    assert [mistake.split(":")[0] for mistake in personas.refresh()] == ["tom.yaml"]
    assert personas.refresh() == [], "told once"
    assert personas["tom"].greeting == "Good day!"
    write(folder, WHOLE, "new")
    write(folder, "", "never_good")
    assert len(personas.refresh()) == 1
    assert "new" in personas
    assert "never_good" not in personas
    (folder / "new.yaml").unlink()
    path.unlink()
    assert personas.refresh() == []
    assert "new" not in personas
    assert personas.find("").name == "tom", "the default one never goes"


async def test_the_folder_is_watched(folder, caplog):
    write(folder, WHOLE)
    personas = Personas(folder)
    async with personas.kept_fresh(every_s=0.02):
        write(folder, WHOLE.replace("Ahoy!", "Hello there!"))
        await until(lambda: personas["tom"].greeting == "Hello there!", "the change counts")
        write(folder, WHOLE.replace("title", "tittle"))
        await until(lambda: "tittle: there is no such field" in caplog.text, "the mistake is in the log")
    assert personas["tom"].title == "Tom the guide"
    assert "persona tom.yaml: tittle: there is no such field; it stays as it was" in caplog.text
