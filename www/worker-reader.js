// Reads slices of Blobs for the engine's worker. A worker that computes receives no bytes meanwhile, so reading ahead
// needs a thread of its own (src/bin/host/reader.rs); without it the engine reads by itself, in turns.
onmessage = async ({ data: { id, blob, start, end } }) => {
  try {
    const memory = await blob.slice(start, end).arrayBuffer();
    postMessage({ id, memory }, [memory]);
  } catch {
    // The engine reads by itself then, and hears what is wrong.
    postMessage({ id, memory: null });
  }
};
postMessage({ id: null });
