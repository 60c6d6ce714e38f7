// The pictures of a rendered person on the graphics card, and the programs that put them together.
import { makeAttribute, makeGrid, makeProgram, makeStack, makeTexture } from "../gl.js";
import { CELLS, NODE_NUMBERS } from "./head.js";
import { MOST_KEYS } from "./mesh.js";
import * as shaders from "./shaders.js";

const PROGRAMS = {
  copy: [shaders.BOX, shaders.COPY],
  eyes: [shaders.BOX, shaders.EYES],
  soften: [shaders.BOX, shaders.SOFTEN],
  inside: [shaders.MESH, shaders.INSIDE],
  skin: [shaders.MESH, shaders.SKIN],
  turn: [shaders.TURN, shaders.TURNED],
};
const FIRST_PLACE = 3; // attribute of the first key's places
const FLOAT = 4; // bytes

/** A program with its uniforms: `at(name)`. */
class Program {
  constructor(gl, texts) {
    this.gl = gl;
    this.program = makeProgram(gl, ...texts);
    this.places = {};
  }

  use() {
    this.gl.useProgram(this.program);
    return (name) => (this.places[name] ??= this.gl.getUniformLocation(this.program, name));
  }
}

export const makePrograms = (gl) => (
  Object.fromEntries(Object.entries(PROGRAMS).map(([name, texts]) => [name, new Program(gl, texts)]))
);

/** Textures by part; `index`: face.json, `pictures`: ImageBitmaps by file name. */
export function makePictures(gl, { keys, pictures: files, label }, pictures) {
  const lids = keys.lid_closures.length + 2;
  const counts = {
    mouth: keys.mouth.length, inside: keys.mouth.length, brows: keys.brows.length, lids, lids_alpha: lids,
    gaze: keys.gaze_yaw_rad.length * keys.gaze_pitch_rad.length, turns: keys.turn_deg.length,
  };
  const made = { base: makeTexture(gl, pictures[files.base], true), label: makeTexture(gl, pictures[label.file], true) };
  for (const texture of Object.values(made)) {
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
  }
  for (const [part, count] of Object.entries(counts)) {
    if (count) made[part] = makeStack(gl, pictures[files[part]], count);
  }
  return made;
}

/** A vertex array made by `fill`, whose answer is kept. */
function shape(gl, fill) {
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  return { array, ...fill() };
}

/** Vertex arrays: `box`, the head's `grid` with its nodes, the face's `mesh`. */
export function makeShapes(gl, mesh, nodes) {
  return {
    box: shape(gl, () => ({ count: makeGrid(gl, 1) })),
    grid: shape(gl, () => {
      const count = makeGrid(gl, CELLS);
      const buffer = makeAttribute(gl, 1, 4, nodes, gl.DYNAMIC_DRAW);
      gl.vertexAttribPointer(1, 4, gl.FLOAT, false, NODE_NUMBERS * FLOAT, 0);
      gl.enableVertexAttribArray(2);
      gl.vertexAttribPointer(2, 1, gl.FLOAT, false, NODE_NUMBERS * FLOAT, 4 * FLOAT);
      return { count, buffer };
    }),
    mesh: shape(gl, () => {
      const buffer = makeAttribute(gl, 0, 2, mesh.now, gl.DYNAMIC_DRAW);
      makeAttribute(gl, 1, 2, mesh.base);
      makeAttribute(gl, 2, 3, mesh.shares);
      gl.vertexAttribPointer(2, 3, gl.FLOAT, false, 4 * FLOAT, 0);
      const places = makeAttribute(gl, FIRST_PLACE, 2, mesh.places);
      for (let n = 0; n < MOST_KEYS; n += 1) gl.enableVertexAttribArray(FIRST_PLACE + n);
      const corners = gl.createBuffer();
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, corners);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.chosen.byteLength, gl.DYNAMIC_DRAW);
      return { buffer, places };
    }),
  };
}

/** The mesh as `update` left it, with the places of the pictures that are shown in it. */
export function loadMesh(gl, shape, mesh, pictures) {
  gl.bindVertexArray(shape.array);
  gl.bindBuffer(gl.ARRAY_BUFFER, shape.buffer);
  gl.bufferSubData(gl.ARRAY_BUFFER, 0, mesh.now);
  gl.bufferSubData(gl.ELEMENT_ARRAY_BUFFER, 0, mesh.chosen);
  gl.bindBuffer(gl.ARRAY_BUFFER, shape.places);
  for (let n = 0; n < MOST_KEYS; n += 1) {
    const picture = pictures[n] ?? 0;
    gl.vertexAttribPointer(FIRST_PLACE + n, 2, gl.FLOAT, false, 0, picture * mesh.count * 2 * FLOAT);
  }
}

/** Another pose's nodes. */
export function loadNodes(gl, shape, nodes) {
  gl.bindVertexArray(shape.array);
  gl.bindBuffer(gl.ARRAY_BUFFER, shape.buffer);
  gl.bufferSubData(gl.ARRAY_BUFFER, 0, nodes);
}
