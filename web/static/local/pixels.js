// Pictures as arrays, resampled as OpenCV does on the server (its INTER_AREA, INTER_LINEAR and warpAffine). No faces.
// A picture: {width, height, data}, three bytes a pixel, RGB. A plane: {width, height, data}, one float a pixel.

export function picture(width, height, fill = 0) {
  const data = new Uint8Array(3 * width * height);
  if (fill) data.fill(fill);
  return { width, height, data };
}

// From a canvas's RGBA, which has no transparency left.
export function ofRgba({ width, height, data }) {
  const taken = picture(width, height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    taken.data[to] = data[from];
    taken.data[to + 1] = data[from + 1];
    taken.data[to + 2] = data[from + 2];
  }
  return taken;
}

export function cut(image, x0, y0, x1, y1) {
  const part = picture(x1 - x0, y1 - y0);
  for (let y = y0; y < y1; y += 1) {
    const row = 3 * (y * image.width + x0);
    part.data.set(image.data.subarray(row, row + 3 * part.width), 3 * (y - y0) * part.width);
  }
  return part;
}

export function paste(canvas, part, x, y) {
  for (let row = 0; row < part.height; row += 1) {
    const from = 3 * row * part.width;
    canvas.data.set(part.data.subarray(from, from + 3 * part.width), 3 * ((y + row) * canvas.width + x));
  }
}

// Clockwise quarter turns, pixel by pixel.
export function turned(image, turns) {
  const quarter = ((turns % 4) + 4) % 4;
  if (quarter === 0) return image;
  const { width, height, data } = image;
  const out = quarter === 2 ? picture(width, height) : picture(height, width);
  for (let y = 0; y < out.height; y += 1) {
    for (let x = 0; x < out.width; x += 1) {
      const [fromX, fromY] =
        quarter === 1 ? [y, height - 1 - x] : quarter === 2 ? [width - 1 - x, height - 1 - y] : [width - 1 - y, x];
      const from = 3 * (fromY * width + fromX);
      const to = 3 * (y * out.width + x);
      out.data[to] = data[from];
      out.data[to + 1] = data[from + 1];
      out.data[to + 2] = data[from + 2];
    }
  }
  return out;
}

// As OpenCV's cvRound and NumPy's rint: halves go to the even neighbour.
export function rint(value) {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

const byte = (value) => (value <= 0 ? 0 : value >= 255 ? 255 : rint(value));

// The mean of the area that each new pixel covers.
export function shrunk(image, width, height) {
  const values = areas(image.data, image.width, image.height, 3, width, height);
  const out = picture(width, height);
  for (let k = 0; k < values.length; k += 1) out.data[k] = byte(values[k]);
  return out;
}

export function shrunkPlane(plane, width, height) {
  return { width, height, data: areas(plane.data, plane.width, plane.height, 1, width, height) };
}

function areas(data, fromWidth, fromHeight, channels, width, height) {
  const across = covers(fromWidth, width);
  const row = width * channels;
  const rows = new Float32Array(fromHeight * row);
  for (let y = 0; y < fromHeight; y += 1) {
    const base = y * fromWidth * channels;
    for (let x = 0; x < width; x += 1) {
      const { first, weights } = across[x];
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        let at = base + first * channels + c;
        for (let k = 0; k < weights.length; k += 1, at += channels) sum += weights[k] * data[at];
        rows[y * row + x * channels + c] = sum;
      }
    }
  }
  const out = new Float32Array(height * row);
  covers(fromHeight, height).forEach(({ first, weights }, y) => {
    for (let k = 0; k < weights.length; k += 1) {
      const weight = weights[k];
      const from = (first + k) * row;
      for (let x = 0; x < row; x += 1) out[y * row + x] += weight * rows[from + x];
    }
  });
  return out;
}

// For each new pixel the old ones that it covers, and by how much of itself.
function covers(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_none, k) => {
    const [start, end] = [k * scale, Math.min((k + 1) * scale, from)];
    const first = Math.min(Math.floor(start + 1e-9), from - 1);
    const last = Math.max(first + 1, Math.ceil(end - 1e-9));
    const weights = [];
    for (let pixel = first; pixel < last; pixel += 1) {
      weights.push((Math.min(pixel + 1, end) - Math.max(pixel, start)) / (end - start));
    }
    return { first, weights };
  });
}

// Between the nearest pixels; the edges are repeated.
export function enlarged(image, width, height) {
  const out = picture(width, height);
  const across = betweens(image.width, width);
  const down = betweens(image.height, height);
  for (let y = 0; y < height; y += 1) {
    const { near: top, far: bottom, part: fy } = down[y];
    for (let x = 0; x < width; x += 1) {
      const { near: left, far: right, part: fx } = across[x];
      for (let c = 0; c < 3; c += 1) {
        const a = image.data[3 * (top * image.width + left) + c];
        const b = image.data[3 * (top * image.width + right) + c];
        const d = image.data[3 * (bottom * image.width + left) + c];
        const e = image.data[3 * (bottom * image.width + right) + c];
        out.data[3 * (y * width + x) + c] = byte((a * (1 - fx) + b * fx) * (1 - fy) + (d * (1 - fx) + e * fx) * fy);
      }
    }
  }
  return out;
}

