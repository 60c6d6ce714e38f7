// After a sleep or a lost network: tries again, soon at first, at once when there is a reason to hope.

const PAUSES_MS = [300, 700, ...Array(10).fill(1_000), 2_000, 4_000, 6_000];
const GIVE_UP_MS = 120_000;
const TICK_MS = 1_000;
const SLEPT_MS = 6_000; // a clock that jumps so far was not running

/** Calls `attempt` (resolves to true when it worked) until it works, `stop` is called, or two minutes have passed. */
export class Reconnect {
  constructor(attempt, giveUp) {
    this.attempt = attempt;
    this.giveUp = giveUp;
    this.running = false;
    for (const sign of ["online", "focus", "pageshow"]) window.addEventListener(sign, () => this.now());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.now(); });
  }

  start() {
    if (this.running) return;
    Object.assign(this, { running: true, tries: 0, since: performance.now(), busy: false });
    this.#wait();
  }

  stop() {
    this.running = false;
    clearTimeout(this.timer);
  }

  /** There is reason to hope: the next try is due. */
  now() {
    if (this.running && !this.busy) this.#try();
  }

  #wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#try(), PAUSES_MS[Math.min(this.tries, PAUSES_MS.length - 1)]);
  }

  async #try() {
    clearTimeout(this.timer);
    this.tries += 1;
    this.busy = true;
    const worked = await this.attempt();
    this.busy = false;
    if (!this.running) return;
    if (worked) return this.stop();
    if (performance.now() - this.since < GIVE_UP_MS) return this.#wait();
    this.stop();
    this.giveUp();
  }
}

/** Calls `onWake` when this machine has slept. */
export function watchSleep(onWake) {
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > SLEPT_MS && !document.hidden) onWake(now - last);
    last = now;
  }, TICK_MS);
}
