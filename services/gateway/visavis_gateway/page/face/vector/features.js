// Cheeks, nose and brows, and all live features in painting order (backends/vector/features.py, rig/*.py).
import { DisplayList, linear, radial } from "./display.js";
import { drawEye } from "./eyes.js";
import { drawMouth } from "./mouth_inside.js";
import { ellipse, outline, smooth, stroke } from "./paths.js";

const MIDDLE = 256;
const SIDES = [-1, 1]; // viewer's left, viewer's right
const CHEEK_LIFT = 9;
const NOSE_HEIGHT = 4;
const INNER_LIFT = 8;

/** Everything that moves by itself, for the Painter. */
export function drawFeatures(character, controls) {
  const { look, mouth, cheeks, brow_left, brow_right, brow_inner } = controls;
  return [
    ...drawCheeks(character, cheeks),
    ...drawNose(character),
    ...drawEye(character, -1, look),
    ...drawBrow(character, -1, brow_left, brow_inner),
    ...drawEye(character, 1, look),
    ...drawBrow(character, 1, brow_right, brow_inner),
    ...drawMouth(character, mouth),
  ];
}

/** What a smile (lift, 0 to 1) adds to the cheeks as they are baked. */
function drawCheeks(character, lift) {
  const display = new DisplayList();
  if (lift > 0) {
    for (const side of SIDES) {
      drawApple(character, display, side, lift);
      drawFolds(character, display, side, lift);
    }
  }
  return display.ops;
}

/** Rounder and redder, lit from above, in shade below. */
function drawApple({ face, palette }, display, side, lift) {
  const x = MIDDLE + side * (face.blush_dx - 4);
  const y = face.blush_y - CHEEK_LIFT * lift;
  const r = face.blush_r * 0.8;
  const glow = (place, stops, alpha) => display.fill(ellipse(...place), radial(...place, ...stops), alpha);
  const { skin_sh: shade, blush, skin_hi: light } = palette;
  const below = [x + side * 2, y + r * 0.62, r * 0.9, r * 0.5];
  glow(below, [[0, `${shade}cc`], [0.5, `${shade}77`], [1, `${shade}00`]], 0.62 * lift);
  const red = [[0, `${blush}dd`], [0.55, `${blush}88`], [1, `${blush}00`]];
  glow([x, y, r, r * 0.78], red, face.blush * 0.75 * lift);
  glow([x - 3, y - r * 0.42, r * 0.66, r * 0.3], [[0, `${light}ee`], [1, `${light}00`]], 0.8 * lift);
}

/** Skin pushed up under the eye. */
function drawFolds({ eyes, palette }, display, side, lift) {
  const x = MIDDLE + side * eyes.dx;
  const y = eyes.y + eyes.lo + 5.5 - 2 * lift;
  const { w } = eyes;
  const pouch = stroke(
    [x - side * w * 0.7, y - 1], [x + side * w * 0.1, y + 5], [x + side * w * 0.95, y - 5], 0.3, 2.6, 0.3,
  );
  display.fill(pouch, palette.skin_deep, 0.22 * lift, 1.3);
}

/** Side plane, bridge, ball, underside, nostrils, tip light. */
function drawNose({ nose: spec, palette }) {
  const display = new DisplayList();
  const { y, w } = spec;
  const x = MIDDLE;
  drawBridge(spec, palette, display);
  const { blush, skin_deep: deep } = palette;
  const ball = radial(x, y - 2, w * 1.12, w * 0.72, [0, `${blush}48`], [0.6, `${blush}28`], [1, `${blush}00`]);
  display.fill(ellipse(x, y - 4, w * 1.12, w * 0.72), ball, spec.red, 0, NOSE_HEIGHT);
  const underside = outline(
    x - w, y - 1,
    [x - w * 0.75, y + 5, x - w * 0.3, y + 6, x, y + 6.5],
    [x + w * 0.3, y + 6, x + w * 0.75, y + 5, x + w, y - 1],
    [x + w * 0.6, y + 2.4, x + w * 0.35, y + 1.6, x, y + 2.4],
    [x - w * 0.35, y + 1.6, x - w * 0.6, y + 2.4, x - w, y - 1],
  );
  display.fill(underside, deep, 0.62, 0.9, NOSE_HEIGHT);
  for (const side of SIDES) drawNostril(spec, palette, display, side);
  const tip = radial(x - 2.5, y - 7, 5.5, 4, [0, "#ffffffee"], [0.35, "#ffffff88"], [1, "#ffffff00"]);
  display.fill(ellipse(x - 2.5, y - 7, 5.5, 4), tip, spec.tip, 0, NOSE_HEIGHT);
  display.fill(ellipse(x, y + 10, 5, 6), radial(x, y + 11, 5, 7, [0, `${deep}55`], [1, `${deep}00`]), 0.6, 0, 1);
  return display.ops;
}

