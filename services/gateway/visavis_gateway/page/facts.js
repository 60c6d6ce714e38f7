// `window.visavis`: what the page knows, read-only, for tests and for the curious.

const MESSAGES_MAX = 1_000;

export class Facts {
  constructor() {
    this.clear();
    this.phase = "ready";
    this.call = null;
  }

  clear() {
    this.state = "idle";
    this.session = null;
    this.manifest = null;
    this.transcripts = new Map();
    this.replies = new Map();
    this.turns = [];
    this.errors = [];
    this.messages = [];
    this.bye = null;
    this.times = {}; // performance.now() of clicked, live, picture
    this.quality = null;
  }

  note(name) {
    this.times[name] = performance.now();
  }

  take(message) {
    this.messages.push({ at_ms: performance.now(), ...message });
    if (this.messages.length > MESSAGES_MAX) this.messages.shift();
    const { type, ...fields } = message;
    if (type === "session") this.session = fields;
    if (type === "manifest") this.manifest = fields;
    if (type === "state") this.state = fields.state;
    if (type === "transcript") this.transcripts.set(fields.turn_id, fields);
    if (type === "reply") this.replies.set(fields.turn_id, fields);
    if (type === "turn") this.turns.push(fields);
    if (type === "error") this.errors.push(fields);
    if (type === "bye") this.bye = fields;
  }

  /** RTP counters of what arrives and leaves: `{audio_in, video_in, audio_out}` as getStats names them. */
  async stats() {
    const found = {};
    const report = this.call ? await this.call.peer.getStats() : [];
    report.forEach?.((entry) => {
      if (entry.type === "inbound-rtp") found[`${entry.kind}_in`] = entry;
      if (entry.type === "outbound-rtp") found[`${entry.kind}_out`] = entry;
    });
    return found;
  }

  expose() {
    const read = {};
    for (const name of ["phase", "state", "session", "manifest", "turns", "errors", "messages", "bye", "times", "quality"]) {
      read[name] = { enumerable: true, get: () => structuredClone(this[name]) };
    }
    read.transcripts = { enumerable: true, get: () => structuredClone([...this.transcripts.values()]) };
    read.replies = { enumerable: true, get: () => structuredClone([...this.replies.values()]) };
    read.stats = { enumerable: true, value: () => this.stats() };
    Object.defineProperty(window, "visavis", { value: Object.freeze(Object.defineProperties({}, read)) });
  }
}
