// A worker over HTTP that needs nothing but Node (or Deno, or Bun): it claims jobs of a queue, many at a time, says how far they are,
// and ends them. `npx tsx worker.mts`, with ANNEX_URL, ANNEX_EMAIL and ANNEX_PASSWORD of an account with the role `worker`, and ANNEX_QUEUE.
const url = process.env.ANNEX_URL ?? "http://127.0.0.1:8080";
const queue = process.env.ANNEX_QUEUE ?? "default";
const leaseSeconds = 30;

type Job = { id: string; kind: string; args: Record<string, any>; attempt: number; lease_token: string };
type Operation = Record<string, unknown>;
type Done = { result?: unknown; operations?: Operation[] };
type Handler = (job: Job, on: { signal: AbortSignal; progress: (share: number, message?: string) => Promise<void> }) => Promise<Done>;

/** A failure that another attempt would not mend. */
class Permanent extends Error {}

/** What this worker knows how to do. A job runs at least once: what `operations` write is written once, with the end of the job. */
const handlers: Record<string, Handler> = {
  "text.count": async (job, { progress }) => {
    if (typeof job.args.text !== "string") throw new Permanent("`text` must be a string");
    await progress(0.5, "counting");
    const words = job.args.text.split(/\s+/).filter(Boolean).length;
    const body = { text: job.args.text, words };
    return { result: { words }, operations: [{ method: "create", collection: "counts", body }] };
  },
};

let token: { access_token: string; refresh_token: string } | undefined;

async function signIn(): Promise<void> {
  const way = token
    ? { path: "refresh", body: { refresh_token: token.refresh_token } }
    : { path: "login", body: { email: process.env.ANNEX_EMAIL, password: process.env.ANNEX_PASSWORD } };
  const answer = await fetch(`${url}/v1/auth/${way.path}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(way.body),
  });
  token = answer.ok ? await answer.json() : undefined;
  if (!answer.ok) throw new Error(`cannot sign in: ${await answer.text()}`);
}

async function post(path: string, body: unknown, isNew = true): Promise<any> {
  if (!token) await signIn();
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token!.access_token}` },
    body: JSON.stringify(body),
  });
  if (answer.status === 401 && isNew) {
    await signIn();
    return post(path, body, false);
  }
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(said.detail), { code: said.code });
  return said;
}

async function work(job: Job): Promise<void> {
  const say = (what: string, body: object = {}) => post(`/v1/jobs/${job.id}/${what}`, { lease_token: job.lease_token, ...body });
  const stop = new AbortController();
  // As long as it is heard of it keeps the job; where somebody wants the job to stop it is told so here.
  const beat = setInterval(async () => {
    try {
      if ((await say("heartbeat", { lease_seconds: leaseSeconds })).cancel_requested) stop.abort(new Error("cancelled"));
    } catch (error: any) {
      if (error.code === "stale_lease") stop.abort(error);
    }
  }, (leaseSeconds * 1000) / 3);
  const progress = async (share: number, message?: string) => {
    if ((await say("progress", { progress: share, message })).cancel_requested) stop.abort(new Error("cancelled"));
    stop.signal.throwIfAborted();
  };
  try {
    const handler = handlers[job.kind];
    if (!handler) throw new Error(`nobody here does ${job.kind}`);
    await say("complete", await handler(job, { signal: stop.signal, progress }));
  } catch (error: any) {
    // Another worker has it by now: what this one did counts nothing.
    if (error.code === "stale_lease") return;
    await say("fail", { error: { message: error.message }, retry: !(error instanceof Permanent) }).catch(() => {});
  } finally {
    clearInterval(beat);
  }
}

const most = 10;
const running = new Set<Promise<void>>();
let going = true;
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => (going = false));

while (going) {
  try {
    const wanted = { max: most - running.size, wait_seconds: 5, lease_seconds: leaseSeconds, worker: "worker.mts" };
    const { jobs } = await post(`/v1/queues/${queue}/claim`, wanted);
    for (const job of jobs as Job[]) {
      const one = work(job).finally(() => running.delete(one));
      running.add(one);
    }
    if (running.size >= most) await Promise.race(running);
  } catch (error) {
    console.error(error);
    await new Promise((done) => setTimeout(done, 1000));
  }
}
await Promise.allSettled(running);
