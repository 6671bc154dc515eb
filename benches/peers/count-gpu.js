// Counts what is asked of WebGPU where this runs, a page or a worker: dispatches, submits, and the time within these calls.
// Whoever says "count" on the channel gets the numbers so far.

const counts = { dispatches: 0, submits: 0, apiMillis: 0 };

function counted(prototype, name, count) {
  const real = prototype[name];
  prototype[name] = function (...args) {
    const start = performance.now();
    try {
      return real.apply(this, args);
    } finally {
      counts.apiMillis += performance.now() - start;
      if (count) counts[count] += 1;
    }
  };
}

if (globalThis.GPUQueue) {
  counted(GPUComputePassEncoder.prototype, "dispatchWorkgroups", "dispatches");
  counted(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", "dispatches");
  counted(GPUQueue.prototype, "submit", "submits");
  for (const name of ["createBuffer", "createBindGroup", "createCommandEncoder", "createComputePipeline"]) counted(GPUDevice.prototype, name);
  for (const name of ["setBindGroup", "setPipeline", "end"]) counted(GPUComputePassEncoder.prototype, name);
  for (const name of ["beginComputePass", "copyBufferToBuffer", "finish"]) counted(GPUCommandEncoder.prototype, name);
  counted(GPUQueue.prototype, "writeBuffer");
}

const channel = new BroadcastChannel("gpu-counts");
channel.onmessage = ({ data }) => void (data === "count" && channel.postMessage({ ...counts }));
