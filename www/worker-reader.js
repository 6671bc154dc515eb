// Reads Blobs for the engine's worker, ahead of it. A worker that computes receives no bytes meanwhile, so reading ahead
// needs a thread of its own (src/bin/host/reader.rs); without it the engine reads by itself, in turns.
//
// A Blob is read as one stream: the browser takes some milliseconds of both its processes for each slice that is asked for,
// and reading a file in slices of four megabytes cost as much as making a table of it.

/** The stream that is open: of which source, where it is, and bytes that came and were not asked for. */
let stream = null;

/** Answers go out in the order in which they were asked for. */
let last = Promise.resolve();

/** Bytes from `start` on, at most up to `end`: what comes next, in a buffer of its own. */
async function read({ source, blob, start, end }) {
  if (stream?.source !== source || stream.at !== start) {
    stream?.reader.cancel().catch(() => {});
    stream = { source, at: start, reader: blob.slice(start).stream().getReader(), rest: null };
  }
  const bytes = stream.rest ?? (await stream.reader.read()).value;
  const n = Math.min(bytes.length, end - start);
  stream.at += n;
  stream.rest = n < bytes.length ? bytes.subarray(n) : null;
  if (stream.at === blob.size) {
    stream = null;
    // A stream asks only when it is opened whether its file is as it was when it was chosen; a slice asks again.
    await blob.slice(0, 1).arrayBuffer();
  }
  return bytes.byteOffset === 0 && n === bytes.buffer.byteLength ? bytes.buffer : bytes.slice(0, n).buffer;
}

onmessage = ({ data }) => {
  last = last.then(async () => {
    try {
      const memory = await read(data);
      postMessage({ id: data.id, memory }, [memory]);
    } catch {
      // The engine reads by itself then, and hears what is wrong.
      stream = null;
      postMessage({ id: data.id, memory: null });
    }
  });
};
postMessage({ id: null });
