//! The console's own server: files of one folder and nothing else, compressed, cached by content, under a strict policy.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use annex::console::{Site, serve};
use annex_tests::Program;
use nix::sys::signal::Signal;
use reqwest::Response;
use reqwest::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
use tempfile::TempDir;

const API: &str = "https://api.example.com";

/// A console whose files say what they are.
fn built() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("index.html", "<!doctype html>the page");
    write("index.html.br", "the page in brotli");
    write("index.html.gz", "the page in gzip");
    write("assets/main-AB12.js", "the script");
    write("assets/main-AB12.js.gz", "the script in gzip");
    folder
}

async fn served(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(Site::read(folder, API).expect("a site"), listener).expect("a server"));
    format!("http://{address}")
}

async fn get(url: String, accept: &str) -> Response {
    let client = reqwest::Client::new();
    client.get(url).header(ACCEPT_ENCODING, accept).send().await.expect("an answer")
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[actix_web::test]
async fn a_form_is_served_that_the_client_takes() {
    let folder = built();
    let site = served(folder.path()).await;
    for (accept, encoding, body) in [
        ("gzip, deflate, br", "br", "the page in brotli"),
        ("gzip", "gzip", "the page in gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", "the page in gzip"),
        ("br;q=0.2, gzip;q=0.8", "gzip", "the page in gzip"),
        ("gzip;q=0.5, *", "br", "the page in brotli"),
        ("identity, br;q=0.5", "", "<!doctype html>the page"),
        ("identity", "", "<!doctype html>the page"),
        ("deflate", "", "<!doctype html>the page"),
    ] {
        let response = get(format!("{site}/"), accept).await;
        assert_eq!(header(&response, "content-encoding"), encoding, "{accept}");
        assert_eq!(header(&response, "vary"), "accept-encoding");
        assert_eq!(response.text().await.expect("a body"), body);
    }
}

#[actix_web::test]
async fn every_view_has_the_page_and_what_is_not_built_is_not_there() {
    let folder = built();
    fs::write(folder.path().parent().expect("a parent").join("annex-secret.txt"), "a secret")
        .expect("a file");
    let site = served(folder.path()).await;
    for path in ["/", "/collections/flights", "/collections/flights/schema?x=1.2", "/index.html"] {
        let response = get(format!("{site}{path}"), "identity").await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "cache-control"), "no-cache", "{path}");
        assert_eq!(response.text().await.expect("a body"), "<!doctype html>the page");
    }
    for path in
        ["/assets/gone.js", "/index.html.br", "/..%2fannex-secret.txt", "/assets/..%2f..%2fannex-secret.txt"]
    {
        let response = get(format!("{site}{path}"), "identity").await;
        assert_eq!(response.status(), 404, "{path}");
        assert!(!response.text().await.expect("a body").contains("secret"), "{path}");
    }
    let response = reqwest::Client::new().post(&site).send().await.expect("an answer");
    assert_eq!((response.status().as_u16(), header(&response, "allow")), (405, "GET, HEAD"));
    assert_eq!(get(format!("{site}/healthz"), "").await.status(), 200);
}

#[actix_web::test]
async fn what_is_named_by_its_content_is_kept_and_the_rest_asked_for_again() {
    let folder = built();
    let site = served(folder.path()).await;
    let script = get(format!("{site}/assets/main-AB12.js"), "gzip").await;
    assert_eq!(header(&script, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");

    let page = get(format!("{site}/"), "br").await;
    let etag = header(&page, "etag").to_owned();
    let again = reqwest::Client::new().get(&site).header(ACCEPT_ENCODING, "br").header(IF_NONE_MATCH, &etag);
    assert_eq!(again.send().await.expect("an answer").status(), 304);
    let plain =
        reqwest::Client::new().get(&site).header(IF_NONE_MATCH, &etag).send().await.expect("an answer");
    assert_eq!(plain.status(), 200, "another form is another representation");
}

#[actix_web::test]
async fn pages_run_under_a_strict_policy_and_know_the_api() {
    let folder = built();
    let site = served(folder.path()).await;
    let page = get(format!("{site}/users"), "identity").await;
    let policy = header(&page, "content-security-policy");
    assert!(
        policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(policy.contains(API) && !policy.contains("unsafe-inline"), "{policy}");
    let gone = get(format!("{site}/gone.js"), "identity").await;
    let refused = reqwest::Client::new().delete(&site).send().await.expect("an answer");
    for (status, response) in [(200, page), (404, gone), (405, refused)] {
        assert_eq!(response.status(), status);
        assert!(header(&response, "content-security-policy").starts_with("default-src 'none';"));
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header(&response, "x-frame-options"), "DENY");
        assert_eq!(header(&response, "cross-origin-opener-policy"), "same-origin");
    }

    let config = get(format!("{site}/config.json"), "identity").await;
    assert_eq!(header(&config, "content-type"), "application/json");
    assert_eq!(config.text().await.expect("a body"), format!(r#"{{"api":"{API}"}}"#));
}

#[test]
fn a_folder_without_a_page_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Site::read(folder.path(), API).expect_err("nothing is built there");
    assert_eq!(error.to_string(), "it has no index.html");
}

#[test]
fn the_command_serves_until_it_is_told_to_stop() {
    let folder = built();
    let dir = folder.path().to_str().expect("a path in UTF-8");
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut console = Program::console(&[("ANNEX_CONSOLE_DIR", dir), ("ANNEX_CONSOLE_API", API)]);
        let page = format!("http://{}/config.json", console.address);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let config = runtime.block_on(async { get(page, "identity").await.text().await.expect("a body") });
        assert!(config.contains(API), "{config}");
        console.signal(signal);
        assert_eq!(console.wait(Duration::from_secs(30)).code(), Some(0), "{signal}");
    }
}

#[test]
fn a_port_that_is_taken_is_told_with_what_sets_it() {
    let folder = built();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = Program::command();
    command.arg("console").env("ANNEX_CONSOLE_LISTEN", &address).env("ANNEX_CONSOLE_DIR", folder.path());
    let ended = command.output().expect("it is run");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains(&address) && said.contains("set ANNEX_CONSOLE_LISTEN to another port"), "{said}");
    assert!(!said.contains("ANNEX_LISTEN") && !said.contains("panicked"), "{said}");
}
