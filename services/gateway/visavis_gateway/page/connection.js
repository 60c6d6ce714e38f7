// What is known about the connection, for people.

/** The way from the gateway to the ear, as measured here: {networkMs, outputMs}. */
export function reportLatency(reading, context) {
  const networkMs = (reading?.rttMs ?? 0) / 2 + (reading?.delayMs ?? 0);
  return { networkMs: Math.round(networkMs), outputMs: Math.round(1000 * (context?.outputLatency ?? 0)) };
}

/** Rows of [name, value] for the sheet of settings. */
export function connectionRows(reading, session, context) {
  const { networkMs, outputMs } = reportLatency(reading, context);
  const rows = [
    ["Quality", { good: "Good", fair: "Fair", poor: "Poor", unknown: "Not known yet" }[reading.level]],
    ["Round trip", reading.rttMs === null ? "–" : `${Math.round(reading.rttMs)} ms`],
    ["Lost packets", reading.lossPercent === null ? "–" : `${reading.lossPercent.toFixed(1)} %`],
    ["Picture", `${reading.fps} frames/s, ${reading.kbps} kbit/s`],
    ["Sound, from server to ear", `${networkMs + outputMs} ms`],
  ];
  if (session) rows.push(["Session", session.session_id]);
  return rows;
}
