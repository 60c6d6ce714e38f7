// A call made ready before the click: its offer when the page opens, its session when somebody is about to click.
import { Call } from "./call.js";

const OFFER_KEEPS_MS = 45_000; // addresses change: a network that is left, a machine that slept
const SESSION_KEEPS_MS = 12_000; // the gateway keeps one that waits for 15 s

export class Prefetch {
  constructor(gateway) {
    this.gateway = gateway;
    this.iceServers = [];
    this.ready = null; // {call, madeAt, wish, opened, openedAt}
  }

  /** Gathers the candidates; costs the gateway nothing. */
  warm() {
    if (this.ready && !this.#isStale()) return;
    this.drop();
    const call = new Call(this.gateway, this.iceServers);
    this.ready = { call, madeAt: performance.now(), persona: null, opened: null };
    call.offer().catch(() => this.drop());
  }

  /** Opens the session that the click will want, and connects it; it waits there for `begin`. */
  reserve(persona) {
    if (this.ready?.opened && this.ready.persona !== persona) this.drop();
    this.warm();
    const { ready } = this;
    if (ready.opened) return;
    Object.assign(ready, { persona, openedAt: performance.now(), opened: ready.call.open({ persona, waits: true }) });
    ready.opened.catch(() => { if (this.ready === ready) this.drop(); });
    setTimeout(() => { if (this.ready === ready) this.drop(); }, SESSION_KEEPS_MS);
  }

  /** A call for this persona, as far as it is: {call, opened}. When `opened` fails, a new try is worth it. */
  take(persona) {
    if (this.ready?.opened && this.ready.persona !== persona) this.drop();
    this.warm();
    const { call, opened } = this.ready;
    this.ready = null;
    return { call, reserved: Boolean(opened), opened: opened ?? call.open({ persona }) };
  }

  drop() {
    const { ready } = this;
    this.ready = null;
    ready?.call.leave();
  }

  #isStale() {
    const { call, madeAt, opened, openedAt } = this.ready;
    const now = performance.now();
    return call.ended || (opened ? now - openedAt > SESSION_KEEPS_MS : now - madeAt > OFFER_KEEPS_MS);
  }
}
