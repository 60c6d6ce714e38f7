// State of the face -> controls of the drawing, as render does it (backends/vector/mapping.py).

const MOUTHS = {
  sil: {},
  pp: { press: 1, width: -0.1 },
  ff: { opening: 0.15, tuck: 1, upper: 0.75, teeth: 1, width: 0.04 },
  th: { opening: 0.4, tongue_out: 1, upper: 0.5, teeth: 0.55, width: 0.06, tongue: 0.3, lower: 0.2 },
  dd: { opening: 0.36, width: 0.14, upper: 0.45, tongue: 0.95, teeth: 0.55, lower: 0.35 },
  kk: { opening: 0.4, upper: 0.25, tongue: 0.3, teeth: 0.7, width: 0.06 },
  ch: { opening: 0.24, rounding: 0.6, upper: 0.65, lower: 0.6, teeth: 1, lower_teeth: 0.95, width: -0.05 },
  ss: { opening: 0.15, width: 0.34, upper: 0.55, lower: 0.55, teeth: 0.95, lower_teeth: 0.9 },
  nn: { opening: 0.3, width: 0.1, upper: 0.4, tongue: 1, teeth: 0.48, lower: 0.3 },
  rr: { opening: 0.28, rounding: 0.52, upper: 0.35, tongue: 0.45, teeth: 0.4 },
  aa: { opening: 1, width: 0.04, upper: 0.45, teeth: 1, tongue: 0.08 },
  e: { opening: 0.56, width: 0.26, upper: 0.45, teeth: 1, tongue: 0.22 },
  i: { opening: 0.28, width: 0.44, upper: 0.5, lower: 0.3, teeth: 1, tongue: 0.3 },
  o: { opening: 0.74, rounding: 0.74, teeth: 0.45, upper: 0.3, tongue: 0.05 },
  u: { opening: 0.28, rounding: 1 },
};
const CONTROLS = [
  "opening", "width", "rounding", "upper", "lower", "smile", "press", "tuck", "tongue", "tongue_out", "teeth",
  "lower_teeth",
];
const REST_SMILE = 0.4;
const FAINT_SMILE = 0.07;
const BLINK_DIP = 0.8;
const BLINK_FROWN = 0.35;
const CLOSED_AT = 0.97;
const YAW_DEG = 12, PITCH_DEG = 10, ROLL_DEG = 5; // degrees per unit of the drawing
const SWING_PER_YAW = 3, SWING_PER_ROLL = 2.5, HANG_PER_ROLL = 0.8, MAX_SWING = 10;
const MAX_YAW = 1.25, MAX_PITCH = 0.9, MAX_ROLL = 1.6;

const limited = (value, limit) => Math.max(-limit, Math.min(limit, value));

function mouthShape({ visemes }, feel, pair) {
  const shape = Object.fromEntries(CONTROLS.map((name) => [name, 0]));
  let spoken = 0;
  for (const [viseme, weight] of Object.entries(visemes)) {
    spoken += weight;
    for (const [name, value] of Object.entries(MOUTHS[viseme] ?? {})) shape[name] += weight * value;
  }
  shape.smile = REST_SMILE + 0.6 * pair("mouthSmile") - 0.9 * pair("mouthFrown");
  const resting = 1 - Math.min(1, spoken);
  shape.press += resting * pair("mouthPress");
  shape.opening += 1.2 * feel("jawOpen");
  shape.width -= resting * 0.5 * feel("mouthPucker");
  if (shape.press > CLOSED_AT) shape.opening = 0;
  return shape;
}

/** A blink that passes its middle in half the time: lids that are half down look sleepy. */
function quick(blink) {
  const eased = blink * blink * (3 - 2 * blink);
  return eased * eased * (3 - 2 * eased);
}

function lookOf(face, smile, pair) {
  const blink = quick(face.blink);
  return {
    blink,
    squint: Math.min(1, pair("eyeSquint") + 0.4 * pair("cheekSquint") + 0.2 * pair("mouthSmile")),
    wide: pair("eyeWide"),
    gaze_x: face.gaze[0],
    gaze_down: -face.gaze[1] + BLINK_DIP * blink * (1 - blink),
    smile: Math.max(0.3, smile),
  };
}

/** ARKit's left is the face's own: the viewer's right. */
export function controlsOf(face) {
  const feel = (name) => face.expression[name] ?? 0;
  const pair = (name) => (feel(`${name}Left`) + feel(`${name}Right`)) / 2;
  const rise = (side) => feel(`browOuterUp${side}`) + 0.35 * feel("browInnerUp") - 0.7 * feel(`browDown${side}`);
  const mouth = mouthShape(face, feel, pair);
  const look = lookOf(face, mouth.smile, pair);
  const frown = BLINK_FROWN * look.blink * (1.4 - look.blink);
  const lift = 0.7 * pair("mouthSmile") + 0.45 * pair("cheekSquint");
  const [yaw, pitch, roll] = face.head;
  const [trailYaw, , trailRoll] = face.trail;
  return {
    mouth,
    look,
    brow_left: rise("Right") - frown,
    brow_right: rise("Left") - frown,
    brow_inner: 0.8 * feel("browInnerUp") - 0.8 * pair("browDown"),
    cheeks: Math.min(1, Math.max(0, lift - FAINT_SMILE)),
    pose: {
      yaw: limited(yaw / YAW_DEG, MAX_YAW),
      pitch: limited(pitch / PITCH_DEG, MAX_PITCH),
      roll: limited(roll / ROLL_DEG, MAX_ROLL),
      breath: face.breath,
      swing: limited(
        SWING_PER_YAW * trailYaw + SWING_PER_ROLL * trailRoll + HANG_PER_ROLL * roll,
        MAX_SWING,
      ),
    },
  };
}
