// <visavis-avatar>: a face to talk to, in somebody else's page. docs/embed.md tells all of it.
import { Gateway } from "../api.js";
import { element } from "../element.js";
import { Hearing } from "../hearing.js";
import { nameOf } from "../people.js";
import { Prefetch } from "../prefetch.js";
import { startReports } from "../reports.js";
import { farewell, microphoneText } from "../words.js";
import { sheet } from "./look.js";

/**
 * Attributes: `gateway` (its address; the script's own by default), `persona`, `captions` (shows what is said).
 * Events: `visavis-start`, `visavis-state` ({state}), `visavis-message` (what viewer.md, section 3, tells),
 * `visavis-end` ({code, message}). All bubble.
 */
export class VisavisAvatar extends HTMLElement {
  static observedAttributes = ["persona", "gateway"];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    this.call = null;
    this.noted = this.trouble = "";
    this.hearing = new Hearing((reason) => this.#complain(microphoneText(reason, false)), () => this.#complain(""));
    this.#build();
  }

  connectedCallback() {
    this.#introduce();
  }

  disconnectedCallback() {
    this.end();
    this.prefetch?.drop();
  }

  attributeChangedCallback() {
    if (this.isConnected && !this.call) this.#introduce();
  }

  get state() {
    return this.call ? this.now : "ended";
  }

  /** Starts a call. Browsers let it sound only if this comes from a click or a key. */
  async start() {
    if (this.call) return;
    try {
      this.video.srcObject = new MediaStream();
      this.context = new AudioContext();
      this.video.play().catch(() => this.#note("Click to hear."));
      await this.introduced;
      const { call, opened } = this.prefetch.take(this.persona);
      this.call = call;
      this.#follow(call);
      this.#show();
      await opened;
    } catch ({ code = "refused", message = "", retryAfterS = 0 }) {
      this.#finish({ code, message, retryAfterS });
    }
  }

  end() {
    this.call?.leave();
  }

  /** A typed turn, 1 to 2000 characters. */
  say(text) {
    this.call?.send({ type: "text", text });
  }

  /** The avatar stops talking. */
  interrupt() {
    this.call?.send({ type: "interrupt" });
  }

  get muted() {
    return this.hearing.muted;
  }

  set muted(muted) {
    this.hearing.setMuted(Boolean(muted));
    this.muteButton.textContent = muted ? "Unmute" : "Mute";
  }

  get persona() {
    return this.getAttribute("persona") ?? this.info?.personas?.[0]?.name ?? "";
  }

  #build() {
    this.box = element("div", "portrait");
    this.picture = element("img");
    this.picture.alt = "";
    this.video = element("video");
    this.video.playsInline = true;
    this.startButton = this.#button("Talk", "", () => this.start());
    this.muteButton = this.#button("Mute", "quiet", () => { this.muted = !this.muted; });
    this.endButton = this.#button("End", "quiet", () => this.end());
    const act = element("div", "act");
    act.append(this.startButton, this.muteButton, this.endButton);
    this.box.append(this.picture, this.video, act);
    this.words = element("p", "words");
    this.said = element("span");
    this.ahead = element("span", "ahead");
    this.words.append(this.said, this.ahead);
    this.note = element("p", "note");
    this.note.setAttribute("role", "status");
    this.shadowRoot.append(this.box, this.words, this.note);
    for (const sign of ["pointerenter", "pointerdown", "focus"]) {
      this.startButton.addEventListener(sign, () => { if (!this.call && this.info) this.prefetch.reserve(this.persona); });
    }
    this.#show();
  }

  #button(text, className, act) {
    const made = element("button", className, text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  #introduce() {
    const address = this.getAttribute("gateway");
    this.gateway = address ? new Gateway(new URL(address.replace(/\/?$/, "/"), document.baseURI).href) : new Gateway();
    this.prefetch?.drop();
    this.prefetch = new Prefetch(this.gateway);
    this.introduced = this.#learn();
    this.introduced.catch(() => this.#note(farewell("unreachable", "", 0)[1]));
  }

  async #learn() {
    this.info = await this.gateway.info();
    this.prefetch.iceServers = this.info.ice_servers ?? [];
    const title = this.info.personas?.find(({ name }) => name === this.persona)?.title ?? this.persona;
    const name = nameOf(title)[0];
    this.startButton.textContent = `Talk with ${name}`;
    this.video.setAttribute("aria-label", `The face of ${name}`);
    this.picture.src = this.gateway.pictureOf(this.persona);
    this.#note(this.info.disclosure);
  }

  #follow(call) {
    const on = (type, handle) => call.addEventListener(type, ({ detail }) => { if (this.call === call) handle(detail); });
    on("track", (track) => this.video.srcObject.addTrack(track));
    on("message", (message) => this.#onMessage(message));
    on("end", (detail) => this.#finish(detail));
    for (const track of call.tracks) this.video.srcObject.addTrack(track);
    const settled = this.hearing.open(call, this.context);
    on("live", () => this.#onLive(call, settled));
    call.begin();
  }

  #onLive(call, settled) {
    let seen = () => {};
    const shown = new Promise((resolve) => { seen = resolve; });
    const onFirstFrame = () => {
      this.box.classList.add("seen");
      setTimeout(seen, 350);
    };
    this.stopReports = startReports({ call, video: this.video, context: this.context, onFirstFrame });
    Promise.all([shown, settled]).then(() => call.send({ type: "shown" }));
    this.#tell("visavis-start", {});
  }

  #onMessage(message) {
    if (message.type === "state") {
      this.now = message.state;
      this.#tell("visavis-state", { state: message.state });
    }
    if (message.type === "session") this.#note(message.disclosure);
    if (message.type === "reply") {
      this.said.textContent = message.text.slice(0, message.heard_end);
      this.ahead.textContent = message.interrupted ? "" : message.text.slice(message.heard_end);
    }
    this.#tell("visavis-message", message);
  }

  #finish({ code, message = "", retryAfterS = 0 }) {
    this.stopReports?.();
    this.hearing.drop();
    this.trouble = "";
    this.context?.close();
    this.context = this.call = null;
    this.video.srcObject = null;
    this.box.classList.remove("seen");
    this.startButton.textContent = "Start again";
    this.#note(farewell(code, message, retryAfterS)[1]);
    this.#show();
    this.#tell("visavis-end", { code, message });
  }

  #show() {
    const talking = this.call !== null;
    this.box.classList.toggle("talking", talking);
    this.startButton.hidden = talking;
    this.muteButton.hidden = this.endButton.hidden = !talking;
    this.words.hidden = !talking || !this.hasAttribute("captions");
  }

  #note(text) {
    this.noted = text;
    this.note.textContent = [text, this.trouble].filter(Boolean).join(" ");
  }

  /** Stands beside what is noted otherwise: that one talks to an AI is said always. */
  #complain(trouble) {
    this.trouble = trouble;
    this.#note(this.noted);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("visavis-avatar", VisavisAvatar);
