// Evaluated in the page before the call: keeps what stands in the drawn face's canvas, as means of cells of some
// parts, each with the media time that it was drawn for. parts: {x, y, side} on a picture of `size` pixels.
async ([parts, size, cells, everyMs]) => {
  const { ClientFace } = await import("/page/face/face.js");
  const eye = { face: null, at: [], bytes: [] };
  Object.defineProperty(window, "__eye", { value: eye });
  const { appear } = ClientFace.prototype;
  ClientFace.prototype.appear = function (...given) {
    eye.face = this;
    return appear.apply(this, given);
  };
  const looks = parts.map(({ x, y, side }) => ({
    x, y, side,
    pen: new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true }),
    cellOf: Array.from({ length: side }, (_, i) => Math.min(cells - 1, Math.floor(((i + 0.5) * cells) / side))),
  }));

  const meansOf = ({ x, y, side, pen, cellOf }, canvas) => {
    const scale = canvas.width / size;
    pen.drawImage(canvas, x * scale, y * scale, side * scale, side * scale, 0, 0, side, side);
    const { data } = pen.getImageData(0, 0, side, side);
    const sums = new Float64Array(cells * cells * 4);
    for (let row = 0, at = 0; row < side; row += 1) {
      for (let column = 0; column < side; column += 1, at += 4) {
        const cell = 4 * (cellOf[row] * cells + cellOf[column]);
        for (let colour = 0; colour < 3; colour += 1) sums[cell + colour] += data[at + colour];
        sums[cell + 3] += 1;
      }
    }
    return Uint8Array.from({ length: cells * cells * 3 }, (_, i) => {
      const cell = 4 * Math.floor(i / 3);
      return Math.round(sums[cell + (i % 3)] / sums[cell + 3]);
    });
  };

  let last = { shownAtMs: -Infinity };
  const onFrame = () => {
    requestAnimationFrame(onFrame);
    const { face } = eye;
    const latest = face?.latest;
    if (!latest || !face.canvas?.isConnected || latest.shownAtMs - last.shownAtMs < everyMs) return;
    last = latest;
    for (const look of looks) eye.bytes.push(meansOf(look, face.canvas));
    const latencyMs = 1000 * (face.context?.outputLatency || 0);
    eye.at.push([latest.pts_us, latest.shownAtMs, face.drawnCount, face.canvas.width, latencyMs]);
  };
  requestAnimationFrame(onFrame);

  /** All that was kept: rows of [pts_us, shown_ms, drawn_count, width_px, latency_ms], cells as base64. */
  eye.take = async () => {
    const reader = new FileReader();
    const read = new Promise((resolve) => { reader.onload = resolve; });
    const at = [...eye.at];
    reader.readAsDataURL(new Blob(eye.bytes.slice(0, at.length * parts.length)));
    await read;
    return { at, cells: reader.result.slice(reader.result.indexOf(",") + 1) };
  };
}
