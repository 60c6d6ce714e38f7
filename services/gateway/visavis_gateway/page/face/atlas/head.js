// The head's turn and the chest's breath as flows over a coarse grid (services/render, backends/atlas: head.py,
// flow_kernels.py). Places and flows are parts of the picture.

export const CELLS = 64;
const NODES = CELLS + 1;
export const NODE_NUMBERS = 5; // flow in the face, flow in the turned picture, weight of that
const BREATH = 0.0035;
const BEGINS = 0.55; // share of a turned picture's own turn at which it begins to be seen,
const WHOLE = 0.82; // and is seen wholly
const SAME = 0.1 / 512; // what two pictures show this near does not turn
const FLAT = 1e-3; // square cells: a triangle seen from its edge

const cosSin = (degrees) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];

/** To the viewer's right, down, clockwise as the viewer sees it; row by row, less one that turns nothing. */
function turning(yaw, pitch, roll) {
  const [cy, sy] = cosSin(yaw);
  const [cp, sp] = cosSin(pitch);
  const [cr, sr] = cosSin(-roll);
  return [
    cy * cr + sy * sp * sr - 1, -cy * sr + sy * sp * cr, sy * cp,
    cp * sr, cp * cr - 1, -sp,
    -sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp - 1,
  ];
}

/** One picture of the head: the flow from it to any pose. */
class View {
  constructor({ points, share, breath, lively }, camera, turnDeg) {
    Object.assign(this, { points, share, breath, lively, camera });
    this.moved = new Float32Array(NODES * NODES * 3);
    this.nearest = new Float32Array(NODES * NODES);
    this.flow = new Float32Array(NODES * NODES * 2);
    this.#see(turning(turnDeg, 0, 0));
    this.still = this.moved.slice();
  }

  /** Parts of the picture to add to a place to find in this picture what is seen there. */
  update({ yaw, pitch, roll, breath }) {
    const { moved, still } = this;
    this.#see(turning(yaw, pitch, roll));
    for (let n = 0; n < NODES * NODES; n += 1) {
      moved[3 * n] -= still[3 * n];
      moved[3 * n + 1] -= still[3 * n + 1] + this.breath[Math.floor(n / NODES)] * breath * BREATH;
    }
    this.#turnBack();
    return this.flow;
  }

  /** Where the points are seen: from the middle, and depth. */
  #see(turn) {
    const { points, share, moved, camera: { axes, pivot } } = this;
    for (let n = 0; n < NODES * NODES; n += 1) {
      let [x, y, depth] = pivot;
      const [px, py, pz] = [points[3 * n], points[3 * n + 1], points[3 * n + 2]];
      for (let i = 0; i < 3; i += 1) {
        const by = turn[3 * i] * px + turn[3 * i + 1] * py + turn[3 * i + 2] * pz;
        const at = points[3 * n + i] + share[n] * by;
        x += at * axes[i][0];
        y += at * axes[i][1];
        depth += at * axes[i][2];
      }
      moved[3 * n] = x / depth;
      moved[3 * n + 1] = y / depth;
      moved[3 * n + 2] = depth;
    }
  }

  /** From where things go to where they come from; where the picture folds over, what is nearest is seen. */
  #turnBack() {
    const { moved, flow } = this;
    this.nearest.fill(Infinity);
    for (let n = 0; n < NODES * NODES; n += 1) {
      flow[2 * n] = -moved[3 * n];
      flow[2 * n + 1] = -moved[3 * n + 1];
    }
    for (let y = 0; y < CELLS; y += 1) {
      for (let a = y * NODES; a < y * NODES + CELLS; a += 1) {
        this.#spread(a, a + 1, a + NODES);
        this.#spread(a + NODES + 1, a + NODES, a + 1);
      }
    }
  }

  /** One moved triangle of the grid, onto the nodes that it covers now. */
  #spread(na, nb, nc) {
    const { moved: f, nearest, flow } = this;
    const ax = (na % NODES) + f[3 * na] * CELLS;
    const ay = Math.floor(na / NODES) + f[3 * na + 1] * CELLS;
    const bx = (nb % NODES) + f[3 * nb] * CELLS - ax;
    const by = Math.floor(nb / NODES) + f[3 * nb + 1] * CELLS - ay;
    const cx = (nc % NODES) + f[3 * nc] * CELLS - ax;
    const cy = Math.floor(nc / NODES) + f[3 * nc + 1] * CELLS - ay;
    const area = bx * cy - by * cx;
    if (Math.abs(area) < FLAT) return;
    const x1 = Math.min(CELLS, Math.floor(ax + Math.max(0, bx, cx)));
    const y1 = Math.min(CELLS, Math.floor(ay + Math.max(0, by, cy)));
    for (let y = Math.max(0, Math.ceil(ay + Math.min(0, by, cy))); y <= y1; y += 1) {
      for (let x = Math.max(0, Math.ceil(ax + Math.min(0, bx, cx))); x <= x1; x += 1) {
        const b = ((x - ax) * cy - (y - ay) * cx) / area;
        const c = (bx * (y - ay) - by * (x - ax)) / area;
        if (b < 0 || c < 0 || b + c > 1) continue;
        const at = (k) => (1 - b - c) * f[3 * na + k] + b * f[3 * nb + k] + c * f[3 * nc + k];
        const n = y * NODES + x;
        const depth = at(2);
        if (depth >= nearest[n]) continue;
        nearest[n] = depth;
        flow[2 * n] = -at(0);
        flow[2 * n + 1] = -at(1);
      }
    }
  }

  /** How alive what is seen at a node is, 0 to 1. */
  livelyAt(n) {
    const limit = (value) => Math.min(Math.max(value, 0), CELLS - 0.001);
    const x = limit((n % NODES) + this.flow[2 * n] * CELLS);
    const y = limit(Math.floor(n / NODES) + this.flow[2 * n + 1] * CELLS);
    const [i, j] = [Math.floor(x), Math.floor(y)];
    const { lively: grid } = this;
    const row = (at) => grid[at] + (grid[at + 1] - grid[at]) * (x - i);
    const up = row(j * NODES + i);
    return up + (row((j + 1) * NODES + i) - up) * (y - j);
  }
}

