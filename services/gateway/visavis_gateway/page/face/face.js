// A face that the page draws by itself: from states that come with media time, in step with the sound it plays.
import { PlayClock } from "./clock.js";
import { hasWebGl } from "./gl.js";
import { canInflate, fetchKit } from "./kit.js";
import { States } from "./states.js";

// Loaded by those pages alone that draw.
const RENDERERS = {
  vector: async () => (await import("./vector/renderer.js")).VectorRenderer,
  atlas: async () => (await import("./atlas/renderer.js")).AtlasRenderer,
  clapper: async () => (await import("./clapper.js")).ClapperRenderer,
};
const CHANNEL = "visavis-face";
const LEAST_PX = 192;
const LEAST_SHRUNK_PX = 320; // a slow machine rather shows fewer pictures than a blurred one
const MOST_PX = 1024;
const SLOW_MS = 34; // a screen's frame that takes longer: the picture gets smaller
const PATIENCE = 60; // slow frames
const SMALLER = 0.75;

/**
 * The face of a call whose page was asked to draw (`?render=client`) and can; null for all others. Before the
 * offer: states come over a channel that repeats nothing, for the next state is complete.
 */
export function drawnFace(peer, receiver) {
  const isAsked = new URLSearchParams(location.search).get("render") === "client";
  if (!isAsked || !hasWebGl() || !canInflate()) return null;
  for (const load of Object.values(RENDERERS)) load().catch(() => {}); // it is missed when it is needed
  const channel = peer.createDataChannel(CHANNEL, { ordered: false, maxRetransmits: 0 });
  return new ClientFace(channel, receiver);
}

/** The class that draws faces of this kind. */
export function rendererOf(name) {
  if (!Object.hasOwn(RENDERERS, name)) throw new Error(`this page can't draw "${name}" faces`);
  return RENDERERS[name]();
}

export class ClientFace {
  #dropOld = () => {}; // the face before stays until the next one is drawn

  constructor(channel, receiver) {
    this.states = new States();
    this.clock = new PlayClock(receiver, () => this.context?.outputLatency || 0);
    this.limitPx = MOST_PX;
    this.drawnCount = 0;
    this.latest = null; // {pts_us} of what is on the screen
    this.stage = null;
    this.onFailure = (error) => console.error(error);
    channel.addEventListener("message", ({ data }) => this.take(JSON.parse(data)));
  }

  /** Draw behind the controls that lie over `video`, which goes on as loudspeaker; until `close`. */
  appear({ video, context, onFirstFrame }) {
    Object.assign(this, { video, context, onFirstFrame, stage: video.parentElement });
    this.#begin();
    return this;
  }

  /** Everything has its end with the call. */
  stop() {}

  /** A message of the data channel; those that are not for a face are ignored. */
  take(message) {
    if (message.type === "face") {
      this.states.add(message);
      this.clock.note(message.pts_us, performance.now());
    } else if (message.type === "clock") this.clock.setOrigin(message);
    else if (message.type === "face_kit" && this.gateway) this.#change(message.files);
  }

  /** The session is open: fetch its face, if it is made already. `base`: the gateway's address. */
  load({ face, token }, base) {
    this.gateway = { base, token };
    if (Object.keys(face.files).length) this.#change(face.files);
  }

  /** Show a face in place of the one before; one that can't be had changes nothing. */
  async #change(files) {
    const wanted = JSON.stringify(files);
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    try {
      const kit = await fetchKit(files, this.gateway);
      const Renderer = await rendererOf(kit.index.renderer);
      if (this.wanted === wanted && !this.closed) this.#prepare(Renderer, kit);
    } catch (error) {
      if (this.wanted === wanted && !this.closed) this.onFailure(error);
    }
  }

  close() {
    this.closed = true;
    cancelAnimationFrame(this.handle);
    this.observer?.disconnect();
    this.renderer?.close();
    this.canvas?.remove();
  }

  #prepare(Renderer, { index, pictures }) {
    const canvas = makeCanvas(index.label.text);
    canvas.addEventListener("webglcontextrestored", () => this.renderer?.restore());
    const renderer = new Renderer(canvas, index, pictures);
    this.#dropOld = this.canvas ? dropper(this.canvas, this.renderer) : () => {};
    Object.assign(this, { canvas, renderer });
    this.#begin();
  }

  /** Once there is a face and a place for it. */
  #begin() {
    if (!this.stage || !this.renderer) return;
    this.observer ??= new ResizeObserver(() => this.#fit());
    this.observer.observe(this.stage);
    this.#fit();
    if (this.handle === undefined) this.#loop();
  }

  /** Its pixels are those of the screen, within limits. */
  #fit() {
    const pixels = this.stage.clientWidth * devicePixelRatio;
    this.renderer.resize(Math.round(Math.max(LEAST_PX, Math.min(this.limitPx, pixels || 512))));
    if (this.face) this.renderer.draw(this.face); // a new size begins black
  }

  #loop() {
    let last = null;
    let slow = 0;
    const onFrame = (nowMs) => {
      this.handle = requestAnimationFrame(onFrame);
      const pts_us = this.clock.now(nowMs);
      const face = pts_us === null ? null : this.states.at(pts_us);
      if (!face || this.canvas.getContext("webgl2")?.isContextLost()) return;
      this.face = face;
      const isDrawn = this.renderer.draw(face);
      this.latest = { pts_us, shownAtMs: nowMs };
      if (isDrawn) this.#onDrawn();
      slow = isDrawn && last !== null && nowMs - last > SLOW_MS ? slow + 1 : Math.max(0, slow - 1);
      if (slow > PATIENCE) slow = this.#shrink();
      last = isDrawn ? nowMs : null;
    };
    this.handle = requestAnimationFrame(onFrame);
  }

  #onDrawn() {
    this.drawnCount += 1;
    if (!this.canvas.isConnected) {
      this.video.after(this.canvas);
      this.#dropOld();
    }
    if (this.drawnCount === 1) this.onFirstFrame();
  }

  #shrink() {
    this.limitPx = Math.max(LEAST_SHRUNK_PX, Math.round(this.canvas.width * SMALLER));
    this.#fit();
    return 0;
  }
}

function dropper(canvas, renderer) {
  return () => {
    renderer.close();
    canvas.remove();
  };
}

function makeCanvas(label) {
  const canvas = document.createElement("canvas");
  canvas.id = "drawn-face";
  canvas.width = canvas.height = 512;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `The face of the avatar (${label})`);
  canvas.dataset.label = label;
  Object.assign(canvas.style, { position: "absolute", inset: 0, width: "100%", height: "100%", objectFit: "cover" });
  canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
  return canvas;
}
