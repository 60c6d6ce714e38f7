// The layers of a drawn character under a turning head, as one pass over the picture: for each pixel, where in
// each layer it comes from (services/render, backends/vector/compositor.py).

export const MAX_LAYERS = 5;

export const VERTEX = `#version 300 es
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }`;

export const FRAGMENT = `#version 300 es
precision highp float;

uniform float size;                      // pixels of the picture's side
uniform mat3 toHead;                     // picture -> head, design units
uniform vec2 turn;                       // yaw, pitch
uniform float swing;
uniform float jaw;
uniform vec2 torso;                      // how far the torso has moved
uniform vec4 place[${MAX_LAYERS}];       // x, y, pixels per design unit, 1 when it turns with the head
uniform vec4 dome[${MAX_LAYERS}];        // z0, z1, cx, cy
uniform vec4 reach[${MAX_LAYERS}];       // rx, ry, jaw share, jaw y
uniform vec4 hang[${MAX_LAYERS}];        // jaw height, loose share, loose y, loose height
uniform vec4 featureBox;                 // x, y, width, height of the live features, design units
uniform vec4 labelBox;                   // x, y, width, height of the label, design units
uniform sampler2D background, features, label;
uniform sampler2D layer0, layer1, layer2, layer3, layer4;
out vec4 colour;

const float DESIGN = 512.0;

vec2 origin(int k, vec2 p) {
  if (place[k].w < 0.5) return p - torso;
  vec2 h = (toHead * vec3(p, 1.0)).xy;
  vec2 u = (h - dome[k].zw) / reach[k].xy;
  float d = dome[k].x + dome[k].y * max(0.0, 1.0 - dot(u, u));
  vec2 s = h - turn * d * vec2(1.0, 0.8);
  if (hang[k].y > 0.0 && s.y > hang[k].z) {
    float t = min(1.0, (s.y - hang[k].z) / hang[k].w);
    s.x -= swing * hang[k].y * t * t;
  }
  if (reach[k].z * jaw > 0.0 && s.y > reach[k].w) {
    float t = min(1.0, (s.y - reach[k].w) / hang[k].x);
    s.y -= reach[k].z * jaw * t * t * (3.0 - 2.0 * t);
  }
  return s;
}

vec4 within(sampler2D image, vec2 uv) {
  vec4 c = texture(image, uv, -0.7);
  return all(greaterThanEqual(uv, vec2(0.0))) && all(lessThanEqual(uv, vec2(1.0))) ? c : vec4(0.0);
}

vec4 shown(int k, sampler2D image, vec2 p) {
  return within(image, (origin(k, p) - place[k].xy) * place[k].z / vec2(textureSize(image, 0)));
}

vec4 over(vec4 front, vec4 behind) { return front + behind * (1.0 - front.a); }

// Against banding: as much noise as a step of eight bits.
float noise(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453) - 0.5; }

void main() {
  vec2 p = vec2(gl_FragCoord.x, size - gl_FragCoord.y) * DESIGN / size;
  vec4 c = vec4(texture(background, p / DESIGN, -0.7).rgb + noise(gl_FragCoord.xy) * 1.2 / 255.0, 1.0);
  c = over(shown(4, layer4, p), c);                                 // hair behind
  c = over(shown(3, layer3, p), c);                                 // torso
  c = over(shown(2, layer2, p), c);                                 // head
  c = over(within(features, (p - featureBox.xy) / featureBox.zw), c);
  c = over(shown(1, layer1, p), c);                                 // glasses
  c = over(shown(0, layer0, p), c);                                 // hair in front
  colour = over(within(label, (p - labelBox.xy) / labelBox.zw), c);
}`;
