// The captions of both sides. They grow; words that have not sounded yet are fainter.
import { element } from "./element.js";
import { waterfall } from "./waterfall.js";

const AT_THE_END_PX = 48;
const ANSWERS = ["speech", "text"]; // origins of turns that the user began

export class Captions {
  constructor(list) {
    this.list = list;
    this.entries = new Map(); // "user:<turn_id>" or "avatar:<turn_id>" -> its elements
    this.typed = []; // what was typed and has no turn yet
    this.unanswered = null; // {key, text} of the last turn that ended without a reply
    this.name = "Avatar";
  }

  clear() {
    this.list.replaceChildren();
    this.entries.clear();
    this.typed = [];
    this.unanswered = null;
  }

  /** What the user typed, at once; the gateway's transcript of that turn takes its place. */
  addTyped(text) {
    const entry = this.#add("user", "You");
    entry.said.textContent = text;
    entry.text = text;
    this.typed.push(entry);
    this.#follow();
  }

  setTranscript({ turn_id, text, final }) {
    if (!text) return this.#drop(`user:${turn_id}`);
    const entry = this.#user(turn_id, text);
    entry.said.textContent = text;
    this.#settle(entry, final);
    this.#join(`user:${turn_id}`, text);
  }

  setReply({ turn_id, text, heard_end, done, interrupted }) {
    const whole = done && !interrupted; // its last sound has left: what is on its way will be heard
    const heard = whole ? text.length : Math.min(Math.max(0, heard_end ?? 0), text.length);
    if (interrupted && heard === 0) return this.#drop(`avatar:${turn_id}`);
    if (!text) return;
    const entry = this.#avatar(turn_id);
    entry.said.textContent = text.slice(0, heard);
    entry.ahead.textContent = interrupted ? "" : text.slice(heard);
    if (done && interrupted) this.#markInterrupted(entry);
    this.#settle(entry, done);
  }

  /**
   * Another call goes on under the same captions: its turns are new ones. A question without an answer may come
   * again. Returns what was typed and did not arrive.
   */
  startOver() {
    this.settle();
    const lost = this.typed.filter(({ arrived }) => !arrived).map(({ text }) => text);
    const asked = [...this.entries.values()].filter(isUnanswered).at(-1);
    if (asked) this.typed.unshift(Object.assign(asked, { text: asked.said.textContent, arrived: true }));
    this.entries.clear();
    this.unanswered = null;
    return lost;
  }

  /**
   * The line under a reply: how long the answer took, stage by stage, and the trace to look it up by.
   * `viewer`: {networkMs, outputMs}, the way to the ear.
   */
  setTurn(turn, viewer = {}) {
    const { turn_id, trace_id, origin, transcript, stages_ms } = turn;
    const entry = this.entries.get(`avatar:${turn_id}`);
    if (!entry) return this.#endUnanswered(`user:${turn_id}`, transcript);
    const table = waterfall(turn, viewer);
    const parts = [];
    if (table && ANSWERS.includes(origin)) parts.push(`answered in ${Math.round(stages_ms.first_sent)} ms`);
    if (trace_id) parts.push(`trace ${trace_id.slice(0, 8)}`);
    if (parts.length) entry.item.append(timings(parts.join(" · "), table, trace_id));
    this.#follow();
  }

  /** The call is over: nothing grows any more, and what has not sounded never will. */
  settle() {
    for (const [key, entry] of this.entries) {
      if (!entry.item.classList.contains("growing")) continue;
      if (!entry.said.textContent) {
        this.#drop(key);
        continue;
      }
      entry.ahead.textContent = "";
      if (entry.item.classList.contains("avatar")) this.#markInterrupted(entry);
      this.#settle(entry, true);
    }
  }

  #endUnanswered(key, text) {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.#settle(entry, true);
    this.unanswered = text ? { key, text } : null;
  }

  /** A turn that goes on where an unanswered one stopped holds its words too: one caption is enough. */
  #join(key, text) {
    if (!this.unanswered || this.unanswered.key === key) return;
    if (text.startsWith(this.unanswered.text)) this.#drop(this.unanswered.key);
    this.unanswered = null;
  }

  #user(turnId, text) {
    const key = `user:${turnId}`;
    const known = this.entries.get(key);
    if (known) return known;
    const typed = this.typed.findIndex((entry) => entry.text.startsWith(text.trim()));
    const entry = typed < 0 ? this.#add("user", "You", this.entries.get(`avatar:${turnId}`)) : this.typed[typed];
    if (typed >= 0) this.typed.splice(typed, 1);
    this.entries.set(key, entry);
    return entry;
  }

  #avatar(turnId) {
    const key = `avatar:${turnId}`;
    if (!this.entries.has(key)) this.entries.set(key, this.#add("avatar", this.name));
    return this.entries.get(key);
  }

  #add(side, name, before = undefined) {
    const item = element("li", side);
    const who = element("span", "who", name);
    who.title = name;
    const words = element("p", "words");
    const said = element("span", "said");
    const ahead = element("span", "ahead");
    words.append(said, ahead);
    item.append(who, words);
    this.list.insertBefore(item, before?.item ?? null);
    return { item, said, ahead, words };
  }

  #drop(key) {
    this.entries.get(key)?.item.remove();
    this.entries.delete(key);
  }

  #markInterrupted(entry) {
    if (entry.cut) return;
    entry.cut = element("span", "cut", " — interrupted");
    entry.words.append(entry.cut);
  }

  #settle(entry, done) {
    entry.item.ariaBusy = done ? "false" : "true"; // a screen reader waits for the whole sentence
    entry.item.classList.toggle("growing", !done);
    this.#follow();
  }

  /** Keeps the newest in sight, unless the reader has scrolled back. */
  #follow() {
    const { scrollHeight, scrollTop, clientHeight } = this.list;
    const grown = scrollHeight - (this.height ?? scrollHeight);
    if (scrollHeight - scrollTop - clientHeight - grown < AT_THE_END_PX) this.list.scrollTop = scrollHeight;
    this.height = scrollHeight;
  }
}

function isUnanswered({ item }) {
  return item.classList.contains("user") && !item.nextElementSibling?.classList.contains("avatar");
}

function timings(line, table, traceId) {
  if (!table) return element("p", "timings", line);
  const details = element("details", "timings");
  details.append(element("summary", "", line), table);
  if (traceId) details.append(element("p", "trace", `trace ${traceId}`));
  return details;
}
