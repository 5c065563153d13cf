//! The files of the built console, read once: what is not among them is not served, whatever a path says.

use std::collections::HashMap;
use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// How a body is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

/// A file, in every form that it was built in.
#[derive(Debug)]
pub struct File {
    /// Its media type.
    pub media_type: &'static str,
    /// Whether its name changes with its content.
    immutable: bool,
    hash: String,
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
}

/// The built console.
#[derive(Debug)]
pub struct Site {
    files: HashMap<String, File>,
    policy: String,
}

impl Site {
    /// Reads a folder; `api` is the origin that its pages may call.
    ///
    /// # Errors
    /// A file cannot be read, or there is no page.
    pub fn read(folder: &Path, api: &str) -> Result<Self> {
        let mut files = HashMap::new();
        read(folder, "/", &mut files)?;
        if !files.contains_key("/index.html") {
            return Err(Error::new(ErrorKind::NotFound, "it has no index.html"));
        }
        let config = serde_json::json!({ "api": api }).to_string();
        files.insert("/config.json".to_owned(), File::new("/config.json", config.into(), None, None));
        Ok(Self { files, policy: policy(api) })
    }

    /// The file of a path. A path without an ending is a view of the console, and has the page.
    pub fn find(&self, path: &str) -> Option<&File> {
        let is_view = !path.rsplit('/').next().is_some_and(|last| last.contains('.'));
        self.files.get(if is_view { "/index.html" } else { path })
    }

    /// What the pages may load and call (Content Security Policy level 3).
    pub fn policy(&self) -> &str {
        &self.policy
    }
}

fn policy(api: &str) -> String {
    // A socket of the API is another scheme of the same origin.
    let socket = api.replacen("http", "ws", 1);
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self' {api} {socket}; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

fn read(folder: &Path, at: &str, files: &mut HashMap<String, File>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            read(&path, &format!("{at}{name}/"), files)?;
        } else if !name.ends_with(".br") && !name.ends_with(".gz") {
            let form = |ending: &str| -> Result<Option<Bytes>> {
                match fs::read(folder.join(format!("{name}.{ending}"))) {
                    Ok(bytes) => Ok(Some(bytes.into())),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            };
            let served = format!("{at}{name}");
            let file = File::new(&served, fs::read(&path)?.into(), form("gz")?, form("br")?);
            files.insert(served, file);
        }
    }
    Ok(())
}

impl File {
    fn new(path: &str, plain: Bytes, gzip: Option<Bytes>, brotli: Option<Bytes>) -> Self {
        let hash = Sha256::digest(&plain)[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            media_type: media_type(path),
            immutable: path.starts_with("/assets/"),
            hash,
            plain,
            gzip,
            brotli,
        }
    }

    /// The form that the client likes best, by its `Accept-Encoding` (RFC 9110, 12.5.3); of those that it likes as much, the smallest.
    pub fn body(&self, accepted: &str) -> (Encoding, Bytes) {
        let forms = [
            (Encoding::Brotli, "br", self.brotli.as_ref()),
            (Encoding::Gzip, "gzip", self.gzip.as_ref()),
            (Encoding::Identity, "identity", Some(&self.plain)),
        ];
        // What is as it is can always be read, also by a client that does not say so.
        let mut best = (0.0, Encoding::Identity, &self.plain);
        for (encoding, name, body) in forms {
            let weight = weight(accepted, name);
            if let Some(body) = body.filter(|_| weight > best.0) {
                best = (weight, encoding, body);
            }
        }
        (best.1, best.2.clone())
    }

    /// The entity tag of a form.
    pub fn etag(&self, encoding: Encoding) -> String {
        let form = match encoding {
            Encoding::Identity => "",
            Encoding::Gzip => "-gz",
            Encoding::Brotli => "-br",
        };
        format!("\"{}{form}\"", self.hash)
    }

    /// For how long it may be kept.
    pub fn cache_control(&self) -> &'static str {
        if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// How much a client likes a form, from 0 to 1.
fn weight(accepted: &str, name: &str) -> f32 {
    let mut of_any = 0.0;
    for part in accepted.split(',') {
        let mut parameters = part.split(';').map(str::trim);
        let coding = parameters.next().unwrap_or_default();
        let weight = parameters
            .find_map(|parameter| parameter.to_ascii_lowercase().strip_prefix("q=").map(str::to_owned));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        if coding.eq_ignore_ascii_case(name) {
            return weight;
        }
        if coding == "*" {
            of_any = weight;
        }
    }
    of_any
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::{policy, weight};

    #[test]
    fn a_form_has_the_weight_that_the_client_gives_it() {
        for (accepted, name, wanted) in [
            ("gzip, deflate, br", "br", 1.0),
            ("BR;q=0.5", "br", 0.5),
            ("br ; Q=0.25", "br", 0.25),
            ("*", "br", 1.0),
            ("*;q=0.1, br;q=0.2", "br", 0.2),
            ("gzip", "br", 0.0),
            ("br;q=0, *", "br", 0.0),
            ("br;q=x", "br", 0.0),
            ("", "gzip", 0.0),
        ] {
            assert_eq!(weight(accepted, name), wanted, "{accepted}");
        }
    }

    #[test]
    fn pages_may_call_the_api_and_run_no_inline_script() {
        let policy = policy("https://api.example.com");
        assert!(policy.contains("connect-src 'self' https://api.example.com wss://api.example.com;"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    }
}
