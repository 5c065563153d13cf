//! Holds answers against the OpenAPI document that the server serves at that moment.
//!
//! The path and the method must be in it, the status must be one that the operation documents, the media type one of
//! that status, and the body must be valid. What the document leaves out must be refused as not there.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Data;
use annex::app::App;
use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use crate::Answer;

/// Which document a caller is shown: an admin's has the hidden fields too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Everybody's.
    Plain,
    /// An admin's.
    Admin,
}

/// The documents of one server, by whom they are shown to and the version of the schema that they describe.
#[derive(Debug)]
pub struct Contracts {
    app: Data<App>,
    address: SocketAddr,
    known: Mutex<HashMap<(Standing, String), Arc<Contract>>>,
}

impl Contracts {
    pub(crate) fn new(app: Data<App>, address: SocketAddr) -> Self {
        Self { app, address, known: Mutex::default() }
    }

    /// The version of the schema as the server knows it now.
    pub(crate) fn version(&self) -> String {
        self.app.catalogue.snapshot().version.clone()
    }

    /// Holds an answer against the document; `version` is that of the schema when the request was sent.
    ///
    /// # Panics
    /// The document does not allow it.
    pub(crate) async fn check(
        &self,
        http: &reqwest::Client,
        caller: (Option<&str>, Standing),
        version: String,
        method: &Method,
        path: &str,
        answer: &Answer,
    ) {
        let (now, contract) = self.fetch(http, caller).await;
        let Err(fault) = contract.check(method, path, answer) else { return };
        if now != version {
            // The schema has changed meanwhile, and the answer may stem from before: what was not asked for then, nobody knows now.
            let before = self.lock().get(&(caller.1, version)).cloned();
            if before.is_none_or(|before| before.check(method, path, answer).is_ok()) {
                return;
            }
        }
        panic!("the document does not allow this answer: {fault}\n{answer}");
    }

    /// The document of now, and the version that it describes.
    async fn fetch(
        &self,
        http: &reqwest::Client,
        (token, standing): (Option<&str>, Standing),
    ) -> (String, Arc<Contract>) {
        loop {
            let version = self.version();
            if let Some(contract) = self.lock().get(&(standing, version.clone())) {
                return (version, Arc::clone(contract));
            }
            let mut request = http.get(format!("http://{}/v1/openapi.json", self.address));
            if standing == Standing::Admin
                && let Some(token) = token
            {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.expect("the document can be fetched");
            assert_eq!(response.status(), 200, "GET /v1/openapi.json");
            let document: Value = response.json().await.expect("the document is JSON");
            if self.version() == version {
                let contract = Arc::new(Contract::new(document));
                self.lock().insert((standing, version.clone()), Arc::clone(&contract));
                return (version, contract);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Standing, String), Arc<Contract>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A document, ready to hold answers against.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// Takes a document. An answer may have no member that it does not name: a client must bear one, but a member that
    /// nobody described is a fault of the server or of the document.
    pub fn new(mut document: Value) -> Self {
        for schema in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
            let schema = schema.1;
            if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
                schema["additionalProperties"] = Value::Bool(false);
            }
        }
        Self { document, validators: Mutex::default() }
    }

    /// Whether the answer is one that the document promises.
    ///
    /// # Errors
    /// Why not, in a sentence.
    pub fn check(&self, method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
        let path = path.split('?').next().unwrap_or(path);
        let Some((template, item)) = self.path(path) else {
            return self.must_be_refused(answer, 404, "the path is not in it");
        };
        let name = method.as_str().to_ascii_lowercase();
        let bodiless = name == "head";
        let operation = &item[if bodiless { "get" } else { name.as_str() }];
        if operation.is_null() {
            return self.must_be_refused(answer, 405, "the method is not in it");
        }
        let status = answer.status.to_string();
        let range = format!("{}XX", &status[..1]);
        let responses = &operation["responses"];
        let keys = [status.as_str(), range.as_str(), "default"];
        let Some(response) = keys.iter().find_map(|key| responses.get(key)) else {
            return Err(format!("{method} {template} documents no status {status}"));
        };
        let response = self.resolve(response);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            if self.resolve(header)["required"] == true && answer.header(name).is_none() {
                return Err(format!("the header {name} is promised"));
            }
        }
        if bodiless {
            return Ok(());
        }
        self.check_body(&format!("{method} {template} {status}"), &response["content"], answer)
    }

    /// The most exact path that fits: one with fewer parameters wins.
    fn path(&self, path: &str) -> Option<(&str, &Value)> {
        let fits = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
                    (Some(wanted), Some(given)) if wanted == given => {}
                    _ => return false,
                }
            }
        };
        let paths = self.document["paths"].as_object()?;
        let fitting = paths.iter().filter(|(template, _)| fits(template));
        let best = fitting.min_by_key(|(template, _)| template.matches('{').count());
        best.map(|(template, item)| (template.as_str(), item))
    }

    fn must_be_refused(&self, answer: &Answer, status: u16, why: &str) -> Result<(), String> {
        if answer.status == status {
            return self.check_schema("problem", &json!({"$ref": "#/components/schemas/Problem"}), answer);
        }
        Err(format!("{why}, so the answer should be {status}"))
    }

    fn check_body(&self, place: &str, content: &Value, answer: &Answer) -> Result<(), String> {
        let Some(media_types) = content.as_object() else {
            let empty = answer.body.is_empty();
            return if empty { Ok(()) } else { Err(format!("{place} documents no body")) };
        };
        let media_type = answer.media_type().unwrap_or_default();
        // A write whose row the caller declined, or may not view.
        if answer.status == 201 && answer.body.is_empty() && media_type.is_empty() {
            return Ok(());
        }
        let Some(media) = media_types.get(media_type) else {
            return Err(format!("{place} documents no body of the media type `{media_type}`"));
        };
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return Ok(());
        }
        self.check_schema(&format!("{place} {media_type}"), &media["schema"], answer)
    }

    fn check_schema(&self, place: &str, schema: &Value, answer: &Answer) -> Result<(), String> {
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|error| format!("the body is no JSON: {error}"))?;
        let validator = self.validator(place, schema)?;
        let faults: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{error} (at `{}` of the body)", error.instance_path()))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    fn validator(&self, place: &str, schema: &Value) -> Result<Arc<Validator>, String> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = validators.get(place) {
            return Ok(Arc::clone(validator));
        }
        // References such as `#/components/schemas/Post` point into the schema's own root.
        let mut root = schema.clone();
        root["components"] = json!({"schemas": self.document["components"]["schemas"]});
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .map_err(|error| format!("the schema of {place} is not valid: {error}"))?;
        let validator = Arc::new(validator);
        validators.insert(place.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }
}
