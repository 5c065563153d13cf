//! The outermost layer around every request: its id, its line in the log, its count, and the body of its
//! problem where it failed. A panic ends the request alone.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt;
use tokio_postgres::error::DbError;
use tracing::Instrument;
use uuid::Uuid;

use super::counters::Counters;
use super::request_log::{Arrival, Ending};
use super::trace;
use crate::app::App;
use crate::connection::Exchange;
use crate::extract::Caller;
use crate::problem::{Code, MEDIA_TYPE, Problem};

/// The header that carries a request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
#[derive(Debug, Clone)]
pub struct RequestId {
    /// The server's own.
    pub id: Uuid,
    /// The client's, where it sent a harmless one; otherwise the server's own.
    header: HeaderValue,
    given: bool,
}

impl RequestId {
    /// That of a new request.
    fn of(request: &ServiceRequest, app: &App) -> Self {
        let harmless = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            (8..=64).contains(&bytes.len())
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        };
        let id = app.clock.uuid_v7();
        let given = request.headers().get(REQUEST_ID).filter(harmless).cloned();
        Self {
            id,
            given: given.is_some(),
            header: given.unwrap_or_else(|| {
                let mut buffer = Uuid::encode_buffer();
                let text = id.hyphenated().encode_lower(&mut buffer);
                HeaderValue::from_str(text).expect("a UUID is a header value")
            }),
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.header.to_str().unwrap_or_default()
    }

    /// As the client called it, where it did.
    pub fn given(&self) -> Option<&str> {
        self.given.then(|| self.as_str())
    }
}

/// Wraps the whole application; see the module.
///
/// # Errors
/// A layer inside failed or panicked, without an answer of its own: actix answers with the problem.
pub async fn observe<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let started = Instant::now();
    let app = request.app_data::<Data<App>>().expect("the application has its state").clone();
    let counters = request.app_data::<Data<Counters>>().expect("a worker has its counters").clone();
    let id = RequestId::of(&request, &app);
    let arrival = Arrival::of(&request, &app);
    request.extensions_mut().insert(id.clone());
    let method = known_method(request.method());
    // What answers GET answers HEAD; the connection leaves the body away.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }

    let exchange = request.conn_data::<Rc<Exchange>>().cloned();
    let under_way = app.metrics.begin();
    let span = trace::request(&request, method, id.as_str());
    let outcome = AssertUnwindSafe(next.call(request).instrument(span.clone())).catch_unwind().await;
    drop(under_way);
    let ends = exchange.is_some_and(|exchange| exchange.answered());

    let answered = match outcome {
        Ok(Ok(response)) => Ok(with_problem(response, method, &id)),
        Ok(Err(error)) => Err(as_problem(&error)),
        Err(panic) => {
            app.metrics.panics.inc();
            Err(Problem::internal(format!("a handler panicked: {}", panic_message(&*panic))))
        }
    };
    let (mut response, problem) = match answered {
        Ok(answered) => answered,
        // The request went down with the layer that failed, so there is nothing to hang an answer on but an error.
        Err(problem) => {
            let ending = Ending {
                id: &id,
                method,
                route: None,
                status: problem.code.status().as_u16(),
                took: started.elapsed(),
                caller: None,
                problem: Some(&problem),
            };
            ended(&app, &counters, arrival, &ending);
            return Err(Failed { problem, id }.into());
        }
    };
    response.headers_mut().insert(REQUEST_ID, id.header.clone());
    if ends {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }

    let took = started.elapsed();
    let status = response.status().as_u16();
    let path = response.request().path();
    let pattern = if record_route(path).is_none() { response.request().match_pattern() } else { None };
    let route = record_route(path).or(pattern.as_deref());
    let caller = response.request().extensions().get::<Caller>().cloned();
    let ending = Ending { id: &id, method, route, status, took, caller, problem: problem.as_ref() };
    ended(&app, &counters, arrival, &ending);
    trace::answered(&span, method, route.unwrap_or(UNMATCHED), status);
    tracing::debug!(
        request_id = id.as_str(),
        method,
        path,
        status,
        micros = took.as_micros() as u64,
        "answered a request"
    );
    Ok(response)
}

/// Stands for the pattern of a path that there is no route for.
const UNMATCHED: &str = "unmatched";

/// Counts a request that has ended, and notes it in the log.
fn ended(app: &App, counters: &Counters, arrival: Arrival, ending: &Ending<'_>) {
    let &Ending { route, method, status, took, .. } = ending;
    app.metrics.answered(route.unwrap_or(UNMATCHED), method, status, took);
    if !only_watches(route.unwrap_or_default(), method, status) {
        counters.answered(status, took);
        arrival.note(app, counters, ending);
    }
}

