// What is between the lips, and the lip or tongue that comes over the teeth (backends/vector/rig/mouth_inside.py).
import { DisplayList, linear, mix } from "./display.js";
import { drawLips, Mouth } from "./mouth.js";
import { ellipse, outline, polygon, stroke } from "./paths.js";

/** The whole mouth. */
export function drawMouth(character, shape) {
  const display = new DisplayList();
  const mouth = new Mouth(character, shape);
  const { palette, x, yUp: top } = mouth;
  drawLips(display, mouth);
  const inner = mouth.innerPath();
  if (mouth.opened <= 0) {
    display.fill(inner, palette.lip_line, 0.9);
    return display.ops;
  }
  const dark = palette.mouth_dk;
  display.fill(
    inner, linear(x, top, x, top + Math.max(mouth.gap, 6), [0, dark], [0.45, dark], [1, palette.mouth_in]),
  );
  display.clip(inner);
  const teeth = teethHeight(mouth);
  if (shape.opening > 0.06) drawTongue(display, mouth);
  if (shape.lower_teeth > 0.05) drawLowerTeeth(display, mouth);
  if (shape.teeth > 0.04) drawUpperTeeth(display, mouth, top + teeth);
  drawLipShadow(display, mouth);
  display.pop();
  if (shape.tuck > 0.05) drawTuckedLip(display, mouth);
  if (shape.tongue_out > 0.05) drawTongueTip(display, mouth, top + teeth - 1.6);
  return display.ops;
}

function teethHeight({ shape, gap }) {
  if (shape.tuck >= 0.5) return Math.min(8.2, gap * 1.05);
  return Math.min(8.2 * shape.teeth, Math.max(gap * (0.66 - 0.34 * shape.tongue_out), 3.5));
}

/** Back of the tongue, with groove and gloss. */
function drawTongue(display, mouth) {
  const { palette, x, yLow: low, gap } = mouth;
  const w = mouth.w * (0.7 - 0.08 * mouth.shape.rounding);
  const y = low - 2.5 - gap * 0.2 - gap * 0.58 * mouth.shape.tongue;
  const body = outline(
    x - w, low + 9,
    [x - w * 1.06, y + gap * 0.16, x - w * 0.62, y, x - w * 0.18, y],
    [x - w * 0.08, y, x - w * 0.06, y + 1.2, x, y + 1.2],
    [x + w * 0.06, y + 1.2, x + w * 0.08, y, x + w * 0.18, y],
    [x + w * 0.62, y, x + w * 1.06, y + gap * 0.16, x + w, low + 9],
  );
  const stops = [[0, palette.tongue_lt], [0.55, palette.tongue], [1, palette.tongue_dk]];
  display.fill(body, linear(x, y, x, low + 4, ...stops));
  const groove = stroke([x, y + 2], [x + 0.6, (y + low) / 2], [x, low + 3], 0.4, 2.2, 0.6);
  display.fill(groove, palette.tongue_dk, 0.6, 0.7);
  display.fill(ellipse(x - w * 0.36, y + 3.4, w * 0.24, 1.9), palette.lip_hi, 0.5, 0.8);
}

function drawLowerTeeth(display, mouth) {
  const { palette, x, w, yLow: low } = mouth;
  const shown = mouth.shape.lower_teeth;
  const y = low - 2 - shown * Math.max(4, Math.min(mouth.gap * 0.55, 7.5));
  const row = outline(
    x - w * 0.72, low + 8,
    [x - w * 0.74, y + 3, x - w * 0.66, y + 1.5, x - w * 0.5, y + 0.7],
    [x - w * 0.2, y, x + w * 0.2, y, x + w * 0.5, y + 0.7],
    [x + w * 0.66, y + 1.5, x + w * 0.74, y + 3, x + w * 0.72, low + 8],
  );
  const shade = palette.teeth_sh;
  const bright = mix(palette.teeth, shade, 0.35);
  const stops = [[0, shade], [0.3, bright], [0.7, bright], [1, shade]];
  display.fill(row, linear(x - w * 0.75, 0, x + w * 0.75, 0, ...stops), Math.min(1, shown * 1.5));
}

