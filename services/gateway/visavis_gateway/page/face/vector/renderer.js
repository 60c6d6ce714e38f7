// Draws a character in a canvas: still layers through the shader, what lives by a Painter on top of them.
import { makeProgram, makeTexture, openContext } from "../gl.js";
import { controlsOf } from "./controls.js";
import { Painter } from "./display.js";
import { drawFeatures } from "./features.js";
import { FRAGMENT, MAX_LAYERS, VERTEX } from "./shader.js";

const DESIGN = 512;
const PIVOT = [256, 352]; // the head turns about the neck
const ROLL_DEG = 5; // degrees per unit of roll
const BREATH = 2; // design units
const FEATURES = [106, 106, 300, 300]; // x, y, width, height of what the live features can reach
const ORDER = ["front", "glasses", "head", "torso", "back"]; // as the shader's layers
const UNITS = { background: 0, features: 1, label: 2, layer0: 3 };
const NOWHERE = { x: 0, y: 0, scale: 1, dome: [0, 0, 0, 0, 1, 1], turns: false, jaw: [0, 0, 1], loose: [0, 0, 1] };

const steps = (value, perUnit) => Math.round(value * perUnit) / perUnit;

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

export class VectorRenderer {
  /** `index`: face.json; `pictures`: ImageBitmaps by file name, straight or premultiplied by the browser. */
  constructor(canvas, index, pictures) {
    this.canvas = canvas;
    this.index = index;
    this.pictures = pictures;
    this.paper = new OffscreenCanvas(1, 1);
    this.painter = new Painter(this.paper.getContext("2d"), index.dome);
    this.#begin();
  }

  /** Draws the state unless nothing that can be seen has changed; true when it did. */
  draw(face) {
    const controls = controlsOf(face);
    const shown = JSON.stringify(controls, (_, value) => (typeof value === "number" ? steps(value, 400) : value));
    if (shown === this.shown) return false;
    this.shown = shown;
    this.#compose(controls);
    return true;
  }

  /** Another size of the canvas, in pixels of its side. */
  resize(size) {
    if (this.canvas.width === size) return;
    this.canvas.width = this.canvas.height = size;
    this.shown = null;
  }

  /** After a lost context has come back. */
  restore() {
    this.shown = null;
    this.#begin();
  }

  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #begin() {
    this.gl = openContext(this.canvas);
    if (!this.gl) throw new Error("this browser has no WebGL 2");
    const { gl, index } = this;
    const program = makeProgram(gl, VERTEX, FRAGMENT);
    this.at = (name) => gl.getUniformLocation(program, name);
    const layers = ORDER.map((name) => index.layers.find((layer) => layer.name === name) ?? NOWHERE);
    const empty = new ImageData(1, 1);
    makeTexture(gl, UNITS.background, this.pictures[index.background]);
    makeTexture(gl, UNITS.label, this.pictures[index.label.file]);
    this.live = makeTexture(gl, UNITS.features, empty, false);
    layers.forEach((layer, k) => makeTexture(gl, UNITS.layer0 + k, this.pictures[layer.file] ?? empty));
    const units = { ...UNITS };
    for (let k = 0; k < MAX_LAYERS; k += 1) units[`layer${k}`] = UNITS.layer0 + k;
    for (const [name, unit] of Object.entries(units)) gl.uniform1i(this.at(name), unit);
    this.#setLayers(layers);
  }

  #setLayers(layers) {
    const { gl, at } = this;
    const flat = (read) => new Float32Array(layers.flatMap(read));
    gl.uniform4fv(at("place"), flat(({ x, y, scale, turns }) => [x, y, scale, Number(turns)]));
    gl.uniform4fv(at("dome"), flat(({ dome }) => dome.slice(0, 4)));
    gl.uniform4fv(at("reach"), flat(({ dome, jaw }) => [dome[4], dome[5], jaw[0], jaw[1]]));
    gl.uniform4fv(at("hang"), flat(({ jaw, loose }) => [jaw[2], ...loose]));
    gl.uniform4fv(at("featureBox"), FEATURES);
    const [x0, y0, x1, y1] = this.index.label.box.map((share) => share * DESIGN);
    gl.uniform4f(at("labelBox"), x0, y0, x1 - x0, y1 - y0);
  }

  #compose(controls) {
    const { gl, at } = this;
    const { pose, mouth } = controls;
    const { forward, back } = mapsOf(pose);
    this.#paintFeatures(controls, forward);
    const [a, b, c, d, e, f] = back;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.uniform1f(at("size"), this.canvas.width);
    gl.uniformMatrix3fv(at("toHead"), false, [a, b, 0, c, d, 0, e, f, 1]);
    gl.uniform2f(at("turn"), pose.yaw, pose.pitch);
    gl.uniform1f(at("swing"), pose.swing);
    gl.uniform1f(at("jaw"), mouth.opening * 12.5 + Math.max(0, mouth.rounding));
    gl.uniform2f(at("torso"), pose.yaw * 1.2, -pose.breath * BREATH);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
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
    gl.activeTexture(gl.TEXTURE0 + UNITS.features);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, paper);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
  }
}
