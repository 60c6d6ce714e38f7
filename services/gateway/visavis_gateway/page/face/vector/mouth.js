// The mouth's outside: where its curves run, lips, corners, the shadow below (backends/vector/rig/mouth.py).
import { linear, radial } from "./display.js";
import { ellipse, outline, stroke } from "./paths.js";

const MIDDLE = 256;

/** The geometry of one mouth shape. yUp and yLow: the lips' inner edges; w: half the inner width. */
export class Mouth {
  constructor(character, shape) {
    const spec = character.mouth;
    Object.assign(this, { character, shape, spec, palette: character.palette, x: MIDDLE });
    const { opening, rounding, press } = shape;
    const stretch = Math.max(0, shape.width);
    this.smile = shape.smile + spec.rest * (1 - 0.6 * opening);
    const { smile } = this;
    const { y } = spec;
    this.w = spec.w * (1 + 0.3 * shape.width) * (1 - 0.47 * rounding) + smile * 5;
    let up = y - shape.upper * 3.4 - opening * 3.5 + smile * 0.6 + press;
    let low = y + opening * 27 + shape.lower * 4 + smile * 2.2 + press;
    const pull = Math.min(1, Math.max(0, rounding) * 0.85 + opening * 0.22);
    this.corner = (y - smile * 12.5 + opening * 9) * (1 - pull) + (up * 0.52 + low * 0.48) * pull;
    if (low - up < 1.7) {
      const middle = (low + up) / 2;
      [up, low] = [middle - 0.85, middle + 0.85];
    }
    this.yUp = up;
    this.yLow = low;
    this.gap = low - up;
    this.opened = Math.min(1, Math.max(0, (this.gap - 2) / 4));
    this.thickUp = spec.tu * (1 - 0.55 * press) * (1 - 0.08 * opening) + rounding * 2.4 - stretch;
    this.thickLow = spec.tl * (1 - 0.5 * press) * (1 - 0.42 * shape.tuck);
    this.thickLow += rounding * 2 - stretch - opening * 0.8;
    this.lipTop = up - this.thickUp;
    this.lipBottom = low + this.thickLow;
    this.round = Math.min(1, 0.12 + 0.88 * rounding + 0.32 * opening); // 0 lens .. 1 ellipse
    this.bow = 0.3 * this.w;
    this.bowY = this.lipTop + this.thickUp * spec.bow;
  }

  /** Control points of the cubic from the corner at half width w to the middle at y. */
  quarter(side, y, w) {
    const k = 0.7 + 0.28 * this.round;
    const near = [this.x + side * w * k, this.corner + (y - this.corner) * (0.58 + 0.02 * this.round)];
    return [near, [this.x + side * w * (0.36 + 0.2 * this.round), y]];
  }

  /** The opening between the lips. */
  innerPath() {
    const { x, w, corner } = this;
    const [a1, a2] = this.quarter(-1, this.yUp, w);
    const [b1, b2] = this.quarter(1, this.yUp, w);
    const [p1, p2] = this.quarter(1, this.yLow, w);
    const [q1, q2] = this.quarter(-1, this.yLow, w);
    const dip = this.spec.dip * (1 - this.opened);
    return outline(
      x - w, corner,
      [...a1, ...a2, x, this.yUp + dip],
      [...b2, ...b1, x + w, corner],
      [...p1, ...p2, x, this.yLow + dip * 0.7],
      [...q2, ...q1, x - w, corner],
    );
  }

  /** Both lips, with the bow of the upper one. */
  outerPath() {
    const { x, lipTop: top, bow, bowY: mid } = this;
    const w = this.w + 2.2;
    const [c1] = this.quarter(-1, top - 1.2, w);
    const [d1] = this.quarter(1, top - 1.2, w);
    const [e1, e2] = this.quarter(1, this.lipBottom, w);
    const [f1, f2] = this.quarter(-1, this.lipBottom, w);
    return outline(
      x - w, this.corner,
      [...c1, x - bow * 1.9, top - 0.2, x - bow, top],
      [x - bow * 0.55, top + 0.2, x - bow * 0.3, mid, x, mid],
      [x + bow * 0.3, mid, x + bow * 0.55, top + 0.2, x + bow, top],
      [x + bow * 1.9, top - 0.2, ...d1, x + w, this.corner],
      [...e1, e2[0] + 2, e2[1], x, this.lipBottom],
      [f2[0] - 2, f2[1], ...f1, x - w, this.corner],
    );
  }
}

