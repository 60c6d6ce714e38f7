"""The mark that says "AI" to people and to programs."""

import json

import pytest
from rpckit.errors import InvalidInput
from rpckit.testing import until
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.config import Config
from visavis_gateway.disclosure import LABELS, SENTENCES, disclosure_of, label_of
from visavis_gateway.personas import Personas
from visavis_gateway.sessions import Sessions

FRENCH = """
title: Camille
prompt: Tu es Camille.
greeting: Bonjour.
voice: ff_siwis
avatar: theo
language: fr-FR
"""


@pytest.fixture
async def sessions(backstage, tmp_path):
    (tmp_path / "camille.yaml").write_text(FRENCH)
    config = Config(vanish_timeout_s=30, connect_timeout_s=30)
    made = Sessions(config, backstage.services, Personas(tmp_path), lambda viewer, _: FakeTransport(viewer))
    async with made.running():
        yield made


def told(session, kind):
    return [m for m in session._transport.messages if m["type"] == kind]


async def test_the_manifest_says_what_is_seen_and_heard(sessions):
    session = await sessions.create("camille", "offer")
    session.on_connected()
    (claim,) = told(session, "manifest")
    assert claim == {"type": "manifest", **session.manifest()}
    assert claim["ai_generated"] is True
    assert claim["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert claim["generator"].startswith("visavis ")
    assert (claim["label"], claim["disclosure"]) == ("IA", "Vous parlez à une IA.")
    assert claim["persona"] == {"name": "camille", "title": "Camille"}
    assert claim["avatar"] == {
        "name": "theo", "title": "Somebody", "renderer": "paper", "licence": "CC0-1.0", "author": "A. Author",
    }  # fmt: skip
    assert (claim["voice"], claim["language"]) == ("ff_siwis", "fr-FR")
    assert json.loads(json.dumps(claim)) == claim


async def test_another_face_is_another_claim(sessions, backstage):
    session = await sessions.create("", "offer")
    session.on_connected()
    assert told(session, "manifest")[0]["avatar"]["name"] == "house"
    session.become("camille")
    await until(lambda: told(session, "manifest")[-1]["avatar"]["name"] == "theo", "the new face is claimed")
    assert told(session, "manifest")[-1]["label"] == "IA"
    assert [start.label for start in backstage.render.of_kind("start")] == ["AI", "IA"]
    assert [m["label"] for m in told(session, "session")] == ["AI", "IA"]


async def test_a_face_that_is_broken_leaves_the_one_before(sessions, backstage):
    backstage.render.unknown.add("theo")
    session = await sessions.create("", "offer")
    session.on_connected()
    session.become("camille")
    await until(lambda: told(session, "error"), "the viewer knows")
    assert told(session, "error") == [
        {
            "type": "error",
            "code": "no_face",
            "message": "render: output: the avatar theo can't be drawn by a viewer",
        }
    ]
    seen = len(session._transport.video)
    await until(lambda: len(session._transport.video) > seen + 3, "pictures go on")
    starts = [(start.avatar, start.label) for start in backstage.render.of_kind("start")]
    assert starts == [("", "AI"), ("theo", "IA"), ("", "IA")], "with the label of the new language"
    assert session.manifest()["avatar"]["name"] == "house"


async def test_a_face_that_is_broken_from_the_start_is_refused(sessions, backstage):
    backstage.render.unknown.add("theo")
    with pytest.raises(InvalidInput, match="the avatar theo"):
        await sessions.create("camille", "offer")


def test_every_language_has_a_short_mark_and_a_sentence():
    for code in ("en-US", "en-GB", "ja", "zh", "es", "fr-FR", "hi", "it", "pt-BR", "de-AT", "xx"):
        assert 0 < len(label_of(code)) <= 16
        assert disclosure_of(code)
    assert label_of("de-AT") == "KI"
    assert label_of("ja") == label_of("xx") == "AI"
    assert disclosure_of("pt-PT") != disclosure_of("pt-BR")
    assert disclosure_of("xx") == disclosure_of("en-US") == "You are talking to an AI."
    assert all(code == code.lower() for code in {*LABELS, *SENTENCES})


def test_the_sentence_of_a_persona_file_wins(tmp_path):
    (tmp_path / "camille.yaml").write_text(FRENCH + "disclosure: Je suis une machine.\n")
    assert Personas(tmp_path)["camille"].disclosure == "Je suis une machine."


async def test_the_model_that_answers_is_told_once_it_is_known(sessions):
    session = await sessions.create("", "offer")
    session.on_connected()
    assert told(session, "manifest")[-1]["model"] == {"name": "", "why": ""}
    for _ in range(2):
        session.on_model("large", "the largest that is quick enough")
    assert [claim["model"]["name"] for claim in told(session, "manifest")] == ["", "large"]
    assert session.manifest()["model"]["why"] == "the largest that is quick enough"
