// The page's elements: phase, state, notices and controls. Knows nothing of the call.
import { PHASES, QUALITY, STATES } from "./words.js";

const SETTLED_MS = 1_000; // no transition of ours takes longer

const find = (id) => document.getElementById(id);

export class View {
  constructor() {
    this.face = find("face");
    this.captions = find("captions");
    for (const name of ["start", "mute", "interrupt", "end", "hear", "say", "text", "send", "picture", "quality"]) {
      this[name] = find(name);
    }
    this.stage = document.querySelector(".stage");
    this.holder = document.querySelector(".holder"); // of the video, or of whatever draws the face in its place
    this.notice = find("notice");
    this.notice.querySelector(".dismiss").addEventListener("click", () => this.hideNotice());
    this.notice.querySelector(".act").addEventListener("click", () => this.act?.());
    this.picture.addEventListener("load", () => { this.picture.hidden = false; });
    this.picture.addEventListener("error", () => { this.picture.hidden = true; });
    this.setState("idle");
  }

  /** ready -> connecting -> live <-> reconnecting -> ended -> connecting ... */
  setPhase(phase) {
    const before = document.body.dataset.phase;
    document.body.dataset.phase = phase;
    const live = phase === "live";
    for (const control of [this.text, this.send]) control.disabled = !live;
    this.start.disabled = phase !== "ready" && phase !== "ended";
    if (phase === "ended") this.start.textContent = "Start again";
    if (!live) this.interrupt.disabled = true;
    if (phase === "connecting" && before !== phase) this.mute.focus({ preventScroll: true });
    if (phase === "ended") this.start.focus({ preventScroll: true });
    this.#showState();
  }

  setState(state) {
    this.stage.dataset.state = state;
    this.interrupt.disabled = state !== "speaking" && state !== "thinking";
    this.#showState();
  }

  #showState() {
    const { state } = this.stage.dataset;
    find("state").textContent = PHASES[document.body.dataset.phase] ?? STATES[state] ?? state;
  }

  setMuted(muted) {
    this.mute.setAttribute("aria-pressed", String(muted));
    this.mute.title = muted ? "Unmute (Alt+M)" : "Mute (Alt+M)";
  }

  /** Whether there is a microphone at all. */
  setMicrophone(isThere) {
    this.mute.classList.toggle("absent", !isThere);
  }

  /** How loud the user and the avatar are, 0 to 1. */
  setLevels(user, avatar) {
    for (const one of [this.stage, this.mute]) one.style.setProperty("--level", user.toFixed(2));
    this.stage.style.setProperty("--voice", avatar.toFixed(2));
  }

  setQuality(level) {
    this.quality.dataset.level = level;
    this.quality.setAttribute("aria-label", QUALITY[level]);
    this.quality.title = QUALITY[level];
    this.quality.lastElementChild.textContent = level === "poor" ? "Weak" : "";
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

  /** The still face, before the first frame: `src` of a picture, and whose. */
  setPortrait(src, name) {
    this.picture.src = src;
    this.face.setAttribute("aria-label", `The face of ${name}`);
  }

  /** Resolves when the picture is fully there, or gone. */
  async showPicture(on) {
    this.stage.classList.toggle("picture", on);
    const running = this.holder.getAnimations().map((animation) => animation.finished);
    await Promise.race([Promise.allSettled(running), new Promise((resolve) => setTimeout(resolve, SETTLED_MS))]);
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
