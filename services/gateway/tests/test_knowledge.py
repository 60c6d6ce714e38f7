"""What a persona's documents say to a turn: passages, real embeddings, a real store, a turn that cites."""

import logging
from pathlib import Path

import pytest
from rpckit.testing import until
from visavis_gateway.backends.fake import FakeTransport
from visavis_gateway.backends.library import VectorLibrary
from visavis_gateway.backends.minilm import MiniLm
from visavis_gateway.config import Config
from visavis_gateway.knowledge import PASSAGE_WORDS, KnowledgeError, Passage, documents_in, passages_of
from visavis_gateway.librarian import kept_read
from visavis_gateway.personas import Personas
from visavis_gateway.personas.schema import PersonaError, read_persona
from visavis_gateway.sessions import Sessions

MODELS_DIR = Path(__file__).parents[3] / "models"
MENU = """# The Blue Door

A small restaurant by the harbour of Lisbon.

## Opening hours

We are open from Tuesday to Sunday, from noon to eleven in the evening. On Mondays we are closed.

## Dishes

The grilled sardines cost twelve euros. The octopus salad costs fifteen euros and contains celery.
"""
DOGS = "Dogs are welcome on the terrace. Inside we can only take guide dogs.\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    documents = tmp_path / "documents"
    (documents / "rules").mkdir(parents=True)
    (documents / "menu.md").write_text(MENU)
    (documents / "rules" / "dogs.txt").write_text(DOGS)
    return documents


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def library(store) -> VectorLibrary:
    return VectorLibrary(MODELS_DIR, store)


def test_a_document_is_cut_at_headings_and_sentences():
    found = list(passages_of("menu.md", MENU))
    assert [p.source for p in found] == [
        "menu.md, The Blue Door", "menu.md, Opening hours", "menu.md, Dishes",
    ]  # fmt: skip
    assert found[1].text.endswith("On Mondays we are closed.")


def test_no_passage_is_longer_than_what_a_model_reads_in_time():
    text = "One sentence of six words here. " * 40 + "x " * 300
    found = list(passages_of("long.txt", text))
    assert all(1 <= len(p.text.split()) <= PASSAGE_WORDS for p in found)
    assert " ".join(p.text for p in found).split() == text.split()


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "cosine"),
    [("That is a happy dog", 0.695), ("That is a very happy person", 0.943), ("Today is a sunny day", 0.257)],
)
def test_embeddings_are_those_that_the_publisher_shows(text, cosine):
    model = MiniLm(MODELS_DIR / "all-minilm-l6-v2")
    assert model.embed("That is a happy person") @ model.embed(text) == pytest.approx(cosine, abs=0.001)


@pytest.mark.models
@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("When are you open?", "menu.md, Opening hours"),
        ("how much are the sardines", "menu.md, Dishes"),
        ("Is there anything with celery in it?", "menu.md, Dishes"),
        ("Can I bring my puppy?", "rules/dogs.txt"),
    ],
)
def test_a_question_finds_its_passage(library, folder, question, source):
    library.refresh(folder)
    assert library.search(folder, question)[0].source == source


@pytest.mark.models
def test_small_talk_finds_nothing_and_folders_are_apart(library, folder, tmp_path):
    library.refresh(folder)
    for words in ("Hi there!", "tell me a joke", "my name is Tom", ""):
        assert library.search(folder, words) == ()
    assert library.search(tmp_path, "When are you open?") == ()


@pytest.mark.models
def test_changed_documents_are_read_again_and_others_are_not(library, store, folder, caplog):
    library.refresh(folder)
    (folder / "menu.md").write_text(MENU.replace("twelve", "nineteen"))
    (folder / "rules" / "dogs.txt").unlink()
    again = VectorLibrary(MODELS_DIR, store)
    with caplog.at_level(logging.INFO):
        again.refresh(folder)
        again.refresh(folder)
    assert len([r for r in caplog.records if "passages" in r.message]) == 1
    assert "nineteen euros" in again.search(folder, "how much are the sardines")[0].text
    assert all("dogs" not in p.source for p in again.search(folder, "Can I bring my puppy?"))


