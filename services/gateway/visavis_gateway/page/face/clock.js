// Which instant of the session is being heard: the face follows the voice, never the other way round.

const WINDOW_MS = 600;
const STALE_MS = 500; // a track that has been silent for longer tells nothing
const FOLLOW = 0.15; // share of a small change that is taken at once: buffers stretch sound slowly
const JUMP_US = 80_000; // beyond it the clock jumps
const BUFFERED_US = 90_000; // how late sound usually is, while its track tells nothing

export class PlayClock {
  /** `receiver`: of the audio track; `latencyS()`: what the output adds, in seconds. */
  constructor(receiver, latencyS) {
    this.receiver = receiver;
    this.latencyS = latencyS;
    this.origin = null;
    this.samples = []; // {atMs, offsetUs}: session time less page time
    this.offsetUs = null;
  }

  /** The `clock` message. */
  setOrigin({ audio }) {
    this.origin = audio;
    this.samples = [];
  }

  /** A state has come: while sound tells nothing, what comes is shown a buffer later. */
  note(pts_us, nowMs) {
    const arrivedUs = pts_us - nowMs * 1000 - BUFFERED_US;
    this.arrivedUs = Math.max(this.arrivedUs ?? arrivedUs, arrivedUs);
  }

  /** Session time that is heard at `nowMs` (performance.now()), null while nothing is known. */
  now(nowMs) {
    const measuredUs = this.#measured(nowMs) ?? this.arrivedUs ?? null;
    if (measuredUs === null) return null;
    const changeUs = measuredUs - (this.offsetUs ?? measuredUs);
    if (this.offsetUs === null || Math.abs(changeUs) > JUMP_US) this.offsetUs = measuredUs;
    else this.offsetUs += changeUs * FOLLOW;
    return this.offsetUs + nowMs * 1000;
  }

  /**
   * The largest offset of late: a packet's time is told for all its frames and is exact for the first.
   */
  #measured(nowMs) {
    const source = this.receiver.getSynchronizationSources?.()[0];
    const atMs = source?.timestamp - performance.timeOrigin;
    if (!this.origin || source?.rtpTimestamp === undefined || !(nowMs - atMs < STALE_MS)) return null;
    if (this.samples.at(-1)?.atMs !== atMs) {
      const playedUs = this.#toSession(source.rtpTimestamp) - this.latencyS() * 1e6;
      this.samples.push({ atMs, offsetUs: playedUs - atMs * 1000 });
    }
    this.samples = this.samples.filter((sample) => nowMs - sample.atMs < WINDOW_MS);
    return Math.max(...this.samples.map(({ offsetUs }) => offsetUs));
  }

  #toSession(rtp) {
    const { rtp: zero, pts_us, rate_hz } = this.origin;
    return pts_us + (((rtp - zero) >>> 0) / rate_hz) * 1e6;
  }
}
