// What nets.mjs calls in the page of onnxruntime-web: one product of matrices.

import * as ort from "/bench/npm/onnxruntime-web/dist/ort.wasm.min.mjs";

import { generator } from "./data.js";

// Protocol buffers: a field is its number and wire type, then a varint, or a length and that many bytes.
const varint = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
const number = (field, value) => [...varint(field << 3), ...varint(value)];
const bytes = (field, content) => [...varint((field << 3) | 2), ...varint(content.length), ...content];
const text = (field, words) => bytes(field, [...new TextEncoder().encode(words)]);

/** A model of one operation, C = A · B, all of n × n f32: ONNX's ModelProto (github.com/onnx/onnx, onnx.proto). */
function productModel(n) {
  const side = bytes(1, number(1, n));
  const type = bytes(1, [...number(1, 1), ...bytes(2, [...side, ...side])]);
  const value = (name) => [...text(1, name), ...bytes(2, type)];
  const node = [...text(1, "A"), ...text(1, "B"), ...text(2, "C"), ...text(4, "MatMul")];
  const graph = [...bytes(1, node), ...text(2, "product"), ...bytes(11, value("A")), ...bytes(11, value("B")), ...bytes(12, value("C"))];
  return Uint8Array.from([...number(1, 8), ...bytes(7, graph), ...bytes(8, number(2, 17))]);
}

window.bench = {
  /** Milliseconds of each of some rounds, on one thread, after one that warms up; the answer is held to a sum in f64. */
  async product(n, nRounds) {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = "/bench/npm/onnxruntime-web/dist/";
    const session = await ort.InferenceSession.create(productModel(n), { executionProviders: ["wasm"] });
    const random = generator(7);
    const matrix = () => Float32Array.from({ length: n * n }, () => random() - 0.5);
    const [a, b] = [matrix(), matrix()];
    const feeds = { A: new ort.Tensor("float32", a, [n, n]), B: new ort.Tensor("float32", b, [n, n]) };
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[k] * b[k * n];
    const { C } = await session.run(feeds);
    if (Math.abs(C.data[0] - sum) > 1e-3) throw new Error(`another product: ${C.data[0]} instead of ${sum}`);
    const each = [];
    for (let round = 0; round < nRounds; round++) {
      const started = performance.now();
      await session.run(feeds);
      each.push(performance.now() - started);
    }
    return each;
  },
};
window.benchReady = true;
