// Graphile Worker with the settings that its documentation gives for the highest throughput.
import { makeWorkerUtils, run } from "graphile-worker";
import pg from "pg";
import { done, go } from "./signals.js";

const [connectionString, count] = [process.argv[2], Number(process.argv[3])];
const utils = await makeWorkerUtils({ connectionString });
await utils.migrate();
await utils.release();
const pool = new pg.Pool({ connectionString, max: 1 });
await pool.query("select graphile_worker.add_job('noop', '{}'::json) from generate_series(1, $1)", [count]);
await pool.end();
await go();

let seen = 0;
const runner = await run({
  preset: {
    worker: {
      connectionString,
      concurrentJobs: 24,
      maxPoolSize: 10,
      pollInterval: 2000,
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
    },
  },
  taskList: {
    noop: () => {
      if (++seen === count) setImmediate(() => runner.stop());
    },
  },
});
await runner.promise;
done();
