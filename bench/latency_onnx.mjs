// latency_onnx.mjs MODULES ONNX IDS: how long ONNX Runtime takes for one sentence of the model that
// latency_torch.py wrote, on one thread. MODULES: a folder with node_modules/onnxruntime-node. Prints as
// latency_torch.py does.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const [modules, onnx, ids] = process.argv.slice(2);
const ort = createRequire(`${modules}/`)("onnxruntime-node");
const session = await ort.InferenceSession.create(onnx, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: "sequential",
  graphOptimizationLevel: "all",
});
const rows = readFileSync(ids, "utf8").trim().split("\n").map((line) => {
  const words = BigInt64Array.from(line.split(" "), BigInt);
  return { words: new ort.Tensor("int64", words, [words.length]) };
});
for (const row of rows.slice(0, 200)) await session.run(row);
const wall = [], cpu = [];
for (const row of rows) {
  const before = process.cpuUsage(), start = process.hrtime.bigint();
  await session.run(row);
  wall.push(Number(process.hrtime.bigint() - start) / 1000);
  const used = process.cpuUsage(before);
  cpu.push(used.user + used.system);
}
for (const [name, times] of [["wall", wall], ["cpu", cpu]]) {
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.floor(times.length * part)].toFixed(1);
  console.log(name, at(0.5), at(0.99));
}
