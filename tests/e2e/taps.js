// Injected by the tests before the page's own scripts: what was sent, heard and shown, each with its time.
(() => {
  const taps = { sent: [], sound: { rate_hz: 0, at_ms: [], counts: [], chunks: [] }, frames: [] };
  Object.defineProperty(window, "__taps", { value: taps });

  // The pointer comes before its click: was there any user gesture by then?
  addEventListener("mousemove", () => { taps.touched ??= navigator.userActivation.hasBeenActive; });

  const send = RTCDataChannel.prototype.send;
  RTCDataChannel.prototype.send = function (data) {
    const message = JSON.parse(data);
    taps.sent.push({ at_ms: performance.now(), ...message });
    if (message.type === "shown") taps.opacityWhenShown = getComputedStyle(document.querySelector(".holder")).opacity;
    return send.call(this, data);
  };

  taps.channels = [];
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...parameters) {
    const channel = create.apply(this, parameters);
    taps.channels.push(channel);
    return channel;
  };

  /** As a network does it that goes away, only sooner noticed. */
  taps.breakConnection = () => taps.channels.find(({ readyState }) => readyState === "open").close();

  /** Keeps the decoded samples of the received audio track, as they reach the page. */
  taps.recordSound = async () => {
    const [track] = document.querySelector("video").srcObject.getAudioTracks();
    const reader = new MediaStreamTrackProcessor({ track: track.clone() }).readable.getReader();
    const { sound } = taps;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const plane = new Float32Array(value.numberOfFrames);
      value.copyTo(plane, { planeIndex: 0, format: "f32-planar" });
      sound.rate_hz = value.sampleRate;
      sound.at_ms.push(performance.now());
      sound.counts.push(plane.length);
      sound.chunks.push(Int16Array.from(plane, (x) => Math.max(-1, Math.min(1, x)) * 32767));
      value.close();
    }
  };

  /** Keeps the brightness of one region (fractions of the picture) of every frame that is shown. */
  taps.recordRegion = ({ left, top, width, height, columns, rows }) => {
    const video = document.querySelector("video");
    const canvas = new OffscreenCanvas(columns, rows);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const onFrame = (now) => {
      const { videoWidth: w, videoHeight: h } = video;
      pen.drawImage(video, left * w, top * h, width * w, height * h, 0, 0, columns, rows);
      const { data } = pen.getImageData(0, 0, columns, rows);
      const luma = [];
      for (let i = 0; i < data.length; i += 4) {
        luma.push(Math.round(0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2]));
      }
      taps.frames.push({ at_ms: now, luma });
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  };

  /** What recordSound has, the samples as base64 of little-endian int16. */
  taps.takeSound = async () => {
    const { rate_hz } = taps.sound;
    const [at_ms, counts, chunks] = [taps.sound.at_ms, taps.sound.counts, taps.sound.chunks].map((list) => [...list]);
    const reader = new FileReader();
    const read = new Promise((resolve) => { reader.onload = resolve; });
    reader.readAsDataURL(new Blob(chunks));
    await read;
    return { rate_hz, at_ms, counts, pcm: reader.result.slice(reader.result.indexOf(",") + 1) };
  };
})();
