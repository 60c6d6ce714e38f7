// Which lids and which eyeballs are seen (services/render, backends/atlas/face.py).

export const MOST_LIDS = 5;
export const MOST_BALLS = 4;
const OPEN_BELOW = 0.4; // of closing: squint and wide are seen

/** The last of rising `values` that is not above `value`, and how far it is to the next. */
function between(values, value) {
  let low = values.findLastIndex((each) => each <= value);
  low = Math.min(Math.max(low, 0), values.length - 2);
  return [low, (value - values[low]) / (values[low + 1] - values[low])];
}

/** [key, weight] of lids: two phases of closing; squint and wide as differences from open. */
export function lidsOf({ closed, squint, wide }, { lid_closures: closures }) {
  const weights = new Array(closures.length + 2).fill(0);
  const [low, share] = between(closures, closed);
  weights[low] = 1 - share;
  weights[low + 1] = share;
  const opened = Math.max(0, 1 - closed / OPEN_BELOW);
  weights[closures.length] = squint * opened;
  weights[closures.length + 1] = wide * opened;
  weights[0] -= (squint + wide) * opened;
  return [...weights.entries()].filter(([, weight]) => weight !== 0);
}

/** The two nearest of `angles`: [index, weight, how much further across the picture the angle is]. */
function beside(angle, angles) {
  const limited = Math.min(Math.max(angle, angles[0]), angles.at(-1));
  const [low, share] = between(angles, limited);
  return [1 - share, share].map((weight, n) => [low + n, weight, Math.sin(limited) - Math.sin(angles[low + n])]);
}

/** [key, weight, x, y] of eyeballs, and the part of the picture that each is short of the gaze. */
export function ballsOf({ yaw, pitch }, { gaze_yaw_rad: yaws, gaze_pitch_rad: pitches }, radius) {
  return beside(pitch, pitches).flatMap(([row, rowWeight, below]) => (
    beside(yaw, yaws).map(([column, columnWeight, aside]) => (
      [row * yaws.length + column, rowWeight * columnWeight, aside * radius, below * radius]
    ))
  )).filter(([, weight]) => weight > 0);
}
