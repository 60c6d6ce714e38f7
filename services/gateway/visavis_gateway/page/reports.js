// What is heard and shown at one instant, told to the gateway: it measures the A/V offset from it.

const EVERY_MS = 200;
const STALE_MS = 500; // a source that has been silent for longer is not extrapolated

/** Reports until the returned function is called. `onFirstFrame` runs when a frame is on the screen. */
export function startReports({ call, video, context, onFirstFrame }) {
  const shown = watchFrames(video, onFirstFrame);
  const timer = setInterval(() => {
    const report = measured(call.audio.receiver, shown.latest, context);
    if (report) call.send(report);
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    shown.stop();
  };
}

/** Both RTP clocks carried on to now; null while one of them stands still (a hidden tab shows nothing). */
function measured(receiver, frame, context) {
  const nowMs = performance.now();
  const source = receiver.getSynchronizationSources?.()[0];
  if (source?.rtpTimestamp === undefined || frame?.rtp === undefined) return null;
  const audioAgeMs = performance.timeOrigin + nowMs - source.timestamp;
  const videoAgeMs = nowMs - frame.shownAtMs;
  if (audioAgeMs > STALE_MS || videoAgeMs > STALE_MS) return null;
  const latencyS = context?.outputLatency;
  return {
    type: "report",
    audio_rtp: advanced(source.rtpTimestamp, audioAgeMs, 48),
    video_rtp: advanced(frame.rtp, videoAgeMs, 90),
    ...(latencyS > 0 && { output_latency_ms: Math.round(latencyS * 1e4) / 10 }),
  };
}

function advanced(rtp, ms, ticksPerMs) {
  return (rtp + Math.round(ms * ticksPerMs)) >>> 0;
}

function watchFrames(video, onFirstFrame) {
  const shown = { latest: null, stop: () => {} };
  if (!video.requestVideoFrameCallback) {
    video.addEventListener("playing", onFirstFrame, { once: true });
    shown.stop = () => video.removeEventListener("playing", onFirstFrame);
    return shown;
  }
  const onFrame = (_now, { rtpTimestamp, expectedDisplayTime }) => {
    if (!shown.latest) onFirstFrame();
    shown.latest = { rtp: rtpTimestamp, shownAtMs: expectedDisplayTime };
    handle = video.requestVideoFrameCallback(onFrame);
  };
  let handle = video.requestVideoFrameCallback(onFrame);
  shown.stop = () => video.cancelVideoFrameCallback(handle);
  return shown;
}
