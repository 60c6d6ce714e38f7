// The gateway's HTTP calls.

const ANSWER_WITHIN_MS = 20_000;

/** A call that was refused: `code` as the gateway names it, or `unreachable`. */
export class ApiError extends Error {
  constructor(code, message, retryAfterS = 0) {
    super(message);
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

export async function readInfo() {
  return (await request("api/info")).json();
}

/** Sends the offer; resolves to `{session_id, token, type, sdp}`. */
export async function openSession(offer, persona, signal, render) {
  const body = { type: offer.type, sdp: offer.sdp, render, ...(persona && { persona }) };
  const answer = await request("api/sessions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }, signal);
  return answer.json();
}

/** Best effort, and outlives the page; a session that is not closed here ends by itself. */
export function closeSession({ session_id, token }) {
  fetch(`api/sessions/${encodeURIComponent(session_id)}`, {
    method: "DELETE",
    headers: { Authorization: `Bearer ${token}` },
    keepalive: true,
  }).catch(() => {});
}

async function request(path, options = {}, signal = undefined) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_WITHIN_MS);
  const abort = () => patience.abort();
  signal?.addEventListener("abort", abort);
  let answer;
  try {
    answer = await fetch(path, { ...options, signal: patience.signal });
  } catch {
    throw new ApiError(signal?.aborted ? "cancelled" : "unreachable", "");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer) {
  const { error } = await answer.json().catch(() => ({}));
  const retryAfterS = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10) || 0;
  return new ApiError(error?.code ?? "unreachable", error?.message ?? "", retryAfterS);
}
