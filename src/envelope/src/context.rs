//! What a sealed text is bound to.

/// The place where a sealed text belongs. It opens only there.
///
/// Each field is preceded by its length, so that no two different places have the same bytes:
/// `("ab", "c")` and `("a", "bc")` differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssociatedData(Vec<u8>);

impl AssociatedData {
    /// The data key of a space.
    pub fn data_key(space: &str) -> Self {
        Self::of("secret-manager data key v1", &[space.as_bytes()])
    }

    /// What the rows of a space add up to in one of its states.
    pub fn manifest(space: &str, version: u64, tag: &str) -> Self {
        Self::of(
            "secret-manager manifest v1",
            &[space.as_bytes(), &version.to_be_bytes(), tag.as_bytes()],
        )
    }

    /// The key of the audit trail, of which there is one.
    pub fn audit_key() -> Self {
        Self::of("secret-manager audit key v1", &[])
    }

    /// Names of secrets in an audit record. Where the record stands in the trail isn't known when
    /// they are sealed; that they belong to it is what the record's own code says.
    pub fn audit_names(space: &str, action: &str, at: i64) -> Self {
        Self::of(
            "secret-manager audit names v1",
            &[space.as_bytes(), action.as_bytes(), &at.to_be_bytes()],
        )
    }

    /// The name of a secret at its current version. Bound to the version, so that nobody turns a
    /// secret back to an older value by changing the number alone.
    pub fn name(space: &str, secret: &str, version: u64) -> Self {
        Self::of(
            "secret-manager name v1",
            &[space.as_bytes(), secret.as_bytes(), &version.to_be_bytes()],
        )
    }

    /// One version of a secret's value. `kind` says how the bytes are read, so it is bound as well.
    pub fn value(space: &str, secret: &str, version: u64, kind: &str) -> Self {
        Self::of(
            "secret-manager value v1",
            &[space.as_bytes(), secret.as_bytes(), &version.to_be_bytes(), kind.as_bytes()],
        )
    }

    /// What an engine keeps of a source for its next start. `context_key` is where it publishes.
    pub fn cache(source: &str, context_key: &str) -> Self {
        Self::of("secret-manager cache v1", &[source.as_bytes(), context_key.as_bytes()])
    }

    fn of(label: &str, fields: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for field in [label.as_bytes()].iter().chain(fields) {
            bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
            bytes.extend_from_slice(field);
        }
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
