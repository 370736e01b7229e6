//! What the handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use secret_manager_manager::Manager;

use crate::error::Code;
use crate::rate::{Limiter, Rates};

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) manager: Arc<Manager>,
    pub(crate) limiters: Arc<Limiters>,
}

pub(crate) struct Limiters {
    pub(crate) guesses: Option<Limiter>,
    pub(crate) people: Option<Limiter>,
}

impl Shared {
    pub(crate) fn new(manager: Arc<Manager>, rates: Rates) -> Self {
        let limiters = Limiters {
            guesses: Limiter::new(rates.guesses, Code::TooManyAttempts),
            people: Limiter::new(rates.people, Code::TooManyRequests),
        };
        Self { manager, limiters: Arc::new(limiters) }
    }
}

impl FromRef<Shared> for Arc<Manager> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.manager)
    }
}
