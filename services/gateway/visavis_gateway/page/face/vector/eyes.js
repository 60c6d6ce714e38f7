// The eyes: ball, lids, lashes, crease (backends/vector/rig/eyes.py).
import { DisplayList, linear, mix, radial } from "./display.js";
import { ellipse, outline, stroke } from "./paths.js";

const MIDDLE = 256;

/** The lid edge is a cubic from the inner corner (-w, inner) over (upper1, upper2) to (w, outer). */
class Eye {
  constructor(character, side, look) {
    const spec = character.eyes;
    Object.assign(this, { side, spec, look, palette: character.palette });
    this.x = MIDDLE + side * spec.dx;
    this.y = spec.y;
    this.w = spec.w;
    const lift = -Math.max(0, look.gaze_down) * 4.5 + Math.max(0, -look.gaze_down);
    this.up = (spec.up * (1 + 0.16 * look.wide) + lift) * (1 - 0.14 * look.squint);
    this.lo = spec.lo * (1 - 0.42 * look.squint - 0.2 * Math.max(0, look.smile - 0.3));
    const b = Math.min(1, Math.max(0, look.blink));
    this.blink = b;
    this.closed = b + (1 - b) * spec.rest;
    const squash = 4 * b * (1 - b); // half way the corners sink, so that the lid keeps its arch
    this.inner = this.y + 4.5 + 2 * b + 3 * squash;
    this.outer = this.y + 1 - spec.tilt + 4 * b + 5 * squash;
    this.open1 = this.y - this.up * 1.2;
    this.open2 = this.y - this.up * 1.36;
    this.shut1 = this.y + this.lo * 0.78 + 4;
    this.shut2 = this.y + this.lo * 0.84 + 3.5;
    this.upper1 = this.open1 + (this.shut1 - this.open1) * this.closed;
    this.upper2 = this.open2 + (this.shut2 - this.open2) * this.closed;
    this.rise = b * (1.5 - 0.5 * b);
    this.lower1 = this.y + this.lo * 1.3 + (this.shut1 - this.y - this.lo * 1.3) * this.rise;
    this.lower2 = this.y + this.lo * 1.36 + (this.shut2 - this.y - this.lo * 1.36) * this.rise;
    this.at = (u) => this.x + side * u; // x of a place counted outwards from the middle of the eye
  }

  /** The point of the upper lid's edge above place u. */
  onLid(u) {
    const { w, at } = this;
    const k = (u + w) / (2 * w);
    const [a, b, c, d] = [(1 - k) ** 3, 3 * (1 - k) ** 2 * k, 3 * (1 - k) * k * k, k ** 3];
    const x = a * at(-w) + b * at(-w * 0.62) + c * at(w * 0.5) + d * at(w);
    return [x, a * this.inner + b * this.upper1 + c * this.upper2 + d * this.outer];
  }
}

/** One eye; side -1 is the viewer's left. */
export function drawEye(character, side, look) {
  const display = new DisplayList();
  const eye = new Eye(character, side, look);
  drawLid(display, eye);
  if (eye.blink < 0.97) {
    drawBall(display, eye);
    drawLowerLid(display, eye);
  }
  drawLashLine(display, eye);
  drawLashes(display, eye);
  drawCrease(display, eye);
  drawLines(display, eye);
  return display.ops;
}

function drawLid(display, eye) {
  const { w, at } = eye;
  const lid = outline(
    at(-w - 1), eye.inner - 1,
    [at(-w * 0.62), eye.open1 - 9, at(w * 0.5), eye.open2 - 9, at(w + 3), eye.outer - 1],
    [at(w * 0.5), eye.upper2, at(-w * 0.62), eye.upper1, at(-w - 1), eye.inner - 1],
  );
  const skin = eye.palette.lid;
  const shaded = mix(skin, eye.palette.lid_dk, 0.62 - 0.3 * eye.closed);
  const top = eye.y - eye.up;
  const bottom = top + (eye.shut1 - top) * eye.closed * 0.8 + 3;
  display.fill(lid, linear(eye.x, top - 8, eye.x, bottom, [0, `${skin}00`], [0.35, `${skin}bb`], [1, shaded]), 0.9);
}

function drawBall(display, eye) {
  const { w, at, palette } = eye;
  const opening = outline(
    at(-w), eye.inner,
    [at(-w * 0.62), eye.upper1, at(w * 0.5), eye.upper2, at(w), eye.outer],
    [at(w * 0.5), eye.lower2, at(-w * 0.55), eye.lower1, at(-w), eye.inner],
  );
  const { sclera: white, sclera_sh: dark } = palette;
  display.fill(
    opening, linear(eye.x, eye.y - eye.up, eye.x, eye.y + eye.lo, [0, dark], [0.45, white], [1, white]),
  );
  display.clip(opening);
  display.fill(ellipse(at(-w + 1.5), eye.inner, 3.6, 3.2), palette.caruncle, 0.8, 0.8);
  const r = eye.spec.iris;
  const x = eye.x + eye.look.gaze_x * 9 - eye.side * 0.6;
  const y = eye.y - 3.2 + eye.look.gaze_down * 6.5;
  drawIris(display, palette, x, y, r * (1 - 0.06 * Math.abs(eye.look.gaze_x)), r);
  const shadow = outline(
    at(-w) - eye.side * 8, eye.inner - 30,
    [at(w + 8), eye.y - 40],
    [at(w + 8), eye.outer + 2],
    [at(w * 0.5), eye.upper2 + 8.5, at(-w * 0.62), eye.upper1 + 8.5, at(-w - 8), eye.inner + 2],
  );
  display.fill(shadow, palette.eye_shadow, 0.42, 1.8);
  display.fill(ellipse(x - r * 0.36, y - r * 0.38, r * 0.3, r * 0.33), "#ffffff", 0.98);
  display.fill(ellipse(x + r * 0.42, y + r * 0.4, r * 0.13, r * 0.13), "#ffffff", 0.85);
  display.pop();
}

