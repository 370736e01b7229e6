//! A space's data key with what it is bound to: turns names and values into rows and back.

use secret_manager_envelope::{AssociatedData, Dek};
use secret_manager_model::{Kind, SecretName, SecretValue, Timestamp};
use secret_manager_store::{Seal, SecretId, SecretRow, SpaceId, SpaceRow, ValueRow};
use zeroize::Zeroizing;

use crate::Error;
use crate::manifest::Sum;

pub(crate) struct Vault {
    dek: Dek,
    space: SpaceId,
}

impl Vault {
    pub(crate) fn new(dek: Dek, space: SpaceId) -> Self {
        Self { dek, space }
    }

    pub(crate) fn name_hash(&self, name: &SecretName) -> [u8; 32] {
        self.dek.name_hash(name.as_str()).0
    }

    pub(crate) fn seal_name(
        &self,
        secret: &SecretId,
        version: u64,
        name: &SecretName,
    ) -> Result<Vec<u8>, Error> {
        let place = AssociatedData::name(self.space.as_str(), secret.as_str(), version);
        Ok(self.dek.seal(&place, name.as_str().as_bytes())?)
    }

    pub(crate) fn open_name(&self, row: &SecretRow) -> Result<SecretName, Error> {
        let place = AssociatedData::name(self.space.as_str(), row.id.as_str(), row.version);
        let name = self.dek.open(&place, &row.sealed_name)?;
        let name = std::str::from_utf8(&name).ok().and_then(|name| SecretName::parse(name).ok());
        name.ok_or_else(|| Error::Corrupt("a name breaks the rules for names".into()))
    }

    /// The row was found by the hash of this name. A hash that was moved to another row would find
    /// the wrong secret, so the sealed name has the last word.
    pub(crate) fn confirm_name(&self, row: &SecretRow, name: &SecretName) -> Result<(), Error> {
        if self.open_name(row)? == *name {
            Ok(())
        } else {
            Err(Error::Corrupt("a name and its hash belong to different secrets".into()))
        }
    }

    pub(crate) fn seal_value(
        &self,
        secret: &SecretId,
        version: u64,
        value: &SecretValue,
    ) -> Result<Vec<u8>, Error> {
        let place = self.value_place(secret, version, value.kind());
        Ok(self.dek.seal(&place, value.expose_text().as_bytes())?)
    }

    pub(crate) fn open_value(&self, row: &ValueRow) -> Result<SecretValue, Error> {
        let secret = &row.secret;
        self.open_version(&secret.id, secret.version, secret.kind, &row.sealed_value)
    }

    /// The value of any version.
    pub(crate) fn open_version(
        &self,
        secret: &SecretId,
        version: u64,
        kind: Kind,
        sealed_value: &[u8],
    ) -> Result<SecretValue, Error> {
        let content = self.dek.open(&self.value_place(secret, version, kind), sealed_value)?;
        let content = std::str::from_utf8(&content).ok();
        let value = content.and_then(|content| match kind {
            Kind::Text => SecretValue::text(content).ok(),
            Kind::Json => SecretValue::json(content).ok(),
        });
        value.ok_or_else(|| Error::Corrupt("a value is not what its kind says".into()))
    }

    /// The text of a text secret, the document of a JSON secret.
    pub(crate) fn open_content(
        &self,
        row: &SecretRow,
        sealed_value: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let place = self.value_place(&row.id, row.version, row.kind);
        Ok(self.dek.open(&place, sealed_value)?)
    }

    pub(crate) fn seal_audit_names(
        &self,
        action: &str,
        at: Timestamp,
        names: &str,
    ) -> Result<Vec<u8>, Error> {
        let place = AssociatedData::audit_names(self.space.as_str(), action, at.as_millis());
        Ok(self.dek.seal(&place, names.as_bytes())?)
    }

    pub(crate) fn open_audit_names(
        &self,
        action: &str,
        at: Timestamp,
        sealed: &[u8],
    ) -> Result<String, Error> {
        let place = AssociatedData::audit_names(self.space.as_str(), action, at.as_millis());
        let names = self.dek.open(&place, sealed)?;
        String::from_utf8(names.to_vec())
            .map_err(|_| Error::Corrupt("names in an audit record are no text".into()))
    }

    /// A keyed hash of all that stands in a secret's row.
    pub(crate) fn seal_of(&self, row: &SecretRow) -> Seal {
        // Every field: a new one doesn't compile until it is thought of here.
        let SecretRow {
            id,
            name_hash,
            sealed_name,
            version,
            kind,
            size,
            created_at,
            updated_at,
            updated_by,
            space_version,
            deleted_at,
            deleted_by,
        } = row;
        let mut fields = Fields::new("secret");
        fields.put(self.space.as_str().as_bytes());
        fields.put(id.as_str().as_bytes());
        fields.put(name_hash);
        fields.put(sealed_name);
        fields.put(&version.to_be_bytes());
        fields.put(kind.as_str().as_bytes());
        fields.put(&size.to_be_bytes());
        fields.put(&created_at.as_millis().to_be_bytes());
        fields.put(&updated_at.as_millis().to_be_bytes());
        fields.put(updated_by.as_bytes());
        fields.put(&space_version.to_be_bytes());
        let deleted_at = deleted_at.map(|time| time.as_millis().to_be_bytes());
        fields.put_any(deleted_at.as_ref().map(<[u8; 8]>::as_slice));
        fields.put_any(deleted_by.as_ref().map(String::as_bytes));
        self.dek.row_seal(&fields.0)
    }

    /// What of a space's own row is handed out, besides what names its state.
    pub(crate) fn space_seal(&self, row: &SpaceRow) -> Seal {
        let mut fields = Fields::new("space");
        fields.put(row.id.as_str().as_bytes());
        fields.put(row.name.as_bytes());
        fields.put(&row.created_at.as_millis().to_be_bytes());
        fields.put(&row.updated_at.as_millis().to_be_bytes());
        self.dek.row_seal(&fields.0)
    }

    pub(crate) fn seal_manifest(&self, space: &SpaceRow, sum: &Sum) -> Result<Vec<u8>, Error> {
        let place = AssociatedData::manifest(self.space.as_str(), space.version, &space.tag);
        Ok(self.dek.seal(&place, &sum.to_bytes())?)
    }

    pub(crate) fn open_manifest(
        &self,
        space: &SpaceRow,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let place = AssociatedData::manifest(self.space.as_str(), space.version, &space.tag);
        Ok(self.dek.open(&place, sealed)?)
    }

    fn value_place(&self, secret: &SecretId, version: u64, kind: Kind) -> AssociatedData {
        AssociatedData::value(self.space.as_str(), secret.as_str(), version, kind.as_str())
    }
}

/// Fields of a row, each preceded by its length, so that no two rows have the same bytes.
struct Fields(Vec<u8>);

impl Fields {
    fn new(what: &str) -> Self {
        let mut fields = Self(Vec::with_capacity(512));
        fields.put(what.as_bytes());
        fields
    }

    fn put(&mut self, field: &[u8]) {
        self.0.extend_from_slice(&(field.len() as u64).to_be_bytes());
        self.0.extend_from_slice(field);
    }

    fn put_any(&mut self, field: Option<&[u8]>) {
        match field {
            // No field has this length.
            None => self.0.extend_from_slice(&u64::MAX.to_be_bytes()),
            Some(field) => self.put(field),
        }
    }
}