function drawBridge(spec, { skin_deep: deep, skin_hi: hi }, display) {
  const { y, w, len: length } = spec;
  const x = MIDDLE;
  const plane = outline(
    x + 3, y - length,
    [x + 10, y - 30, x + w * 0.9, y - 18, x + w * 1.02, y - 4],
    [x + w * 0.8, y + 3, x + w * 0.3, y + 1, x + 4, y - 6],
    [x + 2, y - 20, x + 2, y - 40, x + 3, y - length],
  );
  const shade = linear(x, y - length, x + 2, y, [0, `${deep}00`], [0.5, `${deep}55`], [1, `${deep}99`]);
  display.fill(plane, shade, spec.side, 2.4, NOSE_HEIGHT / 2);
  const place = [x - 2.5, y - length * 0.55, 4.5, length * 0.4];
  const light = radial(...place, [0, `${hi}cc`], [1, `${hi}00`]);
  display.fill(ellipse(...place), light, spec.bridge, 0, NOSE_HEIGHT / 2);
}

function drawNostril(spec, palette, display, side) {
  const { y } = spec;
  const x = MIDDLE;
  const w = side * spec.w;
  const hole = outline(
    x + w * 0.62, y + 1.2,
    [x + w * 0.5, y - 1.6, x + w * 0.24, y - 0.6, x + w * 0.18, y + 2.6],
    [x + w * 0.34, y + 3.6, x + w * 0.52, y + 3.2, x + w * 0.62, y + 1.2],
  );
  display.fill(hole, palette.nostril, 0.62, 0.35, NOSE_HEIGHT);
  const wing = stroke([x + w * 0.84, y - 9], [x + w * 1.18, y - 3], [x + w * 0.8, y + 1.5], 0.4, 1.5, 0.5);
  display.fill(wing, palette.skin_deep, 0.55, 0.5, NOSE_HEIGHT);
}

/** One brow: `rise` lifts all of it, `inner` its inner end (both -1..1.2). */
function drawBrow({ brows: spec, palette }, side, rise, inner) {
  const display = new DisplayList();
  const { t, w } = spec;
  const arch = spec.arch + rise * 1.5;
  const y = spec.y - rise * 9;
  const lift = -inner * INNER_LIFT;
  const at = (u) => MIDDLE + side * spec.dx + side * u;
  const [y0, y1, y2] = [y + 3 + lift, y - arch * 0.72 + lift * 0.4, y - arch];
  const path = smooth([
    [at(-w), y0 - t * 0.62],
    [at(-w * 0.2), y1 - t * 0.52],
    [at(w * 0.38), y2 - t * 0.34],
    [at(w), y + spec.drop, 1],
    [at(w * 0.38) - side, y2 + t * 0.42],
    [at(-w * 0.2), y1 + t * 0.55],
    [at(-w) + side * 0.5, y0 + t * 0.5],
  ]);
  const { brow } = palette;
  const paint = linear(at(-w), 0, at(w), 0, [0, `${brow}77`], [0.25, `${brow}ee`], [1, `${brow}ff`]);
  display.fill(path, paint, spec.a, 0.35);
  drawBrowHairs(display, spec, palette, side, rise, inner);
  return display.ops;
}

function drawBrowHairs(display, spec, palette, side, rise, inner) {
  const { t, w } = spec;
  const x = MIDDLE + side * spec.dx;
  const y = spec.y - rise * 9;
  const innerY = y + 3 - inner * INNER_LIFT;
  const archY = y - (spec.arch + rise * 1.5) * 0.72;
  for (let i = 0; i < 5; i += 1) {
    const u = -w + 1 + i * w * 0.17;
    const f = (u + w) / (0.8 * w);
    const hairY = innerY * (1 - f) + archY * f;
    const hair = stroke(
      [x + side * u, hairY + t * 0.36],
      [x + side * (u + 0.8), hairY - t * 0.1],
      [x + side * (u + 3.6), hairY - t * 0.62],
      0.6, 1.4, 0.2,
    );
    display.fill(hair, palette.brow, 0.5);
  }
}
