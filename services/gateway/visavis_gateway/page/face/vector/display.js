// What to fill with what, in painting order, and how a canvas paints it under a turning head.

/** '#rrggbb', '#rrggbbaa' or [r, g, b, a] -> [0..255, 0..255, 0..255, 0..1]. */
export function rgba(colour) {
  if (typeof colour !== "string") return colour;
  const values = colour.slice(1).match(/../g).map((digits) => Number.parseInt(digits, 16));
  return [values[0], values[1], values[2], values.length > 3 ? values[3] / 255 : 1];
}

/** `share` of the second colour in the first. */
export function mix(first, second, share) {
  const other = rgba(second);
  return rgba(first).map((value, i) => value + (other[i] - value) * share);
}

/** A gradient along a line. */
export function linear(x0, y0, x1, y1, ...stops) {
  return { kind: "linear", place: [x0, y0, x1, y1], stops };
}

/** A gradient out of an ellipse's centre; position 1 is its rim. */
export function radial(cx, cy, rx, ry, ...stops) {
  return { kind: "radial", place: [cx, cy, rx, ry], stops };
}

/** Fills and clips. `blur` is a sigma in design units, `z` is added to the depth of the face. */
export class DisplayList {
  constructor() {
    this.ops = [];
  }

  fill(path, paint, alpha = 1, blur = 0, z = 0) {
    this.ops.push({ code: "fill", path, paint, alpha, blur, z });
  }

  clip(path) {
    this.ops.push({ code: "clip", path, z: 0 });
  }

  pop() {
    this.ops.push({ code: "pop" });
  }
}

const LEAST_BLUR = 0.45; // pixels: less can't be seen
const AWAY = 4096; // pixels: where a shape is whose shadow alone is wanted

const css = ([r, g, b, a]) => `rgba(${Math.round(r)} ${Math.round(g)} ${Math.round(b)} / ${a})`;

/** Height of the face above its plane; dome = [z0, z1, cx, cy, rx, ry]. */
function depth(x, y, [z0, z1, cx, cy, rx, ry]) {
  const u = (x - cx) / rx;
  const v = (y - cy) / ry;
  return z0 + z1 * Math.max(0, 1 - u * u - v * v);
}

/**
 * Paints display lists. `matrix` maps design units to pixels, as setTransform takes it; `yaw` and `pitch` turn
 * the head.
 */
export class Painter {
  constructor(pen, dome) {
    this.pen = pen;
    this.dome = dome;
  }

  paint(ops, matrix, yaw, pitch) {
    this.matrix = matrix;
    this.scale = Math.sqrt(Math.abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]));
    this.yaw = yaw;
    this.pitch = pitch;
    const { pen } = this;
    for (const op of ops) {
      if (op.code === "pop") pen.restore();
      else if (op.code === "clip") this.#clip(op);
      else if (op.alpha > 0.002) this.#fill(op);
    }
  }

  #clip(op) {
    this.pen.save();
    this.#trace(op);
    this.pen.clip();
  }

  #fill(op) {
    const { pen } = this;
    const sigma = op.blur * this.scale;
    const isPlain = !op.paint.kind;
    pen.globalAlpha = Math.min(1, op.alpha);
    if (sigma > LEAST_BLUR && (isPlain || hasOneColour(op.paint))) return this.#fillSoftly(op, sigma);
    this.#trace(op);
    this.#setPaint(op);
    pen.fill();
  }

  /** The shadow of a shape that is out of sight: every browser has it, unlike filters. */
  #fillSoftly(op, sigma) {
    const { pen } = this;
    const [r, g, b] = rgba(op.paint.kind ? op.paint.stops[0][1] : op.paint);
    pen.save();
    pen.shadowColor = css([r, g, b, 1]);
    pen.shadowBlur = 2 * sigma;
    pen.shadowOffsetX = AWAY;
    this.#trace(op, AWAY);
    this.#setPaint(op, AWAY);
    pen.fill();
    pen.restore();
  }

  #place(away = 0) {
    const [a, b, c, d, e, f] = this.matrix;
    this.pen.setTransform(a, b, c, d, e - away, f);
  }

  #trace({ path, z }, away = 0) {
    const { pen, dome, yaw, pitch } = this;
    this.#place(away);
    const x = (px, py) => px + yaw * (depth(px, py, dome) + z);
    const y = (px, py) => py + pitch * (depth(px, py, dome) + z) * 0.8;
    pen.beginPath();
    let [lastX, lastY] = [NaN, NaN];
    for (const [ax, ay, bx, by, cx, cy, dx, dy, isCubic] of path) {
      if (ax !== lastX || ay !== lastY) pen.moveTo(x(ax, ay), y(ax, ay));
      if (isCubic) pen.bezierCurveTo(x(bx, by), y(bx, by), x(cx, cy), y(cx, cy), x(dx, dy), y(dx, dy));
      else pen.lineTo(x(dx, dy), y(dx, dy));
      [lastX, lastY] = [dx, dy];
    }
    pen.closePath();
  }

  /** The path is traced already: what changes now is where the gradient lies. */
  #setPaint({ path, paint, z }, away = 0) {
    const { pen } = this;
    if (!paint.kind) {
      pen.fillStyle = css(rgba(paint));
      return;
    }
    const d = middleDepth(path, this.dome) + z;
    this.#place(away);
    pen.translate(this.yaw * d, this.pitch * d * 0.8);
    const [p, q, r, s] = paint.place;
    let gradient;
    if (paint.kind === "linear") gradient = pen.createLinearGradient(p, q, r, s);
    else {
      pen.translate(p, q);
      pen.scale(r, s);
      gradient = pen.createRadialGradient(0, 0, 0, 0, 0, 1);
    }
    for (const [position, colour] of paint.stops) gradient.addColorStop(position, css(rgba(colour)));
    pen.fillStyle = gradient;
  }
}

function hasOneColour({ stops }) {
  const [first, ...others] = stops.map(([, colour]) => rgba(colour));
  return others.every((other) => other[0] === first[0] && other[1] === first[1] && other[2] === first[2]);
}

function middleDepth(path, dome) {
  let x = 0;
  let y = 0;
  for (const segment of path) {
    x += segment[0] + segment[2] + segment[4] + segment[6];
    y += segment[1] + segment[3] + segment[5] + segment[7];
  }
  const count = Math.max(1, 4 * path.length);
  return depth(x / count, y / count, dome);
}
