// Reads photos beside the page, so that it stays quick: decoding, networks, vectors. Nothing here sends anything.

import { Network } from "./networks.js";
import { inReadingOrder } from "./order.js";
import { Pipeline } from "./pipeline.js";
import { ofRgba, picture, shrunk } from "./pixels.js";

let pipeline = null;
let limits = null;

const does = {
  async open({ models, facts }) {
    const networks = {};
    for (const [role, model] of Object.entries(models)) networks[role] = await Network.open(model, facts.networks[role]);
    pipeline = new Pipeline(networks, facts);
    limits = facts.limits;
    return {};
  },

  async read({ photo, crops, frame }) {
    const { image, scale, width, height } = await decoded(photo);
    const { faces, leftOut } = await pipeline.read(image, { frame });
    const asSent = (face) => ({
      ...face,
      box: face.box.map((value) => value * scale),
      points: face.points.map(([x, y]) => [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5]),
      quality: {
        ...face.quality,
        size_px: face.quality.size_px * scale,
        eye_distance_px: face.quality.eye_distance_px * scale,
      },
      refusal: face.refusal?.code === "too_small"
        ? { ...face.refusal, value: face.refusal.value * scale, limit: face.refusal.limit * scale }
        : face.refusal,
    });
    const ordered = inReadingOrder(faces).map(asSent);
    for (const face of ordered) face.crop = crops ? await pngOf(face.crop) : null;
    return { faces: ordered, leftOut, width, height };
  },

  // A straightened face as it is -> its vector: what tests compare with the server's.
  async embed({ photo }) {
    return pipeline.embed((await decoded(photo)).image);
  },
};

onmessage = async ({ data: { id, what, given } }) => {
  try {
    postMessage({ id, value: await does[what](given) });
  } catch (error) {
    postMessage({ id, problem: { code: error.code ?? "failed", message: String(error.message ?? error) } });
  }
};

const problem = (code) => Object.assign(new Error(code), { code });

// The working picture, upright, transparency on white, its colours as the file has them. As pipeline/decode.py.
async function decoded(photo) {
  if (!photo.size) throw problem("empty");
  let bitmap;
  try {
    bitmap = await createImageBitmap(photo, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  } catch {
    throw problem("not_a_picture");
  }
  const { width, height } = bitmap;
  try {
    if (width * height > limits.max_photo_pixels) throw problem("too_many_pixels");
    if (Math.min(width, height) < limits.min_side_px) throw problem("too_small");
    const canvas = new OffscreenCanvas(width, height);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, width, height);
    pen.drawImage(bitmap, 0, 0);
    const whole = ofRgba(pen.getImageData(0, 0, width, height));
    const wide = limits.working_side_px * Math.sqrt((0.75 * Math.max(width, height)) / Math.min(width, height));
    const longest = Math.max(limits.working_side_px, Math.min(limits.longest_side_px, Math.floor(wide)));
    const scale = Math.max(1, Math.max(width, height) / longest);
    const small = (side) => Math.max(1, Math.round(side / scale));
    return { image: scale > 1 ? shrunk(whole, small(width), small(height)) : whole, scale, width, height };
  } finally {
    bitmap.close();
  }
}

async function pngOf(crop) {
  const whole = crop ?? picture(1, 1);
  const canvas = new OffscreenCanvas(whole.width, whole.height);
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(whole.width, whole.height);
  for (let from = 0, to = 0; from < whole.data.length; from += 3, to += 4) {
    pixels.data.set([whole.data[from], whole.data[from + 1], whole.data[from + 2], 255], to);
  }
  pen.putImageData(pixels, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
