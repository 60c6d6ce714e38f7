// A rendered person, step by step: still pictures, eyes, the mesh with the mouth's inside, its edges, the head's turn.
// Places are parts of the picture, y down; working pictures keep that, only the last step is turned for the screen.
import { MOST_BALLS, MOST_LIDS } from "./eyes.js";
import { MOST_KEYS, MOST_MOUTHS } from "./mesh.js";

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler2DArray;
`;
const PICTURES = MOST_KEYS + 1;

/** A part of the picture. */
export const BOX = `${HEAD}
in vec2 corner;
uniform vec4 box;      // x, y, width, height
uniform float up;      // 1: for a working picture, -1: for the screen
out vec2 at;           // 0 to 1 in the box
out vec2 place;
void main() {
  at = corner;
  place = box.xy + corner * box.zw;
  gl_Position = vec4(2.0 * place.x - 1.0, up * (2.0 * place.y - 1.0), 0.0, 1.0);
}`;

export const COPY = `${HEAD}
uniform sampler2D image;
uniform float lod;
in vec2 at;
out vec4 colour;
void main() { colour = textureLod(image, at, lod); }`;

/** Blended lids (premultiplied) over blended, shifted eyeballs. */
export const EYES = `${HEAD}
uniform sampler2DArray lids;
uniform sampler2DArray covers;   // the lids' alpha
uniform sampler2DArray balls;
uniform vec2 lid[${MOST_LIDS}];     // key, weight
uniform vec4 ball[${MOST_BALLS}];    // key, weight, shift
uniform int lidCount;
uniform int ballCount;
uniform vec4 crop;
uniform float lod;
in vec2 place;
out vec4 colour;
void main() {
  vec2 uv = (place - crop.xy) / crop.zw;
  float cover = 0.0;
  vec3 light = vec3(0.0);
  for (int n = 0; n < lidCount; n++) {
    vec3 key = vec3(uv, lid[n].x);
    cover += lid[n].y * textureLod(covers, key, lod).r;
    light += lid[n].y * textureLod(lids, key, lod).rgb;
  }
  float through = 1.0 - clamp(cover, 0.0, 1.0);
  if (through > 0.0) {
    for (int n = 0; n < ballCount; n++) {
      vec3 key = vec3(uv - ball[n].zw / crop.zw, ball[n].x);
      light += through * ball[n].y * textureLod(balls, key, lod).rgb;
    }
  }
  colour = vec4(light, 0.0);
}`;

const corners = (make) => Array.from({ length: MOST_KEYS }, (_, n) => make(n)).join("\n");

/** A moved triangle: of each picture that is seen in it, the place and the weight. */
export const MESH = `${HEAD}
layout(location = 0) in vec2 now;
layout(location = 1) in vec2 rest;
layout(location = 2) in vec3 shares;
${corners((n) => `layout(location = ${3 + n}) in vec2 place${n};`)}
uniform vec4 shown[${MOST_KEYS}];   // weight, and which of the shares it has
out vec2 seen[${PICTURES}];         // the still picture's first
out float weight[${PICTURES}];
out vec2 place;

float sharpened(float w) { return w > 0.04 ? w * pow(w, 0.35) : 0.0; }

