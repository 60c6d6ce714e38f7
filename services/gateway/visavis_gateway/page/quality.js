// How good the connection is, from what WebRTC counts.

const EVERY_MS = 2_000;
const LIMITS = [ // level, round trip in ms, loss in percent: the first whose limits both hold
  ["good", 180, 2],
  ["fair", 400, 8],
];

/** Calls `onReading` with {level, rttMs, lossPercent, fps, kbps, delayMs} every two seconds; returns its stop. */
export function watchQuality(call, onReading) {
  let before = null;
  const read = async () => {
    const now = pick(await call.peer.getStats());
    if (before) onReading(reading(before, now));
    before = now;
  };
  read();
  const timer = setInterval(read, EVERY_MS);
  return () => clearInterval(timer);
}

/** The worse of both ways counts; null where nothing is known. */
export function reading(before, now) {
  const seconds = (now.at - before.at) / 1000;
  const lost = now.lost - before.lost;
  const expected = lost + now.received - before.received;
  const down = expected > 0 ? Math.max(0, 100 * lost) / expected : null;
  const lossPercent = down === null ? now.upLossPercent : Math.max(down, now.upLossPercent ?? 0);
  return {
    level: levelOf(now.rttMs, lossPercent),
    rttMs: now.rttMs,
    lossPercent,
    fps: Math.round((now.frames - before.frames) / seconds),
    kbps: Math.round((8 * (now.bytes - before.bytes)) / seconds / 1000),
    delayMs: now.emitted > before.emitted ? 1000 * (now.delayS - before.delayS) / (now.emitted - before.emitted) : null,
  };
}

export function levelOf(rttMs, lossPercent) {
  if (rttMs === null && lossPercent === null) return "unknown";
  const found = LIMITS.find(([, rtt, loss]) => (rttMs ?? 0) <= rtt && (lossPercent ?? 0) <= loss);
  return found ? found[0] : "poor";
}

function pick(stats) {
  const found = { at: performance.now(), rttMs: null, upLossPercent: null, lost: 0, received: 0, frames: 0, bytes: 0, delayS: 0, emitted: 0 };
  stats.forEach((entry) => {
    if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) {
      found.rttMs = 1000 * entry.currentRoundTripTime;
    }
    if (entry.type === "remote-inbound-rtp" && entry.fractionLost !== undefined) {
      found.upLossPercent = 100 * entry.fractionLost;
    }
    if (entry.type === "inbound-rtp") addInbound(found, entry);
  });
  return found;
}

function addInbound(found, entry) {
  found.lost += entry.packetsLost ?? 0;
  found.received += entry.packetsReceived ?? 0;
  found.bytes += entry.bytesReceived ?? 0;
  if (entry.kind === "video") found.frames = entry.framesDecoded ?? 0;
  if (entry.kind === "audio") {
    found.delayS = entry.jitterBufferDelay ?? 0;
    found.emitted = entry.jitterBufferEmittedCount ?? 0;
  }
}
