// One call: WebRTC to the gateway, and its data channel.
import { closeSession, openSession } from "./api.js";
import { drawnFace } from "./face/face.js";

const GATHER_WITHIN_MS = 2_000;
const CONNECT_WITHIN_MS = 15_000;
const RECOVER_WITHIN_MS = 8_000;

/**
 * Events: `track` (detail: MediaStreamTrack), `message` (detail: an object of the data channel), `live`,
 * `wobble` (detail: true while the connection is unsteady), `end` (detail: {code, message?, retryAfterS?}), once, last.
 */
export class Call extends EventTarget {
  constructor(iceServers) {
    super();
    this.peer = new RTCPeerConnection({ iceServers });
    this.channel = this.peer.createDataChannel("visavis", { ordered: true });
    this.audio = this.peer.addTransceiver("audio", { direction: "sendrecv" });
    this.face = drawnFace(this.peer, this.audio.receiver);
    if (!this.face) this.#addVideo();
    this.session = null;
    this.ended = false;
    this.leaving = new AbortController();
    this.#listen();
  }

  /** Replaces what the user sends; no renegotiation. */
  async setMicrophone(track) {
    await this.audio.sender.replaceTrack(track);
  }

  /** Offers, and resolves when the answer is in place; `live` tells when media and channel are up. */
  async open(persona) {
    await this.peer.setLocalDescription(await this.peer.createOffer());
    await gathered(this.peer);
    const session = await this.#openSession(persona);
    if (this.ended) return closeSession(session); // ended while the answer was on its way
    this.session = session;
    this.timer = setTimeout(() => this.#end("failed"), CONNECT_WITHIN_MS);
    this.face?.load(session);
    await this.peer.setRemoteDescription({ type: session.type, sdp: session.sdp });
  }

  /** An avatar that no page can draw is asked for as video. */
  async #openSession(persona) {
    const open = () => openSession(this.peer.localDescription, persona, this.leaving.signal, this.face ? "client" : "server");
    try {
      return await open();
    } catch (error) {
      if (error.code !== "no_client_face" || !this.face) throw error;
      this.face.close();
      this.face = null;
      this.#addVideo();
      await this.peer.setLocalDescription(await this.peer.createOffer());
      await gathered(this.peer);
      return open();
    }
  }

  #addVideo() {
    preferVp8(this.peer.addTransceiver("video", { direction: "recvonly" }));
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

  #listen() {
    if (this.face) this.face.onFailure = ({ message }) => this.#tell("message", { type: "error", code: "no_face", message });
    this.peer.addEventListener("track", ({ track }) => this.#tell("track", track));
    this.peer.addEventListener("connectionstatechange", () => this.#onConnection(this.peer.connectionState));
    this.channel.addEventListener("open", () => {
      clearTimeout(this.timer);
      this.#tell("live");
    });
    this.channel.addEventListener("message", ({ data }) => this.#onMessage(data));
    this.channel.addEventListener("close", () => this.#end("lost"));
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
    if (this.session) closeSession(this.session);
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

function preferVp8(transceiver) {
  const all = RTCRtpReceiver.getCapabilities?.("video")?.codecs ?? [];
  const wanted = all.filter(({ mimeType }) => /^video\/(vp8|rtx)$/i.test(mimeType));
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
