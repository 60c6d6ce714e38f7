// What is heard and shown at one instant, told to the gateway: it measures the A/V offset from it.

const EVERY_MS = 200;
const STALE_MS = 500; // a source that has been silent for longer is not extrapolated

/** Reports until the returned function is called. `onFirstFrame` runs when a frame has been decoded and shown. */
export function startReports({ call, video, context, onFirstFrame }) {
  const shown = call.face?.appear({ video, context, onFirstFrame }) ?? watchFrames(video, onFirstFrame);
  const timer = setInterval(() => call.send(report(call.audio.receiver, shown.latest, context)), EVERY_MS);
  return () => {
    clearInterval(timer);
    shown.stop();
  };
}

/**
 * Each RTP clock carried on to now, without one that stands still (a hidden tab shows nothing): the report is
 * also a sign of life. `audio_rtp` is what the page hands to the output, `output_latency_ms` ahead of the ear.
 */
function report(receiver, frame, context) {
  const nowMs = performance.now();
  const made = { type: "report" };
  const source = receiver.getSynchronizationSources?.()[0];
  const audioAgeMs = performance.timeOrigin + nowMs - source?.timestamp;
  if (source?.rtpTimestamp !== undefined && audioAgeMs < STALE_MS) {
    made.audio_rtp = advanced(source.rtpTimestamp, audioAgeMs, 48);
  }
  const videoAgeMs = nowMs - frame?.shownAtMs;
  if (frame?.rtp !== undefined && videoAgeMs < STALE_MS) made.video_rtp = advanced(frame.rtp, videoAgeMs, 90);
  if (frame?.pts_us !== undefined && videoAgeMs < STALE_MS) made.face_pts_us = Math.round(frame.pts_us + videoAgeMs * 1e3);
  if (context?.outputLatency > 0) made.output_latency_ms = Math.round(context.outputLatency * 1e4) / 10;
  return made;
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
