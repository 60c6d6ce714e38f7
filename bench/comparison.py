"""The table of a comparison: one column for each system."""

from typing import Any

from turns import text

OURS = "visavis"
SEQUENTIAL = "sequential"
PEERS = ("tuned", "defaults")
SYSTEMS = (OURS, *PEERS, SEQUENTIAL)
ROWS = {
    "voice_to_voice_ms": "voice to voice",
    "from_recording_ms": "  the same, from the recordings",
    "voice_to_voice_after_pauses_ms": "  after speech with a pause",
    "stop_ms": "stop on an interruption",
}
COUNTS = {
    "cut_off_on_pauses": "cut off at a pause of up to 1 s",
    "cut_off_on_questions": "cut off in a plain question",
    "missed": "missed turns",
    "openers": "answers after an opener",
}


def print_table(result: dict[str, Any]) -> None:
    """One column a system, and how visavis compares."""
    systems = result["systems"]
    names = [f"peer, {name}" if name in PEERS else name for name in systems]
    print("\n" + " " * 34 + "".join(f"{name:>24}" for name in names))
    for key, title in ROWS.items():
        cells = [
            f"{text(each[key]['p50'])} / {text(each[key]['p95'])} ({each[key]['count']})"
            for each in systems.values()
        ]
        print(f"{title:34}" + "".join(f"{cell:>24}" for cell in cells))
    for key, title in COUNTS.items():
        cells = [f"{each[key][0]} of {each[key][1]}" for each in systems.values()]
        print(f"{title:34}" + "".join(f"{cell:>24}" for cell in cells))
    for key, title in (("cpu_share", "CPU in a call, cores"), ("resting_cpu_share", "  the other stack's")):
        print(f"{title:34}" + "".join(f"{each[key]:>24.2f}" for each in systems.values()))
    print("(times: p50 / p95 in ms, how many)")
    for line in ratios(systems):
        print(line)
    if "pipecat" in result["peer"]:
        print(f"Pipecat {result['peer']['pipecat']}")
    print(f"load average {result['load_average']}")
    for name, each in systems.items():
        for failure in each["failures"]:
            print(f"FAILED {name} {failure}")


def ratios(systems: dict[str, Any]) -> list[str]:
    """visavis' latency as a part of every other system's."""
    ours = systems.get(OURS, {}).get("voice_to_voice_ms", {})
    found = []
    for name, each in systems.items():
        theirs = each["voice_to_voice_ms"]
        if name != OURS and ours.get("p50") and theirs["p50"]:
            p50, p95 = ours["p50"] / theirs["p50"], ours["p95"] / theirs["p95"]
            found.append(f"voice to voice, visavis : {name} = {p50:.2f} at p50, {p95:.2f} at p95")
    return found
