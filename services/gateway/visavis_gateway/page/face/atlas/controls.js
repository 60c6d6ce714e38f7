// State of the face -> controls of the morph, as render does it (services/render, backends/atlas/mapping.py).

const GAZE_RAD = (25 * Math.PI) / 180;
// [exact up to here, never further]
const YAW_DEG = [15, 18];
const PITCH_DEG = [10, 14];
const ROLL_DEG = [12, 18];
const ONE_PICTURE_YAW_DEG = [6, 12];
const LID_FOLLOWS = 0.34;
const WIDE_FOLLOWS = 0.75;
const UPWARD = 0.65;
const BROW_REST = 0.05;
const SIDES = ["Right", "Left"]; // of the face; the viewer's left first

const within = (value, low, high) => (Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : 0);
const share = (value) => within(value ?? 0, 0, 1);
const steps = (value, perUnit) => Math.round(value * perUnit) / perUnit;

function limited(degrees, [exact, most]) {
  const asked = within(degrees, -90, 90);
  const beyond = Math.abs(asked) - exact;
  if (beyond <= 0) return asked;
  return Math.sign(asked) * (exact + (most - exact) * Math.tanh(beyond / (most - exact)));
}

function mouthOf({ visemes, expression }, names, pair) {
  const weights = {};
  for (const [name, weight] of Object.entries(visemes)) weights[name] = share(weight);
  const spoken = Math.min(1, Object.values(weights).reduce((sum, weight) => sum + weight, 0));
  const resting = 1 - spoken;
  const contact = Math.max(weights.pp ?? 0, weights.ff ?? 0);
  weights.smile = share(pair("mouthSmile")) * (1 - 0.35 * spoken - 0.25 * contact);
  weights.frown = share(pair("mouthFrown")) * (1 - 0.3 * spoken);
  weights.pp = (weights.pp ?? 0) + 0.7 * resting * share(pair("mouthPress"));
  weights.u = (weights.u ?? 0) + 0.35 * resting * share(expression.mouthPucker);
  return names.map((name) => steps(weights[name.toLowerCase()] ?? 0, 60));
}

/** Key by key, the viewer's left and right in turn. */
function browsOf(expression, names) {
  return names.flatMap((name) => SIDES.map((side) => {
    const shape = { brow_up: `browOuterUp${side}`, brow_inner: "browInnerUp", brow_down: `browDown${side}` }[name];
    return steps(Math.max(0, share(expression[shape]) - BROW_REST) / (1 - BROW_REST), 40);
  }));
}

/** What to draw for this face; `keys`: those of face.json. */
export function controlsOf(face, keys) {
  const { expression } = face;
  const pair = (name) => ((expression[`${name}Left`] ?? 0) + (expression[`${name}Right`] ?? 0)) / 2;
  const [x, y] = face.gaze.map((value) => within(value, -1, 1));
  const blink = share(face.blink);
  const closed = Math.max(blink * blink * (3 - 2 * blink), LID_FOLLOWS * Math.max(0, -y));
  const squint = pair("eyeSquint") + 0.5 * pair("cheekSquint") + 0.35 * pair("mouthSmile");
  const wide = pair("eyeWide") + WIDE_FOLLOWS * Math.max(0, y);
  const [yaw, pitch, roll] = face.head;
  return {
    mouth: mouthOf(face, keys.mouth, pair),
    brows: browsOf(expression, keys.brows),
    eyes: {
      closed: steps(closed, 80),
      squint: steps(share(squint), 40),
      wide: steps(share(wide), 40),
      yaw: steps(x * GAZE_RAD, 250),
      pitch: steps(-y * (y > 0 ? UPWARD : 1) * GAZE_RAD, 250),
    },
    pose: {
      yaw: steps(limited(yaw, keys.turn_deg.length ? YAW_DEG : ONE_PICTURE_YAW_DEG), 20),
      pitch: steps(limited(pitch, PITCH_DEG), 20),
      roll: steps(limited(roll, ROLL_DEG), 20),
      breath: steps(share(face.breath), 24),
    },
  };
}