@pytest.mark.models
def test_where_nothing_can_be_written_the_store_is_in_memory(folder, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    library = VectorLibrary(MODELS_DIR, tmp_path / "file" / "store")
    library.refresh(folder)
    assert library.search(folder, "When are you open?")
    assert "read anew at every start" in caplog.text


@pytest.mark.models
def test_a_full_disk_is_said_and_what_was_read_before_still_counts(folder, tmp_path):
    library = VectorLibrary(MODELS_DIR, tmp_path / "store")
    library.refresh(folder)
    (pages,) = next(library._base.execute("PRAGMA page_count"))
    library._base.execute(f"PRAGMA max_page_count = {pages}")
    (folder / "more.md").write_text("The chairs are blue and made of wood. " * 200)
    with pytest.raises(KnowledgeError, match="the disk is full: make room, or set GATEWAY_KNOWLEDGE_DIR"):
        library.refresh(folder)
    assert library.search(folder, "When are you open?")
    library._base.execute("PRAGMA max_page_count = 1000000")
    library.refresh(folder)
    assert library.search(folder, "What colour are the chairs?")[0].source == "more.md"


@pytest.mark.models
def test_a_document_that_vanishes_while_it_is_read_is_no_crash(folder, tmp_path, monkeypatch):
    library = VectorLibrary(MODELS_DIR, tmp_path / "store")
    monkeypatch.setattr(Path, "read_bytes", lambda path: (folder / "nowhere").open("rb"))
    with pytest.raises(KnowledgeError, match="can't be read: No such file"):
        library.refresh(folder)


def test_a_missing_model_says_what_to_do(folder, tmp_path):
    with pytest.raises(KnowledgeError, match="visavis models pull --with knowledge"):
        VectorLibrary(tmp_path, tmp_path).refresh(folder)


def test_a_folder_that_can_t_be_used_is_a_mistake_in_the_persona(tmp_path):
    file = tmp_path / "tom.yaml"
    for named, mistake in (("nowhere", "there is no folder"), (".", "holds no .md or .txt file")):
        file.write_text(f"{{prompt: You are Tom., greeting: Hi., knowledge: {named}}}")
        with pytest.raises(PersonaError, match=f"tom.yaml: knowledge: .*{mistake}"):
            read_persona(file)
    (tmp_path / "a.md").write_text("Words.")
    assert documents_in(Path(read_persona(file).knowledge)) == [tmp_path / "a.md"]


class Scripted:
    """A library that answers when it is let; everything it is asked is kept."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.refreshed: list[Path] = []

    def refresh(self, folder, should_stop) -> None:
        self.refreshed.append(folder)

    def search(self, folder, text) -> tuple[Passage, ...]:
        self.asked.append(text)
        return (Passage("menu.md, Opening hours", f"({text}) We open at noon."),)


async def test_the_library_follows_personas_and_documents(folder, tmp_path):
    (tmp_path / "tom.yaml").write_text("{prompt: Tom, greeting: '', knowledge: documents}")
    library = Scripted()
    async with kept_read(library, Personas(tmp_path), every_s=0.01):
        await until(lambda: len(library.refreshed) == 1, "read at the start")
        (folder / "more.md").write_text("More.")
        await until(lambda: len(library.refreshed) == 2, "read again when a document came")
    assert library.refreshed == [folder, folder]


async def test_what_was_in_the_way_is_said_once_and_tried_again(folder, tmp_path, caplog):
    class Full(Scripted):
        def refresh(self, folder, should_stop) -> None:
            super().refresh(folder, should_stop)
            if len(self.refreshed) < 4:
                raise KnowledgeError("the disk is full")

    (tmp_path / "tom.yaml").write_text("{prompt: Tom, greeting: '', knowledge: documents}")
    library = Full()
    async with kept_read(library, Personas(tmp_path), every_s=0.01):
        await until(lambda: len(library.refreshed) == 4, "it worked in the end", 30)
    assert caplog.text.count("the disk is full") == 1


async def test_a_turn_is_answered_by_the_documents_and_cites_them(backstage, folder, tmp_path):
    (tmp_path / "tom.yaml").write_text("{prompt: Tom, greeting: '', knowledge: documents}")
    library = Scripted()
    services = backstage.services.__class__(**{**vars(backstage.services), "library": library})
    config = Config(vanish_timeout_s=30, connect_timeout_s=30, shortest_wait_ms=100)
    made = Sessions(config, services, Personas(tmp_path), lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        session = await made.create("tom", "offer")
        transport = session._transport
        session.on_connected()
        session.on_message('{"type": "shown"}')
        backstage.asr.say("When do you open")
        await until(
            lambda: [m for m in transport.messages if m["type"] == "turn" and m["reply"]],
            "the turn ended",
            30,
        )
        session.close("left")
    turn = next(m for m in transport.messages if m["type"] == "turn" and m["reply"])
    assert turn["sources"] == ["menu.md, Opening hours"]
    partials = [r.partial for r in backstage.brain.requests if r.WhichOneof("event") == "partial"]
    generates = [r.generate for r in backstage.brain.requests if r.WhichOneof("event") == "generate"]
    assert partials[-1].knowledge[0].text == "(When do you open) We open at noon."
    assert generates[-1].knowledge == partials[-1].knowledge
    assert library.asked == ["When do you open"], "what was looked up for the partial did for the reply"


async def test_typed_words_are_looked_up_before_they_are_answered(backstage, folder, tmp_path):
    (tmp_path / "tom.yaml").write_text("{prompt: Tom, greeting: '', knowledge: documents}")
    library = Scripted()
    services = backstage.services.__class__(**{**vars(backstage.services), "library": library})
    config = Config(vanish_timeout_s=30, connect_timeout_s=30)
    made = Sessions(config, services, Personas(tmp_path), lambda viewer, now_us: FakeTransport(viewer))
    async with made.running():
        session = await made.create("tom", "offer")
        transport = session._transport
        session.on_connected()
        session.on_message('{"type": "shown"}')
        session.on_message('{"type": "text", "text": "When do you open?"}')
        await until(
            lambda: [m for m in transport.messages if m["type"] == "turn" and m["reply"]],
            "the turn ended",
            30,
        )
        session.close("left")
    kinds = [r.WhichOneof("event") for r in backstage.brain.requests]
    generate = next(r.generate for r in backstage.brain.requests if r.WhichOneof("event") == "generate")
    assert [p.source for p in generate.knowledge] == ["menu.md, Opening hours"]
    assert kinds.index("generate") < kinds.index("confirm")
