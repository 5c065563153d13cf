// What a new user does, without a mouse.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admin, client, start } from "./annex.mjs";
import { launch, open } from "./browser.mjs";
import { cell, counted, head, ready } from "./grid.mjs";
import { library } from "./library.mjs";

let pair, browser, page, api;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  await library(api);
  page = await open(browser);
  await page.addInitScript(() => {
    addEventListener("pointerdown", () => (sessionStorage.presses = "some"), true);
  });
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const toast = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const type = (text) => page.keyboard.type(text);

/** Presses Tab until the keyboard is on what is meant, and holds that one can see it there. */
async function to(target, key = "Tab") {
  await target.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      const seen = await target.evaluate((element) => {
        const marked = (one) => one && (getComputedStyle(one).outlineStyle !== "none" || getComputedStyle(one).boxShadow !== "none");
        return marked(element) || marked(element.parentElement) || marked(element.closest(".input, .editor, .segmented label, .file-drop"));
      });
      assert.ok(seen, `one does not see that the keyboard is on ${target}`);
      return target;
    }
    await page.keyboard.press(key);
  }
  return assert.fail(`Tab does not lead to ${target}`);
}

/** Goes somewhere by the palette. */
async function go(words) {
  await press("Control+k");
  const palette = page.getByRole("dialog", { name: "Commands" });
  await palette.waitFor();
  await type(words);
  await palette.getByRole("option", { selected: true }).filter({ hasText: new RegExp(words, "i") }).waitFor();
  await press("Enter");
  await palette.waitFor({ state: "hidden" });
}

test("one signs in, and skips to the content", async () => {
  await page.goto(`${pair.site}/sign-in`);
  await page.waitForFunction(() => document.activeElement.matches("input[type=email]"));
  await type(admin.email);
  await press("Tab");
  await type(admin.password);
  await press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  await press("Tab");
  const skip = page.getByRole("link", { name: "Skip to the content" });
  await to(skip);
  assert.ok((await skip.boundingBox()).y >= 0, "it shows where the keyboard is on it");
  await press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "content");
  await press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await press("Escape");
  await press("g", "c");
  await page.getByRole("heading", { level: 1, name: "Collections" }).waitFor();
});

test("a collection is made", async () => {
  await go("New collection");
  await page.waitForFunction(() => document.activeElement.matches(".page input"));
  await type("shelves");
  const field = (index) => page.locator(".field-row").nth(index);
  await to(field(0).getByLabel("Name"));
  await type("place");
  await to(page.getByRole("button", { name: "Add a field" }));
  await press("Enter");
  await page.waitForFunction(() => document.activeElement === document.querySelectorAll(".field-row")[1]?.querySelector("input"));
  await type("width");
  await press("Tab");
  await type("int ");
  await page.waitForFunction(() => document.querySelectorAll(".field-row")[1].querySelector("select").value === "int");
  await to(field(1).getByRole("button", { name: /^Move width/ }), "Shift+Tab");
  await press("ArrowUp");
  await page.waitForFunction(() => document.querySelector(".field-row input").value === "width");
  await page.waitForFunction(() => document.activeElement.getAttribute("aria-label").startsWith("Move width"));
  await page.getByRole("complementary", { name: "SQL preview" }).locator("pre").filter({ hasText: /width[\s\S]*place/ }).first().waitFor();
  await page.locator(".plan-preview[aria-busy=false]").waitFor();
  await press("Control+s");
  await toast("shelves was created");
  assert.deepEqual((await api.get("/v1/collections/shelves")).fields.map((one) => one.name).filter((name) => ["width", "place"].includes(name)), ["width", "place"]);
  page.calm();
});

test("a type is changed", async () => {
  await go("shelves schema");
  await to(page.getByRole("button", { name: "Change width" }));
  await press("Enter");
  const drawer = page.getByRole("dialog", { name: "Change width" });
  await to(drawer.getByLabel("Type"));
  await type("bigint");
  await page.waitForFunction(() => document.querySelector("dialog[open] select").value === "bigint");
  await to(drawer.getByRole("button", { name: "Keep the change" }));
  await press("Enter");
  await page.getByRole("complementary", { name: "Review" }).getByText(/reads and writes wait/i).first().waitFor();
  await page.locator(".plan-preview[aria-busy=false] .plan-step").first().waitFor();
  await press("Control+s");
  await toast("The changes were made");
});

test("a row is made", async () => {
  await go("shelves");
  await page.getByRole("heading", { name: "No rows yet" }).waitFor();
  await press("n");
  const drawer = page.getByRole("dialog", { name: "New row of shelves" });
  await to(drawer.getByRole("textbox", { name: "place" }));
  await type("By the window");
  await press("Control+Enter");
  await toast("Row created");
  await drawer.waitFor({ state: "hidden" });
  await (await cell(page, 0, "place")).getByText("By the window").waitFor();
});

