//! A job that orders copies of a book.

use annex::jobs::{Completed, Context, Job, JobError};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Which book, and how many copies.
#[derive(Debug, Deserialize)]
pub struct Reorder {
    book: Uuid,
    copies: i32,
}

impl Job for Reorder {
    const KIND: &'static str = "books.reorder";
    const DESCRIPTION: &'static str = "Orders copies of a book from its publisher.";

    fn schema() -> Option<Value> {
        Some(json!({
            "type": "object",
            "properties": {
                "book": {"type": "string", "format": "uuid"},
                "copies": {"type": "integer", "minimum": 1},
            },
            "required": ["book", "copies"],
            "additionalProperties": false,
        }))
    }

    async fn run(self, context: Context) -> Result<Completed, JobError> {
        let mut transaction = context.begin().await?;
        let order: Option<Uuid> = sqlx::query_scalar(
            "insert into public.orders (id, book, copies) select $1, id, $3 from public.books where id = $2 returning id",
        )
        .bind(context.job_id())
        .bind(self.book)
        .bind(self.copies)
        .fetch_optional(&mut *transaction)
        .await?;
        let order = order.ok_or_else(|| JobError::permanent("no_such_book", "There is no such book"))?;
        // The order and the end of the job are one transaction: neither is there without the other.
        context.complete(transaction, Some(json!({"order": order}))).await
    }
}
