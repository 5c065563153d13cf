// Who is signed in: an account that changes in another tab, and an account that is no admin.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { admin, client, start } from "./annex.mjs";
import { launch, open, signIn } from "./browser.mjs";

const second = { email: "grace@example.com", password: "eleven calm badgers" };
const plain = { email: "joan@example.com", password: "twelve mild herons" };

let pair, browser;
before(async () => {
  pair = await start();
  browser = await launch();
  const api = await client(pair.api);
  await api.post("/v1/users", { ...second, roles: ["admin"] });
  await api.post("/v1/users", plain);
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const enter = async (page, { email, password }) => {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
};
const whose = (page) => page.evaluate(() => localStorage.getItem("annex.account"));
const news = (page, words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();

test("a tab goes with the account that another tab signs in as, and shows nothing of the one before", async () => {
  const page = await open(browser);
  await signIn(page, pair.site, "/users");
  await page.getByRole("main").getByText(second.email).waitFor();
  const first = await whose(page);
  const other = await page.context().newPage();
  await other.goto(`${pair.site}/settings`);
  await other.getByRole("heading", { name: "Settings", exact: true }).waitFor();
  // The other tab signs out: this one is told, and asks to sign in again.
  await Promise.all([
    page.waitForURL((url) => url.pathname === "/sign-in"),
    other.evaluate(() => {
      localStorage.removeItem("annex.refresh_token");
      localStorage.removeItem("annex.account");
    }),
  ]);
  await news(page, "You were signed out in another tab");
  assert.equal(new URL(page.url()).searchParams.get("next"), "/users");
  // And signs in as somebody else: this one goes on where it was, as that account.
  await other.goto(`${pair.site}/sign-in`);
  await enter(other, second);
  await other.getByRole("heading", { name: "Overview" }).waitFor();
  await page.waitForURL((url) => url.pathname === "/users");
  await page.getByRole("heading", { name: "Users", exact: true }).waitFor();
  const now = await whose(page);
  assert.notEqual(now, first);
  // A third account takes the place of the second under a tab that is open.
  const tokens = await fetch(`${pair.api}/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(admin),
  }).then((answer) => answer.json());
  await Promise.all([
    page.waitForEvent("load"),
    other.evaluate(({ user, refresh_token }) => {
      localStorage.setItem("annex.account", user.id);
      localStorage.setItem("annex.refresh_token", refresh_token);
    }, tokens),
  ]);
  await news(page, /Another account has signed in/);
  assert.equal(await whose(page), first);
  page.calm();
  await page.context().close();
});

for (const theme of ["light", "dark"]) {
  test(`an account that is no admin is told so, and can sign out (${theme})`, async () => {
    const page = await open(browser, { theme });
    await page.goto(`${pair.site}/sign-in`);
    await enter(page, plain);
    await page.getByRole("heading", { name: "This console is for admins" }).waitFor();
    await page.getByText(plain.email).waitFor();
    assert.equal(await page.getByRole("navigation").count(), 0, "nothing of the console is there");
    assert.deepEqual((await new AxeBuilder({ page }).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL((url) => url.pathname === "/sign-in");
    page.calm();
    await page.context().close();
  });
}
