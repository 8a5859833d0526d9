// The faces of a photo by the shipped detector (YOLO, five points a face). As pipeline/detector.py, where the numbers
// are explained.

import { largerSide, moved, onePerFace, surest, toPhoto } from "./boxes.js";
import { letterbox, withMargin } from "./letterbox.js";
import { cut } from "./pixels.js";
import { HINT_SCORE, joined, tilesFor } from "./tiles.js";

const GLANCE_SIDE = 320;
const AFAR_SIDE = 160;
const AFAR_MARGIN = 48;
const AFAR_RATIO = 0.5;
const WHOLE_SCORE = 0.7;
const POINT_ROW = 5; // rows of the output: cx, cy, w, h, score, then x, y, visibility of each point
const POINTS = 5;

export class Detector {
  // network: see networks.js. thresholds: {score, sure, iou, covered}.
  constructor(network, thresholds) {
    this.network = network;
    this.thresholds = thresholds;
  }

  // {box, score, points} each, in pixels of the photo, the highest score first.
  async detect(image) {
    const { score, sure } = this.thresholds;
    const lowest = Math.min(score, HINT_SCORE);
    const side = this.network.side;
    const { found: first, scale } = await this.look(image, side, lowest);
    let found = await this.fromAfar(image, first, lowest);
    const tiles = tilesFor(surest(found, this.thresholds), image, { side, scale, sure });
    if (tiles.length) {
      const closer = [];
      for (const tile of tiles) {
        const seen = await this.look(cut(image, ...tile), side, lowest);
        closer.push([tile, moved(seen.found, tile[0], tile[1])]);
      }
      found = joined(found, closer, image);
    }
    return onePerFace(found.filter((one) => one.score >= score), this.thresholds, image);
  }

  // Likewise on a small canvas.
  async glance(image) {
    const side = Math.min(this.network.side, GLANCE_SIDE);
    const { found } = await this.look(image, side, this.thresholds.score);
    return onePerFace(found, this.thresholds, image);
  }

  async fromAfar(image, found, lowest) {
    const edge = AFAR_RATIO * Math.max(image.width, image.height);
    const isLarge = ({ box }) => largerSide(box) >= edge;
    const large = found.filter(isLarge).map((one) => one.score);
    const sure = found.some((one) => one.score >= this.thresholds.sure);
    if (sure && (!large.length || Math.max(...large) >= WHOLE_SCORE)) return found;
    const { canvas, place } = withMargin(letterbox(image, { side: AFAR_SIDE, step: this.network.step }), AFAR_MARGIN);
    const afar = toPhoto(await this.read(canvas, lowest), place);
    return [...found.filter((one) => !isLarge(one)), ...afar.filter(isLarge)];
  }

  async look(image, side, lowest) {
    const { canvas, place } = letterbox(image, { side, step: this.network.step });
    return { found: toPhoto(await this.read(canvas, lowest), place), scale: place.scale };
  }

  async read(canvas, lowest) {
    const [{ data, dims }] = await this.network.run(canvas);
    const count = dims[2];
    const found = [];
    for (let k = 0; k < count; k += 1) {
      const at = (row) => data[row * count + k];
      const score = at(4);
      if (!(score >= lowest)) continue;
      const [x, y, halfWidth, halfHeight] = [at(0), at(1), at(2) / 2, at(3) / 2];
      const points = Array.from({ length: POINTS }, (_none, n) => [at(POINT_ROW + 3 * n), at(POINT_ROW + 3 * n + 1)]);
      found.push({ box: [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight], score, points });
    }
    return found;
  }
}
