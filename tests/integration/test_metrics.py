"""What a stack that held a conversation has measured and logged, and what the dashboard asks for."""

import asyncio
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families
from rpckit.testing import until
from visavis_cli.talk.conversation import converse
from visavis_cli.talk.record import Record

pytestmark = [pytest.mark.e2e, pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy/grafana/dashboards/visavis.json"
PROMETHEUS = ROOT / "deploy/prometheus/prometheus.yml"
SERVICES = ("gateway", "asr", "brain", "tts", "render")
QUESTION = "What is the capital of Australia?"
SOURCES = [*ROOT.glob("rpckit/rpckit/*.py"), *ROOT.glob("services/*/visavis_*/*.py")]
OF_PROMETHEUS = {"up"}
FUNCTIONS = {"sum", "rate", "increase", "histogram_quantile", "vector", "or"}
ONLY_WHEN_IT_HAPPENS = {
    "visavis_sessions_refused_total",
    "visavis_bus_lost_total",
    "visavis_queue_dropped_total",
    "visavis_audio_underruns_total",
    "visavis_video_skipped_total",
    "visavis_render_frames_skipped_total",
    "visavis_uplink_concealed_total",
    "visavis_av_offset_seconds_bucket",  # only pages report it
}


@dataclass
class Measured:
    """Everything on the metrics pages: names with their labels, and values."""

    labels: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    values: dict[str, list[tuple[dict[str, str], float]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, page: str, own: set[str]) -> None:
        """Take in one page; Prometheus adds the labels `own` itself."""
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                self.labels[sample.name] |= set(sample.labels) | own
                self.values[sample.name].append((sample.labels, sample.value))

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric over its series with these labels."""
        return sum(value for found, value in self.values[name] if labels.items() <= found.items())


async def read_pages(first_port: int) -> Measured:
    """What Prometheus would read now."""
    jobs = yaml.safe_load(PROMETHEUS.read_text(encoding="utf-8"))["scrape_configs"]
    own = {"job", "instance", *(label for c in jobs[0]["static_configs"] for label in c["labels"])}
    measured = Measured()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        for k in range(len(SERVICES)):
            measured.add((await client.get(f"http://127.0.0.1:{first_port + k}/metrics")).text, own)
    return measured


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def record(stack, spoken) -> Record:
    """A conversation that was held."""
    record = Record()
    await converse(stack.url, None, [spoken(QUESTION)], 40, record, lambda line: None)
    return record


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def measured(record, metrics_port) -> Measured:
    """The pages after it, once the session is over."""
    async with asyncio.timeout(30):
        while (pages := await read_pages(metrics_port)).total("visavis_sessions") > 0:
            await asyncio.sleep(0.2)
    return pages


async def test_what_an_operator_wants_to_know_is_measured(measured):
    for stage in ("end_of_turn", "first_token", "first_audio", "first_sent"):
        assert measured.total("visavis_stage_duration_seconds_count", visavis_stage=stage) >= 1, stage
    assert measured.total("visavis_turns_total", visavis_turn_origin="speech") >= 1
    assert measured.total("gen_ai_client_token_usage_sum", gen_ai_token_type="output") > 3
    assert measured.total("gen_ai_client_token_usage_sum", gen_ai_token_type="input") > 3
    assert measured.total("visavis_video_frames_total") > 25
    waited = measured.values["visavis_voice_to_voice_seconds_bucket"]
    assert len({labels["le"] for labels, _ in waited}) > 10, "buckets that fit seconds"


async def test_no_queue_counts_what_has_gone_with_its_session(measured):
    waiting = {
        labels["visavis_queue_name"]: value for labels, value in measured.values["visavis_queue_depth"]
    }
    assert "gateway.rtp.video" in waiting
    assert {name: value for name, value in waiting.items() if value != 0} == {}


def queries() -> list[tuple[str, str]]:
    """Each panel's title and query."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [(panel["title"], target["expr"]) for panel in panels for target in panel.get("targets", ())]


async def test_the_dashboard_has_a_query_for_each_panel():
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")


def asked_for(query: str) -> tuple[set[str], set[str]]:
    """The metrics and the labels that a query names."""
    plain = re.sub(r'"[^"]*"|\[[^]]*\]', "", query)
    groups = re.findall(r"by \(([^)]*)\)", plain)
    labels = {label.strip() for group in groups for label in group.split(",")}
    labels |= set(re.findall(r"[{,]\s*(\w+)=", query))
    bare = re.sub(r"by \([^)]*\)|\{[^}]*\}", "", plain)
    return set(re.findall(r"[a-z_][a-z0-9_]+", bare)) - FUNCTIONS, labels


def is_declared(metric: str) -> bool:
    """Whether some service has an instrument of this name, though nothing may have happened to it yet."""
    stem = re.sub(r"(_seconds)?(_total|_bucket)$", "", metric).replace("_", "[._]")
    return any(re.search(f'"{stem}"', path.read_text(encoding="utf-8")) for path in SOURCES)


async def test_the_dashboard_asks_for_metrics_and_labels_that_exist(measured):
    for title, query in queries():
        metrics, labels = asked_for(query)
        assert metrics, f"{title}: {query} asks for nothing"
        for metric in metrics - OF_PROMETHEUS:
            if metric in ONLY_WHEN_IT_HAPPENS:
                assert is_declared(metric), f"{title}: no service declares {metric}"
            else:
                assert metric in measured.labels, f"{title}: no service measures {metric}"
                assert labels <= measured.labels[metric], f"{title}: {metric} lacks a label"


async def test_the_words_of_a_conversation_are_in_no_log_and_no_metric(record, measured, log_lines):
    assert "australia" in record.questions[0].turns[0]["transcript"].lower()
    values = [str(value) for series in measured.values.values() for value in series]
    everything = "\n".join([*log_lines, *values]).lower()
    assert "voice to voice" in everything
    assert [word for word in ("capital", "australia", "canberra") if word in everything] == []


async def test_a_turn_is_a_line_in_the_log_with_its_trace_id(record, log_lines):
    turn = record.questions[0].turns[0]
    wanted = f"[{turn['trace_id']}] turn {turn['turn_id']} by speech: answered, voice to voice "
    await until(lambda: any(wanted in line for line in log_lines), "the turn's line")
