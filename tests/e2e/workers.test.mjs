// The workers of the documentation, in TypeScript and Python: they share a queue, and one of them dies.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { client, start } from "./annex.mjs";

const docs = (name) => fileURLToPath(new URL(`../../docs/workers/${name}`, import.meta.url));
const account = { email: "worker@example.com", password: "nine silent herons" };

let pair, api;
const children = new Set();
before(async () => {
  pair = await start();
  api = await client(pair.api);
  await api.post("/v1/users", { ...account, roles: ["worker"] });
  await api.post("/v1/collections", {
    name: "counts",
    fields: [{ name: "text", type: "text", unique: true }, { name: "words", type: "int" }],
    rules: { list: "", view: "", create: '"worker" in @user.roles' },
  });
});
after(async () => {
  for (const child of children) child.kill("SIGKILL");
  await pair?.end();
});

function worker(command, ...args) {
  const env = {
    PATH: process.env.PATH, HOME: process.env.HOME, ANNEX_URL: pair.api, ANNEX_QUEUE: "texts",
    ANNEX_EMAIL: account.email, ANNEX_PASSWORD: account.password,
  };
  const child = spawn(command, args, { env, stdio: ["ignore", "inherit", "inherit"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}
const typescript = () => worker(process.execPath, "--import", import.meta.resolve("tsx"), docs("worker.mts"));
const python = () => worker("python3", docs("worker.py"));

const enqueue = (args) => api.post("/v1/jobs", { kind: "text.count", queue: "texts", args, backoff: [0] });
async function ended(ids) {
  for (let tries = 0; tries < 600; tries++) {
    const jobs = await Promise.all(ids.map((id) => api.get(`/v1/jobs/${id}`)));
    if (jobs.every(({ state }) => ["succeeded", "failed", "cancelled"].includes(state))) return jobs;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the jobs have not ended");
}
async function stop(child) {
  const exit = new Promise((done) => child.once("exit", (code) => done(code)));
  child.kill("SIGTERM");
  return exit;
}

for (const [language, begin] of [["TypeScript", typescript], ["Python", python]]) {
  test(`the worker in ${language} does jobs, and writes with their end`, async () => {
    const child = begin();
    const text = `one two three in ${language}`;
    const jobs = await Promise.all([enqueue({ text }), enqueue({ text: 7 })]);
    const [counted, refused] = await ended(jobs.map(({ id }) => id));
    assert.deepEqual([counted.state, counted.result], ["succeeded", { words: 5 }]);
    assert.deepEqual([refused.state, refused.error.message, refused.attempt], ["failed", "`text` must be a string", 1]);
    const { items } = await api.get(`/v1/records/counts?filter=${encodeURIComponent(`text = "${text}"`)}`);
    assert.equal(items[0].words, 5);
    assert.equal(await stop(child), 0, "it ends when it is asked to");
  });
}

test("what a worker that dies has held is done by the other, once", async () => {
  const jobs = await Promise.all(Array.from({ length: 60 }, (_, at) => enqueue({ text: `text ${at}` })));
  const first = typescript();
  const second = python();
  await new Promise((done) => setTimeout(done, 700));
  first.kill("SIGKILL");
  await pair.psql("update annex.leases set expires_at = now() where worker = 'worker.mts'");
  const all = await ended(jobs.map(({ id }) => id));
  assert.ok(all.every(({ state }) => state === "succeeded"), JSON.stringify(all.find(({ state }) => state !== "succeeded")));
  const { items } = await api.get(`/v1/records/counts?limit=1000&filter=${encodeURIComponent('text like "text %"')}`);
  assert.equal(items.length, 60);
  assert.equal(await stop(second), 0);
});
