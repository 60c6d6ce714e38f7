// The user's voice on its way into a call: opened, metered, muted, changed to another device.
import { watchMicrophone } from "./devices.js";
import { Level, openMicrophone } from "./microphone.js";

const HOPES = { refused: "allowed", missing: "plugged", busy: "plugged", unplugged: "plugged" };

export class Hearing {
  /**
   * `onTrouble(reason)`: the microphone could not be had, or stopped (a reason of microphone.js, or `unplugged`).
   * When it is allowed or plugged in later, it is opened without being asked for, and `onMended()` is called.
   */
  constructor(onTrouble, onMended) {
    this.onTrouble = onTrouble;
    this.onMended = onMended;
    this.call = null;
    this.context = null;
    this.deviceId = "";
    this.trouble = null; // why there is none
    this.track = null;
    this.level = null;
    this.muted = false;
    this.asked = 0;
    watchMicrophone((sign) => { if (this.trouble && HOPES[this.trouble] === sign) this.#tryAgain(); });
  }

  /** Opens the microphone and lets `call` have it; resolves when that is settled, one way or the other. */
  async open(call, context, deviceId = "") {
    Object.assign(this, { call, context, deviceId, trouble: null });
    await this.#open();
  }

  async #open() {
    const asked = ++this.asked;
    const { call } = this;
    try {
      const track = await openMicrophone(this.deviceId);
      if (asked !== this.asked || call.ended) return track.stop();
      this.#take(track);
    } catch ({ reason = "busy" }) {
      if (asked === this.asked && !call.ended) this.#complain(reason);
      return;
    }
    await this.give(this.call);
  }

  /** The same microphone for another call. */
  async give(call) {
    this.call = call;
    if (this.track && !call.ended) await call.setMicrophone(this.track);
  }

  setMuted(muted) {
    this.muted = muted;
    if (this.track) this.track.enabled = !muted;
  }

  /** 0 to 1. */
  read() {
    return this.level && !this.muted ? this.level.read() : 0;
  }

  drop() {
    this.asked += 1;
    this.call = this.trouble = null;
    this.#release();
  }

  async #tryAgain() {
    if (!this.call || this.call.ended) return;
    await this.#open();
    if (this.track && !this.trouble) this.onMended();
  }

  /** Once for each reason and request: whoever has read it and goes on by typing is left alone. */
  #complain(reason) {
    const isNew = this.trouble !== reason;
    this.trouble = reason;
    if (isNew) this.onTrouble(reason);
  }

  #take(track) {
    this.#release();
    this.trouble = null;
    this.track = track;
    track.enabled = !this.muted;
    track.addEventListener("ended", () => {
      if (this.track !== track) return;
      this.#release();
      this.#complain("unplugged");
    });
    this.level = new Level(this.context, track);
  }

  #release() {
    const { track } = this;
    this.track = null;
    track?.stop();
    this.level?.close();
    this.level = null;
  }
}
