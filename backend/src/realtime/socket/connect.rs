//! `GET /v1/realtime`

use actix_http::ws::{HandshakeError, handshake};
use actix_web::body::BoxBody;
use actix_web::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use annex_openapi::problem::Problem as ProblemBody;
use secrecy::SecretString;

use super::client::Client;
use super::reading::Reading;
use super::{MOST_WAITING, next_connection};
use crate::app::App;
use crate::db::Lanes;
use crate::extract::{Caller, NoParameters, Query};
use crate::problem::{Code, Problem, Result};
use crate::realtime::hub::{Framing, Outbox, Sending};

/// The subprotocol whose messages the contract describes.
const PROTOCOL: &str = "annex.v1";

/// What the name of a subprotocol begins with that brings an access token along: a browser can send no header.
const BEARER: &str = "annex.bearer.";

/// Open a socket, over which changes of rows are told as they are committed.
///
/// Messages are JSON, one in each text frame: the client's are a `ClientMessage`, the server's a `ServerMessage`. Who the client is it
/// says in a first message `auth`, in the header `Authorization`, or as a subprotocol `annex.bearer.<token>` beside `annex.v1`; a
/// socket whose token ends without another one is closed with 4401. Pages of other origins must be among those that may call the API.
///
/// # Errors
/// `bad_request` where it is no WebSocket handshake, `forbidden` for the page's origin, `invalid_token`, `too_many_requests`
#[utoipa::path(
    get, path = "/v1/realtime", operation_id = "realtime_connect", tag = "realtime",
    responses(
        (status = 101, description = "The socket is open"),
        (status = "4XX", description = "The request was refused", body = ProblemBody, content_type = "application/problem+json"),
        (status = "5XX", description = "The server failed", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub async fn connect(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
    lanes: Data<Lanes>,
    caller: Caller,
    _: Query<NoParameters>,
) -> Result<HttpResponse> {
    check_origin(&request, &app)?;
    let mut response = handshake(request.head()).map_err(refused)?;
    let mut token = None;
    let protocols: Vec<&str> = request
        .headers()
        .get_all(SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for protocol in &protocols {
        token = token.or_else(|| protocol.strip_prefix(BEARER).map(SecretString::from));
    }
    if protocols.contains(&PROTOCOL) {
        response.insert_header((SEC_WEBSOCKET_PROTOCOL, PROTOCOL));
    }
    let outbox = Outbox::new(Framing::WebSocket, MOST_WAITING);
    let mut client = Client::new(next_connection(), outbox.clone(), app, lanes);
    let share = client.begin(&request, caller, token).await?;
    let reading = Reading::new(payload);
    actix_web::rt::spawn(client.serve(Some(reading)));
    let response = response.message_body(()).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(HttpResponse::from(response.map_into_boxed_body()).set_body(BoxBody::new(Sending { outbox, share })))
}

/// A page of another origin opens sockets without asking the server first, so it is looked at here.
pub(super) fn check_origin(request: &HttpRequest, app: &App) -> Result<()> {
    let mut origins = request.headers().get_all(ORIGIN);
    let Some(origin) = origins.next() else { return Ok(()) };
    let server = &app.config.server;
    let allowed = origins.next().is_none()
        && origin.to_str().is_ok_and(|origin| {
            origin == server.public_url || server.allowed_origins.iter().any(|allowed| allowed == origin)
        });
    if allowed {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "Pages of that origin may not connect")
        .with_hint("Add the origin to ANNEX_ALLOWED_ORIGINS"))
}

fn refused(error: HandshakeError) -> Problem {
    Problem::new(Code::BadRequest, format!("This is no WebSocket handshake (RFC 6455): {error}"))
        .with_hint("Connect with a WebSocket client, or use GET /v1/realtime/sse")
}