/** Limbal ring, iris, its lower glow, pupil. */
function drawIris(display, palette, x, y, rx, r) {
  display.fill(ellipse(x, y, rx + 0.8, r + 0.8), palette.iris_rim);
  const body = linear(x, y - r, x, y + r, [0, palette.iris_dk], [0.45, palette.iris], [1, palette.iris_lt]);
  display.fill(ellipse(x, y, rx - 1, r - 1), body);
  const glow = palette.iris_glow;
  const light = radial(x, y + r * 0.55, rx * 0.78, r * 0.55, [0, `${glow}ee`], [1, `${glow}00`]);
  display.fill(ellipse(x, y + r * 0.42, rx * 0.74, r * 0.5), light, 0.95);
  const { pupil } = palette;
  display.fill(ellipse(x, y, r * 0.47, r * 0.47), pupil);
  const edge = radial(x, y, r * 0.62, r * 0.62, [0, pupil], [0.75, `${pupil}cc`], [1, `${pupil}00`]);
  display.fill(ellipse(x, y, r * 0.62, r * 0.62), edge, 0.55);
}

function drawLowerLid(display, eye) {
  const { w, at, y, lo } = eye;
  const inner = y + lo * 0.72 + 1.5 - 3 * eye.rise;
  const near = eye.lower1 - lo * 0.18 + 1;
  const far = eye.lower2 - lo * 0.11 + 1;
  const path = outline(
    at(-w * 0.7), inner,
    [at(-w * 0.4), near, at(w * 0.5), far, at(w), eye.outer + 1],
    [at(w * 0.55), far + 1.3, at(-w * 0.4), near + 1, at(-w * 0.7), inner],
  );
  display.fill(path, eye.palette.lower_lash, 0.55 * (1 - eye.blink));
}

/** One tapered shape with a wing at the outer corner. */
function drawLashLine(display, eye) {
  const { w, at, blink: b, outer } = eye;
  const { lash: t, wing } = eye.spec;
  const wingY = outer - 3 - wing * 0.55 * (1 - b) + 2.5 * b;
  const path = outline(
    at(-w - 0.8), eye.inner + 0.6,
    [at(-w * 0.62), eye.upper1 - 0.2, at(w * 0.5), eye.upper2 - 0.2, at(w - 0.5), outer + 0.8],
    [at(w + wing * 0.5), outer + 0.2, at(w + wing * 0.8), (outer + wingY) / 2 + 0.4, at(w + wing), wingY],
    [at(w + wing * 0.45), outer - 3.4 + b * 1.5, at(w * 0.98), outer - 4, at(w * 0.9), outer - 5.2 + b * 2],
    [
      at(w * 0.42), eye.upper2 - t * 1.32 + b * t * 0.3,
      at(-w * 0.6), eye.upper1 - t * 1.05 + b * t * 0.3,
      at(-w - 0.8), eye.inner + 0.6,
    ],
  );
  const { lash } = eye.palette;
  display.fill(path, linear(at(-w), eye.y, at(w), eye.y, [0, `${lash}cc`], [0.3, lash], [1, lash]));
}

function drawLashes(display, eye) {
  const { blink: b, side } = eye;
  for (const [u, dx, dy, length] of eye.spec.lashes) {
    const [x, y] = eye.onLid(u);
    const drop = dy * (1 - b) - dy * 0.75 * b;
    const path = stroke(
      [x, y - (1 - b)],
      [x + side * dx * 0.55 * length, y + drop * 0.25 * length],
      [x + side * dx * length, y + drop * length],
      3, 1.9, 0.2,
    );
    display.fill(path, eye.palette.lash);
  }
}

/** The fold above the lid; it fades in a blink. */
function drawCrease(display, eye) {
  const { w, at, blink: b } = eye;
  const { crease } = eye.spec;
  const y1 = eye.open1 - crease + (eye.shut1 - eye.open1) * b * 0.3;
  const y2 = eye.open2 - crease - 1 + (eye.shut2 - eye.open2) * b * 0.3;
  const start = eye.inner - 8 + b * 2;
  const path = outline(
    at(-w * 0.92), start,
    [at(-w * 0.55), y1, at(w * 0.5), y2, at(w * 1.06), eye.outer - 5],
    [at(w * 0.5), y2 + 2.4, at(-w * 0.55), y1 + 1.8, at(-w * 0.92), start],
  );
  display.fill(path, eye.palette.skin_deep, 0.75 - 0.5 * b, 0.4);
}

/** What age has drawn around the eye. */
function drawLines(display, eye) {
  for (const [u0, v0, u1, v1, u2, v2, width, strength] of eye.spec.extra) {
    const [start, bend, end] = [[u0, v0], [u1, v1], [u2, v2]].map(([u, v]) => [eye.at(u), eye.y + v]);
    display.fill(stroke(start, bend, end, 0.3, width, 0.3), eye.palette.skin_deep, strength, 0.6);
  }
}
