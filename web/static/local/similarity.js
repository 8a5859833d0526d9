// Least-squares similarities and the ArcFace template: how a face is straightened. As pipeline/similarity.py.

import { affine, carried, cut, inverted, picture, shrunk } from "./pixels.js";

export const CROP_SIDE = 112;
// The five points of an upright face in a 112 px crop, as InsightFace published them with ArcFace (MIT).
export const TEMPLATE = [
  [38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041],
];
export const MIN_SPREAD = 1e-3;

export function template(side, margin = 0) {
  const scale = (side * (1 - 2 * margin)) / CROP_SIDE;
  return TEMPLATE.map(([x, y]) => [x * scale + margin * side, y * scale + margin * side]);
}

// The rotation, scale and shift that carry `source` onto `target` with the least squared error, without a reflection;
// null for points without spread. In two dimensions Umeyama's solution has this closed form.
export function similarity(source, target) {
  const [from, to] = [middle(source), middle(target)];
  let [spread, along, across] = [0, 0, 0];
  source.forEach(([px, py], k) => {
    const [x, y, u, v] = [px - from[0], py - from[1], target[k][0] - to[0], target[k][1] - to[1]];
    spread += x * x + y * y;
    along += x * u + y * v;
    across += x * v - y * u;
  });
  if (!(spread / source.length >= MIN_SPREAD ** 2) || !(Math.hypot(along, across) > 0)) return null;
  const [a, b] = [along / spread, across / spread];
  return [a, -b, to[0] - a * from[0] + b * from[1], b, a, to[1] - b * from[0] - a * from[1]];
}

function middle(points) {
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
}

// Whether five rough points lie as in a face: what the similarity onto the template leaves, in template px.
export function makesAFace(points, mostMisfit) {
  const matrix = similarity(points, TEMPLATE);
  if (!matrix) return false;
  const left = carried(matrix, points).map(([x, y], k) => (x - TEMPLATE[k][0]) ** 2 + (y - TEMPLATE[k][1]) ** 2);
  return Math.sqrt(left.reduce((one, other) => one + other) / left.length) <= mostMisfit;
}

// Resamples by the matrix into a square; what is shrunk by more than two is averaged down first.
export function warp(image, matrix, side) {
  const scale = Math.sqrt(Math.abs(matrix[0] * matrix[4] - matrix[1] * matrix[3]));
  if (scale >= 0.5) return affine(image, matrix, side);
  const corners = carried(inverted(matrix), [[0, 0], [side, 0], [side, side], [0, side]]);
  const [xs, ys] = [corners.map((corner) => corner[0]), corners.map((corner) => corner[1])];
  const within = (value, most) => Math.min(Math.max(value, 0), most);
  const x0 = within(Math.floor(Math.min(...xs)) - 2, image.width);
  const y0 = within(Math.floor(Math.min(...ys)) - 2, image.height);
  const x1 = within(Math.ceil(Math.max(...xs)) + 2, image.width);
  const y1 = within(Math.ceil(Math.max(...ys)) + 2, image.height);
  if (x1 - x0 < 2 || y1 - y0 < 2) return picture(side, side);
  const shrink = 0.5 / scale; // leaves the warp a factor of two, which bilinear sampling takes
  const width = Math.max(1, Math.round((x1 - x0) / shrink));
  const height = Math.max(1, Math.round((y1 - y0) / shrink));
  const small = shrunk(cut(image, x0, y0, x1, y1), width, height);
  const [fx, fy] = [width / (x1 - x0), height / (y1 - y0)];
  // Pixel centres: x_small + 0.5 = (x_region + 0.5) * fx, and the crop's frame is kept.
  const [shiftX, shiftY] = [x0 + 0.5 / fx - 0.5, y0 + 0.5 / fy - 0.5];
  const [a, b, c, d, e, f] = matrix;
  return affine(small, [a / fx, b / fy, a * shiftX + b * shiftY + c, d / fx, e / fy, d * shiftX + e * shiftY + f], side);
}
