// Which microphone and which loudspeaker there are.

export const canChooseSpeaker = "setSinkId" in HTMLMediaElement.prototype;

/** Resolves to {microphones, speakers}: lists of {id, label}. Names are known once the microphone was allowed. */
export async function listDevices() {
  const found = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
  const of = (kind) => found
    .filter((device) => device.kind === kind && device.deviceId && device.deviceId !== "default" && device.label)
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: of("audioinput"), speakers: of("audiooutput") };
}

/** Calls back when one is plugged in or out. */
export function watchDevices(onChange) {
  navigator.mediaDevices?.addEventListener?.("devicechange", onChange);
}

/** Lets an element sound there; where that is gone, at the system's own. */
export async function setSpeaker(media, id) {
  if (!canChooseSpeaker) return;
  await media.setSinkId(id).catch(() => media.setSinkId("").catch(() => {}));
}
