// The mesh of the face between its keys (services/render, backends/atlas: face.py, mesh_kernels.py). Places are
// parts of the picture; a brow's key counts twice, for the viewer's left and right side.

export const MOST_KEYS = 6; // at most so many keys are blended; the faintest only move the mesh
export const MOST_MOUTHS = 4; // and so many insides of the mouth
const FAINT = 0.04; // a weight that is not seen
const SEEN = 0.08 / 512; // a move that is seen
const SIDE = 0.04; // of the picture's width: from one brow's side to the other's
const MARGIN = 8 / 512;
const HOLE_MARGIN = 2 / 512;
const LEAST_JAW = 1 / 512; // below it a mouth's inside is hardly seen
const LEAST_SHARE = 0.15;

export class Mesh {
  /** `index`: face.json; `numbers`: its unpacked arrays. */
  constructor({ keys, hole_count: holeCount, jaw, teeth }, { base, moves, shares, triangles }) {
    Object.assign(this, { base, moves, holeCount, jaw, teeth });
    this.triangles = Uint16Array.from(triangles);
    this.mouthCount = keys.mouth.length;
    this.count = base.length / 2;
    this.now = base.slice();
    this.shares = sharesOf(base, shares);
    /** Where each key's picture shows each vertex, key by key. */
    this.places = moves.map((move, n) => move + base[n % base.length]);
    this.isMoved = new Uint8Array(this.count);
    this.chosen = new Uint16Array(this.triangles.length);
    this.rect = this.#reach();
  }

  /** The picture that a key shows. */
  pictureOf(key) {
    return key < this.mouthCount ? key : this.mouthCount + ((key - this.mouthCount) >> 1);
  }

  /** Which of the three shares of a vertex a key has. */
  shareOf(key) {
    return key < this.mouthCount ? 0 : 1 + ((key - this.mouthCount) & 1);
  }

  /**
   * Moves `now` and fills `chosen`: first the `holes` corners of the mouth's hole, then the `corners` of all else
   * that moves, far ones first. `shown`: [key, weight] of what is blended, strongest first.
   */
  update(active) {
    const used = [...active.entries()].filter(([, weight]) => weight > 0);
    const shown = [...used].sort(([, a], [, b]) => b - a).slice(0, MOST_KEYS);
    this.now.set(this.base);
    for (const [key, weight] of used) this.#move(key, weight);
    this.#mark(shown);
    return { shown, ...this.#choose(), mouth: this.#mouth(active) };
  }

  #move(key, weight) {
    const { now, moves, shares, count } = this;
    const first = this.pictureOf(key) * 2 * count;
    const side = this.shareOf(key);
    for (let v = 0; v < count; v += 1) {
      const right = shares[4 * v + 3];
      const by = weight * [1, 1 - right, right][side];
      now[2 * v] += by * moves[first + 2 * v];
      now[2 * v + 1] += by * moves[first + 2 * v + 1];
    }
  }

  #mark(shown) {
    const { now, base, shares, isMoved } = this;
    const seen = shown.map(([key, weight]) => [this.shareOf(key), weight]);
    for (let v = 0; v < this.count; v += 1) {
      const far = Math.max(Math.abs(now[2 * v] - base[2 * v]), Math.abs(now[2 * v + 1] - base[2 * v + 1]));
      isMoved[v] = far >= SEEN || seen.some(([share, weight]) => weight * shareAt(shares, v, share) > FAINT);
    }
  }

  #choose() {
    const { triangles, isMoved, chosen } = this;
    let [corners, holes] = [0, 0];
    for (let t = 0; t < triangles.length; t += 3) {
      if (t === 3 * this.holeCount) holes = corners;
      const [a, b, c] = [triangles[t], triangles[t + 1], triangles[t + 2]];
      if (!(isMoved[a] || isMoved[b] || isMoved[c])) continue;
      chosen[corners] = a;
      chosen[corners + 1] = b;
      chosen[corners + 2] = c;
      corners += 3;
    }
    return { holes, corners: corners - holes };
  }

  /** What is seen in the open mouth, null when nothing moves it. */
  #mouth(active) {
    const { jaw, teeth, mouthCount } = this;
    const mouths = [...active.subarray(0, mouthCount).entries()].filter(([, weight]) => weight > 0);
    if (mouths.length === 0) return null;
    const now = mouths.reduce((sum, [key, weight]) => sum + weight * jaw[key], 0);
    const widest = Math.max(LEAST_JAW, ...jaw);
    const insides = [...mouths].sort(([, a], [, b]) => b - a).slice(0, MOST_MOUTHS);
    const weights = insides.map(([key, weight]) => weight * (LEAST_SHARE + jaw[key] / widest));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      insides: insides.map(([key], n) => [key, weights[n] / total, jaw[key] - now]), // key, weight, further down
      edges: [teeth[0], teeth[1] + now], // of the upper and the lower teeth
      box: boxAround(this.now, this.triangles.subarray(0, 3 * this.holeCount), HOLE_MARGIN),
    };
  }

  /** What any key can reach. */
  #reach() {
    const corners = [];
    for (let n = 0; n < this.moves.length; n += 2) {
      if (this.moves[n] || this.moves[n + 1]) corners.push(n / 2);
    }
    const [x, y, width, height] = boxAround(this.places, corners, MARGIN);
    const [bx, by, bw, bh] = boxAround(this.base, corners.map((n) => n % this.count), MARGIN);
    const [left, top] = [Math.min(x, bx), Math.min(y, by)];
    return [left, top, Math.max(x + width, bx + bw) - left, Math.max(y + height, by + bh) - top];
  }
}

/** Four numbers a vertex: share of the mouth's keys, of the brows' on the viewer's left, on the right; how far right. */
function sharesOf(base, shares) {
  const count = base.length / 2;
  const all = new Float32Array(4 * count);
  for (let v = 0; v < count; v += 1) {
    const right = Math.min(1, Math.max(0, (base[2 * v] - 0.5) / SIDE + 0.5));
    all.set([shares[v], shares[count + v] * (1 - right), shares[count + v] * right, right], 4 * v);
  }
  return all;
}

const shareAt = (shares, v, which) => shares[4 * v + which];

/** x, y, width, height around vertices. */
function boxAround(places, vertices, margin) {
  let [left, top, right, bottom] = [1, 1, 0, 0];
  for (const v of vertices) {
    left = Math.min(left, places[2 * v]);
    right = Math.max(right, places[2 * v]);
    top = Math.min(top, places[2 * v + 1]);
    bottom = Math.max(bottom, places[2 * v + 1]);
  }
  const [x, y] = [Math.max(0, left - margin), Math.max(0, top - margin)];
  return [x, y, Math.min(1, right + margin) - x, Math.min(1, bottom + margin) - y];
}