function betweens(from, to) {
  return Array.from({ length: to }, (_none, k) => {
    const place = Math.min(Math.max(((k + 0.5) * from) / to - 0.5, 0), from - 1);
    const near = Math.floor(place);
    return { near, far: Math.min(near + 1, from - 1), part: place - near };
  });
}

// Resamples by `matrix`, [a, b, c, d, e, f]: x' = a x + b y + c, y' = d x + e y + f, into a square; outside is black.
export function affine(image, matrix, side) {
  const [a, b, c, d, e, f] = inverted(matrix);
  const { width, height, data } = image;
  const out = picture(side, side);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const [fromX, fromY] = [a * x + b * y + c, d * x + e * y + f];
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      if (left < -1 || top < -1 || left >= width || top >= height) continue;
      const [fx, fy] = [fromX - left, fromY - top];
      const weights = [(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy];
      const to = 3 * (y * side + x);
      let [red, green, blue] = [0, 0, 0];
      for (let k = 0; k < 4; k += 1) {
        const [column, row] = [left + (k & 1), top + (k >> 1)];
        if (column < 0 || row < 0 || column >= width || row >= height) continue;
        const from = 3 * (row * width + column);
        red += weights[k] * data[from];
        green += weights[k] * data[from + 1];
        blue += weights[k] * data[from + 2];
      }
      out.data[to] = byte(red);
      out.data[to + 1] = byte(green);
      out.data[to + 2] = byte(blue);
    }
  }
  return out;
}

export function inverted([a, b, c, d, e, f]) {
  const size = a * e - b * d;
  const [p, q, r, s] = [e / size, -b / size, -d / size, a / size];
  return [p, q, -(p * c + q * f), r, s, -(r * c + s * f)];
}

export function carried([a, b, c, d, e, f], points) {
  return points.map(([x, y]) => [a * x + b * y + c, d * x + e * y + f]);
}

// OpenCV's luma, whole numbers; `step`: every so many pixels.
export function luma(image, step = 1) {
  const [width, height] = [Math.ceil(image.width / step), Math.ceil(image.height / step)];
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = 3 * (y * step * image.width + x * step);
      data[y * width + x] = (4899 * image.data[from] + 9617 * image.data[from + 1] + 1868 * image.data[from + 2] + 8192) >> 14;
    }
  }
  return { width, height, data };
}

// The four neighbours less four times the middle; beyond an edge the row beside it is seen again, as in a mirror.
export function laplacian({ width, height, data }) {
  const out = new Float32Array(data.length);
  const [across, down] = [(x) => mirrored(x, width), (y) => mirrored(y, height)];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const row = y * width;
      const beside = data[row + across(x - 1)] + data[row + across(x + 1)];
      const over = data[down(y - 1) * width + x] + data[down(y + 1) * width + x];
      out[row + x] = beside + over - 4 * data[row + x];
    }
  }
  return { width, height, data: out };
}

export function blurred({ width, height, data }, sigma) {
  const reach = (rint(sigma * 8 + 1) | 1) >> 1;
  const kernel = Array.from({ length: 2 * reach + 1 }, (_none, k) => Math.exp(-((k - reach) ** 2) / (2 * sigma ** 2)));
  const sum = kernel.reduce((one, other) => one + other);
  const [half, out] = [new Float32Array(data.length), new Float32Array(data.length)];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let value = 0;
      for (let k = -reach; k <= reach; k += 1) value += kernel[k + reach] * data[y * width + mirrored(x + k, width)];
      half[y * width + x] = value / sum;
    }
  }
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      let value = 0;
      for (let k = -reach; k <= reach; k += 1) value += kernel[k + reach] * half[mirrored(y + k, height) * width + x];
      out[y * width + x] = value / sum;
    }
  }
  return { width, height, data: out };
}

function mirrored(place, size) {
  if (size === 1) return 0;
  if (place < 0) return Math.min(-place, size - 1);
  return place < size ? place : Math.max(2 * size - 2 - place, 0);
}

export function inside({ width, height, data }, rim) {
  const [wide, high] = [width - 2 * rim, height - 2 * rim];
  const part = new Float32Array(wide * high);
  for (let y = 0; y < high; y += 1) {
    part.set(data.subarray((y + rim) * width + rim, (y + rim) * width + rim + wide), y * wide);
  }
  return { width: wide, height: high, data: part };
}

export function mean(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

export function variance(values) {
  const middle = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - middle) ** 2;
  return sum / values.length;
}
