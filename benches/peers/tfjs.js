// What nets.mjs calls in the page of TensorFlow.js: the same net, trained for the same steps.

/** Its own generator, seeded, so that no run differs from the last. */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 4294967296;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Trains a net of dense layers (ReLU between, softmax cross-entropy at the end) with Adam, by TensorFlow.js's own
 * variables and optimiser: its layers API costs more. Returns the milliseconds of each repeat's steps.
 */
async function train({ backend, sizes, batchSize, nSteps, nRepeats }) {
  tf.wasm.setWasmPaths("/bench/npm/@tensorflow/tfjs-backend-wasm/dist/");
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  await tf.ready();
  const normal = normals(1);
  const x = tf.tensor2d(Float32Array.from({ length: batchSize * sizes[0] }, normal), [batchSize, sizes[0]]);
  const nClasses = sizes[sizes.length - 1];
  const labels = tf.oneHot(tf.tensor1d(Array.from({ length: batchSize }, (_, row) => row % nClasses), "int32"), nClasses);
  const layers = sizes.slice(1).map((nOutputs, at) => {
    const nInputs = sizes[at];
    const weights = Float32Array.from({ length: nInputs * nOutputs }, () => normal() * Math.sqrt(2 / nInputs));
    return { w: tf.variable(tf.tensor2d(weights, [nInputs, nOutputs])), b: tf.variable(tf.zeros([nOutputs])) };
  });
  const optimizer = tf.train.adam(0.001);
  const loss = () => {
    const logits = layers.reduce((h, { w, b }, at) => {
      const sums = tf.add(tf.matMul(h, w), b);
      return at < layers.length - 1 ? tf.relu(sums) : sums;
    }, x);
    return tf.losses.softmaxCrossEntropy(labels, logits);
  };
  const step = () => optimizer.minimize(loss, true);
  const read = async (scalar) => {
    const [value] = await scalar.data();
    scalar.dispose();
    return value;
  };
  const first = await read(step());
  const millis = [];
  let last = first;
  for (let repeat = 0; repeat < nRepeats; repeat++) {
    const start = performance.now();
    for (let n = 1; n < nSteps; n++) step().dispose();
    last = await read(step());
    millis.push(performance.now() - start);
  }
  return { millis, first, last, backend: tf.getBackend() };
}

window.bench = { train };
window.benchReady = true;
