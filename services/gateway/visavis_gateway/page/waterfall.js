// Where the time of an answer went, stage by stage, on one scale.
import { element } from "./element.js";

/**
 * The stages of a turn as [{name, text, fromMs, toMs}], by their begin; 0 is the user's last sound. `viewer`: what
 * the way to the ear takes, {networkMs, outputMs}, measured here.
 */
export function spansOf(stages, viewer = {}) {
  const at = (name) => (Number.isFinite(stages[name]) ? stages[name] : null);
  const sent = at("first_sent");
  const spans = [];
  const add = (kind, text, fromMs, toMs) => {
    if (fromMs !== null && toMs !== null && toMs >= fromMs) spans.push({ kind, text, fromMs, toMs });
  };
  add("asr", "waits: are you done?", 0, at("end_of_turn"));
  add("asr", "your last words", at("end_of_turn"), at("transcript"));
  add("brain", "thinks: first words", at("generate"), at("first_token"));
  add("tts", "makes the first sound", at("first_token") ?? at("generate"), at("first_audio"));
  add("opener", "says something short", at("first_audio"), at("opener_sent"));
  const due = latest(at("first_audio"), at("end_of_turn"), at("transcript"));
  add("wait", "sends it", due, sent);
  if (sent !== null && viewer.networkMs > 0) add("network", "to your ear", sent, sent + viewer.networkMs + (viewer.outputMs ?? 0));
  return spans;
}

function latest(...times) {
  const known = times.filter((time) => time !== null);
  return known.length ? Math.max(...known) : null;
}

const ZERO = { speech: "your last sound", text: "your message" };

/** The turn's spans as a table with bars; null when nothing of it was sent. */
export function waterfall({ origin, stages_ms: stages }, viewer) {
  const spans = spansOf(stages ?? {}, viewer);
  if (!spans.length || !Number.isFinite(stages.first_sent)) return null;
  const from = Math.min(0, ...spans.map(({ fromMs }) => fromMs));
  const whole = Math.max(1, ...spans.map(({ toMs }) => toMs)) - from;
  const percent = (ms) => `${(100 * ms) / whole}%`;
  const table = element("table", "waterfall");
  table.append(element("caption", "", `Where the time went; the line marks ${ZERO[origin] ?? "its start"}.`));
  for (const { kind, text, fromMs, toMs } of spans) {
    const bar = element("span", `bar ${kind}`);
    bar.style.setProperty("--from", percent(fromMs - from));
    bar.style.setProperty("--length", percent(toMs - fromMs));
    const track = element("span", "track");
    track.style.setProperty("--zero", percent(-from));
    track.append(bar);
    const label = element("th", "", text);
    label.scope = "row";
    const drawn = element("td");
    drawn.append(track);
    const row = element("tr");
    row.append(label, drawn, element("td", "", `${Math.round(toMs - fromMs)} ms`));
    table.append(row);
  }
  return table;
}
