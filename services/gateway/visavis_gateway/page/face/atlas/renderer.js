// Draws a rendered person in a canvas: the same steps as render's kernels (services/render, backends/atlas).
import { makeTarget, openContext } from "../gl.js";
import { controlsOf } from "./controls.js";
import { ballsOf, lidsOf } from "./eyes.js";
import { Head } from "./head.js";
import { Mesh, MOST_KEYS } from "./mesh.js";
import { unpack } from "./numbers.js";
import { loadMesh, loadNodes, makePictures, makePrograms, makeShapes } from "./pictures.js";

const SHARP = 0.6; // of a level: smaller copies are taken so much later
const LABEL_SIZE = 1024; // of the picture that the label is made for
const WHOLE = [0, 0, 1, 1];

/** Which smaller copy of a picture of `size` fits one of `shown` pixels. */
const levelOf = (size, shown) => Math.max(0, Math.log2(size / shown) - SHARP);

export class AtlasRenderer {
  /** `index`: face.json; `pictures`: premultiplied ImageBitmaps by file name, and the bytes of its numbers. */
  constructor(canvas, index, pictures) {
    Object.assign(this, { canvas, index, pictures });
    const numbers = unpack(pictures[index.numbers.file], index.numbers.arrays);
    this.mesh = new Mesh(index, numbers);
    this.head = new Head(index, numbers);
    this.crops = Object.fromEntries(Object.entries(index.crops).map(([part, [top, bottom, left, right]]) => (
      [part, [left, top, right - left, bottom - top].map((edge) => edge / index.size)]
    )));
    this.#begin();
  }

  /** Draws the state unless nothing that can be seen has changed; true when it did. */
  draw(face) {
    const { mouth, brows, eyes, pose } = controlsOf(face, this.index.keys);
    const keys = [...mouth, ...brows];
    const eyesChanged = this.#changed("eyes", eyes);
    const meshChanged = this.#changed("keys", keys);
    const poseChanged = this.#changed("pose", pose);
    if (!(eyesChanged || meshChanged || poseChanged)) return false;
    if (eyesChanged) this.#drawEyes(eyes);
    if (eyesChanged || meshChanged) this.#drawMesh(Float32Array.from(keys));
    if (poseChanged) this.turned = this.#turn(pose);
    this.#show();
    return true;
  }

  /** Another size of the canvas, in pixels of its side. */
  resize(size) {
    if (this.canvas.width === size) return;
    this.canvas.width = this.canvas.height = size;
    this.#fit();
  }

  /** After a lost context has come back: everything once more. */
  restore() {
    this.#begin();
  }