/** The row down to y. */
function drawUpperTeeth(display, mouth, y) {
  const { palette, x, yUp: top, w } = mouth;
  const k = 0.86 + 0.06 * (1 - mouth.round);
  const [a, b, c] = [w * k, w * (k - 0.04), w * (k - 0.16)];
  const row = outline(
    x - a, top - 9,
    [x + a, top - 9],
    [x + a, y - 5, x + b, y - 2.2, x + c, y - 1.5],
    [x + w * 0.34, y, x + w * 0.16, y + 0.5, x, y + 0.5],
    [x - w * 0.16, y + 0.5, x - w * 0.34, y, x - c, y - 1.5],
    [x - b, y - 2.2, x - a, y - 5, x - a, top - 9],
  );
  const { teeth: white, teeth_sh: shade } = palette;
  const stops = [[0, shade], [0.24, white], [0.76, white], [1, shade]];
  display.fill(row, linear(x - w * 0.9, 0, x + w * 0.9, 0, ...stops), mouth.opened);
  const slit = polygon([[x - 0.45, top - 2], [x + 0.45, top - 2], [x + 0.3, y - 0.6], [x - 0.3, y - 0.6]]);
  display.fill(slit, shade, 0.34);
}

/** What the upper lip casts on teeth and tongue. */
function drawLipShadow(display, mouth) {
  const { x, w, yUp: top, corner } = mouth;
  const [a1, a2] = mouth.quarter(-1, top, w);
  const [b1, b2] = mouth.quarter(1, top, w);
  const path = outline(
    x - w - 6, top - 14,
    [x + w + 6, top - 14],
    [x + w + 6, corner + 3],
    [b1[0], b1[1] + 3, b2[0], b2[1] + 3, x, top + 3],
    [a2[0], a2[1] + 3, a1[0], a1[1] + 3, x - w - 6, corner + 3],
  );
  display.fill(path, mouth.palette.mouth_dk, 0.42, 1.4);
}

/** The lower lip rolled under the upper teeth: its soft edge lies over them. */
function drawTuckedLip(display, mouth) {
  const { x, w, yLow: low } = mouth;
  const { tuck } = mouth.shape;
  const edge = outline(
    x - w * 0.66, low - 1.4,
    [x - w * 0.3, low - 3.6, x + w * 0.3, low - 3.6, x + w * 0.66, low - 1.4],
    [x + w * 0.3, low + 3.5, x - w * 0.3, low + 3.5, x - w * 0.66, low - 1.4],
  );
  display.fill(edge, mouth.palette.lip_lo, Math.min(1, tuck * 1.2) * 0.9, 0.5);
}

/** The tip between the teeth, resting on the lower lip. */
function drawTongueTip(display, mouth, top) {
  const { palette, x } = mouth;
  const out = mouth.shape.tongue_out;
  const w = mouth.w * 0.5;
  const low = mouth.yLow + 2.5 + 5 * out;
  const tip = outline(
    x - w, top + 1,
    [x - w * 0.4, top + 0.2, x + w * 0.4, top + 0.2, x + w, top + 1],
    [x + w * 1.08, low - 3, x + w * 0.6, low, x, low],
    [x - w * 0.6, low, x - w * 1.08, low - 3, x - w, top + 1],
  );
  const stops = [[0, palette.tongue_dk], [0.35, palette.tongue], [1, palette.tongue_lt]];
  display.fill(tip, linear(x, top, x, low, ...stops), Math.min(1, out * 1.6), 0.3);
  const groove = stroke([x, top + 1.5], [x + 0.4, (top + low) / 2], [x, low - 2.5], 0.4, 1.6, 0.3);
  display.fill(groove, palette.tongue_dk, 0.5 * Math.min(1, out * 1.5), 0.5);
  display.fill(ellipse(x - w * 0.38, low - 4, w * 0.2, 1.4), "#ffffff", 0.45 * out, 0.6);
}
