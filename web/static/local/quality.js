// Numbers about one face's picture, what a face must be to be used, and boxes that are no faces of their own. As
// pipeline/quality.py, gates.py and false_faces.py, where the numbers are explained.

import { cut, inside, laplacian, luma, mean, rint, shrunkPlane, variance } from "./pixels.js";

const NOSE_DEPTH = 0.39;
const DEG = 180 / Math.PI;
const SURFACE_SIDE = 28;
const SAMPLED_SIDE = 224;
const LARGE = 64;
const FLAT = [0.03, 0.06];
const SMOOTH = [0.06, 0.12];
const NOISE = 9;
const SAME_FACE = 0.5;

export const eyeDistance = (points) => Math.hypot(points[1][0] - points[0][0], points[1][1] - points[0][1]);
export const rollDeg = (points) => Math.atan2(points[1][1] - points[0][1], points[1][0] - points[0][0]) * DEG;

export function yawDeg(points) {
  const between = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const [eyes, mouth] = [between(points[0], points[1]), between(points[3], points[4])];
  const across = [points[1][0] - points[0][0], points[1][1] - points[0][1]];
  const upright = [mouth[1] - eyes[1], -(mouth[0] - eyes[0])];
  const axis = [across[0] + upright[0], across[1] + upright[1]];
  const length = Math.hypot(...axis);
  if (!length) return 0;
  const along = ([x, y]) => (x * axis[0] + y * axis[1]) / length;
  const middle = between(eyes, mouth);
  const offset = along([points[2][0] - middle[0], points[2][1] - middle[1]]);
  const width = along(across);
  return offset || width > 0 ? Math.atan2(offset, NOSE_DEPTH * Math.max(width, 0)) * DEG : 0;
}

export function sharpness(crop) {
  const small = inside(shrunkPlane(luma(crop), 28, 28), 2);
  return (100 * variance(laplacian(small).data)) / Math.max(variance(small.data), 1);
}

export const light = (crop) => mean(inside(luma(crop), 16).data);

// The first limit that is missed, {code, value, limit}; null where the face can be used.
export function refusal(quality, gates) {
  const rules = [
    ["too_small", quality.eye_distance_px, gates.min_eye_distance_px, true],
    ["points_unsure", quality.points_error, gates.max_points_error, false],
    ["turned_away", Math.abs(quality.yaw_deg), gates.max_yaw_deg, false],
    ["too_dark", quality.light, gates.min_light, true],
    ["too_bright", quality.light, gates.max_light, false],
    ["blurred", quality.sharpness, gates.min_sharpness, true],
  ];
  const missed = rules.find(([, value, limit, least]) => !(least ? value >= limit : value <= limit));
  return missed ? { code: missed[0], value: missed[1], limit: missed[2] } : null;
}

// Whether a box shows a surface without structure.
export function isSurface(image, box) {
  const [left, top, right, bottom] = box.map(rint);
  const [x0, y0] = [Math.max(left, 0), Math.max(top, 0)];
  const [x1, y1] = [Math.min(Math.max(right, left + 1), image.width), Math.min(Math.max(bottom, top + 1), image.height)];
  if (x1 <= x0 || y1 <= y0) return true;
  const region = cut(image, x0, y0, x1, y1);
  const smaller = Math.min(region.width, region.height);
  const plane = shrunkPlane(luma(region, Math.max(1, Math.floor(smaller / SAMPLED_SIDE))), SURFACE_SIDE, SURFACE_SIDE);
  const rest = withoutShading(plane.data);
  const spread = Math.sqrt(variance(rest));
  const large = smaller >= LARGE ? 1 : 0;
  if (spread <= FLAT[large] * mean(plane.data) || spread === 0) return true;
  const changes = variance(inside(laplacian(plane), 2).data) / spread ** 2;
  return !(changes >= SMOOTH[large] && changes <= NOISE);
}

// Less the best surface of second order.
function withoutShading(values) {
  const rest = Float64Array.from(values);
  for (const one of surfaces()) {
    let part = 0;
    for (let k = 0; k < rest.length; k += 1) part += one[k] * values[k];
    for (let k = 0; k < rest.length; k += 1) rest[k] -= part * one[k];
  }
  return rest;
}

let orthonormal = null;

function surfaces() {
  if (orthonormal) return orthonormal;
  const places = Array.from({ length: SURFACE_SIDE ** 2 }, (_none, k) => {
    const axis = (n) => -1 + (2 * n) / (SURFACE_SIDE - 1);
    return [axis(k % SURFACE_SIDE), axis(Math.floor(k / SURFACE_SIDE))];
  });
  const terms = [() => 1, ([x]) => x, ([, y]) => y, ([x]) => x * x, ([x, y]) => x * y, ([, y]) => y * y];
  orthonormal = [];
  for (const term of terms) {
    const one = Float64Array.from(places, term);
    for (const other of orthonormal) {
      const part = other.reduce((sum, value, k) => sum + value * one[k], 0);
      for (let k = 0; k < one.length; k += 1) one[k] -= part * other[k];
    }
    const length = Math.sqrt(one.reduce((sum, value) => sum + value * value, 0));
    orthonormal.push(one.map((value) => value / length));
  }
  return orthonormal;
}

// One detection a face: those whose points belong to another one are dropped. The order stays.
export function withoutDoubles(faces) {
  if (faces.length < 2) return faces;
  const centre = ({ points }) => [0, 1].map((axis) => points.reduce((sum, one) => sum + one[axis], 0) / points.length);
  const centres = faces.map(centre);
  const holds = ([x0, y0, x1, y1], [x, y]) => x0 <= x && y0 <= y && x <= x1 && y <= y1;
  const own = faces.map(({ box }, k) => holds(box, centres[k]));
  const isDouble = (kept, dropped) => {
    const [one, other] = [faces[kept], faces[dropped]];
    const apart = one.points.reduce((sum, [x, y], k) => sum + Math.hypot(x - other.points[k][0], y - other.points[k][1]), 0);
    const eyes = Math.max(eyeDistance(one.points), eyeDistance(other.points));
    if (apart / one.points.length < SAME_FACE * eyes) return true;
    return own[kept] && holds(one.box, centres[dropped]) && !own[dropped];
  };
  const order = faces.map((_face, k) => k).sort((a, b) => own[b] - own[a] || faces[b].score - faces[a].score);
  const kept = [];
  for (const row of order) if (!kept.some((one) => isDouble(one, row))) kept.push(row);
  return kept.sort((a, b) => a - b).map((row) => faces[row]);
}
