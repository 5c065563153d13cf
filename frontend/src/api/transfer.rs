//! Import and export of rows: bodies that are larger than what one reads at once, with a word on how far they are.

use annex_openapi::problem::Problem;
use annex_openapi::transfer::{ExportRequest, ImportMode, ImportReport, TransferFormat};
use js_sys::{Array, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Blob, BlobPropertyBag, ProgressEvent, ReadableStreamDefaultReader, XmlHttpRequest,
};

use super::{Api, ApiError, Call};
use crate::url;

/// How an import is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    /// How the rows are written.
    pub format: TransferFormat,
    /// Whether everything is tried and nothing is kept.
    pub dry_run: bool,
    /// What becomes of it with bad rows.
    pub mode: ImportMode,
    /// The fields by which rows that are there are known, with commas between them; empty where all are new.
    pub upsert: String,
    /// The text of null in CSV.
    pub null: String,
    /// The sign between the cells of CSV.
    pub delimiter: u8,
}

impl ImportOptions {
    fn path(&self, collection: &str) -> String {
        let mut values = vec![("dry_run", self.dry_run.to_string())];
        if self.mode == ImportMode::SkipBad {
            values.push(("mode", "skip_bad".to_owned()));
        }
        if !self.upsert.is_empty() {
            values.push(("upsert", self.upsert.clone()));
        }
        if self.format == TransferFormat::Csv {
            values.push(("null", self.null.clone()));
            values.push(("delimiter", char::from(self.delimiter).to_string()));
        }
        url::address(&format!("/v1/records/{collection}/import"), &values)
    }
}

/// The media type of a format.
pub fn media_type(format: TransferFormat) -> &'static str {
    match format {
        TransferFormat::Csv => "text/csv",
        TransferFormat::Ndjson => "application/x-ndjson",
    }
}

fn broken(_: impl Sized) -> ApiError {
    ApiError::Offline
}

impl Api {
    /// Writes rows into a file; says as they come how many bytes have come.
    pub async fn export(
        self,
        collection: &str,
        request: &ExportRequest,
        signal: Option<&AbortSignal>,
        progress: impl Fn(f64),
    ) -> Result<Blob, ApiError> {
        let mut call = Call::post(format!("/v1/records/{collection}/export")).json(request);
        if let Some(signal) = signal {
            call = call.signal(signal);
        }
        let response = self.send(call).await?.into_response();
        let stream = response.body().ok_or(ApiError::Offline)?;
        let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
        let pieces = Array::new();
        let mut bytes = 0.0;
        loop {
            // A transfer that breaks off is an error here: nobody takes a part for the whole.
            let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
            if Reflect::get(&piece, &"done".into()).is_ok_and(|done| done.is_truthy()) {
                break;
            }
            let piece: Uint8Array = Reflect::get(&piece, &"value".into()).map_err(broken)?.unchecked_into();
            bytes += f64::from(piece.length());
            pieces.push(&piece);
            progress(bytes);
        }
        let options = BlobPropertyBag::new();
        options.set_type(media_type(request.format));
        Blob::new_with_u8_array_sequence_and_options(&pieces, &options).map_err(broken)
    }

    /// Takes in the rows of a file; says how much of it is sent, from 0 to 1. What is wrong with rows stands in the report, also where
    /// the server refuses all of them for it.
    pub async fn import(
        self,
        collection: &str,
        file: &Blob,
        options: &ImportOptions,
        progress: impl Fn(f64) + 'static,
    ) -> Result<ImportReport, ApiError> {
        // A large file is sent once: with a token that counts.
        self.me().await?;
        let origin = self.origin().await?;
        let request = XmlHttpRequest::new().map_err(broken)?;
        request.open("POST", &format!("{origin}{}", options.path(collection))).map_err(broken)?;
        request.set_request_header("content-type", media_type(options.format)).map_err(broken)?;
        if let Some(token) = self.session().access_token() {
            request.set_request_header("authorization", &format!("Bearer {token}")).map_err(broken)?;
        }
        let moved = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            if event.total() > 0.0 {
                progress(event.loaded() / event.total());
            }
        });
        let ended = Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
        if let Ok(upload) = request.upload() {
            upload.set_onprogress(Some(moved.as_ref().unchecked_ref()));
        }
        request.send_with_opt_blob(Some(file)).map_err(broken)?;
        JsFuture::from(ended).await.map_err(broken)?;
        let status = request.status().unwrap_or_default();
        let text = request.response_text().ok().flatten().unwrap_or_default();
        if status == 200 {
            return serde_json::from_str(&text).map_err(|error| ApiError::Unreadable(error.to_string()));
        }
        if status == 0 {
            return Err(ApiError::Offline);
        }
        Err(match serde_json::from_str::<Problem>(&text) {
            Ok(problem) => ApiError::Problem { problem: Box::new(problem), retry_after: None },
            Err(_) => ApiError::Unreadable(format!("Something answered {status}, and it is not this API")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_format_knows_is_said() {
        let csv = ImportOptions {
            format: TransferFormat::Csv,
            dry_run: true,
            mode: ImportMode::SkipBad,
            upsert: "a,b".to_owned(),
            null: String::new(),
            delimiter: b';',
        };
        assert_eq!(
            csv.path("books"),
            "/v1/records/books/import?dry_run=true&mode=skip_bad&upsert=a%2Cb&null=&delimiter=%3B"
        );
        let ndjson = ImportOptions {
            format: TransferFormat::Ndjson,
            dry_run: false,
            mode: ImportMode::AllOrNothing,
            upsert: String::new(),
            ..csv
        };
        assert_eq!(ndjson.path("books"), "/v1/records/books/import?dry_run=false");
    }
}
