// The page's elements: phase, state, notices and controls. Knows nothing of the call.
import { STATES } from "./words.js";

const find = (id) => document.getElementById(id);

export class View {
  constructor() {
    this.face = find("face");
    this.captions = find("captions");
    for (const name of ["start", "mute", "interrupt", "end", "hear", "say", "text", "persona"]) this[name] = find(name);
    this.stage = document.querySelector(".stage");
    this.notice = find("notice");
    this.notice.querySelector(".dismiss").addEventListener("click", () => this.hideNotice());
    this.notice.querySelector(".act").addEventListener("click", () => this.act?.());
    this.setState("idle");
  }

  /** ready -> asking -> connecting -> live -> ended -> asking ... */
  setPhase(phase) {
    document.body.dataset.phase = phase;
    const live = phase === "live";
    for (const control of this.say.elements) control.disabled = !live;
    this.start.disabled = phase !== "ready" && phase !== "ended";
    this.start.textContent = phase === "ended" ? "Start again" : "Start";
    if (!live) this.interrupt.disabled = true;
    if (phase === "asking") this.mute.focus({ preventScroll: true });
    if (phase === "ended") this.start.focus({ preventScroll: true });
    this.#showState();
  }

  setState(state) {
    this.stage.dataset.state = state;
    this.interrupt.disabled = state !== "speaking" && state !== "thinking";
    this.#showState();
  }

  #showState() {
    const waiting = { asking: "Microphone?", connecting: "Connecting" }[document.body.dataset.phase];
    const { state } = this.stage.dataset;
    find("state").textContent = waiting ?? STATES[state] ?? state;
  }

  setMuted(muted) {
    this.mute.setAttribute("aria-pressed", String(muted));
    this.mute.lastElementChild.textContent = muted ? "Unmute" : "Mute";
  }

  setLevel(level) {
    this.mute.style.setProperty("--level", level.toFixed(2));
  }

  setDisclosure(text) {
    if (text) find("disclosure").textContent = text;
  }

  /** The mark in the picture, in the persona's language. */
  setLabel(text) {
    if (text) find("label").textContent = text;
  }

  setWelcome(title, lead) {
    find("title").textContent = title;
    if (lead) find("lead").textContent = lead;
  }

  setPersonas(personas) {
    const options = personas.map(({ name, title }) => new Option(title || name, name));
    this.persona.replaceChildren(...options);
    this.persona.parentElement.hidden = personas.length < 2;
  }

  showPicture(on) {
    this.stage.classList.toggle("picture", on);
  }

  /** `action`: {label, run}. A later notice replaces the one before. */
  showNotice(text, action = null, kind = "problem") {
    this.notice.dataset.kind = kind;
    this.notice.firstElementChild.textContent = text;
    const button = this.notice.querySelector(".act");
    button.hidden = !action;
    button.textContent = action?.label ?? "";
    this.act = action?.run;
    this.notice.hidden = false;
  }

  hideNotice(text = null) {
    if (text === null || this.notice.firstElementChild.textContent === text) this.notice.hidden = true;
  }
}
