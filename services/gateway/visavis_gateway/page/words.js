// What the page says to people, in one place.

export const STATES = { idle: "Your turn", listening: "Listening", thinking: "Thinking", speaking: "Speaking" };

const MICROPHONE = {
  refused: "The microphone is not allowed. Allow it in the address bar",
  missing: "No microphone was found. Plug one in",
  busy: "The microphone does not open. Close the program that uses it, then try again",
  insecure: "Browsers give the microphone only to pages on https or localhost. Open this one so (visavis up --tls)",
  unplugged: "The microphone has stopped. Plug it in again",
};

/** Why there is no microphone (a reason of microphone.js), and what to do. */
export function microphoneText(reason, canType) {
  return `${MICROPHONE[reason]}${canType ? ", or just type" : ""}.`;
}

export const NOTES = {
  asking: "Your browser asks for the microphone.",
  heard: "The microphone is there now. You can speak.",
  wobbling: "The connection is unsteady …",
  away: "The server does not answer. Waiting for it …",
  reconnecting: "The connection was lost. Trying again …",
  restarted: "The server had to be started again. Connecting …",
  shutdown: "The server is shutting down. Trying again …",
  back: "Connected again. Go on where you were.",
  anew: "Connected again, in a new conversation.",
};

export const ENDED = {
  ended: "The conversation is over.",
  lost: "The network or the server went away.",
  failed: "The connection could not be made. A firewall may be in the way of the media.",
  unreachable: "The server does not answer.",
  full: "All places are taken at the moment.",
  unavailable: "The avatar is not ready at the moment.",
  unknown_persona: "This avatar is not on the server any more.",
  refused: "The server did not take the call.",
  unsupported: "This browser cannot make video calls (WebRTC is missing or turned off).",
};

export const TITLES = {
  ended: "Good-bye",
  lost: "Connection lost",
  full: "Just a moment",
  unavailable: "Just a moment",
  fatal: "Something went wrong",
  refused: "Not connected",
};

const BYES = {
  left: ENDED.ended,
  ended: ENDED.ended,
  timed_out: "The longest time for one conversation is over.",
  vanished: "The server heard nothing from this page any more.",
  shutdown: "The server is shutting down.",
};

/** The reason that a `bye` names, for people. */
export function byeText(reason) {
  if (Object.hasOwn(BYES, reason ?? "left")) return BYES[reason ?? "left"];
  return `The server has ended the conversation: ${String(reason).replaceAll("_", " ")}.`;
}

/** When to try again, from a Retry-After in seconds. */
export function retryText(seconds) {
  return seconds > 0 ? ` Try again in ${seconds} s.` : "";
}

export const PHASES = { connecting: "Connecting", reconnecting: "Reconnecting" };

export const QUALITY = {
  good: "Connection: good",
  fair: "Connection: fair",
  poor: "Connection: poor",
  unknown: "Connection",
};

export const SIZES = { small: "Small", medium: "Medium", large: "Large" };
export const THEMES = { system: "System", light: "Light", dark: "Dark" };

/** [title, lead] for the end of a conversation. */
export function farewell(code, message, retryAfterS) {
  if (code === "bye") return [TITLES.ended, byeText(message)];
  const known = Object.hasOwn(ENDED, code) ? ENDED[code] : message || ENDED.refused;
  const lead = code === "unavailable" && message ? `${known.slice(0, -1)}: ${message}.` : known;
  return [TITLES[code] ?? TITLES.refused, lead + retryText(retryAfterS)];
}
