"""Whole talks against the fake peer: what is printed, what is recorded, how failures read."""

import argparse
import http.server
import json
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from visavis_cli import talk
from visavis_cli.talk import client


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    talk.add_arguments(parser)
    return talk.run(parser.parse_args(list(words)))


def tracks_of(path: Path) -> list[np.ndarray]:
    """The audio tracks of a recording, mono at 48 kHz, from time 0 on."""
    tracks = []
    for number in range(2):
        with av.open(str(path)) as container:
            frames = list(container.decode(container.streams.audio[number]))
            pieces = [frame.to_ndarray().reshape(-1) for frame in frames]
            tracks.append(np.concatenate(pieces)[-min(0, frames[0].pts or 0) :])
    return tracks


def first_and_last(track: np.ndarray) -> tuple[float, float]:
    loud = np.flatnonzero(np.abs(track) > 0.05)
    return loud[0] / 48_000, loud[-1] / 48_000


def test_two_questions(fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "answer.mp4"
    with fake_gateway() as (gateway, url):
        assert (
            run(str(question), str(question), "--out", str(out), "--json", "--url", url, "--persona", "mira")
            == 0
        )
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert printed.out.count("\n") == 1
    assert [turn["transcript"] for turn in result["turns"]] == ["what is it"] * 2
    assert result["trace_ids"] == [turn["trace_id"] for turn in result["turns"]]
    assert all(turn["reply"] == turn["heard"] == "It is a tone." for turn in result["turns"])
    assert result["turns"][0]["stages_ms"] == {"end_of_turn": 300.0}
    # The fake needs 300 ms of silence and aiortc's 80 ms to notice the end.
    assert all(300 < turn["voice_to_voice_ms"] < 1500 for turn in result["turns"])
    assert result["video"]["width"] == 128
    assert result["video"]["height"] == 96
    assert result["video"]["codec"] == "VP8"
    assert result["video"]["frames"] > 50
    assert 23 < result["video"]["fps"] < 26
    assert result["audio"]["missing_packets"] == 0
    assert result["audio_seconds"] > 2
    assert abs(result["av_offset_ms"]["median"]) < 30
    assert abs(result["sender_report_offset_ms"]) < 60
    assert gateway.requests == ["POST mira", "DELETE Bearer t"]
    kinds = {message["type"] for message in gateway.messages}
    assert kinds == {"shown", "report", "bye"}
    report = next(message for message in gateway.messages if message["type"] == "report")
    assert 0 <= report["audio_rtp"] < 1 << 32
    assert 0 <= report["video_rtp"] < 1 << 32
    check_recording(out, result)


def check_recording(out: Path, result: dict[str, Any]) -> None:
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio", "audio"]
        assert container.streams.video[0].codec_context.name == "h264"
        assert "AI-generated" in container.metadata["comment"]
        assert "session s1" in container.metadata["comment"]
        assert result["trace_ids"][0] in container.metadata["comment"]
        frames = [frame.pts * frame.time_base for frame in container.decode(container.streams.video[0])]
    assert len(frames) == result["video"]["frames"]
    assert frames[0] == 0
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    check_latencies(out, result)


def check_latencies(out: Path, result: dict[str, Any]) -> None:
    """The two tracks alone tell the same latencies as the report, within a packet and an AAC block."""
    sent, received = tracks_of(out)
    loud_sent, loud_received = np.abs(sent) > 0.05, np.abs(received) > 0.05
    ends = [end for end in np.flatnonzero(loud_sent) if not loud_sent[end + 1 : end + 9600].any()]
    assert len(ends) == 2
    for end, turn in zip(ends, result["turns"], strict=True):
        onset = end + int(np.flatnonzero(loud_received[end:])[0])
        assert (onset - end) / 48 == pytest.approx(turn["voice_to_voice_ms"], abs=45)


def test_late_video_is_a_positive_offset(
    fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any
) -> None:
    with fake_gateway(video_late_s=0.1) as (_, url):
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--json", "--url", url) == 0
    assert json.loads(capsys.readouterr().out)["av_offset_ms"]["median"] == pytest.approx(100, abs=30)


def test_summary_for_people(
    fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any
) -> None:
    with fake_gateway() as (_, url):
        assert run(str(question), "--out", str(tmp_path / "new" / "a.mp4"), "--url", url) == 0
    printed = capsys.readouterr()
    assert "what is it" in printed.out
    assert "voice to voice" in printed.out
    assert "greeting" in printed.err
    assert (tmp_path / "new" / "a.mp4").exists()


def test_nobody_there(question: Path, tmp_path: Path, capsys: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", f"http://127.0.0.1:{port}") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"visavis talk: nothing answers at http://127.0.0.1:{port}\n"
    assert list(tmp_path.glob("a.mp4*")) == []


def test_full(fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any) -> None:
    with fake_gateway(full=True) as (_, url):
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", url) == 1
    assert capsys.readouterr().err == "visavis talk: refused: all 4 sessions are taken (full)\n"


def test_an_answer_that_is_none(
    fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any
) -> None:
    with fake_gateway(garbled=True) as (gateway, url):
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", url) == 1
    assert "the gateway's answer to the offer can't be used" in capsys.readouterr().err
    assert gateway.requests[-1] == "DELETE Bearer t"


def test_a_web_server_that_is_no_gateway(question: Path, tmp_path: Path, capsys: Any) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", url) == 1
    thread.join()
    server.server_close()
    assert (
        capsys.readouterr().err.splitlines()[-1]
        == f"visavis talk: {url}/api/info is no visavis gateway (HTTP 501)"
    )


def test_no_greeting(fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any) -> None:
    with fake_gateway(greets=False) as (gateway, url):
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", url, "--timeout", "1") == 1
    assert "no greeting that ended within 1 s" in capsys.readouterr().err.splitlines()[-2]
    assert (tmp_path / "a.mp4").exists()
    assert gateway.requests[-1] == "DELETE Bearer t"


def test_the_server_vanishes(
    fake_gateway: Callable[..., Any],
    question: Path,
    tmp_path: Path,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "VANISHED_AFTER_S", 0.5)
    with fake_gateway(vanishes=True) as (_, url):
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--json", "--url", url) == 1
    printed = capsys.readouterr()
    assert "the server vanished" in printed.err
    result = json.loads(printed.out)
    assert "vanished" in result["error"]
    assert result["turns"] == []
    assert len(tracks_of(tmp_path / "a.mp4")[1]) > 48_000


def test_the_server_says_goodbye(
    fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any
) -> None:
    with fake_gateway(last_words="shutting down") as (_, url):
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", url) == 1
    assert "visavis talk: the server ended the session: shutting down\n" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_the_recording(
    fake_gateway: Callable[..., Any], question: Path, tmp_path: Path, capsys: Any, number: int
) -> None:
    with fake_gateway(greets=False) as (gateway, url):
        timer = threading.Timer(2.0, lambda: signal.pthread_kill(threading.main_thread().ident, number))
        timer.start()
        assert run(str(question), "--out", str(tmp_path / "a.mp4"), "--url", url) == 130
        timer.join()
    assert gateway.requests[-1] == "DELETE Bearer t"
    assert (tmp_path / "a.mp4").exists()
    assert "stopped" in capsys.readouterr().err


@pytest.mark.parametrize("timeout", ["0", "-1", "nan", "x"])
def test_a_timeout_that_is_none(timeout: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        run("q.wav", "--out", "a.mp4", "--timeout", timeout)
    assert "--timeout" in capsys.readouterr().err
