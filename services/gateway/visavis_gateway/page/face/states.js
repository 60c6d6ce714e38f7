// States of the face in order of media time, and the face at any instant between them.

const KEPT = 150;

/** What the face is between two states: a straight line from one to the other. */
function between(a, b, share) {
  if (share <= 0) return a;
  if (share >= 1) return b;
  const number = (x, y) => x + (y - x) * share;
  const list = (x, y) => x.map((value, i) => number(value, y[i]));
  const weights = (x, y) => {
    const mixed = {};
    for (const name of Object.keys({ ...x, ...y })) mixed[name] = number(x[name] ?? 0, y[name] ?? 0);
    return mixed;
  };
  return {
    ...a,
    visemes: weights(a.visemes, b.visemes),
    expression: weights(a.expression, b.expression),
    head: list(a.head, b.head),
    trail: list(a.trail, b.trail),
    gaze: list(a.gaze, b.gaze),
    blink: number(a.blink, b.blink),
    breath: number(a.breath, b.breath),
  };
}

export class States {
  constructor() {
    this.list = [];
  }

  /** A state may come late or out of order: its channel repeats nothing. */
  add(state) {
    const { list } = this;
    let at = list.length;
    while (at > 0 && list[at - 1].pts_us >= state.pts_us) at -= 1;
    if (list[at]?.pts_us === state.pts_us) return;
    list.splice(at, 0, state);
    if (list.length > KEPT) list.shift();
  }

  get newest() {
    return this.list.at(-1) ?? null;
  }

  /** The face at `pts_us`; the first or the last one beyond the ends, null while there is none. */
  at(pts_us) {
    const { list } = this;
    let next = list.length;
    while (next > 0 && list[next - 1].pts_us > pts_us) next -= 1;
    if (next === 0) return list[0] ?? null;
    const before = list[next - 1];
    const after = list[next];
    if (!after) return before;
    return between(before, after, (pts_us - before.pts_us) / (after.pts_us - before.pts_us));
  }
}
