// What a user sees when the API is down, slow, or refuses.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./annex.mjs";
import { launch, open, signIn } from "./browser.mjs";

let pair, browser;
before(async () => {
  pair = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

/** Waits until the accounts are listed. The page before stays until then, and may name one of them. */
const listed = async (page) => {
  await page.getByRole("heading", { name: "Users", exact: true }).waitFor();
  await page.getByRole("main").getByText("ada@example.com").first().waitFor();
};

const id = "0190f5b6-8d3a-7c1e-9a52-3b1f0c6d7e8f";
const problem = (status, code, more = {}) => ({
  status,
  contentType: "application/problem+json",
  headers: { "access-control-allow-origin": pair.site, "access-control-expose-headers": "Retry-After", ...(more.headers ?? {}) },
  body: JSON.stringify({
    type: `/problems/${code}`,
    title: `A title for ${status}`,
    status,
    detail: `A detail for ${status}`,
    code,
    request_id: id,
    hint: `A hint for ${status}`,
    ...(more.errors ? { errors: more.errors } : {}),
  }),
});

const refusals = [
  [403, "forbidden", {}],
  [409, "conflict", {}],
  [412, "precondition_failed", {}],
  [422, "validation_failed", { errors: [{ pointer: "?limit", code: "out_of_range", detail: "must be at most 1000" }] }],
  [429, "too_many_requests", { headers: { "retry-after": "7" } }],
  [500, "internal", {}],
];

for (const [status, code, more] of refusals) {
  test(`${status} shows the problem's title, detail, hint and request id, and asks again`, async () => {
    const page = await open(browser);
    await signIn(page, pair.site);
    let refuse = true;
    await page.route(`${pair.api}/v1/users**`, (route) => (refuse ? route.fulfill(problem(status, code, more)) : route.continue()));
    await page.goto(`${pair.site}/users`);
    const alert = page.getByRole("alert");
    await alert.getByText(`A detail for ${status}`).waitFor();
    for (const words of [`A title for ${status}`, `A hint for ${status}`, id, ...(more.errors ?? []).map((error) => error.detail)]) {
      assert.ok((await alert.innerText()).includes(words), `${words} is missing`);
    }
    if (status === 429) assert.match(await alert.innerText(), /7 s/);
    refuse = false;
    await alert.getByRole("button", { name: "Try again" }).click();
    await listed(page);
    assert.equal(await page.getByRole("alert").count(), 0);
    await page.context().close();
  });
}

test("a session that has ended leads to the sign-in and back to where one was", async () => {
  const page = await open(browser);
  await signIn(page, pair.site, "/users");
  await page.route(`${pair.api}/v1/**`, (route) => route.fulfill(problem(401, "invalid_token")));
  await page.reload();
  await page.waitForURL((url) => url.pathname === "/sign-in");
  assert.equal(new URL(page.url()).searchParams.get("next"), "/users");
  await page.unroute(`${pair.api}/v1/**`);
  await signIn(page, pair.site, "/users");
  await page.getByRole("heading", { name: "Users" }).waitFor();
  page.calm();
  await page.context().close();
});

test("an expired access token is renewed unseen, once for all calls", async () => {
  const page = await open(browser);
  await signIn(page, pair.site);
  let refused = 0;
  let renewed = 0;
  page.on("request", (request) => (renewed += request.url().endsWith("/v1/auth/refresh") && request.method() === "POST" ? 1 : 0));
  await page.route(`${pair.api}/v1/users**`, (route) => (refused++ === 0 ? route.fulfill(problem(401, "invalid_token")) : route.continue()));
  await page.getByRole("link", { name: "Users", exact: true }).first().click();
  await listed(page);
  assert.equal(renewed, 1);
  await page.context().close();
});

test("a server that is down is said, and asked again", async () => {
  const page = await open(browser);
  await signIn(page, pair.site);
  await page.route(`${pair.api}/**`, (route) => route.abort("connectionrefused"));
  await page.goto(`${pair.site}/users`);
  await page.getByRole("alert").getByText("The server does not answer").waitFor();
  await page.unroute(`${pair.api}/**`);
  await page.getByRole("button", { name: "Try again" }).first().click();
  await listed(page);
  await page.context().close();
});

test("a slow server shows that something is coming", async () => {
  const page = await open(browser);
  await signIn(page, pair.site);
  let release;
  const held = new Promise((done) => (release = done));
  await page.route(`${pair.api}/v1/users**`, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${pair.site}/users`);
  await page.getByRole("status", { name: "Loading" }).first().waitFor();
  release();
  await listed(page);
  assert.equal(await page.getByRole("status", { name: "Loading" }).count(), 0);
  await page.context().close();
});

test("a wrong password says so, and not which half is wrong", async () => {
  const page = await open(browser);
  await page.goto(`${pair.site}/sign-in`);
  await page.getByLabel("E-mail").fill("nobody@example.com");
  await page.getByLabel("Password", { exact: true }).fill("no password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  const text = await page.getByRole("alert").innerText();
  assert.match(text, /e-mail|password|credentials/i);
  assert.doesNotMatch(text, /unknown account|no such user|not registered/i);
  await page.context().close();
});

test("a link elsewhere is not followed after signing in", async () => {
  const page = await open(browser);
  await signIn(page, pair.site, "//evil.example/");
  assert.equal(page.url(), `${pair.site}/`);
  // Who is signed in is sent on at once.
  for (const next of ["/\t/evil.example", "/\n/evil.example", "/%09/evil.example", "/.//evil.example", "/../..//evil.example", "/sign-in?next=/sign-in"]) {
    await page.goto(`${pair.site}/sign-in?next=${encodeURIComponent(next)}`);
    await page.waitForURL(`${pair.site}/`);
  }
  await page.goto(`${pair.site}/sign-in?next=${encodeURIComponent("/users?search=ada#list")}`);
  await page.waitForURL(`${pair.site}/users?search=ada#list`);
  page.calm();
  await page.context().close();
});

test("a page whose code cannot be loaded says so, and is there after a reload", async () => {
  const page = await open(browser);
  await signIn(page, pair.site);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.route("**/*.wasm", (route) => route.abort());
  await page.getByRole("navigation").getByRole("link", { name: "Users" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("This page could not be loaded").waitFor();
  await page.unroute("**/*.wasm");
  await alert.getByRole("button", { name: "Reload" }).click();
  await listed(page);
  await page.context().close();
});
