// Where a large photo is looked at a second time, closer. As pipeline/tiles.py, where the numbers are explained.

import { largerSide } from "./boxes.js";
import { rint } from "./pixels.js";

export const HINT_SCORE = 0.2;
const SMALL = 16;
const DOUBT = 32;
const AIM = 40;
const CLOSER = [1.5, 4];
const MOST_TILES = 12;
const OVERLAP = 0.2;
const HELD = 0.05;
const LARGE = 0.5;

// Tiles [x0, y0, x1, y1], those with the most small or doubtful boxes first. hints: one box a face, from HINT_SCORE on.
export function tilesFor(hints, image, { side, scale, sure }) {
  if (scale * CLOSER[0] > 1) return [];
  const wanted = hints.filter(({ box, score }) => {
    const seen = largerSide(box) * scale;
    return score >= HINT_SCORE && (seen < SMALL || (score < sure && seen < DOUBT));
  });
  if (!wanted.length) return [];
  const small = quantile(wanted.map(({ box }) => largerSide(box)), 0.25);
  const more = Math.min(Math.max(AIM / Math.max(small * scale, 1), CLOSER[0]), CLOSER[1]);
  let closer = Math.min(1, scale * more);
  for (;;) {
    const tiles = holding(wanted, grid(image, side / closer), image);
    if (tiles.length <= MOST_TILES || closer <= scale * CLOSER[0]) return tiles.slice(0, MOST_TILES);
    closer *= 0.85;
  }
}

// Inside of a tile the closer look decides. closer: [tile, found] each.
export function joined(first, closer, image) {
  let kept = first;
  const parts = [];
  for (const [tile, found] of closer) {
    const edge = Math.max(tile[2] - tile[0], tile[3] - tile[1]);
    kept = kept.filter(({ box }) => !(inside(box, tile, image) && largerSide(box) <= LARGE * edge));
    parts.push(...found.filter(({ box }) => inside(box, tile, image)));
  }
  return [...kept, ...parts];
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (place - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}

function grid(image, edge) {
  const [columns, rows] = [spread(image.width, rint(edge)), spread(image.height, rint(edge))];
  return rows.flatMap(([y0, y1]) => columns.map(([x0, x1]) => [x0, y0, x1, y1]));
}

function spread(side, edge) {
  if (side <= edge) return [[0, side]];
  const count = 1 + Math.ceil((side - edge) / (edge * (1 - OVERLAP)));
  return Array.from({ length: count }, (_none, k) => {
    const start = rint((k * (side - edge)) / (count - 1));
    return [start, start + edge];
  });
}

function holding(wanted, tiles, image) {
  const inset = HELD * Math.max(tiles[0][2] - tiles[0][0], tiles[0][3] - tiles[0][1]);
  const held = tiles.map((tile) => wanted.map(({ box }) => inside(box, tile, image, inset)));
  const count = (row) => row.filter(Boolean).length;
  const chosen = [];
  for (;;) {
    let best = 0;
    held.forEach((row, k) => (best = count(row) > count(held[best]) ? k : best));
    if (!count(held[best])) return chosen;
    chosen.push(tiles[best]);
    const taken = [...held[best]];
    for (const row of held) taken.forEach((is, k) => (row[k] = row[k] && !is));
  }
}

function inside(box, [x0, y0, x1, y1], image, inset = 1) {
  return (
    box[0] >= (x0 > 0 ? x0 + inset : -Infinity) &&
    box[1] >= (y0 > 0 ? y0 + inset : -Infinity) &&
    box[2] <= (x1 < image.width ? x1 - inset : Infinity) &&
    box[3] <= (y1 < image.height ? y1 - inset : Infinity)
  );
}
