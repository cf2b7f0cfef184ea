//! The one place where it is decided whether a request may do what it asks for.

use axum::{
    extract::{MatchedPath, Request, State},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    caller::{Caller, Shown},
    operation::Operation,
};
use crate::{
    app::App,
    error::{ApiError, Code},
};

/// Lets a request through to its operation when its caller has shown who they are and one of their roles allows it.
///
/// It stands around every route of the API, before anything of the request is read. Handlers get their caller from here and
/// from nowhere else, so one that is not behind it has none; an operation without a row in the table is refused to everybody.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match caller(&app, &parts).await {
        Ok(Some(caller)) => drop(parts.extensions.insert(caller)),
        Ok(None) => {}
        Err(error) => return error.into_response(),
    }
    next.run(Request::from_parts(parts, body)).await
}

/// Who asks; nobody, where they may say so later.
async fn caller(app: &App, request: &Parts) -> Result<Option<Caller>, ApiError> {
    let path = request.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let operation = Operation::find(&request.method, path);
    let token = match Shown::of(&request.headers) {
        Shown::Token(token) => token,
        Shown::Nothing if operation.is_some_and(Operation::hears_who_asks) => return Ok(None),
        Shown::Nothing | Shown::Unreadable => {
            return Err(ApiError::new(Code::Unauthenticated, "a bearer token is needed"));
        }
    };
    let caller = Caller::of(app, token).await?;
    let operation = operation.ok_or_else(|| ApiError::new(Code::Internal, "nobody may use this address"))?;
    caller.may(operation)?;
    Ok(Some(caller))
}
