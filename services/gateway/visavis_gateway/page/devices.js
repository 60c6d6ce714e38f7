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

/** Calls back with `plugged` or `allowed` when there is reason to hope for a microphone that could not be had. */
export async function watchMicrophone(onHope) {
  watchDevices(() => onHope("plugged"));
  const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  permission?.addEventListener("change", () => { if (permission.state === "granted") onHope("allowed"); });
}

/** Lets an element sound there; where that is gone, at the system's own. */
export async function setSpeaker(media, id) {
  if (!canChooseSpeaker) return;
  await media.setSinkId(id).catch(() => media.setSinkId("").catch(() => {}));
}
