// One layer of a drawn character under a turning head (services/render, backends/vector/compositor.py): for each
// corner of a fine grid over the picture, where in the layer it comes from; straight lines between.

export const GRID = 48; // cells a side: eleven design units and less

export const VERTEX = `#version 300 es
in vec2 corner;          // 0 to 1, y down
uniform vec4 box;        // what of the picture the grid covers: x, y, width, height in design units
uniform bool moves;      // false: the layer fills its box and stands still
uniform bool turns;      // with the head; else with the torso
uniform mat3 toHead;     // picture -> head
uniform vec2 turn;       // yaw, pitch
uniform float swing;
uniform float jaw;
uniform vec2 torso;      // how far the torso has moved
uniform vec4 place;      // x, y, width, height of the layer's picture
uniform vec4 dome;       // z0, z1, cx, cy
uniform vec2 domeReach;  // rx, ry
uniform vec3 jawAt;      // share, y, height
uniform vec3 loose;      // share, y, height
out vec2 uv;

vec2 origin(vec2 p) {
  if (!turns) return p - torso;
  vec2 h = (toHead * vec3(p, 1.0)).xy;
  vec2 u = (h - dome.zw) / domeReach;
  float d = dome.x + dome.y * max(0.0, 1.0 - dot(u, u));
  vec2 s = h - turn * d * vec2(1.0, 0.8);
  if (loose.x > 0.0 && s.y > loose.y) {
    float t = min(1.0, (s.y - loose.y) / loose.z);
    s.x -= swing * loose.x * t * t;
  }
  if (jawAt.x * jaw > 0.0 && s.y > jawAt.y) {
    float t = min(1.0, (s.y - jawAt.y) / jawAt.z);
    s.y -= jawAt.x * jaw * t * t * (3.0 - 2.0 * t);
  }
  return s;
}

void main() {
  vec2 p = box.xy + corner * box.zw;
  uv = moves ? (origin(p) - place.xy) / place.zw : corner;
  gl_Position = vec4(p.x / 256.0 - 1.0, 1.0 - p.y / 256.0, 0.0, 1.0);
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D image;
in vec2 uv;
out vec4 colour;
void main() {
  if (any(lessThan(uv, vec2(0.0))) || any(greaterThan(uv, vec2(1.0)))) discard;
  colour = texture(image, uv);
}`;
