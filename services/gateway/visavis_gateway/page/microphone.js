// The microphone: opened with a reason when it cannot be, muted, and its level for the eye.

const CONSTRAINTS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const REASONS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};
const FULL_SCALE = 0.12; // the RMS of loud speech at a microphone with gain control

/**
 * Resolves to an audio track, of this device where it is there; rejects with an Error whose `reason` says why:
 * `refused`, `missing`, `busy` or `insecure`.
 */
export async function openMicrophone(deviceId = "") {
  if (!window.isSecureContext || !navigator.mediaDevices?.getUserMedia) throw reasoned("insecure");
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: deviceId ? { ...CONSTRAINTS, deviceId: { ideal: deviceId } } : CONSTRAINTS,
    });
    return stream.getAudioTracks()[0];
  } catch (error) {
    throw reasoned(REASONS[error.name] ?? "busy");
  }
}

function reasoned(reason) {
  return Object.assign(new Error(reason), { reason });
}

/** How loud a track is, 0 to 1, for a meter. */
export class Level {
  constructor(context, track) {
    this.source = context.createMediaStreamSource(new MediaStream([track]));
    this.analyser = new AnalyserNode(context, { fftSize: 1024 });
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source.connect(this.analyser);
  }

  read() {
    this.analyser.getFloatTimeDomainData(this.samples);
    let energy = 0;
    for (const sample of this.samples) energy += sample * sample;
    return Math.min(1, Math.sqrt(energy / this.samples.length) / FULL_SCALE);
  }

  close() {
    this.source.disconnect();
  }
}
