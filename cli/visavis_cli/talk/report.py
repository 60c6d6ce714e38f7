"""What a talk came to: the numbers of `--json`, and the same for people."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

import numpy as np

from visavis_cli.talk.arrivals import AUDIO_RATE_HZ, VIDEO_RATE_HZ, AudioPacket, VideoFrame
from visavis_cli.talk.measure import av_offsets_ms, median_and_p95, speech_spans
from visavis_cli.talk.record import Message, Question, Record
from visavis_cli.talk.recording import Recorded
from visavis_cli.talk.timeline import on_one_track, placed_received

LATE_S = 0.1
Json = dict[str, Any]


def report_of(record: Record, recorded: Recorded) -> Json:
    """The one object that `--json` prints."""
    onsets = received_onsets(record.received)
    turns = [turn for question in record.questions for turn in turns_of(question, record, onsets)]
    return {
        "session_id": record.session.get("session_id"),
        "turns": turns,
        "video": video_of(record, recorded),
        "audio_seconds": round(sum(len(packet.samples) for packet in record.received) / AUDIO_RATE_HZ, 2),
        "audio": audio_of(record.received),
        "av_offset_ms": median_and_p95(av_offsets_of(record)),
        "sender_report_offset_ms": sender_report_offset_ms(record),
        "trace_ids": [turn["trace_id"] for turn in turns if turn["trace_id"]],
    }


def received_onsets(packets: Sequence[AudioPacket]) -> list[AudioPacket]:
    """For each stretch of received speech, the packet that holds its first sample."""
    pieces = placed_received(packets)
    if not pieces:
        return []
    start_s = min(at for at, _ in pieces)
    starts = [round((at - start_s) * AUDIO_RATE_HZ) for at, _ in pieces]
    spans = speech_spans(on_one_track(pieces, start_s), AUDIO_RATE_HZ)
    return [packets[int(np.searchsorted(starts, span.start, side="right")) - 1] for span in spans]


def turns_of(question: Question, record: Record, onsets: Sequence[AudioPacket]) -> list[Json]:
    """The turns that a question led to; the last answers its end, so the voice-to-voice time is its."""
    answered = [turn_of(turn, question) for turn in question.turns]
    if answered:
        answered[-1]["voice_to_voice_ms"] = voice_to_voice_ms(question, record, onsets)
    return answered


def turn_of(turn: Message, question: Question) -> Json:
    """A `turn` message as the report has it."""
    return {
        "file": str(question.speech.path),
        "transcript": turn.get("transcript"),
        "reply": turn.get("reply"),
        "heard": turn.get("heard"),
        "voice_to_voice_ms": None,
        "stages_ms": turn.get("stages_ms") or {},
        "interrupted": bool(turn.get("interrupted")),
        "trace_id": turn.get("trace_id"),
    }


def voice_to_voice_ms(question: Question, record: Record, onsets: Sequence[AudioPacket]) -> float | None:
    """Last speech sample sent -> arrival of the packet with the first speech sample of the answer."""
    asked_s = question.last_speech_sent_s(record.sent)
    if asked_s is None:
        return None
    later = [other for other in record.questions if other.saying.first_frame > question.saying.first_frame]
    until = [
        record.sent[each.saying.first_frame].sent_s
        for each in later
        if each.saying.first_frame < len(record.sent)
    ]
    sounds = after_opener(question, record) or onsets
    answer = [
        each.arrival_s for each in sounds if asked_s < each.arrival_s < min(until, default=float("inf"))
    ]
    return round(1000 * (min(answer) - asked_s), 1) if answer else None


def after_opener(question: Question, record: Record) -> list[AudioPacket]:
    """Packets with sound from the answer itself on, where an opener ("Let me think.") came before it.

    The opener runs into the answer, so the sound has no onset of its own there: the gateway says when it was.
    """
    turn = question.turns[-1] if question.turns else {}
    answer_us = turn.get("answer_pts_us")
    if not turn.get("opener") or not isinstance(answer_us, int) or record.clock is None:
        return []
    clock = record.clock
    return [p for p in record.received if not p.silent and clock.audio_pts_s(p.rtp) >= answer_us / 1e6]


def video_of(record: Record, recorded: Recorded) -> Json:
    """What was seen; `skipped` are frames that the asked rate would have had more."""
    frames = sorted(record.video, key=lambda frame: frame.rtp)
    seconds = (frames[-1].rtp - frames[0].rtp) / VIDEO_RATE_HZ if frames else 0.0
    return {
        "frames": recorded.pictures,
        "fps": round((len(frames) - 1) / seconds, 2) if seconds > 0 else None,
        "width": recorded.width,
        "height": recorded.height,
        "codec": "VP8",
        "skipped": skipped(frames, record),
        "lost_packets": record.video_packets_lost,
    }


def skipped(frames: Sequence[VideoFrame], record: Record) -> int | None:
    """How many frame times between neighbours had no frame, less those that an idle face leaves out."""
    rate_hz = record.session.get("frame_rate_hz")
    if not isinstance(rate_hz, int | float) or rate_hz <= 0:
        return None
    idle_hz = record.session.get("idle_frame_rate_hz")
    idle_step = max(1, round(rate_hz / idle_hz)) if isinstance(idle_hz, int | float) and idle_hz > 0 else 1
    count = 0
    for before, after in pairwise(frames):
        step = idle_step if state_at(before, record) == "idle" else 1
        count += max(0, round((after.rtp - before.rtp) * rate_hz / VIDEO_RATE_HZ) - step)
    return count


def state_at(frame: VideoFrame, record: Record) -> str:
    """What the avatar did when the frame was to be seen."""
    clock = record.clock
    if clock is None or not record.states:
        return "idle"
    number = bisect_right(record.states, clock.video_pts_s(frame.rtp), key=itemgetter(0))
    return record.states[number - 1][1] if number else "idle"


def audio_of(packets: Sequence[AudioPacket]) -> Json:
    """Underruns: packets that never came, holes in RTP time, packets 100 ms later than the median."""
    transit = np.array([packet.arrival_s - packet.rtp / AUDIO_RATE_HZ for packet in packets])
    return {
        "missing_packets": packets[-1].sequence - packets[0].sequence + 1 - len(packets) if packets else 0,
        "gaps": sum(after.rtp > before.rtp + len(before.samples) for before, after in pairwise(packets)),
        "late_packets": int(np.sum(transit > np.median(transit) + LATE_S)) if len(transit) else 0,
    }


def av_offsets_of(record: Record) -> Sequence[float]:
    """The A/V offset of each frame in milliseconds, positive = audio early; none without a clock message."""
    clock = record.clock
    if clock is None:
        return []
    offsets = av_offsets_ms(
        [clock.video_pts_s(frame.rtp) for frame in record.video],
        [frame.arrival_s for frame in record.video],
        [clock.audio_pts_s(packet.rtp) for packet in record.received],
        [packet.arrival_s for packet in record.received],
    )
    return [float(each) for each in offsets]


def sender_report_offset_ms(record: Record) -> float | None:
    """How far the sender reports' common clock is from the `clock` message: what a browser would add."""
    clock, audio, video = record.clock, record.audio.reports, record.video_reports
    if clock is None or not audio or not video:
        return None
    audio_skew = float(np.median([report.ntp_s - clock.audio_pts_s(report.rtp) for report in audio]))
    video_skew = float(np.median([report.ntp_s - clock.video_pts_s(report.rtp) for report in video]))
    return round(1000 * (video_skew - audio_skew), 1)


def summary(result: Json) -> str:
    """The same for people."""
    lines = []
    for number, turn in enumerate(result["turns"], 1):
        latency = turn["voice_to_voice_ms"]
        lines += [
            f"{number}. you:    {turn['transcript']}",
            f"   avatar: {turn['reply']}" + (" (interrupted)" if turn["interrupted"] else ""),
            f"   voice to voice: {f'{latency:.0f} ms' if latency is not None else 'not measured'}; "
            + ", ".join(f"{name} {value} ms" for name, value in turn["stages_ms"].items()),
        ]
    video, audio, offset = result["video"], result["audio"], result["av_offset_ms"]
    lines.append(
        f"video {video['frames']} frames, {video['fps']} fps, "
        f"{video['width']}x{video['height']} {video['codec']}; "
        f"audio {result['audio_seconds']} s, {audio['missing_packets']} packets missing; "
        f"A/V offset {offset['median']} ms, p95 {offset['p95']} ms"
    )
    return "\n".join(lines)
