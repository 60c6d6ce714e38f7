// Injected before the page's own scripts: a microphone that says what it is told, an ear, and a notebook.
(() => {
  // `now` is what the user waits for: cheap to ask, for the machine has other things to do.
  const now = { state: "idle", turns: 0, origin: "", heard_end: 0 };
  const rig = { now, messages: [], spoken: [], sound: { rate_hz: 0, at_ms: [], counts: [], chunks: [] } };
  Object.defineProperty(window, "__rig", { value: rig });
  let context = null;
  let mouth = null;

  MediaDevices.prototype.getUserMedia = async () => {
    context = new AudioContext({ sampleRate: 48_000 });
    mouth = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    const room = new AudioBuffer({ length: 96_000, sampleRate: 48_000 });
    room.getChannelData(0).forEach((_, i, samples) => { samples[i] = (Math.random() - 0.5) * 4e-4; });
    const noise = new AudioBufferSourceNode(context, { buffer: room, loop: true });
    noise.connect(mouth);
    noise.start();
    return mouth.stream;
  };

  /** Speaks a WAV file (base64) into the microphone; resolves when its last sample has been sent. */
  rig.say = async (text, wav) => {
    const bytes = Uint8Array.from(atob(wav), (character) => character.charCodeAt(0));
    const speech = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(bytes.buffer) });
    speech.connect(mouth);
    const over = new Promise((resolve) => { speech.onended = resolve; });
    const from_ms = performance.now();
    speech.start();
    const said = { text, from_ms, to_ms: from_ms + 1000 * speech.buffer.duration };
    rig.spoken.push(said);
    await over;
  };

  const open = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...given) {
    const channel = open.apply(this, given);
    channel.addEventListener("message", ({ data }) => {
      const message = { at_ms: performance.now(), ...JSON.parse(data) };
      rig.messages.push(message);
      if (message.type === "state") now.state = message.state;
      if (message.type === "reply") now.heard_end = message.heard_end;
      if (message.type === "turn") Object.assign(now, { turns: now.turns + 1, origin: message.origin });
    });
    return channel;
  };

  /** Keeps the decoded samples of the received audio, as they reach the page. */
  rig.listen = async () => {
    const [track] = document.querySelector("video").srcObject.getAudioTracks();
    const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const plane = new Float32Array(value.numberOfFrames);
      value.copyTo(plane, { planeIndex: 0, format: "f32-planar" });
      rig.sound.rate_hz = value.sampleRate;
      rig.sound.at_ms.push(performance.now());
      rig.sound.counts.push(plane.length);
      rig.sound.chunks.push(Int16Array.from(plane, (x) => Math.max(-1, Math.min(1, x)) * 32767));
      value.close();
    }
  };

  /** What was heard, the samples as base64 of little-endian int16. */
  rig.heard = async () => {
    const { rate_hz } = rig.sound;
    const [at_ms, counts, chunks] = [rig.sound.at_ms, rig.sound.counts, rig.sound.chunks].map((list) => [...list]);
    const reader = new FileReader();
    const read = new Promise((resolve) => { reader.onload = resolve; });
    reader.readAsDataURL(new Blob(chunks));
    await read;
    return { rate_hz, at_ms, counts, pcm: reader.result.slice(reader.result.indexOf(",") + 1) };
  };
})();
