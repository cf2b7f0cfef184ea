//! The console: a page with which people see and start runs, served from what stands in the program itself.
//!
//! It is made of static files and the SDK that they use, and needs nothing else. The policy keeps a browser from running or
//! fetching whatever a model or a document could smuggle in.

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    app::App,
    error::{ApiError, Code},
};

/// The page, its style and its modules.
#[derive(RustEmbed)]
#[folder = "../console"]
#[exclude = "*.md"]
struct Pages;

/// The SDK, as it is committed.
#[derive(RustEmbed)]
#[folder = "../sdk/typescript/dist"]
#[include = "*.js"]
struct Sdk;

/// What the page may do: nothing but what comes from here, and no text becomes markup or code.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// The addresses of the console.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/", get(|headers: HeaderMap| async move { serve(&headers, "index.html", Pages::get("index.html")) }))
        .route("/console.css", get(|headers: HeaderMap| page(headers, "console.css".to_owned())))
        .route("/icon.svg", get(|headers: HeaderMap| page(headers, "icon.svg".to_owned())))
        .route("/js/{*path}", get(|headers: HeaderMap, Path(path): Path<String>| page(headers, format!("js/{path}"))))
        .route("/sdk/{*path}", get(sdk))
}

async fn page(headers: HeaderMap, path: String) -> Response {
    serve(&headers, &path, Pages::get(&path))
}

async fn sdk(headers: HeaderMap, Path(path): Path<String>) -> Response {
    serve(&headers, &path, Sdk::get(&path))
}

/// A file; nothing, where the browser has it.
fn serve(headers: &HeaderMap, path: &str, file: Option<EmbeddedFile>) -> Response {
    let Some(file) = file else {
        return ApiError::new(Code::NotFound, "there is nothing at this address").into_response();
    };
    let etag = format!("\"{}\"", data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()));
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|known| known.as_bytes() == etag.as_bytes());
    let about = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // Asked for each time, and sent when it has changed: a new version is there at once.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type(path))),
    ];
    let etag = [(header::ETAG, etag)];
    if known {
        (StatusCode::NOT_MODIFIED, about, etag).into_response()
    } else {
        (about, etag, file.data).into_response()
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_page_needs_is_there_and_nothing_else() {
        let pages: Vec<_> = Pages::iter().collect();
        for needed in ["index.html", "console.css", "icon.svg", "js/main.js"] {
            assert!(pages.iter().any(|page| page == needed), "{needed}");
        }
        assert!(Sdk::get("index.js").is_some());
        let known = |path: &str| [".html", ".css", ".svg", ".js"].iter().any(|ending| path.ends_with(ending));
        assert!(Pages::iter().chain(Sdk::iter()).all(|path| known(&path)));
        assert!(Pages::get("../gateway/Cargo.toml").is_none() && Sdk::get("../src/index.ts").is_none());
    }

    #[test]
    fn a_page_has_no_code_of_its_own() {
        let page = Pages::get("index.html").map(|file| String::from_utf8_lossy(&file.data).into_owned());
        let page = page.unwrap_or_default();
        assert!(page.contains("<script type=\"module\" src=\"js/main.js\"></script>"));
        for inline in ["<script>", "style=", "onclick=", "http://", "https://"] {
            assert!(!page.contains(inline), "{inline}");
        }
    }
}