test("cells are walked through, changed and saved", async () => {
  await go("books");
  await ready(page);
  await to(page.locator('.grid-body [tabindex="0"]').first());
  const on = async (row, column) => {
    const index = await head(page, column).getAttribute("aria-colindex");
    await page.waitForFunction(([row, index]) => {
      const cell = document.activeElement.closest("[aria-colindex]");
      return cell?.getAttribute("aria-colindex") === index && cell.closest("[aria-rowindex]").getAttribute("aria-rowindex") === row;
    }, [String(row + 2), index]);
  };
  const titles = await Promise.all([0, 1].map(async (row) => (await cell(page, row, "title")).innerText()));
  await press("ArrowRight");
  await on(0, "title");
  await press("Enter");
  await page.locator(".cell-editor").waitFor();
  await press("Control+a");
  await type("Changed by Enter");
  await press("Escape");
  await on(0, "title");
  assert.equal(await (await cell(page, 0, "title")).innerText(), titles[0], "Escape changes nothing");
  await press("Enter");
  await page.locator(".cell-editor").waitFor();
  await press("Control+a");
  await type("Changed by Enter");
  await press("Control+Enter");
  await page.locator(".cell-editor").waitFor({ state: "detached" });
  await (await cell(page, 0, "title")).getByText("Changed by Enter").waitFor();
  await page.getByRole("region", { name: "Changes" }).getByText("1 change in 1 row").waitFor();
  await press("Control+s");
  await toast("Saved");
  await page.getByRole("region", { name: "Changes" }).waitFor({ state: "detached" });
  assert.equal((await api.get(`/v1/records/books?limit=1&filter=${encodeURIComponent('title = "Changed by Enter"')}`)).items.length, 1);
  await press("Control+End");
  await page.waitForFunction(() => document.activeElement.closest("[aria-rowindex]")?.getAttribute("aria-rowindex") === "61");
  await press("Control+Home");
  await on(0, "title");
  await press("ArrowUp");
  await page.waitForFunction(() => document.activeElement.getAttribute("role") === "columnheader" && document.activeElement.innerText.startsWith("title"));
  await press("Enter");
  await page.waitForURL(/sort=title/);
  assert.equal(await head(page, "title").getAttribute("aria-sort"), "ascending");
  await press("Alt+ArrowDown");
  await page.getByRole("menuitem", { name: "Sort descending" }).waitFor();
  await page.waitForFunction(() => document.activeElement.matches("[role=menuitem]"));
  await press("ArrowDown", "Enter");
  await page.waitForURL(/sort=-title/);
  page.calm();
});

test("a row is opened, its relation followed, and the way back leads back", async () => {
  await page.goto(`${pair.site}/collections/books?sort=pages`);
  await ready(page);
  await to(page.locator('.grid-body [tabindex="0"]').first());
  await press("Control+Enter");
  const drawer = page.getByRole("dialog", { name: "Row of books" });
  await drawer.waitFor();
  await press("Escape");
  await drawer.waitFor({ state: "hidden" });
  await page.waitForFunction(() => document.activeElement.closest(".grid-body"));
  await press("Control+Enter");
  await to(drawer.getByRole("link", { name: "Go to authors" }));
  await press("Enter");
  await page.waitForURL((url) => url.pathname === "/collections/authors");
  await page.getByRole("dialog", { name: "Row of authors" }).getByText("Ursula K. Le Guin").first().waitFor();
  await page.goBack();
  await page.waitForURL((url) => url.pathname === "/collections/books");
  await drawer.waitFor();
  await press("Escape");
  page.calm();
});

test("rows are filtered, chosen, deleted and taken back", async () => {
  await ready(page);
  await press("/");
  await page.waitForFunction(() => document.activeElement.closest(".filter-bar"));
  await type("pages < 105");
  await press("Escape", "Enter");
  await page.waitForURL(/filter=/);
  await counted(page, "of 5 rows");
  await to(page.locator('.grid-body [tabindex="0"]').first());
  await press(" ", "ArrowDown", " ");
  await page.getByRole("region", { name: "Selected rows" }).getByText("2 selected").waitFor();
  await press("Control+Backspace");
  await toast("2 rows deleted");
  await counted(page, "of 3 rows");
  await press("Control+z");
  await counted(page, "of 5 rows");
  assert.equal((await api.get(`/v1/records/books?filter=${encodeURIComponent("pages < 105")}`)).items.length, 5);
  await to(page.getByRole("list", { name: "Conditions" }).getByRole("button", { name: "Take out" }));
  await press("Enter");
  await page.waitForURL((url) => !url.searchParams.has("filter"));
  page.calm();
});

test("rows are imported and exported", async () => {
  await go("Import into shelves");
  const dialog = page.getByRole("dialog", { name: "Import" });
  // The file itself is picked in a window of the system.
  await to(dialog.locator("input[type=file]"));
  await dialog.locator("input[type=file]").setInputFiles({ name: "shelves.csv", mimeType: "text/csv", buffer: Buffer.from("place,width\nHall,80\nAttic,\n") });
  await to(dialog.getByRole("button", { name: "Dry run" }));
  await press("Enter");
  await dialog.getByText("2 would be new").waitFor();
  await to(dialog.getByRole("button", { name: "Import", exact: true }));
  await press("Enter");
  await toast("Imported 2 rows");
  await dialog.waitFor({ state: "hidden" });
  await ready(page);
  await to(page.getByRole("button", { name: "More" }));
  await press("Enter");
  await page.getByRole("menuitem", { name: "Export" }).waitFor();
  await page.waitForFunction(() => document.activeElement.matches("[role=menuitem]"));
  await press("ArrowDown", "Enter");
  const question = page.getByRole("dialog", { name: "Export" });
  await to(question.getByRole("button", { name: "Export", exact: true }));
  const [download] = await Promise.all([page.waitForEvent("download"), press("Enter")]);
  assert.equal(download.suggestedFilename(), "shelves.csv");
  page.calm();
});

test("a call is tried", async () => {
  await go("books API");
  const operations = page.getByRole("navigation", { name: "Operations" });
  await to(operations.getByRole("link", { name: /list/i }).first());
  await press("Enter");
  await to(page.getByRole("radiogroup", { name: "Language" }).getByRole("radio", { checked: true }));
  await press("ArrowRight");
  await page.waitForFunction(() => /await fetch\(/.test(document.querySelector(".operation-try pre").innerText));
  await press("Control+Enter");
  await page.getByRole("region", { name: "Try it" }).getByText(/^200/).waitFor();
  page.calm();
});

test("no mouse was pressed", async () => {
  assert.equal(await page.evaluate(() => sessionStorage.presses), undefined);
});
