// The part of a straightened face that was never photographed becomes black. As pipeline/stretched_edges.py, where the
// numbers are explained.

import { blurred, luma, rint } from "./pixels.js";

const COARSE = Array.from({ length: 23 }, (_none, k) => 4 * k - 44);
const FINE = [-2, -1, 0, 1, 2];
const STILL_LEVELS = 0.25;
const STILL_RATIO = 0.35;
const PROOF_LEVELS = 0.8;
const PROOF_RATIO = 0.3;
const LEAST = 3;
const LEAST_RATIO = 0.15;
const HOPELESS_RATIO = 0.08;
const REACH = { left: 0.24, top: 0.22, right: 0.24, bottom: 0.3 };
const STEP = 2;

// The crop, a copy with black where its photo had been stretched; the crop itself where nothing was.
export function blackened(crop) {
  const side = crop.width;
  const changes = changesOf(crop);
  let cuts = best(COARSE, changes, side);
  if (cuts.ratio > HOPELESS_RATIO) cuts = best(FINE.map((turn) => cuts.degrees + turn), changes, side);
  if (cuts.ratio < LEAST_RATIO) return crop;
  const data = Uint8Array.from(crop.data);
  const [cos, sin] = turn(cuts.degrees);
  const middle = (side - 1) / 2;
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const u = cos * (x - middle) + sin * (y - middle);
      const v = cos * (y - middle) - sin * (x - middle);
      if (u < cuts.left || u > cuts.right || v < cuts.top || v > cuts.bottom) data.fill(0, 3 * (y * side + x), 3 * (y * side + x + 1));
    }
  }
  return { ...crop, data };
}

const turn = (degrees) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];

// Grey levels a pixel to the right and downwards, at every second pixel of every second row, and where those lie.
function changesOf(crop) {
  const side = crop.width;
  const grey = blurred(luma(crop), 1).data;
  const [right, down, xs, ys] = [[], [], [], []];
  for (let y = 1; y < side - 1; y += STEP) {
    for (let x = 1; x < side - 1; x += STEP) {
      const at = y * side + x;
      right.push((grey[at + 1] - grey[at - 1]) / 2);
      down.push((grey[at + side] - grey[at - side]) / 2);
      xs.push(x - (side - 1) / 2);
      ys.push(y - (side - 1) / 2);
    }
  }
  return { right, down, xs, ys };
}

function best(angles, changes, side) {
  let chosen = { ratio: -1 };
  for (const degrees of angles) {
    const cuts = cutsAt(degrees, changes, side);
    if (cuts.ratio > chosen.ratio) chosen = cuts;
  }
  return chosen;
}

function cutsAt(degrees, changes, side) {
  const [along, across] = [measured(degrees, changes, side), measured(degrees + 90, changes, side)];
  const [left, right] = limits(along, side);
  const [top, bottom] = limits(across, side);
  let beyond = 0;
  for (let k = 0; k < along.place.length; k += 1) {
    const [u, v] = [along.place[k], across.place[k]];
    if (u < left || u > right || v < top || v > bottom) beyond += 1;
  }
  return { ratio: beyond / along.place.length, degrees, left, right, top, bottom };
}

// The pixels in lines at right angles to one normal: how many a line, and the sum of their changes along the normal.
function measured(degrees, { right, down, xs, ys }, side) {
  const [cos, sin] = turn(degrees);
  const place = new Float32Array(xs.length);
  const [number, change] = [new Float64Array(2 * side + 1), new Float64Array(2 * side + 1)];
  const beside = new Float64Array(2 * side + 1); // changes along the edge, which is 90 degrees on
  for (let k = 0; k < xs.length; k += 1) {
    place[k] = cos * xs[k] + sin * ys[k];
    const line = rint(place[k]) + side;
    number[line] += 1;
    change[line] += Math.abs(cos * right[k] + sin * down[k]);
    beside[line] += Math.abs(-sin * right[k] + cos * down[k]);
  }
  const corners = [[-REACH.left, -REACH.top], [REACH.right, -REACH.top], [-REACH.left, REACH.bottom], [REACH.right, REACH.bottom]];
  const reached = corners.map(([x, y]) => side * (cos * x + sin * y));
  return { place, number, change, beside, face: [Math.min(...reached), Math.max(...reached)] };
}

function limits({ number, change, beside, face }, side) {
  const low = firstOfThePhoto(number, change, beside) - side;
  const reversed = [number, change, beside].map((sums) => Float64Array.from(sums).reverse());
  const high = side - firstOfThePhoto(...reversed);
  return [Math.min(low, face[0]), Math.max(high, face[1])];
}

// The first line, from the border inwards, that belongs to the photo; 0 where no band is proved.
function firstOfThePhoto(number, still, moving) {
  let [evidence, most, end, begin] = [0, -Infinity, 0, -1];
  for (let k = 0; k < number.length; k += 1) {
    if (begin < 0 && number[k] > 0) begin = k;
    evidence += STILL_LEVELS * number[k] + STILL_RATIO * moving[k] - still[k];
    if (evidence > most) [most, end] = [evidence, k];
  }
  let [pixels, changed, along] = [0, 0, 0];
  for (let k = 0; k <= end; k += 1) {
    pixels += number[k];
    changed += still[k];
    along += moving[k];
  }
  const proved = end + 1 - begin >= LEAST && along >= PROOF_LEVELS * pixels && changed <= PROOF_RATIO * along;
  return proved ? end + 1 : 0;
}
