//! Where settings come from, and the small types that they are read as.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use annex_openapi::near;
use secrecy::SecretString;

/// The file that is read where it exists and `ANNEX_CONFIG` names no other.
const DEFAULT_FILE: &str = "annex-config.toml";

/// The environment and a file, and what was found wrong in them so far.
#[derive(Debug)]
pub struct Source {
    env: BTreeMap<String, String>,
    file: BTreeMap<String, String>,
    known: BTreeSet<&'static str>,
    wrong: Vec<String>,
}

/// Every wrong setting, a line each.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    lines: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The configuration is not valid:")?;
        self.lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl From<String> for ConfigError {
    fn from(line: String) -> Self {
        Self { lines: vec![line] }
    }
}

impl Source {
    /// The process's environment and its file.
    ///
    /// # Errors
    /// The file cannot be read, or is not TOML.
    pub fn from_process() -> Result<Self, ConfigError> {
        let named = std::env::var("ANNEX_CONFIG").ok();
        let path = named.as_deref().unwrap_or(DEFAULT_FILE);
        let text = match std::fs::read_to_string(Path::new(path)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => None,
            Err(error) => {
                return Err(format!("ANNEX_CONFIG names {path}, which cannot be read: {error}").into());
            }
        };
        Self::new(
            std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))),
            text.as_deref(),
        )
    }

    /// That environment and the text of that file.
    ///
    /// # Errors
    /// The text is not TOML.
    pub fn new(
        env: impl IntoIterator<Item = (String, String)>,
        file: Option<&str>,
    ) -> Result<Self, ConfigError> {
        let text = file.unwrap_or_default();
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            // The error itself would show the line, and with it perhaps a secret.
            let before = error.span().and_then(|span| text.as_bytes().get(..span.start)).unwrap_or_default();
            let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
            format!("The file is not valid TOML: line {line}: {}", error.message())
        })?;
        let mut flat = BTreeMap::new();
        for (section, value) in table {
            match value {
                toml::Value::Table(entries) => {
                    flat.extend(
                        entries.into_iter().map(|(key, value)| (format!("{section}.{key}"), plain(value))),
                    );
                }
                value => {
                    flat.insert(section, plain(value));
                }
            }
        }
        let env = env.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Ok(Self { env, file: flat, known: BTreeSet::from(["ANNEX_CONFIG"]), wrong: Vec::new() })
    }

    /// The setting of that name, or nothing where it is not set.
    pub fn maybe<T: FromStr>(
        &mut self,
        variable: &'static str,
        key: &'static str,
        allowed: &str,
    ) -> Option<T> {
        self.known.extend([variable, key]);
        let (name, text) = match (self.env.get(variable), self.file.get(key).filter(|text| !text.is_empty()))
        {
            (Some(text), _) => (variable, text),
            (None, Some(text)) => (key, text),
            (None, None) => return None,
        };
        let parsed = text.parse().ok();
        if parsed.is_none() {
            let secret = key.ends_with("url") || key.ends_with("password") || key.ends_with("token");
            let shown = if secret { "set".to_owned() } else { format!("{text:?}") };
            self.wrong.push(format!("{name} is {shown}, but must be {allowed}"));
        }
        parsed
    }

    /// The setting of that name, or its default.
    pub fn get<T: FromStr>(
        &mut self,
        variable: &'static str,
        key: &'static str,
        allowed: &str,
        default: T,
    ) -> T {
        self.maybe(variable, key, allowed).unwrap_or(default)
    }

    /// A setting with commas between its values.
    pub fn list<T: FromStr>(&mut self, variable: &'static str, key: &'static str, allowed: &str) -> Vec<T> {
        self.get(variable, key, allowed, List(Vec::new())).0
    }

    /// Says that a setting is missing, where it is.
    pub fn require(&mut self, variable: &'static str, key: &'static str, why: &str) {
        let is_set =
            self.env.contains_key(variable) || self.file.get(key).is_some_and(|text| !text.is_empty());
        if !is_set {
            self.wrong.push(format!("{variable} is not set, but {why}"));
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Every wrong value, and every key that nothing asked for.
    pub fn finish(mut self) -> Result<(), ConfigError> {
        let ours =
            |(name, text): &(&String, &String)| name.starts_with("ANNEX_") && !of_a_service(name, text);
        let names = self.env.iter().filter(ours).map(|(name, _)| name).chain(self.file.keys());
        let unknown: Vec<String> = names
            .filter(|name| !self.known.contains(name.as_str()) && !name.starts_with("ANNEX_TEST_"))
            .map(|name| match near::nearest(name, self.known.iter().copied()) {
                Some(near) => format!("{name} is not a setting; did you mean {near}?"),
                None => format!("{name} is not a setting"),
            })
            .collect();
        self.wrong.extend(unknown);
        if self.wrong.is_empty() { Ok(()) } else { Err(ConfigError { lines: self.wrong }) }
    }
}

/// Whether it is one of the variables that Kubernetes gives every container for a Service called `annex`, or
/// `annex-` and more.
fn of_a_service(name: &str, text: &str) -> bool {
    let url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme));
    // ANNEX_PORT_8080_TCP and what follows.
    let port = name.split_once("_PORT_").is_some_and(|(_, rest)| {
        let mut parts = rest.split('_');
        let number = parts.next().is_some_and(|part| part.parse::<u16>().is_ok());
        number && matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"))
    });
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && url)
        || port
}