/// A failure that has no request any more, only its id.
#[derive(Debug)]
struct Failed {
    problem: Problem,
    id: RequestId,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.problem.fmt(f)
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> StatusCode {
        self.problem.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let head = self.problem.error_response();
        let mut response = problem_response(&self.problem, head.head(), &self.id);
        response.headers_mut().insert(REQUEST_ID, self.id.header.clone());
        response
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The pattern of the routes that are asked for most: the router would have to look for it a second time.
fn record_route(path: &str) -> Option<&'static str> {
    let below = path.strip_prefix("/v1/records/")?;
    match below.split_once('/') {
        None => Some("/v1/records/{collection}"),
        Some((_, "import" | "export")) => None,
        Some((_, id)) => (!id.contains('/')).then_some("/v1/records/{collection}/{id}"),
    }
}

/// Whether a request is made by who watches the server, or by a browser on the way to one: neither says how busy it is.
fn only_watches(route: &str, method: &str, status: u16) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics" | "/v1/stats" | "/v1/requests" | "/v1/requests/{id}")
        || (method == "OPTIONS" && status < 400)
}

/// A label that a client cannot invent.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Gives a failed answer the body of its problem; others pass.
fn with_problem<B: MessageBody>(
    response: ServiceResponse<B>,
    method: &str,
    id: &RequestId,
) -> (ServiceResponse<EitherBody<B, BoxBody>>, Option<Problem>) {
    let problem = match response.response().error() {
        Some(error) => as_problem(error),
        // Actix answers a wrong method by itself, without an error.
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            let method = if method == "other" { "This method" } else { method };
            let detail = format!("{method} is not allowed here");
            Problem::new(Code::MethodNotAllowed, detail)
        }
        None => return (response.map_into_left_body(), None),
    };
    let rendered = problem_response(&problem, response.response().head(), id);
    let response = ServiceResponse::new(response.request().clone(), rendered).map_into_right_body();
    (response, Some(problem))
}

/// Whatever went wrong, as one of our problems.
fn as_problem(error: &Error) -> Problem {
    if let Some(problem) = error.as_error::<Problem>() {
        return problem.clone();
    }
    let status = error.as_response_error().status_code();
    let code = Code::ALL.iter().copied().find(|code| code.status() == status);
    match code {
        Some(code) if status.is_client_error() => Problem::new(code, error.to_string()),
        None if status.is_client_error() => Problem::new(Code::BadRequest, error.to_string()),
        _ => Problem::internal(error.to_string()),
    }
}

/// An error and what is behind it, for the log. Of what Postgres says the details are left out: they have values of rows.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        let said = match error.downcast_ref::<DbError>() {
            Some(error) => format!("{} ({})", error.message(), error.code().code()),
            None => error.to_string(),
        };
        // Some say what is behind them themselves.
        if !text.contains(&said) {
            let colon = if text.is_empty() { "" } else { ": " };
            text = text + colon + &said;
        }
    }
    text
}

/// The answer that tells a problem; `head` has the status's own headers, such as `Allow` or `Retry-After`.
fn problem_response(problem: &Problem, head: &ResponseHead, id: &RequestId) -> HttpResponse {
    if problem.code.status().is_server_error() {
        let cause = problem.cause.as_deref().map(|cause| told(cause));
        tracing::error!(
            request_id = id.as_str(),
            code = problem.code.as_str(),
            cause,
            "a request failed: {}",
            problem.detail
        );
    }
    let mut response = HttpResponse::build(problem.code.status());
    for (name, value) in head.headers() {
        response.insert_header((name.clone(), value.clone()));
    }
    response.insert_header((CONTENT_TYPE, MEDIA_TYPE)).insert_header((CACHE_CONTROL, "no-store"));
    response.body(serde_json::to_vec(&problem.body(id.as_str())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::told;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Failed {
        said: &'static str,
        #[source]
        because: Option<Box<Failed>>,
    }

    #[test]
    fn what_is_behind_an_error_is_told_once() {
        let disk = Failed { said: "the disk is full", because: None };
        let file = Failed { said: "no file: the disk is full", because: Some(Box::new(disk)) };
        let database = Failed { said: "db error", because: Some(Box::new(file)) };
        assert_eq!(told(&database), "db error: no file: the disk is full");
    }
}
