"""Three streams on one clock: what happened together is together in the file."""

import json
import struct
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from visavis_cli.talk.arrivals import AudioPacket, AudioTap, VideoFrame
from visavis_cli.talk.errors import TalkError
from visavis_cli.talk.microphone import SentFrame
from visavis_cli.talk.provenance import DC, IPTC, RDF, XMP_BOX
from visavis_cli.talk.record import Record
from visavis_cli.talk.recording import Recorded, write_recording

BEGIN_S = 5000.0
FLASHES_S = [0.4, 1.2, 2.0]
FRAME_S = 0.04


def flash_at(seconds: float) -> bool:
    return any(abs(seconds - flash) < FRAME_S / 2 for flash in FLASHES_S)


def vp8(count: int) -> list[bytes]:
    """Grey pictures, white at the flashes."""
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = 64, 48, "yuv420p"
    codec.time_base = Fraction(1, 25)
    codec.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    packets = []
    for number in range(count):
        planes = np.full((72, 64), 128, np.uint8)
        planes[:48] = 235 if flash_at(number * FRAME_S) else 60
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = number
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def clicks(offset_s: float) -> np.ndarray:
    """2.6 s with a click of 2 ms at each flash, all of it shifted."""
    track = np.zeros(round(2.6 * 48_000), np.int16)
    for flash in FLASHES_S:
        at = round((flash + offset_s) * 48_000)
        track[at : at + 96] = 20_000
    return track