  close() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #changed(what, value) {
    const text = JSON.stringify(value);
    if (this.shown[what] === text) return false;
    this.shown[what] = text;
    return true;
  }

  #begin() {
    this.gl = openContext(this.canvas);
    if (!this.gl) throw new Error("this browser has no WebGL 2");
    const { gl, index } = this;
    this.programs = makePrograms(gl);
    this.stills = makePictures(gl, index, this.pictures);
    this.shapes = makeShapes(gl, this.mesh, this.head.nodes);
    const [x0, y0, x1, y1] = index.label.box;
    this.labelBox = [x0, y0, x1 - x0, y1 - y0];
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.targets = [];
    this.#fit();
  }

  /** Working pictures as large as what is shown of them; larger than the keys they would hold nothing more. */
  #fit() {
    const { gl, index, canvas } = this;
    for (const { texture, frame } of this.targets) {
      gl.deleteTexture(texture);
      gl.deleteFramebuffer(frame);
    }
    this.size = Math.min(canvas.width, index.size);
    this.lod = levelOf(index.size, this.size);
    this.targets = [0, 1, 2].map(() => makeTarget(gl, this.size));
    [this.eyed, this.face, this.soft] = this.targets;
    this.shown = {};
    for (const target of [this.eyed, this.face]) {
      this.#into(target);
      this.#drawBox("copy", WHOLE, this.stills.base, (at) => gl.uniform1f(at("lod"), this.lod));
    }
  }

  #into(target) {
    const { gl } = this;
    const size = target ? this.size : this.canvas.width;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target?.frame ?? null);
    gl.viewport(0, 0, size, size);
  }

  #bind(unit, texture, kind) {
    const { gl } = this;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(kind, texture);
    gl.activeTexture(gl.TEXTURE0);
  }

  /** Stacks of pictures in the units from 1 on; unit 0 is for a single picture. */
  #bindStacks(at, stacks) {
    const { gl } = this;
    for (const [n, [name, texture]] of Object.entries(stacks).entries()) {
      this.#bind(n + 1, texture, gl.TEXTURE_2D_ARRAY);
      gl.uniform1i(at(name), n + 1);
    }
  }

  #drawBox(program, box, texture, prepare = () => {}, up = 1) {
    const { gl, shapes } = this;
    const at = this.programs[program].use();
    gl.bindVertexArray(shapes.box.array);
    if (texture) this.#bind(0, texture, gl.TEXTURE_2D);
    gl.uniform4fv(at("box"), box);
    gl.uniform1f(at("up"), up);
    prepare(at);
    gl.drawElements(gl.TRIANGLES, shapes.box.count, gl.UNSIGNED_SHORT, 0);
  }

  #drawEyes(eyes) {
    const { gl, index, stills, crops } = this;
    const lids = lidsOf(eyes, index.keys);
    const balls = ballsOf(eyes, index.keys, index.eye_radius);
    this.#into(this.eyed);
    this.#drawBox("eyes", insideOf(crops.lids, 1 / this.size), null, (at) => {
      this.#bindStacks(at, { lids: stills.lids, covers: stills.lids_alpha, balls: stills.gaze });
      gl.uniform2fv(at("lid"), lids.flat());
      gl.uniform4fv(at("ball"), balls.flat());
      gl.uniform1i(at("lidCount"), lids.length);
      gl.uniform1i(at("ballCount"), balls.length);
      gl.uniform4fv(at("crop"), crops.lids);
      gl.uniform1f(at("lod"), this.lod);
    });
  }

  #drawMesh(active) {
    this.#copy(this.eyed, this.face, joined(this.mesh.rect, this.crops.lids));
    if (!active.some((weight) => weight > 0)) return;
    const { mesh } = this;
    const { shown, holes, corners, mouth } = mesh.update(active);
    loadMesh(this.gl, this.shapes.mesh, mesh, shown.map(([key]) => mesh.pictureOf(key)));
    this.#into(this.face);
    if (mouth && holes) this.#drawInside(mouth, holes);
    if (corners) this.#drawSkin(shown, holes, corners);
    if (mouth && holes) this.#soften(mouth.box);
  }

  #drawInside({ insides, edges }, holes) {
    const { gl } = this;
    const at = this.programs.inside.use();
    this.#bindStacks(at, { insides: this.stills.inside });
    gl.uniform3fv(at("inside"), insides.flat());
    gl.uniform1i(at("insideCount"), insides.length);
    gl.uniform2fv(at("edges"), edges);
    gl.uniform4fv(at("crop"), this.crops.inside);
    gl.uniform1f(at("lod"), this.lod);
    gl.drawElements(gl.TRIANGLES, holes, gl.UNSIGNED_SHORT, 0);
  }

  #drawSkin(shown, holes, corners) {
    const { gl, mesh, stills, crops } = this;
    const at = this.programs.skin.use();
    const blended = Array.from({ length: MOST_KEYS }, (_, n) => shown[n] ?? [0, 0]);
    const isBrow = (key) => Number(key >= mesh.mouthCount);
    this.#bind(0, this.eyed.texture, gl.TEXTURE_2D);
    this.#bindStacks(at, { mouths: stills.mouth, brows: stills.brows });
    gl.uniform4fv(at("shown"), blended.flatMap(([key, weight]) => [
      weight, ...[0, 1, 2].map((share) => Number(mesh.shareOf(key) === share)),
    ]));
    gl.uniform2fv(at("picture"), blended.flatMap(([key]) => (
      [mesh.pictureOf(key) - isBrow(key) * mesh.mouthCount, isBrow(key)]
    )));
    gl.uniform4fv(at("mouthCrop"), crops.mouth);
    gl.uniform4fv(at("browCrop"), crops.brows);
    gl.uniform1f(at("lod"), this.lod);
    gl.drawElements(gl.TRIANGLES, corners, gl.UNSIGNED_SHORT, holes * Uint16Array.BYTES_PER_ELEMENT);
  }

  #soften(box) {
    this.#into(this.soft);
    this.#drawBox("soften", box, this.face.texture);
    this.#copy(this.soft, this.face, insideOf(box, 1 / this.size));
  }

  /** Part of one working picture into another. */
  #copy(from, to, [x, y, width, height]) {
    const { gl, size } = this;
    const [left, top] = [Math.floor(x * size), Math.floor(y * size)];
    const [right, bottom] = [Math.ceil((x + width) * size), Math.ceil((y + height) * size)];
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, from.frame);
    this.#bind(0, to.texture, gl.TEXTURE_2D);
    gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, left, top, left, top, right - left, bottom - top);
  }

  /** The number of the turned picture that is seen too, -1 for none. */
  #turn(pose) {
    const turned = this.head.update(pose);
    loadNodes(this.gl, this.shapes.grid, this.head.nodes);
    return turned;
  }

  #show() {
    const { gl, shapes, stills, canvas } = this;
    this.#into(null);
    const at = this.programs.turn.use();
    gl.bindVertexArray(shapes.grid.array);
    this.#bind(0, this.face.texture, gl.TEXTURE_2D);
    this.#bindStacks(at, { turns: stills.turns ?? stills.mouth });
    gl.uniform1f(at("number"), Math.max(0, this.turned));
    gl.uniform1f(at("lod"), levelOf(this.index.size, canvas.width));
    gl.drawElements(gl.TRIANGLES, shapes.grid.count, gl.UNSIGNED_SHORT, 0);
    gl.enable(gl.BLEND);
    const level = levelOf(LABEL_SIZE, canvas.width);
    this.#drawBox("copy", this.labelBox, stills.label, (of) => gl.uniform1f(of("lod"), level), -1);
    gl.disable(gl.BLEND);
  }
}

/** A box without its edge of so much. */
function insideOf([x, y, width, height], edge) {
  return [x + edge, y + edge, width - 2 * edge, height - 2 * edge];
}

/** The box around two. */
function joined([ax, ay, aw, ah], [bx, by, bw, bh]) {
  const [x, y] = [Math.min(ax, bx), Math.min(ay, by)];
  return [x, y, Math.max(ax + aw, bx + bw) - x, Math.max(ay + ah, by + bh) - y];
}
