//! A small static server on the loopback interface, for `serve`, for page tests and for benches.
//!
//! It sends what the page relies on: the Content-Security-Policy on every response (a worker takes its own from its
//! own), `no-cache` with an ETag (worker files keep their names when they change), and wasm's media type.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::process::{Failure, Outcome};

/// What the page may load and do. `index.html` repeats it for static hosts that send no header.
pub(crate) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'";

/// A browser keeps idle connections open; after this long we let them go.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// No honest header line of a browser on this machine is longer.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// A folder about to be served.
pub(crate) struct Server {
    listener: TcpListener,
    folder: PathBuf,
}

impl Server {
    /// Takes a port on 127.0.0.1; port 0 takes a free one.
    ///
    /// # Errors
    /// The port is taken or not ours to take.
    pub(crate) fn bind(folder: &Path, port: u16) -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            Failure::new(format!("cannot listen on 127.0.0.1:{port}: {error}"))
                .hint("end what listens there, or choose another port with `--port 9000`")
        })?;
        Ok(Self { listener, folder: folder.to_path_buf() })
    }

    /// The address to open.
    pub(crate) fn url(&self) -> String {
        let port = self.listener.local_addr().map_or(0, |address| address.port());
        format!("http://127.0.0.1:{port}")
    }

    /// Answers in background threads until the process ends.
    pub(crate) fn start(self) {
        std::thread::spawn(move || {
            for stream in self.listener.incoming().filter_map(Result::ok) {
                let folder = self.folder.clone();
                // A connection that breaks is the browser's decision.
                std::thread::spawn(move || answer_all(&stream, &folder).ok());
            }
        });
    }
}

fn answer_all(stream: &TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(IDLE_LIMIT))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        answer(stream, &request, folder)?;
    }
    Ok(())
}

struct Request {
    method: String,
    path: String,
    known_etag: Option<String>,
}

impl Request {
    /// Reads one request without a body; `None` when the connection is over.
    fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Self>> {
        let first = read_line(reader)?;
        let mut words = first.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
        let mut request = Self { method: method.to_owned(), path: path.to_owned(), known_etag: None };
        loop {
            let line = read_line(reader)?;
            if line.is_empty() {
                return Ok(Some(request));
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("if-none-match")
            {
                request.known_etag = Some(value.trim().to_owned());
            }
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = Vec::new();
    std::io::Read::take(&mut *reader, MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn answer(mut stream: &TcpStream, request: &Request, folder: &Path) -> std::io::Result<()> {
    if request.method != "GET" && request.method != "HEAD" {
        return stream.write_all(head("405 Method Not Allowed", "text/plain", 0, None).as_bytes());
    }
    let opened = file_for(&request.path, folder).and_then(|path| Some((File::open(&path).ok()?, path)));
    let Some((mut file, path)) = opened else {
        return stream.write_all(head("404 Not Found", "text/plain", 0, None).as_bytes());
    };
    let metadata = file.metadata()?;
    let changed_nanos =
        metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |age| age.as_nanos());
    let etag = format!("\"{:x}-{changed_nanos:x}\"", metadata.len());
    let media_type = media_type(&path);
    if request.known_etag.as_ref() == Some(&etag) {
        return stream.write_all(head("304 Not Modified", media_type, 0, Some(&etag)).as_bytes());
    }
    stream.write_all(head("200 OK", media_type, metadata.len(), Some(&etag)).as_bytes())?;
    if request.method == "GET" {
        std::io::copy(&mut file, &mut stream)?;
    }
    Ok(())
}

fn head(status: &str, media_type: &str, size_bytes: u64, etag: Option<&str>) -> String {
    let etag = etag.map_or(String::new(), |etag| format!("ETag: {etag}\r\n"));
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {size_bytes}\r\n{etag}\
         Cache-Control: no-cache\r\nContent-Security-Policy: {CONTENT_SECURITY_POLICY}\r\n\
         X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n"
    )
}

/// The file a request path names, or `None` if it names none inside the folder.
fn file_for(request_path: &str, folder: &Path) -> Option<PathBuf> {
    let path = request_path.split(['?', '#']).next().unwrap_or_default();
    let decoded = percent_decoded(path)?;
    let relative = Path::new(decoded.trim_start_matches('/'));
    if relative.components().any(|component| !matches!(component, Component::Normal(_))) {
        return None;
    }
    let path = folder.join(relative);
    let path = if path.is_dir() { path.join("index.html") } else { path };
    path.is_file().then_some(path)
}

fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).ok()
}

fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "csv" => "text/csv",
        "md" | "txt" => "text/plain; charset=utf-8",
        "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths;

    #[test]
    fn the_page_repeats_the_policy_word_for_word() {
        let page = std::fs::read_to_string(paths::root().join("index.html")).expect("the page exists");
        assert!(page.contains(CONTENT_SECURITY_POLICY), "index.html's policy differs from `{CONTENT_SECURITY_POLICY}`");
    }

    #[test]
    fn a_path_cannot_leave_the_folder() {
        let folder = paths::root().join("xtask");
        assert!(file_for("/src/main.rs?x=1", &folder).is_some());
        assert_eq!(file_for("/../Cargo.toml", &folder), None);
        assert_eq!(file_for("/%2e%2e/Cargo.toml", &folder), None);
        assert_eq!(file_for("/src/no-such-file", &folder), None);
    }

    #[test]
    fn escapes_are_utf8_or_nothing() {
        assert_eq!(percent_decoded("/a%20b%E4%B8%AD").as_deref(), Some("/a b中"));
        assert_eq!(percent_decoded("/%E4"), None);
        assert_eq!(percent_decoded("/%4"), None);
    }
}
