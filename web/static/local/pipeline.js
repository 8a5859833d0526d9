// A photo -> its faces, measured and embedded. As pipeline/face_pipeline.py and orientation.py, where the numbers are
// explained.

import { Aligner, cropMatrix } from "./aligner.js";
import { area, smallerSide } from "./boxes.js";
import { Detector } from "./detector.js";
import { turned } from "./pixels.js";
import { eyeDistance, isSurface, light, refusal, rollDeg, sharpness, withoutDoubles, yawDeg } from "./quality.js";
import { CROP_SIDE, MIN_SPREAD, similarity, TEMPLATE, warp } from "./similarity.js";
import { blackened } from "./stretched.js";

const TURNED_DEG = 60;
const DOUBT = [0.08, 0.2];
const TURNED_STRENGTH = 0.5;
const TURNED_LEAD = 0.1;
const KEPT_RATIO = 0.8;
const MIN_NORM = 1e-6;

export class Pipeline {
  // networks: {detector, aligner, embedder}. facts: {thresholds, gates, max_faces}.
  constructor(networks, facts) {
    this.detector = new Detector(networks.detector, facts.thresholds);
    this.aligner = new Aligner(networks.aligner);
    this.embedder = networks.embedder;
    this.facts = facts;
  }

  // {faces, leftOut}: faces of {box, points, score, quality, crop, refusal, embedding}, the largest first.
  // frame: one of a live camera, in which large faces on the small canvas are enough where one of them is sure.
  async read(image, { frame = false } = {}) {
    const large = frame ? await this.view(image, 0, (seen) => this.detector.glance(seen)) : null;
    if (large && best(large) >= this.facts.thresholds.sure) return this.readView(image, large);
    const views = new Map();
    const at = async (turns) => {
      if (!views.has(turns)) views.set(turns, await this.view(image, turns));
      return views.get(turns);
    };
    return this.readView(image, await this.upright(at, await this.mostSure(image, at)));
  }

  async readView(image, view) {
    const faces = [];
    for (const found of view.faces) faces.push(await this.measured(view.image, found));
    return { faces: faces.map((face) => turnedBack(face, view.turns, image)), leftOut: view.leftOut };
  }

  // A unit vector of a straightened face, or null where the network gave no direction.
  async embed(crop) {
    const [{ data }] = await this.embedder.run(blackened(crop));
    let sum = 0;
    for (const value of data) sum += value * value;
    const length = Math.sqrt(sum);
    return Number.isFinite(length) && length >= MIN_NORM ? Array.from(data, (value) => value / length) : null;
  }

  async view(image, turns, detect = (seen) => this.detector.detect(seen)) {
    const seen = turned(image, turns);
    const { sure } = this.facts.thresholds;
    const detected = (await detect(seen)).filter(({ box }) => !isSurface(seen, box));
    detected.sort((one, other) => area(other.box) - area(one.box));
    const [largest, smaller] = [detected.slice(0, this.facts.max_faces), detected.slice(this.facts.max_faces)];
    const marks = await this.aligner.find(seen, largest);
    const faces = largest
      .map((found, k) => ({ ...found, points: marks[k].points, error: marks[k].error }))
      .filter((face) => face.score >= sure || face.error <= this.facts.gates.max_doubtful_points_error);
    return { turns, image: seen, faces: withoutDoubles(faces), leftOut: smaller.filter((one) => one.score >= sure).length };
  }

  async glance(image, turns) {
    const seen = turned(image, turns);
    return (await this.detector.glance(seen)).find(({ box }) => !isSurface(seen, box))?.score ?? 0;
  }

  // The photo as it came or, where no face in it is sure, the turn that shows the surest face when it is small.
  async mostSure(image, at) {
    const asItCame = await at(0);
    if (best(asItCame) >= this.facts.thresholds.sure) return asItCame;
    const wanted = Math.max(TURNED_STRENGTH, best(asItCame) + TURNED_LEAD);
    let [score, turns] = [-1, 0];
    for (const one of [1, 2, 3]) {
      const seen = await this.glance(image, one);
      if (seen > score) [score, turns] = [seen, one];
    }
    if (score < wanted) return asItCame;
    const view = await at(turns);
    return best(view) >= wanted ? view : asItCame;
  }

  // Turned on where most faces lie on their side.
  async upright(at, view) {
    const rolls = view.faces.filter((face) => strength(face) > 0).map((face) => rollDeg(face.points));
    const turns = rolls.map((roll) => (Math.abs(roll) > TURNED_DEG ? (4 - Math.round(roll / 90)) % 4 : 0));
    const count = (one) => turns.filter((other) => other === one).length;
    const most = [0, 1, 2, 3].reduce((one, other) => (count(other) > count(one) ? other : one));
    if (most === 0 || 2 * count(most) <= turns.length) return view;
    const other = await at((view.turns + most) % 4);
    return total(other) >= KEPT_RATIO * total(view) ? other : view;
  }

  async measured(image, { box, points, score, error }) {
    const matrix = similarity(points, TEMPLATE);
    const crop = warp(image, matrix ?? cropMatrix(box, CROP_SIDE), CROP_SIDE);
    const quality = {
      size_px: smallerSide(box),
      eye_distance_px: eyeDistance(points),
      sharpness: sharpness(crop),
      light: light(crop),
      yaw_deg: yawDeg(points),
      roll_deg: rollDeg(points),
      points_error: error,
    };
    const degenerate = (limit) => ({ code: "degenerate", value: 0, limit });
    let why = matrix ? refusal(quality, this.facts.gates) : degenerate(MIN_SPREAD);
    const embedding = why ? null : await this.embed(crop);
    if (!why && !embedding) why = degenerate(MIN_NORM);
    return { box, points, score, quality, crop, refusal: why, embedding };
  }
}

const strength = ({ score, error }) => score * Math.min(Math.max((DOUBT[1] - error) / (DOUBT[1] - DOUBT[0]), 0), 1);
const best = (view) => Math.max(0, ...view.faces.map(strength));
const total = (view) => view.faces.reduce((sum, face) => sum + strength(face), 0);

function turnedBack(face, turns, image) {
  if (turns === 0) return face;
  const back = (right, bottom) => ([x, y]) => [null, [y, bottom - x], [right - x, bottom - y], [right - y, x]][turns];
  const points = face.points.map(back(image.width - 1, image.height - 1));
  const corners = [face.box.slice(0, 2), face.box.slice(2)].map(back(image.width, image.height));
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  return { ...face, box, points, quality: { ...face.quality, roll_deg: rollDeg(points) } };
}