/// A TOML value as the environment would spell it.
fn plain(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Array(values) => values.into_iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

struct List<T>(Vec<T>);

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A number of bytes: `1048576`, `8MiB`.
pub struct Bytes(pub usize);

impl Bytes {
    pub const ALLOWED: &str = "a number of bytes, such as 8MiB or 1048576";
}

impl FromStr for Bytes {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor: usize = match &text[digits.len()..] {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(()),
        };
        digits.trim().parse::<usize>().ok().and_then(|n| n.checked_mul(factor)).map(Self).ok_or(())
    }
}

/// A span of time: `90`, `90s`, `10m`, `12h`, `30d`.
pub struct Seconds(pub Duration);

impl Seconds {
    pub const ALLOWED: &str = "a number of seconds above 0, or a span such as 90s, 10m, 12h or 30d";

    pub const fn of(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl FromStr for Seconds {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor = match &text[digits.len()..] {
            "" | "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return Err(()),
        };
        match digits.trim().parse::<u64>().ok().and_then(|n| n.checked_mul(factor)) {
            Some(seconds @ 1..=3_153_600_000) => Ok(Self::of(seconds)),
            _ => Err(()),
        }
    }
}

/// A span of time that Postgres takes for a limit: it counts milliseconds in 31 bits.
pub struct PostgresSeconds(pub Duration);

impl PostgresSeconds {
    pub const ALLOWED: &str =
        "a number of seconds from 1 to 2147483, or a span up to that, such as 90s, 10m, 12h or 24d";
}

impl FromStr for PostgresSeconds {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let Seconds(span) = text.parse()?;
        if i32::try_from(span.as_millis()).is_ok() { Ok(Self(span)) } else { Err(()) }
    }
}

/// A scheme, a host and perhaps a port; no path, no slash at the end.
pub struct Origin(pub String);

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let uri: actix_web::http::Uri = text.parse().map_err(|_| ())?;
        let web = matches!(uri.scheme_str(), Some("http" | "https"));
        let bare = uri.query().is_none() && matches!(uri.path(), "" | "/") && !text.ends_with('/');
        if web && bare && uri.host().is_some_and(|host| !host.is_empty()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(())
        }
    }
}

/// A URL that both database drivers understand.
pub struct PostgresUrl(pub SecretString);

impl FromStr for PostgresUrl {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
        let parsed = text.parse::<sqlx::postgres::PgConnectOptions>().is_ok();
        if scheme && parsed { Ok(Self(SecretString::from(text))) } else { Err(()) }
    }
}

/// A number that is at least `N`.
pub struct AtLeast<const N: usize>(pub usize);

impl<const N: usize> FromStr for AtLeast<N> {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        text.parse().ok().filter(|n| *n >= N).map(Self).ok_or(())
    }
}
