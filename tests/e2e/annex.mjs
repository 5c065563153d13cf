// The pair as a user has it: a server on a fresh data folder and the console beside it, on ports of their own.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), process.env.ANNEX_PROFILE ?? "debug", "annex");

export const admin = { email: "ada@example.com", password: "seven quiet otters" };

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function answers(url, child) {
  for (let tries = 0; tries < 1200; tries++) {
    if (child.exitCode !== null) throw new Error(`annex ended with ${child.exitCode}`);
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`${url} does not answer`);
}

/** Starts both, with those settings. `setup` is the one-time link, where `withAdmin` does not make the first admin. */
export async function start({ withAdmin = true, settings = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "annex-e2e-"));
  const [apiPort, consolePort] = [await freePort(), await freePort()];
  const [api, site] = [`http://127.0.0.1:${apiPort}`, `http://127.0.0.1:${consolePort}`];
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ANNEX_DATA_DIR: join(folder, "data"),
    ANNEX_LISTEN: `127.0.0.1:${apiPort}`,
    ANNEX_PUBLIC_URL: api,
    ANNEX_CONSOLE_ORIGIN: site,
    ANNEX_CONSOLE_LISTEN: `127.0.0.1:${consolePort}`,
    ANNEX_CONSOLE_DIR: process.env.ANNEX_CONSOLE_DIR ?? join(root, "frontend/dist"),
    ANNEX_CONSOLE_API: api,
    ANNEX_LOG: "warn",
    ...(withAdmin ? { ANNEX_ADMIN_EMAIL: admin.email, ANNEX_ADMIN_PASSWORD: admin.password } : {}),
    ...settings,
  };
  const run = (command) => {
    const child = spawn(program, [command], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    child.said = "";
    child.stdout.on("data", (text) => (child.said += text));
    return child;
  };
  let server = run("serve");
  const console = run("console");
  const end = async () => {
    for (const child of [console, server]) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await new Promise((done) => child.once("exit", done));
      }
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await answers(`${api}/readyz`, server);
    await answers(`${site}/healthz`, console);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    api,
    site,
    folder,
    end,
    get setup() {
      return server.said.match(/http\S+\/setup#\S+/)?.[0];
    },
    /** Lets the server die where it stands. */
    async kill() {
      server.kill("SIGKILL");
      await new Promise((done) => server.once("exit", done));
    },
    /** Starts the server again, on what it left. */
    async again() {
      server = run("serve");
      await answers(`${api}/readyz`, server);
    },
    /** Runs SQL as another program does: with psql, on the socket of the server's own Postgres. */
    async psql(sql) {
      const lock = await readFile(join(folder, "data/postgres/postmaster.pid"), "utf8");
      const [, , , port, socket] = lock.split("\n");
      const url = `postgres:///annex?host=${encodeURIComponent(socket)}&port=${port}&user=annex`;
      await promisify(execFile)("psql", [url, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--command", sql]);
    },
  };
}

/** An API client of the test itself, signed in as the admin. */
export async function client(api) {
  const send = async (method, path, body, token) => {
    const answer = await fetch(api + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
  const { access_token } = await send("POST", "/v1/auth/login", admin);
  return {
    token: access_token,
    get: (path) => send("GET", path, undefined, access_token),
    post: (path, body) => send("POST", path, body, access_token),
    put: (path, body) => send("PUT", path, body, access_token),
    patch: (path, body) => send("PATCH", path, body, access_token),
    delete: (path) => send("DELETE", path, undefined, access_token),
  };
}
