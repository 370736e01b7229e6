//! A space's data key with what it is bound to: turns names and values into rows and back.

use secret_manager_envelope::{AssociatedData, Dek};
use secret_manager_model::{Kind, SecretName, SecretValue, Timestamp};
use secret_manager_store::{SecretId, SecretRow, SpaceId, ValueRow};
use zeroize::Zeroizing;

use crate::Error;

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

    fn value_place(&self, secret: &SecretId, version: u64, kind: Kind) -> AssociatedData {
        AssociatedData::value(self.space.as_str(), secret.as_str(), version, kind.as_str())
    }
}
