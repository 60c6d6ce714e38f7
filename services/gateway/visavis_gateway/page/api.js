// The gateway's HTTP calls.

const ANSWER_WITHIN_MS = 20_000;
const NOBODY_BEHIND = [502, 503, 504]; // what a proxy says of a gateway that is away

/** A call that was refused: `code` as the gateway names it, or `unreachable`. */
export class ApiError extends Error {
  constructor(code, message, retryAfterS = 0) {
    super(message);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** One gateway; `base` is its address, with a slash at the end. */
export class Gateway {
  constructor(base = new URL("../", import.meta.url).href) {
    this.base = base;
  }

  async info() {
    return (await this.#request("api/info")).json();
  }

  pictureOf(persona) {
    return `${this.base}api/personas/${encodeURIComponent(persona)}/picture`;
  }

  /**
   * Sends the offer; resolves to `{session_id, token, type, sdp, resumed}`. `waits`: nothing happens before
   * `begin`. `resume`: {session_id, token} of a session that broke off. `render`: "client" where the page draws.
   */
  async open(offer, { persona = "", waits = false, resume = null, render = "server" } = {}, signal = undefined) {
    const body = { type: offer.type, sdp: offer.sdp, waits, render, ...(persona && { persona }), ...(resume && { resume }) };
    const answer = await this.#request("api/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }, signal);
    return answer.json();
  }

  /** Whether it has this session: "known", "forgotten" or "unreachable". */
  async knows({ session_id, token }, signal) {
    const path = `api/sessions/${encodeURIComponent(session_id)}/manifest`;
    try {
      await this.#request(path, { headers: { Authorization: `Bearer ${token}` } }, signal);
      return "known";
    } catch ({ code }) {
      return code === "not_found" ? "forgotten" : "unreachable";
    }
  }

  /** Goes on as another persona. */
  async become({ session_id, token }, persona) {
    await this.#request(`api/sessions/${encodeURIComponent(session_id)}/persona`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: JSON.stringify({ persona }),
    });
  }

  /** Best effort, and outlives the page. A session that is not closed here ends by itself, and is remembered. */
  close({ session_id, token }) {
    fetch(`${this.base}api/sessions/${encodeURIComponent(session_id)}`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${token}` },
      keepalive: true,
    }).catch(() => {});
  }

  async #request(path, options = {}, signal = undefined) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), ANSWER_WITHIN_MS);
    const abort = () => patience.abort();
    signal?.addEventListener("abort", abort);
    let answer;
    try {
      answer = await fetch(this.base + path, { ...options, signal: patience.signal });
    } catch {
      throw new ApiError(signal?.aborted ? "cancelled" : "unreachable", "");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }
}

async function refusal(answer) {
  const { error } = await answer.json().catch(() => ({}));
  const retryAfterS = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10) || 0;
  const otherwise = NOBODY_BEHIND.includes(answer.status) ? "unreachable" : "refused";
  return new ApiError(error?.code ?? otherwise, error?.message ?? "", retryAfterS);
}
