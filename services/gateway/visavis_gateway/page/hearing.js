// The user's voice on its way into a call: opened, metered, muted, changed to another device.
import { Level, openMicrophone } from "./microphone.js";

export class Hearing {
  /** `onTrouble(reason)`: the microphone could not be had, or stopped; a key of words.MICROPHONE. */
  constructor(onTrouble) {
    this.onTrouble = onTrouble;
    this.track = null;
    this.level = null;
    this.muted = false;
    this.asked = 0;
  }

  /** Opens the microphone and lets `call` have it; resolves when that is settled, one way or the other. */
  async open(call, context, deviceId) {
    const asked = ++this.asked;
    try {
      const track = await openMicrophone(deviceId);
      if (asked !== this.asked || call.ended) return track.stop();
      this.#take(track, context);
    } catch ({ reason }) {
      if (asked === this.asked && !call.ended) this.onTrouble(reason ?? "busy");
      return;
    }
    await this.give(call);
  }

  /** The same microphone for another call. */
  async give(call) {
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
    this.#release();
  }

  #take(track, context) {
    this.#release();
    this.track = track;
    track.enabled = !this.muted;
    track.addEventListener("ended", () => {
      if (this.track !== track) return;
      this.#release();
      this.onTrouble("unplugged");
    });
    this.level = new Level(context, track);
  }

  #release() {
    const { track } = this;
    this.track = null;
    track?.stop();
    this.level?.close();
    this.level = null;
  }
}
