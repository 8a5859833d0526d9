// One's own face stage by stage: box, points, straightened, vector, neighbours.

import { blobOf, drawPoints } from "./pictures.js";
import { number, t } from "./texts.js";

const SIDE = 256;
let crop = "";

export function showStages(steps, bitmap, face) {
  URL.revokeObjectURL(crop);
  steps.replaceChildren();
  const quality = face.quality;
  if (bitmap) {
    const facts = { size: number(quality.size_px), score: number(face.score, 2) };
    steps.append(figure(cutOut(bitmap, face, { box: true }), "stage_box", facts));
    const turned = { yaw: number(Math.abs(quality.yaw_deg)), roll: number(Math.abs(quality.roll_deg)) };
    steps.append(figure(cutOut(bitmap, face, { points: true }), "stage_points", turned));
  }
  if (face.crop) {
    const image = document.createElement("img");
    crop = URL.createObjectURL(face.crop instanceof Blob ? face.crop : blobOf(face.crop, "image/png"));
    image.src = crop;
    image.alt = "";
    const facts = { sharpness: number(quality.sharpness), light: number(quality.light) };
    steps.append(figure(image, "stage_crop", facts));
  }
  if (face.embedding) {
    const facts = { dimension: number(face.embedding.length) };
    steps.append(figure(strip(face.embedding), "stage_vector", facts, { wide: true }));
  }
  if (face.matches?.length) {
    steps.append(figure(bars(face.matches), "stage_near", {}, { wide: true }));
  }
}

function figure(content, name, facts, { wide = false } = {}) {
  const one = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const title = document.createElement("b");
  title.textContent = t(name, facts);
  caption.append(title, t(`${name}_text`, facts));
  if (wide) {
    one.className = "wide";
    one.append(caption, content);
  } else {
    one.append(content, caption);
  }
  return one;
}

function cutOut(bitmap, face, { box = false, points = false }) {
  const [x0, y0, x1, y1] = face.box;
  const side = 1.6 * Math.max(x1 - x0, y1 - y0);
  const [left, top] = [(x0 + x1 - side) / 2, (y0 + y1 - side) / 2];
  const scale = SIDE / side;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  pen.drawImage(bitmap, left, top, side, side, 0, 0, SIDE, SIDE);
  if (box) {
    pen.strokeStyle = "#ffcb3d";
    pen.lineWidth = 3;
    pen.strokeRect((x0 - left) * scale, (y0 - top) * scale, (x1 - x0) * scale, (y1 - y0) * scale);
  }
  if (points) {
    const moved = { points: face.points.map(([x, y]) => [x - left, y - top]) };
    drawPoints(canvas, moved, scale, 9);
  }
  return canvas;
}

function strip(embedding) {
  const canvas = document.createElement("canvas");
  canvas.width = embedding.length;
  canvas.height = 1;
  canvas.setAttribute("aria-hidden", "true");
  const pen = canvas.getContext("2d");
  const largest = Math.max(...embedding.map(Math.abs));
  embedding.forEach((value, k) => {
    const light = 96 - 66 * Math.abs(value / largest);
    pen.fillStyle = `hsl(${value < 0 ? 25 : 232} 75% ${light}%)`;
    pen.fillRect(k, 0, 1, 1);
  });
  return canvas;
}

function bars(matches) {
  const grid = document.createElement("div");
  grid.className = "bars";
  for (const match of matches) {
    const bar = document.createElement("meter");
    bar.min = 0;
    bar.max = 1;
    bar.value = Math.max(0, match.similarity);
    bar.setAttribute("aria-label", match.title);
    const [who, said] = [document.createElement("span"), document.createElement("span")];
    who.textContent = match.title;
    said.textContent = match.said;
    grid.append(who, bar, said);
  }
  return grid;
}