/** Flows for any pose. */
export class Head {
  /** `index`: face.json; `numbers`: its unpacked arrays. */
  constructor({ camera, keys }, numbers) {
    const part = (list, n, size) => list.subarray(n * size, (n + 1) * size);
    const grid = NODES * NODES;
    this.turns = keys.turn_deg;
    [this.ahead, ...this.turned] = [0, ...this.turns].map((degrees, n) => new View({
      points: part(numbers.points, n, 3 * grid),
      share: part(numbers.share, n, grid),
      lively: part(numbers.lively, n, grid),
      breath: numbers.breath,
    }, camera, degrees));
    this.nodes = new Float32Array(grid * NODE_NUMBERS);
  }

  /** Fills `nodes`; the number of the turned picture that is seen too, -1 for none. */
  update(pose) {
    const { nodes } = this;
    const face = this.ahead.update(pose);
    const [number, amount] = this.#beside(pose.yaw);
    const turned = this.turned[number];
    const other = turned?.update(pose);
    for (let n = 0; n < NODES * NODES; n += 1) {
      const at = n * NODE_NUMBERS;
      nodes[at] = face[2 * n];
      nodes[at + 1] = face[2 * n + 1];
      nodes[at + 4] = 0;
      if (!turned) continue;
      nodes[at + 2] = other[2 * n];
      nodes[at + 3] = other[2 * n + 1];
      const apart = Math.abs(face[2 * n] - other[2 * n]) + Math.abs(face[2 * n + 1] - other[2 * n + 1]);
      if (apart >= SAME) nodes[at + 4] = (1 - Math.min(this.ahead.livelyAt(n), turned.livelyAt(n))) * amount;
    }
    return turned ? number : -1;
  }

  /** The turned picture nearest to a yaw, and how much of it is seen. */
  #beside(yaw) {
    const near = [...this.turns.entries()].filter(([, degrees]) => degrees * yaw > 0);
    if (near.length === 0) return [-1, 0];
    const [number, degrees] = near.reduce((a, b) => (Math.abs(a[1] - yaw) <= Math.abs(b[1] - yaw) ? a : b));
    const share = Math.min(1, Math.max(0, (yaw / degrees - BEGINS) / (WHOLE - BEGINS)));
    return share > 0 ? [number, share * share * (3 - 2 * share)] : [-1, 0];
  }
}
