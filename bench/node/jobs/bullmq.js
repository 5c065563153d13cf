// BullMQ.
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { done, go } from "./signals.js";

const [port, count] = [Number(process.argv[2]), Number(process.argv[3])];
const connect = () => new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
const queue = new Queue("noop", { connection: connect() });
for (let left = count; left > 0; left -= 5000) {
  const jobs = Array.from({ length: Math.min(left, 5000) }, () => ({ name: "noop", data: {}, opts: { removeOnComplete: true } }));
  await queue.addBulk(jobs);
}
await go();

let seen = 0;
const worker = new Worker("noop", async () => {}, { connection: connect(), concurrency: 200 });
await new Promise((all) => worker.on("completed", () => ++seen === count && all()));
done();
process.exit(0);
