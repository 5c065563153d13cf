//! A file that is to be imported: what its beginning looks like, and the file as it is sent.

use annex_openapi::transfer::TransferFormat;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File};

use super::csv::{Rewriter, delimiter, header, rows};
use super::mapping::{members, rename_members};

/// How much of a file is looked at.
const PREVIEW: f64 = 256_000.0;
/// How many of its rows show.
const SHOWN: usize = 6;
/// How much of it is rewritten at a time.
const PIECE: f64 = 1_048_576.0;

/// A file to import, and what its beginning says.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub file: File,
    /// How its rows are written.
    pub format: TransferFormat,
    /// The sign between its cells.
    pub delimiter: u8,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// The first rows.
    pub rows: Vec<Vec<String>>,
}

async fn text(blob: &Blob) -> Result<String, JsValue> {
    JsFuture::from(blob.text()).await.map(|text| text.as_string().unwrap_or_default())
}

impl Source {
    /// Looks at a file's beginning.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub async fn read(file: File) -> Result<Self, String> {
        let unreadable = |_| "The browser cannot read the file".to_owned();
        let beginning = file.slice_with_f64_and_f64(0.0, PREVIEW).map_err(unreadable)?;
        let beginning = text(&beginning).await.map_err(unreadable)?;
        let whole = file.size() <= PREVIEW;
        let name = file.name().to_ascii_lowercase();
        let is_ndjson = [".ndjson", ".jsonl", ".json"].iter().any(|ending| name.ends_with(ending))
            || beginning.trim_start().starts_with('{');
        if is_ndjson {
            if beginning.trim_start().starts_with('[') {
                return Err("This is one JSON list: an import takes an object a line (NDJSON)".to_owned());
            }
            let (columns, rows) = members(&beginning, SHOWN);
            if columns.is_empty() {
                return Err("The first lines are no JSON objects".to_owned());
            }
            return Ok(Self { file, format: TransferFormat::Ndjson, delimiter: b',', columns, rows });
        }
        let delimiter = delimiter(&beginning);
        let mut rows = rows(&beginning, delimiter, SHOWN + 1, whole);
        if rows.is_empty() {
            return Err("The file has no line that could name its columns".to_owned());
        }
        let columns = rows.remove(0);
        Ok(Self { file, format: TransferFormat::Csv, delimiter, columns, rows })
    }

    /// The file as it is sent, with its columns named as the fields that they go into; those that go into none are left out.
    ///
    /// # Errors
    /// The browser cannot read the file.
    pub async fn mapped(&self, mapping: &[Option<String>]) -> Result<Blob, JsValue> {
        let same = self.columns.iter().zip(mapping).all(|(column, field)| field.as_ref() == Some(column));
        if same {
            return Ok(self.file.clone().unchecked_into());
        }
        let parts = Array::new();
        match self.format {
            TransferFormat::Csv => self.map_csv(mapping, &parts).await?,
            TransferFormat::Ndjson => self.map_ndjson(mapping, &parts).await?,
        }
        Blob::new_with_blob_sequence(&parts)
    }

    async fn map_csv(&self, mapping: &[Option<String>], parts: &Array) -> Result<(), JsValue> {
        let names: Vec<&str> = mapping.iter().flatten().map(String::as_str).collect();
        parts.push(&header(&names, self.delimiter).into());
        let mut rewriter = Rewriter::new(mapping.iter().map(Option::is_some).collect(), self.delimiter);
        let mut at = 0.0;
        while at < self.file.size() {
            let piece = self.file.slice_with_f64_and_f64(at, at + PIECE)?;
            let bytes = Uint8Array::new(&JsFuture::from(piece.array_buffer()).await?).to_vec();
            let kept = rewriter.piece(&bytes);
            parts.push(&Uint8Array::from(kept.as_slice()));
            at += PIECE;
        }
        Ok(())
    }

    async fn map_ndjson(&self, mapping: &[Option<String>], parts: &Array) -> Result<(), JsValue> {
        let mapping: Vec<(String, Option<String>)> =
            self.columns.iter().cloned().zip(mapping.iter().cloned()).collect();
        let mut at = 0.0;
        let mut rest: Vec<u8> = Vec::new();
        while at < self.file.size() {
            let piece = self.file.slice_with_f64_and_f64(at, at + PIECE)?;
            rest.extend(Uint8Array::new(&JsFuture::from(piece.array_buffer()).await?).to_vec());
            at += PIECE;
            // What comes behind the last line's end goes with the next piece.
            let end = if at < self.file.size() {
                rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
            } else {
                rest.len()
            };
            let lines: Vec<u8> = rest.drain(..end).collect();
            parts.push(&rename_members(&String::from_utf8_lossy(&lines), &mapping).into());
        }
        Ok(())
    }
}
