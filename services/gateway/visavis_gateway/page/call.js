// One call: WebRTC to the gateway, and its data channel.
import { drawnFace } from "./face/face.js";

const GATHER_WITHIN_MS = 2_000;
const CONNECT_WITHIN_MS = 15_000;
const RECOVER_WITHIN_MS = 8_000;

/**
 * Events: `track` (detail: MediaStreamTrack), `message` (detail: an object of the data channel), `live`,
 * `wobble` (detail: true while the connection is unsteady), `end` (detail: {code, message?, retryAfterS?}), once, last.
 */
export class Call extends EventTarget {
  constructor(gateway, iceServers) {
    super();
    this.gateway = gateway;
    this.peer = new RTCPeerConnection({ iceServers });
    this.channel = this.peer.createDataChannel("visavis", { ordered: true });
    this.audio = this.peer.addTransceiver("audio", { direction: "sendrecv" });
    this.face = drawnFace(this.peer, this.audio.receiver);
    if (!this.face) this.#addVideo();
    this.session = null;
    this.tracks = [];
    this.begun = false; // until then nothing happens in it
    this.ended = false;
    this.leaving = new AbortController();
    this.#listen();
  }

  /** Replaces what the user sends; no renegotiation. */
  async setMicrophone(track) {
    await this.audio.sender.replaceTrack(track);
  }

  /** The offer with all its candidates, made once. */
  offer() {
    this.offering ??= (async () => {
      await this.peer.setLocalDescription(await this.peer.createOffer());
      await gathered(this.peer);
    })();
    return this.offering;
  }

  /** Offers, and resolves when the answer is in place. `wish`: {persona, waits, resume}, as Gateway.open has it. */
  async open(wish) {
    const session = await this.#openSession(wish);
    if (this.ended) return this.gateway.close(session); // ended while the answer was on its way
    this.session = session;
    this.timer = setTimeout(() => this.#end("failed"), CONNECT_WITHIN_MS);
    this.face?.load(session, this.gateway.base);
    await this.peer.setRemoteDescription({ type: session.type, sdp: session.sdp });
  }

  /** An avatar that no page can draw is asked for as video. */
  async #openSession(wish) {
    await this.offer();
    try {
      const render = this.face ? "client" : "server";
      return await this.gateway.open(this.peer.localDescription, { ...wish, render }, this.leaving.signal);
    } catch (error) {
      if (error.code !== "no_client_face" || !this.face) throw error;
      this.face.close();
      this.face = this.offering = null;
      this.#addVideo();
      return this.#openSession(wish);
    }
  }

  #addVideo() {
    preferOurs(this.peer.addTransceiver("video", { direction: "recvonly" }));
  }

  /** The conversation starts, at once or when the channel opens; `live` tells when. */
  begin() {
    if (this.begun) return;
    this.begun = true;
    if (this.live) this.#goLive();
  }

  get live() {
    return !this.ended && this.channel.readyState === "open";
  }

  send(message) {
    if (this.live) this.channel.send(JSON.stringify(message));
  }

  /** The user leaves. Safe to call twice and while the page is going away. */
  leave(detail = { code: "ended" }) {
    this.send({ type: "bye" });
    this.#end(detail.code, detail);
  }

  /** The other end is gone, as far as anyone can tell: the session is left for a next call to resume. */
  abandon(cause = "") {
    this.#end("lost", { message: cause });
  }

  #listen() {
    if (this.face) this.face.onFailure = ({ message }) => this.#tell("message", { type: "error", code: "no_face", message });
    this.peer.addEventListener("track", ({ track }) => {
      this.tracks.push(track);
      this.#tell("track", track);
    });
    this.peer.addEventListener("connectionstatechange", () => this.#onConnection(this.peer.connectionState));
    this.channel.addEventListener("open", () => {
      clearTimeout(this.timer);
      if (this.begun) this.#goLive();
    });
    this.channel.addEventListener("message", ({ data }) => this.#onMessage(data));
    this.channel.addEventListener("close", () => this.#end("lost"));
  }

  #goLive() {
    this.send({ type: "begin" });
    this.#tell("live");
  }

  #onConnection(state) {
    if (state === "failed") return this.#end(this.channel.readyState === "open" ? "lost" : "failed");
    if (state !== "connected" && state !== "disconnected") return;
    clearTimeout(this.recovery);
    this.#tell("wobble", state === "disconnected");
    if (state === "disconnected") this.recovery = setTimeout(() => this.#end("lost"), RECOVER_WITHIN_MS);
  }

  #onMessage(data) {
    const message = parsed(data);
    if (!message) return;
    this.face?.take(message);
    this.#tell("message", message);
    if (message.type === "bye") this.#end("bye", { message: message.reason });
    if (message.type === "error" && message.fatal === true) this.#end("fatal", { message: message.message });
  }

  #end(code, detail = {}) {
    if (this.ended) return;
    this.ended = true;
    this.face?.close();
    this.leaving.abort();
    clearTimeout(this.timer);
    clearTimeout(this.recovery);
    const remembered = code === "lost" || code === "bye"; // a next call may resume it
    if (this.session && !remembered) this.gateway.close(this.session);
    this.peer.close();
    this.#tell("end", { ...detail, code });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function parsed(data) {
  try {
    const message = JSON.parse(data);
    return typeof message?.type === "string" ? message : null;
  } catch {
    return null;
  }
}

/** What the gateway can send; which of them it is, it decides. */
function preferOurs(transceiver) {
  const all = RTCRtpReceiver.getCapabilities?.("video")?.codecs ?? [];
  const wanted = all.filter(({ mimeType }) => /^video\/(vp8|h264|rtx)$/i.test(mimeType));
  if (wanted.length) transceiver.setCodecPreferences?.(wanted);
}

/** Waits for all candidates (there is no trickle), but not for a STUN server that is silent. */
async function gathered(peer) {
  if (peer.iceGatheringState === "complete") return;
  await new Promise((resolve) => {
    setTimeout(resolve, GATHER_WITHIN_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") resolve();
    });
  });
}
