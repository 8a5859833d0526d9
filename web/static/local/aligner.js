// Five points of each detected face. As pipeline/landmarks.py, where the numbers are explained.

import { carried, inverted, turned } from "./pixels.js";
import { rollDeg } from "./quality.js";
import { makesAFace, similarity, template, warp } from "./similarity.js";

const EXPAND = 1.25;
const MARGIN = 0.15;
const LYING_DEG = 45;
const UNSURE = 0.1;
const MOST_MISFIT = 14;

export class Aligner {
  constructor(network) {
    this.network = network;
  }

  // {points, error} each: pixels of the photo, and the expected mean error over the eye distance.
  async find(image, faces) {
    const found = [];
    for (const face of faces) {
      const rough = makesAFace(face.points, MOST_MISFIT)
        ? { points: face.points, error: Infinity }
        : await this.fromBox(image, face.box);
      found.push(await this.straightened(image, rough));
    }
    return found;
  }

  async fromBox(image, box) {
    const side = this.network.side;
    const matrix = cropMatrix(box, side);
    const crop = warp(image, matrix, side);
    let best = await this.run(crop);
    if (best.error > UNSURE || Math.abs(rollDeg(best.points)) > LYING_DEG) {
      for (const turns of [1, 2, 3]) {
        const seen = await this.run(turned(crop, turns));
        if (seen.error < best.error) best = { points: turnedBack(seen.points, turns, side), error: seen.error };
      }
    }
    return { points: carried(inverted(matrix), best.points), error: best.error };
  }

  async straightened(image, rough) {
    const side = this.network.side;
    const matrix = similarity(rough.points, template(side, MARGIN));
    if (!matrix) return rough; // the caller will refuse them
    const { points, error } = await this.run(warp(image, matrix, side));
    return { points: carried(inverted(matrix), points), error };
  }

  async run(crop) {
    const [points, logError] = await this.network.run(crop);
    return {
      points: Array.from({ length: 5 }, (_none, k) => [points.data[2 * k], points.data[2 * k + 1]]),
      error: Math.exp(Math.min(Math.max(logError.data[0], -10), 3)),
    };
  }
}

export function cropMatrix([x0, y0, x1, y1], side) {
  const edge = EXPAND * Math.max(x1 - x0, y1 - y0, 1);
  const scale = side / edge;
  return [scale, 0, (edge / 2 - (x0 + x1) / 2) * scale, 0, scale, (edge / 2 - (y0 + y1) / 2) * scale];
}

// Points of a square turned clockwise, in the square before.
function turnedBack(points, turns, side) {
  const last = side - 1;
  return points.map(([x, y]) => [null, [y, last - x], [last - x, last - y], [last - y, x]][turns]);
}
