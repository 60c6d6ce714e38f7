// Put into Firefox before the call: a microphone that speaks on cue, and an ear for what comes back. Firefox
// has no microphone from a file and no MediaStreamTrackProcessor, which the other tests use.
(() => {
  const RATE_HZ = 48_000;
  const rig = { sound: { rate_hz: RATE_HZ, at_ms: [], counts: [], chunks: [] } };
  window.__mouth = rig;
  let context = null;
  let mouth = null;

  MediaDevices.prototype.getUserMedia = async () => {
    context = new AudioContext({ sampleRate: RATE_HZ });
    mouth = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    return mouth.stream;
  };

  /** Speaks a WAV file (base64); resolves when its last sample has been sent. */
  rig.say = async (wav) => {
    const bytes = Uint8Array.from(atob(wav), (character) => character.charCodeAt(0));
    const buffer = await context.decodeAudioData(bytes.buffer);
    const speech = new AudioBufferSourceNode(context, { buffer });
    speech.connect(mouth);
    await new Promise((resolve) => { speech.onended = resolve; speech.start(); });
  };

  /** Keeps what the call sounds like from now on. */
  rig.listen = () => {
    const tracks = document.querySelector("video").srcObject.getAudioTracks();
    const source = context.createMediaStreamSource(new MediaStream(tracks));
    rig.ear = context.createScriptProcessor(4096, 1, 1); // kept: what nobody holds is collected
    rig.ear.onaudioprocess = ({ inputBuffer }) => {
      const plane = inputBuffer.getChannelData(0);
      rig.sound.at_ms.push(performance.now());
      rig.sound.counts.push(plane.length);
      rig.sound.chunks.push(Int16Array.from(plane, (x) => Math.max(-1, Math.min(1, x)) * 32767));
    };
    source.connect(rig.ear).connect(context.destination);
  };

  /** What was heard, the samples as base64 of little-endian int16. */
  rig.heard = async () => {
    const { rate_hz, at_ms, counts, chunks } = rig.sound;
    const reader = new FileReader();
    const read = new Promise((resolve) => { reader.onload = resolve; });
    reader.readAsDataURL(new Blob(chunks));
    await read;
    return { rate_hz, at_ms, counts, pcm: reader.result.slice(reader.result.indexOf(",") + 1) };
  };
})();
