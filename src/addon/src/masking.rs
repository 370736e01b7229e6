//! Masking as JavaScript calls it. All engines of the process share one set of masks.

use std::sync::Arc;

use napi::bindgen_prelude::{Buffer, Uint8Array};
use napi::{Env, Error, JsString, Result};
use napi_derive::napi;
use once_cell::sync::OnceCell;
use secret_manager_sync::{Masking, Rules, Text};

use crate::runtime;

static MASKING: OnceCell<Arc<Masking>> = OnceCell::new();

const MINIMUM_LENGTH: u32 = 4;

#[napi(object, object_to_js = false)]
pub struct MaskSettings {
    /// Shorter values aren't masked; in characters, 4 unless set.
    pub minimum_length: Option<u32>,
    /// Values that aren't masked.
    pub allow: Option<Vec<String>>,
}

/// The masks of the process. From the first one on, what engines publish is masked; engines that were made
/// before aren't concerned. The settings of the first one count.
#[napi]
pub struct Masks(Arc<Masking>);

#[napi]
impl Masks {
    #[napi(constructor, catch_unwind)]
    pub fn new(settings: MaskSettings) -> Result<Self> {
        let MaskSettings { minimum_length, allow } = settings;
        let minimum_length = minimum_length.unwrap_or(MINIMUM_LENGTH) as usize;
        let rules = Rules::new(minimum_length, allow.unwrap_or_default());
        let handle = runtime::handle().map_err(|error| {
            Error::from_reason(format!("the engine's thread could not be started: {error}"))
        })?;
        Ok(Self(Arc::clone(MASKING.get_or_init(|| Masking::new(handle, rules)))))
    }

    /// The text with ••• in the place of secrets, or null when there is none in it. Of a text whose end
    /// may have been cut off, the beginning of a secret at its end is masked, too.
    #[napi(catch_unwind, ts_return_type = "string | null")]
    pub fn text<'env>(
        &self,
        env: &'env Env,
        text: String,
        is_cut: bool,
    ) -> Result<Option<JsString<'env>>> {
        let kind = if is_cut { Text::Cut } else { Text::Whole };
        let masked = self.0.mask(text.as_bytes(), kind);
        masked.map(|masked| env.create_string(String::from_utf8_lossy(&masked))).transpose()
    }

    /// The same for bytes.
    #[napi(catch_unwind, ts_return_type = "Buffer | null")]
    pub fn bytes(&self, bytes: Uint8Array) -> Option<Buffer> {
        self.0.mask(&bytes, Text::Whole).map(|masked| Buffer::from(masked.as_slice()))
    }
}

/// What an engine that is made now is to be masked with.
pub(crate) fn masking() -> Option<Arc<Masking>> {
    MASKING.get().cloned()
}