void main() {
  float parts[${MOST_KEYS}];
  float total = 0.0;
  for (int n = 0; n < ${MOST_KEYS}; n++) {
    parts[n] = shown[n].x * dot(shown[n].yzw, shares);
    total += parts[n];
  }
  float scale = 1.0 / max(total, 1.0);
  float still = sharpened(1.0 - min(total, 1.0));
  float whole = still;
  for (int n = 0; n < ${MOST_KEYS}; n++) {
    parts[n] = sharpened(parts[n] * scale);
    whole += parts[n];
  }
  weight[0] = still / whole;
  for (int n = 0; n < ${MOST_KEYS}; n++) weight[n + 1] = parts[n] / whole;
  seen[0] = rest;
${corners((n) => `  seen[${n + 1}] = place${n};`)}
  place = now;
  gl_Position = vec4(2.0 * now - 1.0, 0.0, 1.0);
}`;

/** Alpha says what a pixel is: 0 still, 0.5 the mouth's hole, 1 skin that moves. */
export const SKIN = `${HEAD}
uniform sampler2D still;
uniform sampler2DArray mouths;
uniform sampler2DArray brows;
uniform vec2 picture[${MOST_KEYS}];   // number, 1 for a brow's
uniform vec4 mouthCrop;
uniform vec4 browCrop;
uniform float lod;
in vec2 seen[${PICTURES}];
in float weight[${PICTURES}];
out vec4 colour;
void main() {
  vec3 light = vec3(0.0);
  if (weight[0] > 0.0) light = weight[0] * textureLod(still, seen[0], 0.0).rgb;
  for (int n = 0; n < ${MOST_KEYS}; n++) {
    if (weight[n + 1] <= 0.0) continue;
    vec2 at = seen[n + 1];
    vec3 key = picture[n].y > 0.5
      ? textureLod(brows, vec3((at - browCrop.xy) / browCrop.zw, picture[n].x), lod).rgb
      : textureLod(mouths, vec3((at - mouthCrop.xy) / mouthCrop.zw, picture[n].x), lod).rgb;
    light += weight[n + 1] * key;
  }
  colour = vec4(light, 1.0);
}`;

/** Teeth and tongue: what is above the upper teeth's edge stands, what is below the lower's goes with the jaw. */
export const INSIDE = `${HEAD}
uniform sampler2DArray insides;
uniform vec3 inside[${MOST_MOUTHS}];   // key, weight, how far its jaw is further down
uniform int insideCount;
uniform vec2 edges;
uniform vec4 crop;
uniform float lod;
in vec2 place;
out vec4 colour;

float sourceRow(float y, float drop) {
  float turn = max(edges.x, edges.y);
  if (y <= edges.x) return y;
  if (y >= turn) return y + drop;
  return y + drop * (y - edges.x) / (turn - edges.x);
}

void main() {
  vec3 light = vec3(0.0);
  for (int n = 0; n < insideCount; n++) {
    vec2 from = vec2(place.x, sourceRow(place.y, inside[n].z));
    light += inside[n].y * textureLod(insides, vec3((from - crop.xy) / crop.zw, inside[n].x), lod).rgb;
  }
  colour = vec4(light, 0.5);
}`;

/** What meets where the kind of pixel changes, blended one pixel to each side. */
export const SOFTEN = `${HEAD}
uniform sampler2D image;
out vec4 colour;
void main() {
  ivec2 at = ivec2(gl_FragCoord.xy);
  ivec2 last = textureSize(image, 0) - 1;
  vec4 around[9];
  for (int n = 0; n < 9; n++) {
    around[n] = texelFetch(image, clamp(at + ivec2(n % 3 - 1, n / 3 - 1), ivec2(0), last), 0);
  }
  colour = around[4];
  vec4 kinds = abs(vec4(around[1].a, around[3].a, around[5].a, around[7].a) - colour.a);
  if (max(max(kinds.x, kinds.y), max(kinds.z, kinds.w)) < 0.2) return;
  vec4 cross = around[1] + around[3] + around[5] + around[7];
  vec4 diagonal = around[0] + around[2] + around[6] + around[8];
  colour.rgb = (4.0 * around[4] + 2.0 * cross + diagonal).rgb / 16.0;
}`;

/** The head's turn: every place from where the flows point to. */
export const TURN = `${HEAD}
layout(location = 0) in vec2 corner;
layout(location = 1) in vec4 flow;    // in the face, in the turned picture
layout(location = 2) in float part;   // how much of the turned picture is seen
out vec4 from;
out float share;
void main() {
  from = corner.xyxy + flow;
  share = part;
  gl_Position = vec4(2.0 * corner.x - 1.0, 1.0 - 2.0 * corner.y, 0.0, 1.0);
}`;

export const TURNED = `${HEAD}
uniform sampler2D face;
uniform sampler2DArray turns;
uniform float number;
uniform float lod;
in vec4 from;
in float share;
out vec4 colour;
void main() {
  vec3 light = vec3(0.0);
  if (share < 0.999) light = textureLod(face, from.xy, 0.0).rgb;
  if (share > 0.0) light = mix(light, textureLod(turns, vec3(from.zw, number), lod).rgb, min(share, 1.0));
  colour = vec4(light, 1.0);
}`;
