// What a silent line means: the network, or a gateway that has died. Sound never pauses, so silence tells.

const LOOK_EVERY_MS = 400;
const SILENT_MS = 1_000;
const ANSWER_WITHIN_MS = 3_000;
const MISSES = 2; // questions without an answer: one may be lost

/**
 * While nothing of the call arrives, asks the gateway for it. Calls `onDead`, once, with "restarted" when the
 * gateway does not know the call any more, or with "away" when it does not answer though there is a network:
 * everything else WebRTC mends by itself. Returns its stop.
 */
export function watchSilence(call, onDead) {
  const line = { packets: -1, changedAt: 0, misses: 0, busy: false, stopped: false };
  const timer = setInterval(async () => {
    if (line.busy) return;
    line.busy = true;
    const cause = await look(call, line).catch(() => null); // a closed connection counts nothing
    line.busy = false;
    if (!cause || line.stopped) return;
    stop();
    onDead(cause);
  }, LOOK_EVERY_MS);
  const stop = () => {
    line.stopped = true;
    clearInterval(timer);
  };
  return stop;
}

async function look(call, line) {
  const packets = await received(call.audio.receiver);
  if (packets !== line.packets) Object.assign(line, { packets, changedAt: performance.now(), misses: 0 });
  if (performance.now() - line.changedAt < SILENT_MS) return null;
  const answer = await call.gateway.knows(call.session, AbortSignal.timeout(ANSWER_WITHIN_MS));
  line.misses = answer === "unreachable" && navigator.onLine ? line.misses + 1 : 0;
  if (answer === "forgotten") return "restarted";
  return line.misses >= MISSES ? "away" : null;
}

async function received(receiver) {
  let count = 0;
  (await receiver.getStats()).forEach((entry) => {
    if (entry.type === "inbound-rtp") count += entry.packetsReceived ?? 0;
  });
  return count;
}
