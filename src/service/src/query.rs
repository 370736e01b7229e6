//! What stands behind the `?` of an address. Its mistakes are problems, too.

use axum::extract::{FromRequestParts, Query as AxumQuery};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Code, Problem};

pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // The rejection's text can quote what was sent.
        let query = AxumQuery::from_request_parts(parts, state).await;
        query.map(|AxumQuery(query)| Self(query)).map_err(|_| Code::QueryInvalid.into())
    }
}