/** Everything but what is between the lips. */
export function drawLips(display, mouth) {
  drawShadow(display, mouth);
  for (const side of [-1, 1]) drawCorner(display, mouth, side);
  drawLipSkin(display, mouth);
}

function drawShadow(display, mouth) {
  const { x, w } = mouth;
  const y = mouth.lipBottom + 4;
  const deep = mouth.palette.skin_deep;
  const paint = radial(x, y, w * 0.56, 5.5, [0, `${deep}bb`], [1, `${deep}00`]);
  display.fill(ellipse(x, y + 0.5, w * 0.52, 5), paint, 0.55 * mouth.spec.under);
}

/** The dent at a corner and, with a smile, the fold beside it. */
function drawCorner(display, mouth, side) {
  const { x, corner: y, w, smile } = mouth;
  const deep = mouth.palette.skin_deep;
  const dent = stroke(
    [x + side * (w - 1), y + 0.8], [x + side * (w + 3), y - 0.2], [x + side * (w + 4.6), y - 4.2], 0.8, 2.2, 0.3,
  );
  display.fill(dent, deep, 0.22 + 0.45 * Math.max(0, Math.min(1, smile)), 0.7);
  const lasting = mouth.spec.fold;
  if (smile > 0.25 || lasting > 0) {
    const { nose } = mouth.character;
    const strength = Math.min(1, Math.max(0, (smile - 0.25) / 0.6)) * mouth.spec.smile_fold + lasting;
    const fold = stroke(
      [x + side * (nose.w + 7), nose.y + 3],
      [x + side * (w + 11 + mouth.shape.rounding * 3), nose.y + 13],
      [x + side * (w + 10 + smile * 2), y - 3],
      0.3, 3.4, 0.4,
    );
    display.fill(fold, deep, strength * 0.5, 1.6);
  }
}

function drawLipSkin(display, mouth) {
  const { palette, x, bow, lipTop: top, bowY: mid, w } = mouth;
  const height = mouth.lipBottom - top;
  const border = Math.max(0.05, Math.min(0.9, (mouth.yUp - top) / height));
  const colours = [[0, palette.lip_up], [border, palette.lip_mid], [1, palette.lip_lo]];
  display.fill(mouth.outerPath(), linear(x, top, x, mouth.lipBottom, ...colours), 1, 0.35);
  const sideY = top + mouth.thickUp * 0.25;
  const lowY = mid + mouth.thickUp * 0.35;
  const light = outline(
    x - bow * 1.1, sideY,
    [x - bow * 0.7, top - 0.2, x - bow * 0.3, mid - 0.3, x, mid],
    [x + bow * 0.3, mid - 0.3, x + bow * 0.7, top - 0.2, x + bow * 1.1, sideY],
    [x + bow * 0.4, lowY, x - bow * 0.4, lowY, x - bow * 1.1, sideY],
  );
  const { gloss } = mouth.spec;
  const highlight = palette.lip_hi;
  display.fill(light, highlight, 0.3 * gloss, 0.8);
  const thick = mouth.thickLow;
  const stops = [[0, `${highlight}ee`], [0.5, `${highlight}88`], [1, `${highlight}00`]];
  const paint = radial(x - w * 0.08, mouth.yLow + thick * 0.5, w * 0.38, Math.max(1.3, thick * 0.27), ...stops);
  const spot = ellipse(x - w * 0.08, mouth.yLow + thick * 0.52, w * 0.36, Math.max(1.2, thick * 0.24));
  display.fill(spot, paint, 0.75 * gloss * (1 - 0.7 * mouth.shape.press));
}
