// What a silent line means: the network, or a gateway that has died. Sound never pauses, so silence tells.

const LOOK_EVERY_MS = 400;
const SILENT_MS = 1_000;
const ANSWER_WITHIN_MS = 3_000;

/**
 * While nothing of the call arrives, asks the gateway for it and calls `onAnswer` with "known", "forgotten" (it
 * has been started again) or "unreachable"; with "known", too, when something arrives again. Returns its stop.
 */
export function watchSilence(call, onAnswer) {
  let [packets, changedAt, answer, busy] = [-1, performance.now(), "known", false];
  const look = async () => {
    const now = await received(call.audio.receiver);
    if (now !== packets) [packets, changedAt] = [now, performance.now()];
    const silent = performance.now() - changedAt > SILENT_MS;
    if (!silent && answer === "known") return;
    answer = silent ? await call.gateway.knows(call.session, AbortSignal.timeout(ANSWER_WITHIN_MS)) : "known";
    if (timer) onAnswer(answer);
  };
  let timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    await look().catch(() => {}); // a closed connection counts nothing
    busy = false;
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    timer = 0;
  };
}

async function received(receiver) {
  let count = 0;
  (await receiver.getStats()).forEach((entry) => {
    if (entry.type === "inbound-rtp") count += entry.packetsReceived ?? 0;
  });
  return count;
}
