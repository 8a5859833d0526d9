// The shipped networks in this browser: onnxruntime-web's WebAssembly, one thread (iOS crashes with more). As
// pipeline/engine.py and batching.py; one picture at a time.

import * as ort from "/local/ort.wasm.bundle.min.mjs";

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: "/local/ort-wasm-simd-threaded.wasm" };

export class Network {
  // facts: {input, outputs, side, step, color, mean, std}, from weights/manifest.toml.
  static async open(model, facts) {
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
    return new Network(session, facts);
  }

  constructor(session, facts) {
    this.session = session;
    this.facts = facts;
    this.side = facts.side;
    this.step = facts.step;
  }

  // A picture -> {data, dims} of each output.
  async run(image) {
    const { input, outputs, color, mean, std } = this.facts;
    const size = image.width * image.height;
    const values = new Float32Array(3 * size);
    const order = color === "RGB" ? [0, 1, 2] : [2, 1, 0];
    order.forEach((source, channel) => {
      const [less, times] = [mean[channel], 1 / std[channel]];
      for (let k = 0; k < size; k += 1) values[channel * size + k] = (image.data[3 * k + source] - less) * times;
    });
    const tensor = new ort.Tensor("float32", values, [1, 3, image.height, image.width]);
    const found = await this.session.run({ [input]: tensor });
    return outputs.map((name) => ({ data: found[name].data, dims: found[name].dims }));
  }
}
