"""Persona files and recordings that are damaged in every way: a readable reason, no crash, no hang."""

import random
import struct
import wave

import numpy as np
import pytest
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.speech import read_speech
from visavis_gateway.personas import SHIPPED
from visavis_gateway.personas.schema import PersonaError, read_persona

YAML_COUNT, WAV_COUNT = 250, 250
SEEDS = [path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.yaml"))]
PIECES = [
    "&a [*a, *a]", "!!python/object/apply:os.system ['true']", "{", "[" * 200, "'", ": : :", "- - -", "\t",
    "\0", "---", "!!binary x", "prompt: 5", "prompt: " + "x" * 20_000, "voice: {}", "tools: 5", "tools: [{}]",
    "? ", "behaviour: []", "<<: *a", "\ufeff", "\x85", "1e999", ".nan", "2001-99-99", "knowledge: ../..",
]  # fmt: skip


def spoilt_text(text: str, chance: random.Random) -> str:
    """Lines lost, doubled and moved; pieces put in where they do not belong."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines) + 1)
        match chance.randrange(5):
            case 0:
                del lines[at : at + 1]
            case 1:
                lines.insert(at, chance.choice(PIECES))
            case 2 if lines:
                lines[at - 1] += chance.choice(PIECES)
            case 3 if lines:
                lines.insert(at, " " * chance.randrange(5) + chance.choice(lines).strip())
            case _ if lines:
                cut = chance.randrange(len(lines[at - 1]) + 1)
                lines[at - 1] = lines[at - 1][:cut]
    return "\n".join(lines)


def test_no_persona_file_breaks_the_reader(tmp_path):
    chance, path = random.Random(8), tmp_path / "spoilt.yaml"
    reasons = []
    for number in range(YAML_COUNT):
        text = spoilt_text(chance.choice(SEEDS), chance)
        data = text.encode() if number % 10 else bytearray(chance.randbytes(200))
        path.write_bytes(data)
        try:
            read_persona(path, {})
        except PersonaError as error:
            reasons.append(str(error))
    assert len(reasons) > YAML_COUNT / 4
    assert all("spoilt.yaml" in reason and len(reason) < 2000 for reason in reasons)


def test_aliases_that_multiply_are_refused_at_once(tmp_path):
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    (tmp_path / "bomb.yaml").write_text(bomb + "prompt: *a11\n")
    with pytest.raises(PersonaError, match=r"bomb\.yaml"):
        read_persona(tmp_path / "bomb.yaml", {})


@pytest.fixture
def recording(tmp_path) -> bytes:
    """A quarter of a second of a voice-like sound."""
    path = tmp_path / "good.wav"
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        tone = 9000 * np.sin(np.arange(4000) / 8)
        out.writeframes(tone.astype("<i2").tobytes())
    return path.read_bytes()


def spoilt_wav(data: bytes, chance: random.Random) -> bytes:
    """The header's numbers replaced, bits flipped, the end cut off."""
    spoiled = bytearray(data)
    match chance.randrange(4):
        case 0:
            at = chance.randrange(0, 40, 2)
            spoiled[at : at + 2] = struct.pack("<H", chance.choice([0, 1, 2, 255, 32_768, 65_535]))
        case 1:
            at = chance.choice([4, 16, 24, 28, 40])
            spoiled[at : at + 4] = struct.pack("<I", chance.choice([0, 1, 7, 2**31, 2**32 - 1, 5]))
        case 2:
            for _ in range(chance.randint(1, 30)):
                spoiled[chance.randrange(44)] = chance.randrange(256)
        case _:
            spoiled = spoiled[: chance.randrange(len(spoiled))]
    return bytes(spoiled)


def test_no_recording_breaks_the_reader(tmp_path, recording):
    chance, path = random.Random(9), tmp_path / "spoilt.wav"
    reasons = []
    for number in range(WAV_COUNT):
        path.write_bytes(spoilt_wav(recording, chance) if number % 10 else chance.randbytes(300))
        try:
            speech = read_speech(path)
            assert len(speech.samples) > 0
        except TalkError as error:
            reasons.append(str(error))
    assert len(reasons) > WAV_COUNT / 4
    assert all("spoilt.wav" in reason for reason in reasons)
