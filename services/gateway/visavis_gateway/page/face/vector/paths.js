// Paths in the 512 x 512 design space: lists of segments [x0, y0, x1, y1, x2, y2, x3, y3, isCubic].
// The same shapes as render draws (services/render, backends/vector/paths.py); tests hold both together.

const CIRCLE = 0.5523; // control length of a quarter circle drawn as one cubic

function line(x0, y0, x1, y1) {
  return [x0, y0, x0, y0, x1, y1, x1, y1, 0];
}

/** Closed straight outline. */
export function polygon(points) {
  return points.map((p, i) => line(...p, ...points[(i + 1) % points.length]));
}

/** Closed path from (x, y): pieces are cubics [x1, y1, x2, y2, x, y] or lines [x, y]. */
export function outline(x, y, ...pieces) {
  const path = [];
  const first = [x, y];
  for (const piece of pieces) {
    path.push(piece.length === 6 ? [x, y, ...piece, 1] : line(x, y, ...piece));
    [x, y] = piece.slice(-2);
  }
  if (x !== first[0] || y !== first[1]) path.push(line(x, y, ...first));
  return path;
}

/** Catmull-Rom tangent, shortened where neighbours are unevenly far; none at a corner. */
function tangent(points, index) {
  const count = points.length;
  const point = points[index % count];
  if (point[2]) return [0, 0];
  const before = points[(index - 1 + count) % count];
  const after = points[(index + 1) % count];
  const d0 = Math.hypot(point[0] - before[0], point[1] - before[1]);
  const d1 = Math.hypot(after[0] - point[0], after[1] - point[1]);
  const span = Math.hypot(after[0] - before[0], after[1] - before[1]) + 1e-6;
  const nearest = Math.min(d0, d1) || Math.max(d0, d1);
  const scale = Math.min(1, ((2 * nearest) / span) * 1.15);
  return [(after[0] - before[0]) * 0.5 * scale, (after[1] - before[1]) * 0.5 * scale];
}

/** A smooth closed curve through points; a third value of 1 marks a corner. */
export function smooth(points) {
  const k = 1.33 / 3;
  return points.map((p, i) => {
    const q = points[(i + 1) % points.length];
    const [px, py] = tangent(points, i);
    const [qx, qy] = tangent(points, i + 1);
    return [p[0], p[1], p[0] + px * k, p[1] + py * k, q[0] - qx * k, q[1] - qy * k, q[0], q[1], 1];
  });
}

/** Four cubics around (cx, cy). */
export function ellipse(cx, cy, rx, ry) {
  const kx = rx * CIRCLE;
  const ky = ry * CIRCLE;
  return outline(
    cx - rx, cy,
    [cx - rx, cy - ky, cx - kx, cy - ry, cx, cy - ry],
    [cx + kx, cy - ry, cx + rx, cy - ky, cx + rx, cy],
    [cx + rx, cy + ky, cx + kx, cy + ry, cx, cy + ry],
    [cx - kx, cy + ry, cx - rx, cy + ky, cx - rx, cy],
  );
}

function normal(dx, dy, width) {
  const length = Math.hypot(dx, dy) + 1e-9;
  return [(-dy / length) * width * 0.5, (dx / length) * width * 0.5];
}

/** Tapered quadratic stroke with these widths at its start, middle and end. */
export function stroke([x0, y0], [cx, cy], [x1, y1], start, middle, end) {
  const mx = 0.25 * x0 + 0.5 * cx + 0.25 * x1;
  const my = 0.25 * y0 + 0.5 * cy + 0.25 * y1;
  const n0 = normal(cx - x0, cy - y0, start);
  const n1 = normal(x1 - x0, y1 - y0, middle);
  const n2 = normal(x1 - cx, y1 - cy, end);
  const side = (s) => {
    const ax = x0 + s * n0[0], ay = y0 + s * n0[1];
    const bx = x1 + s * n2[0], by = y1 + s * n2[1];
    return [ax, ay, 2 * (mx + s * n1[0]) - 0.5 * (ax + bx), 2 * (my + s * n1[1]) - 0.5 * (ay + by), bx, by];
  };
  const [ax, ay, qx, qy, bx, by] = side(1);
  const [dx, dy, ex, ey, fx, fy] = side(-1);
  const k = 2 / 3;
  return outline(
    ax, ay,
    [ax + k * (qx - ax), ay + k * (qy - ay), bx + k * (qx - bx), by + k * (qy - by), bx, by],
    [fx, fy],
    [fx + k * (ex - fx), fy + k * (ey - fy), dx + k * (ex - dx), dy + k * (ey - dy), dx, dy],
  );
}
