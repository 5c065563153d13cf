// pg-boss, fetched and completed in large batches by several loops at once.
import { PgBoss } from "pg-boss";
import { done, go } from "./signals.js";

const [connectionString, count] = [process.argv[2], Number(process.argv[3])];
const boss = new PgBoss({ connectionString, max: 10, schedule: false, supervise: false });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("noop");
for (let left = count; left > 0; left -= 10_000) {
  await boss.insert("noop", Array.from({ length: Math.min(left, 10_000) }, () => ({ data: {} })));
}
await go();

let seen = 0;
async function loop() {
  for (;;) {
    const jobs = await boss.fetch("noop", { batchSize: 1000 });
    if (jobs.length === 0) return;
    await boss.complete("noop", jobs.map(({ id }) => id));
    seen += jobs.length;
  }
}
while (seen < count) await Promise.all([loop(), loop(), loop(), loop()]);
done();
await boss.stop({ graceful: false });
process.exit(0);