def record_of(sent_from_s: float, received_from_s: float, rtp_start: int = 77) -> Record:
    """Sent, received and seen from different moments on, in a way that puts clicks and flashes together."""
    record = Record()
    sent, received = clicks(-sent_from_s), clicks(-received_from_s)
    record.sent = [
        SentFrame(BEGIN_S + sent_from_s + n * 0.02, sent[n * 960 : n * 960 + 960])
        for n in range(len(sent) // 960)
    ]
    packets = [
        AudioPacket(
            n, rtp_start + n * 960, BEGIN_S + received_from_s + n * 0.02, received[n * 960 : n * 960 + 960]
        )
        for n in range(len(received) // 960)
    ]
    record.audio = Filled(packets)
    record.video = [
        VideoFrame(n * 3600, BEGIN_S + n * FRAME_S, data, keyframe=n == 0) for n, data in enumerate(vp8(62))
    ]
    return record


class Filled(AudioTap):
    def __init__(self, packets: list[AudioPacket]) -> None:
        super().__init__()
        self._by_sequence = {packet.sequence: packet for packet in packets}


def onsets(track: np.ndarray) -> list[float]:
    loud = np.flatnonzero(np.abs(track) > 0.2)
    return [float(at) / 48_000 for at in loud[np.flatnonzero(np.diff(loud, prepend=-9600) > 4800)]]


def read_back(path: Path) -> tuple[list[float], list[list[float]]]:
    """When the flashes and, for each audio track, the clicks are."""
    flashes, tracks = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(container.streams.video[0]):
            if frame.to_ndarray(format="gray").mean() > 150:
                flashes.append(float(frame.pts * frame.time_base))
    for number in range(2):
        with av.open(str(path)) as container:
            track, rate = np.zeros(0, np.float32), 48_000
            for frame in container.decode(container.streams.audio[number]):
                at = round(float(frame.pts * frame.time_base) * rate)
                pcm = frame.to_ndarray().reshape(-1)
                track = np.concatenate(
                    [track[:at], np.zeros(max(0, at - len(track)), np.float32), pcm[max(0, -at) :]]
                )
            tracks.append(onsets(track))
    return flashes, tracks


@pytest.mark.parametrize(("sent_from_s", "received_from_s"), [(0.0, 0.0), (-0.3, -0.15), (0.11, 0.23)])
def test_one_clock(tmp_path: Path, sent_from_s: float, received_from_s: float) -> None:
    path = tmp_path / "a.mp4"
    record = record_of(sent_from_s, received_from_s)
    assert write_recording(path, record, "session s1") == Recorded(62, 64, 48)
    flashes, tracks = read_back(path)
    assert flashes == pytest.approx(FLASHES_S, abs=0.001)
    assert tracks[0] == pytest.approx(FLASHES_S, abs=0.005)
    assert tracks[1] == pytest.approx(FLASHES_S, abs=0.005)
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_what_the_file_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_recording(path, record_of(0, 0), "session s1")
    with av.open(str(path)) as container:
        assert container.metadata["title"]
        assert container.metadata["comment"].startswith("AI-generated")
        assert container.metadata["comment"].endswith("session s1")
        video, sent, received = container.streams
        assert (video.codec_context.name, video.width, video.height) == ("h264", 64, 48)
        assert sent.codec_context.name == received.codec_context.name == "aac"
        assert "microphone" in sent.metadata["handler_name"]
        assert "avatar" in received.metadata["handler_name"]
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """The outermost boxes of an mp4: (kind, content)."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        found.append((kind, data[at + 8 : at + size]))
        at += size
    assert at == len(data)
    return found


def test_programs_can_read_that_it_is_ai_generated(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    record = record_of(0, 0)
    record.manifest = {
        "type": "manifest", "ai_generated": True, "generator": "visavis 1.2", "label": "KI",
        "disclosure": "Sie sprechen mit einer KI <&>.\x00", "digital_source_type": "something else",
        "avatar": {"name": "nora", "licence": "CC0-1.0", "author": "The authors"},
    }  # fmt: skip
    write_recording(path, record, "session s1")
    with av.open(str(path)) as container:
        said = json.loads(container.metadata["description"])
        assert container.metadata["copyright"] == "CC0-1.0, The authors"
        assert sum(1 for _ in container.decode(video=0)) == 62
    assert said["ai_generated"] is True
    assert "type" not in said
    assert said["avatar"] == record.manifest["avatar"]
    assert said["digital_source_type"].endswith("/compositeWithTrainedAlgorithmicMedia")
    kind, content = boxes(path.read_bytes())[-1]
    assert (kind, content[:16]) == (b"uuid", XMP_BOX)
    about = ET.fromstring(content[16:].decode().replace("\ufeff", "")).find(f".//{{{RDF}}}Description")
    assert about is not None
    assert about.get(f"{{{IPTC}}}DigitalSourceType") == said["digital_source_type"]
    assert about.get(f"{{{IPTC}}}AISystemUsed") == "visavis 1.2"
    text = about.find(f"{{{DC}}}description//{{{RDF}}}li")
    assert text is not None
    assert text.text is not None
    assert text.text.endswith("Sie sprechen mit einer KI <&>.")


def test_a_gateway_that_claims_nothing_is_marked_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_recording(path, record_of(0, 0))
    with av.open(str(path)) as container:
        assert json.loads(container.metadata["description"])["ai_generated"] is True
    assert boxes(path.read_bytes())[-1][0] == b"uuid"


def test_a_late_frame_keeps_its_time(tmp_path: Path) -> None:
    record = record_of(0, 0)
    late = record.video[30]
    record.video[30] = VideoFrame(late.rtp, late.arrival_s + 0.07, late.data, keyframe=False)
    write_recording(tmp_path / "a.mp4", record)
    with av.open(str(tmp_path / "a.mp4")) as container:
        times = [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]
    assert times[30] == pytest.approx(30 * FRAME_S + 0.07, abs=0.001)
    assert times[40] == pytest.approx(40 * FRAME_S, abs=0.001)


def test_parts_that_are_missing(tmp_path: Path) -> None:
    record = record_of(0, 0)
    record.video = []
    assert write_recording(tmp_path / "sound.mp4", record) == Recorded()
    with av.open(str(tmp_path / "sound.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["audio", "audio"]
    record = record_of(0, 0)
    record.sent, record.audio = [], AudioTap()
    assert write_recording(tmp_path / "silent.mp4", record).pictures == 62
    assert write_recording(tmp_path / "none.mp4", Record()) == Recorded()
    assert not (tmp_path / "none.mp4").exists()


def test_frames_that_are_damaged_are_left_out(tmp_path: Path) -> None:
    record = record_of(0, 0)
    bad = record.video[20]
    record.video[20] = VideoFrame(bad.rtp, bad.arrival_s, b"\x01", keyframe=False)
    assert 55 <= write_recording(tmp_path / "a.mp4", record).pictures <= 62


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TalkError, match="can't be written"):
        write_recording(tmp_path / "missing" / "a.mp4", record_of(0, 0))
