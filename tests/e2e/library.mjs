// A small project with every kind of field: authors and their books.

/** Makes it; answers with the key of one book. */
export async function library(api) {
  await api.post("/v1/collections", {
    name: "authors",
    fields: [
      { name: "name", type: "text", required: true, unique: true },
      { name: "email", type: "email" },
      { name: "website", type: "url" },
      { name: "account", type: "relation", collection: "users", on_delete: "set_null" },
    ],
    rules: { list: "", view: "", create: "@user.id != null", update: "account = @user.id" },
  });
  await api.post("/v1/collections", {
    name: "books",
    fields: [
      { name: "title", type: "text", required: true },
      { name: "author", type: "relation", collection: "authors", required: true, on_delete: "cascade" },
      { name: "status", type: "enum", values: ["draft", "published", "withdrawn"], default: "draft" },
      { name: "pages", type: "int" },
      { name: "sold", type: "bigint" },
      { name: "price", type: "numeric" },
      { name: "rating", type: "float" },
      { name: "in_print", type: "bool", default: true },
      { name: "published_on", type: "date" },
      { name: "reviewed_at", type: "timestamp" },
      { name: "isbn", type: "uuid" },
      { name: "tags", type: "text", array: true },
      { name: "meta", type: "json" },
    ],
    indexes: [{ fields: ["title"], kind: "full_text" }, { fields: ["status", "-published_on"] }],
    rules: { list: 'status = "published"', view: 'status = "published"' },
  });
  const author = await api.post("/v1/records/authors", { name: "Ursula K. Le Guin", email: "ursula@example.com" });
  const operations = Array.from({ length: 60 }, (_, index) => ({
    method: "create",
    collection: "books",
    body: {
      title: index === 0 ? "The Dispossessed" : `Volume ${index}`,
      author: author.id,
      status: ["draft", "published", "withdrawn"][index % 3],
      pages: 100 + index,
      sold: String(9007199254740993n + BigInt(index)),
      price: "12.50",
      rating: index % 5 === 0 ? null : 4.25,
      published_on: "1974-05-01",
      reviewed_at: "2026-01-31T12:00:00Z",
      tags: ["science fiction", "anarchism"],
      meta: { awards: ["Hugo", "Nebula"], edition: index },
    },
  }));
  const { results } = await api.post("/v1/batch", { operations });
  return results[0].id;
}
