// Draws a character in a canvas: still layers through the shader, what lives by a Painter between them.
import { makeGrid, makeProgram, makeTexture, openContext } from "../gl.js";
import { controlsOf } from "./controls.js";
import { Painter } from "./display.js";
import { drawFeatures } from "./features.js";
import { FRAGMENT, GRID, VERTEX } from "./shader.js";

const DESIGN = 512;
const WHOLE = [0, 0, DESIGN, DESIGN];
const PIVOT = [256, 352]; // the head turns about the neck
const ROLL_DEG = 5; // degrees per unit of roll
const BREATH = 2; // design units
const FEATURES = [106, 106, 300, 300]; // x, y, width, height of what the live features and the jaw can reach
const BEHIND = ["back", "torso", "head"]; // the features, from behind; glasses and hair are before them
const BEFORE = ["glasses", "front"];
const SMALL_PX = 400; // of the canvas: below, layers are sampled from smaller copies
const COARSE = { yaw: 400, pitch: 400, roll: 250, breath: 40, swing: 10 }; // steps a unit: finer can't be seen
const FINE = 200;

const onGrid = (name, value) => (typeof value === "number" ? Math.round(value * (COARSE[name] ?? FINE)) : value);

/** Picture -> head and head -> picture, as [a, b, c, d, e, f] of x' = a x + c y + e, y' = b x + d y + f. */
function mapsOf({ yaw, pitch, roll }) {
  const angle = (roll * ROLL_DEG * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  const x = PIVOT[0] - cos * PIVOT[0] + sin * PIVOT[1] + yaw * 6;
  const y = PIVOT[1] - sin * PIVOT[0] - cos * PIVOT[1] + pitch * 4;
  return {
    forward: [cos, sin, -sin, cos, x, y],
    back: [cos, -sin, sin, cos, -(cos * x + sin * y), sin * x - cos * y],
  };
}

/** What of the picture a layer can reach in a pose. */
function reachOf([x, y, width, height], layer, { yaw, roll, swing }) {
  const r = layer.turns ? 14 + Math.abs(yaw) * 16 + Math.abs(roll) * 26 + Math.abs(swing) : 4;
  const below = r + 14 * layer.jaw[0];
  const [left, top] = [Math.max(0, x - r), Math.max(0, y - r)];
  return [left, top, Math.min(DESIGN, x + width + r) - left, Math.min(DESIGN, y + height + below) - top];
}

export class VectorRenderer {
  /** `index`: face.json; `pictures`: premultiplied ImageBitmaps by file name. */
  constructor(canvas, index, pictures) {
    Object.assign(this, { canvas, index, pictures });
    this.paper = new OffscreenCanvas(1, 1);
    this.painter = new Painter(this.paper.getContext("2d"), index.dome);
    this.#begin();
  }

  /** Draws the state unless nothing that can be seen has changed; true when it did. */
  draw(face) {
    const controls = controlsOf(face);
    const shown = JSON.stringify(controls, onGrid);
    if (shown === this.shown) return false;
    const pose = JSON.stringify(controls.pose, onGrid);
    this.#compose(controls, pose !== this.pose);
    [this.shown, this.pose] = [shown, pose];
    return true;
  }

  /** Another size of the canvas, in pixels of its side. */
  resize(size) {
    if (this.canvas.width === size) return;
    this.canvas.width = this.canvas.height = size;
    this.shown = this.pose = null;
    this.#setFilters();
  }

  /** After a lost context has come back: everything once more. */
  restore() {
    this.shown = this.pose = null;
    this.#begin();
  }

  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #begin() {
    this.gl = openContext(this.canvas);
    if (!this.gl) throw new Error("this browser has no WebGL 2");
    const { gl, index, pictures } = this;
    const program = makeProgram(gl, VERTEX, FRAGMENT);
    const places = {};
    this.at = (name) => (places[name] ??= gl.getUniformLocation(program, name));
    this.indexCount = makeGrid(gl, GRID);
    this.stills = [];
    const texture = (file) => {
      this.stills.push(makeTexture(gl, pictures[file], true));
      return this.stills.at(-1);
    };
    this.background = texture(index.background);
    this.label = texture(index.label.file);
    this.live = makeTexture(gl, new ImageData(1, 1), false);
    const [x0, y0, x1, y1] = index.label.box.map((share) => share * DESIGN);
    this.labelBox = [x0, y0, x1 - x0, y1 - y0];
    this.layers = Object.fromEntries(index.layers.map((layer) => {
      const { width, height } = pictures[layer.file];
      const place = [layer.x, layer.y, width / layer.scale, height / layer.scale];
      return [layer.name, { ...layer, place, texture: texture(layer.file) }];
    }));
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.#setFilters();
  }

  /** As large as they are shown, layers are sampled as render samples them. */
  #setFilters() {
    const { gl } = this;
    const filter = this.canvas.width < SMALL_PX ? gl.LINEAR_MIPMAP_NEAREST : gl.LINEAR;
    for (const texture of this.stills) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
    }
  }

  #compose(controls, isMoved) {
    const { gl, at } = this;
    const { pose, mouth } = controls;
    const { forward, back } = mapsOf(pose);
    const [a, b, c, d, e, f] = back;
    this.#paintFeatures(controls, forward);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.uniformMatrix3fv(at("toHead"), false, [a, b, 0, c, d, 0, e, f, 1]);
    gl.uniform2f(at("turn"), pose.yaw, pose.pitch);
    gl.uniform1f(at("swing"), pose.swing);
    gl.uniform1f(at("jaw"), mouth.opening * 12.5 + Math.max(0, mouth.rounding));
    gl.uniform2f(at("torso"), pose.yaw * 1.2, -pose.breath * BREATH);
    this.#limit(isMoved ? WHOLE : FEATURES);
    this.#drawStill(this.background, WHOLE);
    for (const name of BEHIND) this.#drawLayer(name, pose);
    this.#drawStill(this.live, FEATURES);
    for (const name of BEFORE) this.#drawLayer(name, pose);
    this.#drawStill(this.label, this.labelBox);
  }

  /** A head that rests is not drawn again where only its features move. */
  #limit([x, y, width, height]) {
    const { gl } = this;
    const scale = this.canvas.width / DESIGN;
    gl.enable(gl.SCISSOR_TEST);
    const [left, low] = [Math.floor(x * scale), Math.floor((DESIGN - y - height) * scale)];
    gl.scissor(left, low, Math.ceil(width * scale) + 1, Math.ceil(height * scale) + 1);
  }

  #drawStill(texture, box) {
    this.gl.uniform1i(this.at("moves"), 0);
    this.#drawGrid(texture, box);
  }

  #drawLayer(name, pose) {
    const { gl, at } = this;
    const layer = this.layers[name];
    if (!layer) return;
    gl.uniform1i(at("moves"), 1);
    gl.uniform1i(at("turns"), Number(layer.turns));
    gl.uniform4fv(at("place"), layer.place);
    gl.uniform4fv(at("dome"), layer.dome.slice(0, 4));
    gl.uniform2fv(at("domeReach"), layer.dome.slice(4));
    gl.uniform3fv(at("jawAt"), layer.jaw);
    gl.uniform3fv(at("loose"), layer.loose);
    this.#drawGrid(layer.texture, reachOf(layer.place, layer, pose));
  }

  #drawGrid(texture, box) {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform4fv(this.at("box"), box);
    gl.drawElements(gl.TRIANGLES, this.indexCount, gl.UNSIGNED_SHORT, 0);
  }

  #paintFeatures(controls, [a, b, c, d, e, f]) {
    const { gl, paper, painter } = this;
    const scale = this.canvas.width / DESIGN;
    const [x, y, width, height] = FEATURES;
    const [w, h] = [Math.ceil(width * scale), Math.ceil(height * scale)];
    if (paper.width !== w) [paper.width, paper.height] = [w, h];
    const { pen } = painter;
    pen.resetTransform();
    pen.clearRect(0, 0, w, h);
    const [sx, sy] = [w / width, h / height];
    const matrix = [a * sx, b * sy, c * sx, d * sy, (e - x) * sx, (f - y) * sy];
    painter.paint(drawFeatures(this.index.character, controls), matrix, controls.pose.yaw, controls.pose.pitch);
    gl.bindTexture(gl.TEXTURE_2D, this.live);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, paper);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  }
}
