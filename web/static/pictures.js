// Pictures in the browser: photos onto canvases, marks over them, cards to download and share.

import { t } from "./texts.js";

const MAX_SIDE = 1280;
const MARK = "#ffcb3d";
const DARK = "#12131a";

// A photo as its EXIF says; null where this browser can't read the format.
export async function bitmapOf(photo) {
  try {
    return await createImageBitmap(photo, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

export function drawPhoto(canvas, bitmap) {
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return scale;
}

// Boxes and numbers of all faces, five points of the chosen one; a face that can't be used is dashed.
export function drawFaces(canvas, faces, scale, chosen = null) {
  const pen = canvas.getContext("2d");
  const unit = Math.max(canvas.width, canvas.height) / 640;
  for (const face of [...faces].reverse()) {
    const [x0, y0, x1, y1] = face.box.map((value) => value * scale);
    const isChosen = face.number !== null && face.number === chosen;
    for (const [color, width] of [[DARK, 4], [face.usable ? MARK : "#e9e9ee", 2]]) {
      pen.strokeStyle = color;
      pen.lineWidth = width * unit * (isChosen ? 1.6 : 1);
      pen.setLineDash(face.usable ? [] : [6 * unit, 6 * unit]);
      pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
    pen.setLineDash([]);
    if (isChosen) drawPoints(canvas, face, scale);
    if (face.number !== null && faces.filter((one) => one.usable).length > 1) badge(pen, face.number, x0, y0, unit);
  }
}

export function drawPoints(canvas, face, scale, radius = 3) {
  const pen = canvas.getContext("2d");
  const unit = Math.max(canvas.width, canvas.height) / 640;
  for (const [x, y] of face.points) {
    pen.beginPath();
    pen.arc((x + 0.5) * scale, (y + 0.5) * scale, radius * unit, 0, 2 * Math.PI);
    pen.fillStyle = MARK;
    pen.fill();
    pen.lineWidth = unit;
    pen.strokeStyle = DARK;
    pen.stroke();
  }
}

function badge(pen, number, x, y, unit) {
  const radius = 11 * unit;
  const [left, top] = [Math.max(radius, x), Math.max(radius, y)];
  pen.beginPath();
  pen.arc(left, top, radius, 0, 2 * Math.PI);
  pen.fillStyle = MARK;
  pen.fill();
  pen.strokeStyle = DARK;
  pen.lineWidth = 2 * unit;
  pen.stroke();
  pen.fillStyle = DARK;
  pen.font = `bold ${14 * unit}px sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(String(number), left, top);
}

export function blobOf(base64, type) {
  const letters = atob(base64);
  const bytes = new Uint8Array(letters.length);
  for (let k = 0; k < letters.length; k += 1) bytes[k] = letters.charCodeAt(k);
  return new Blob([bytes], { type });
}

// Shows a card with its buttons in a figure; without one the figure is hidden.
export function showCard(figure, base64, label) {
  const before = figure.querySelector("img");
  if (before) URL.revokeObjectURL(before.src);
  figure.replaceChildren();
  figure.hidden = !base64;
  if (!base64) return;
  const file = new File([blobOf(base64, "image/jpeg")], "lookalike.jpg", { type: "image/jpeg" });
  const image = document.createElement("img");
  image.src = URL.createObjectURL(file);
  image.alt = label;
  const row = document.createElement("p");
  row.className = "row";
  const download = button(t("download"), () => {
    const link = document.createElement("a");
    link.href = image.src;
    link.download = file.name;
    link.click();
  });
  row.append(download);
  if (navigator.canShare?.({ files: [file] })) {
    row.append(button(t("share"), () => navigator.share({ files: [file] }).catch(() => {})));
  }
  figure.append(image, row);
}

export function button(label, press) {
  const one = document.createElement("button");
  one.type = "button";
  one.textContent = label;
  one.addEventListener("click", press);
  return one;
}
