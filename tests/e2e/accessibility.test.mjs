// axe-core finds nothing on any page, with its dialogs open and shut, in either theme, wide or narrow.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { desktop, launch, open, phone, signIn } from "./browser.mjs";
import { cell, ready } from "./grid.mjs";
import { library } from "./library.mjs";

let pair, browser, record, user, request;
before(async () => {
  pair = await start();
  browser = await launch();
  const api = await client(pair.api);
  record = await library(api);
  user = (await api.post("/v1/users", { email: "grace@example.com", password: "eleven calm badgers" })).id;
  await pair.psql("create table orders (id bigint generated always as identity primary key, total numeric(10, 2)); create table no_key (note text)");
  request = (await api.get("/v1/requests?limit=1")).items[0].id;
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

/** Every page, and everything that opens over it. */
const views = () => [
  { path: "/" },
  { path: "/", name: "commands", show: (page) => page.keyboard.press("Control+k"), dialog: "Commands" },
  { path: "/", name: "shortcuts", show: (page) => page.keyboard.press("?"), dialog: "Keyboard shortcuts" },
  { path: "/", name: "menu", narrow: true, show: (page) => page.getByRole("button", { name: "Menu" }).click(), dialog: "Menu" },
  { path: "/collections" },
  { path: "/collections/new" },
  { path: "/collections/new", name: "fields", show: describe },
  { path: "/collections/adopt" },
  { path: "/collections/adopt?table=public.orders" },
  { path: "/collections/diagram" },
  { path: "/collections/books" },
  { path: "/collections/books?filter=status%20%3D%20%22draft%22&sort=-pages" },
  { path: "/collections/books?filter=status%20%3D%20%22nothing" },
  { path: `/collections/books?record=${record}`, dialog: "Row of books" },
  { path: "/collections/books?new", dialog: "New row of books" },
  { path: "/collections/books?import", dialog: "Import" },
  { path: "/collections/books", name: "import", show: take, dialog: "Import" },
  { path: "/collections/books?export", dialog: "Export" },
  { path: "/collections/books", name: "views", show: (page) => choose(page, "Views", "Manage views"), dialog: "Views" },
  { path: "/collections/books", name: "columns", show: (page) => page.getByRole("button", { name: "Columns" }).click() },
  { path: "/collections/books", name: "column menu", show: (page) => page.getByRole("columnheader", { name: /^title/ }).click({ button: "right" }) },
  { path: "/collections/books", name: "cell menu", show: async (page) => (await cell(page, 0, "title")).click({ button: "right" }) },
  { path: "/collections/books", name: "changes", show: change, dialog: "1 change in 1 row" },
  { path: "/collections/books", name: "chosen", show: all },
  { path: "/collections/books", name: "delete all", show: (page) => all(page).then(() => page.getByRole("button", { name: "Delete", exact: true }).click()), dialog: /^Delete/ },
  { path: "/collections/books", name: "change all", show: (page) => all(page).then(() => page.getByRole("button", { name: "Change", exact: true }).click()), dialog: /^Change/ },
  { path: "/collections/books/schema" },
  { path: "/collections/books/schema?field=price", dialog: "Change price" },
  { path: "/collections/books/schema?delete", dialog: "Delete the collection" },
  { path: "/collections/books/schema", name: "review", show: drop },
  { path: "/collections/books/rules" },
  { path: "/collections/books/api" },
  { path: "/collections/books/api", name: "as a user", show: (page) => page.getByRole("region", { name: "Try it" }).getByText("A user", { exact: true }).click(), dialog: "Send as a user" },
  { path: "/jobs" },
  { path: "/queues" },
  { path: "/schedules" },
  { path: "/schedules?new", dialog: "New schedule" },
  { path: "/batches" },
  { path: "/workers" },
  { path: "/realtime" },
  { path: "/realtime?tab=collections" },
  { path: "/webhooks" },
  { path: "/triggers" },
  { path: "/users" },
  { path: `/users?user=${user}`, dialog: "grace@example.com" },
  { path: "/users?new", dialog: "New user" },
  { path: "/logs" },
  { path: `/logs?request=${request}`, dialog: "Request" },
  { path: "/settings" },
  { path: "/settings", name: "password", show: (page) => page.getByRole("button", { name: "Change password" }).click(), dialog: "Change password" },
  { path: "/collections/nowhere" },
  { path: "/nowhere" },
];

async function choose(page, menu, item) {
  await page.getByRole("button", { name: menu, exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

async function describe(page) {
  await page.getByLabel("Name").first().fill("shelves");
  await page.locator(".field-row").getByLabel("Name").fill("place");
  await page.locator(".field-row").getByLabel("Type").selectOption("relation");
  await page.getByRole("button", { name: "Add an index" }).click();
  await page.locator(".rule select").first().selectOption("rule");
  await page.locator(".plan-preview").getByText(/not possible|statement/i).first().waitFor();
}

async function take(page) {
  await choose(page, "More", "Import");
  await page.locator("input[type=file]").setInputFiles({ name: "books.csv", mimeType: "text/csv", buffer: Buffer.from("title,pages\nA,1\nB,many\n") });
  await page.getByRole("button", { name: "Dry run" }).click();
  await page.getByText("Nothing was written").waitFor();
}

async function change(page) {
  // A finger would open the row.
  await (await cell(page, 1, "title")).focus();
  await page.keyboard.press("Enter");
  await page.locator(".cell-editor").getByRole("textbox").fill("Changed");
  await page.keyboard.press("Control+Enter");
  await page.locator(".cell-editor").waitFor({ state: "detached" });
  await page.getByRole("region", { name: "Changes" }).getByRole("button", { name: "Review" }).click();
}

async function all(page) {
  await (await cell(page, 0, "title")).focus();
  await page.keyboard.press("Control+a");
  await page.getByRole("region", { name: "Selected rows" }).waitFor();
}

async function drop(page) {
  await page.getByRole("button", { name: "Drop price" }).click();
  await page.locator(".plan-step").first().waitFor();
}

/** What is wrong with the page as it is now, a line each. Only colours are another matter in the other theme. */
async function faults(page, where) {
  const found = [];
  for (const [theme, axe] of [["light", new AxeBuilder({ page })], ["dark", new AxeBuilder({ page }).withRules(["color-contrast"])]]) {
    await page.emulateMedia({ colorScheme: theme });
    const { violations } = await axe.analyze();
    found.push(...violations.flatMap(({ id, nodes }) => nodes.map((node) => `${where}, ${theme}: ${id}: ${node.html.slice(0, 160)}`)));
  }
  await page.emulateMedia({ colorScheme: "light" });
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  return wider > 0 ? [...found, `${where}: ${wider} px wider than the screen`] : found;
}

/** Leads to another page as a link does, by way of none, so that nothing of the one before is left. */
async function go(page, path) {
  for (const next of ["/nowhere", path]) {
    await page.evaluate((next) => {
      history.pushState(null, "", next);
      dispatchEvent(new PopStateEvent("popstate"));
    }, next);
    if (next === "/nowhere") await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
  }
  if (path !== "/nowhere") await page.getByRole("heading", { name: "There is nothing here" }).waitFor({ state: "detached" });
  await settled(page);
}

/** Waits until nothing of the page is on its way. */
async function settled(page) {
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector("main .skeleton, dialog[open] .skeleton, .grid-row.loading:not([hidden])"));
}

for (const viewport of [desktop, phone]) {
  test(`every page at ${viewport.width} px, in both themes`, async () => {
    const isNarrow = viewport === phone;
    const page = await open(browser, { viewport, touch: isNarrow });
    const found = [];
    await page.goto(`${pair.site}/sign-in`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    found.push(...(await faults(page, "/sign-in")));
    await page.goto(`${pair.site}/setup`);
    await page.getByLabel("Setup token").waitFor();
    found.push(...(await faults(page, "/setup")));
    await signIn(page, pair.site);
    for (const { path, name, narrow, show, dialog } of views()) {
      if (narrow && !isNarrow) continue;
      await go(page, path);
      if (/^\/collections\/books(\?|$)/.test(path) && !path.includes("nothing")) await ready(page);
      await show?.(page);
      if (dialog) await page.getByRole("dialog", { name: dialog }).waitFor();
      await settled(page);
      found.push(...(await faults(page, name ? `${path} (${name})` : path)));
    }
    assert.deepEqual(found, []);
    page.calm();
    await page.context().close();
  });
}
