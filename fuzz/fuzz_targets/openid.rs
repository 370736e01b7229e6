//! What an OpenID Connect provider answers to a code: it stands for somebody only when the provider
//! has signed it, for this service and this sign-in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_service::OpenIdConfig;
use secret_manager_service::fuzzing::openid::arrival;

const METADATA: &str = r#"{
    "issuer": "https://id.example.com",
    "authorization_endpoint": "https://id.example.com/authorize",
    "token_endpoint": "https://id.example.com/token",
    "jwks_uri": "https://id.example.com/keys",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["ES256"]
}"#;

/// Its private half is thrown away; it signed some of the kept inputs.
const KEYS: &str = r#"{"keys": [{
    "kty": "EC", "crv": "P-256", "use": "sig", "kid": "1", "alg": "ES256",
    "x": "RJl1ndBYEn0ryItGE7oc-wFwRQJTBg69DRhKYJYd0TM",
    "y": "KhZ_j6h04pLm59GcmR1RKLr02N_snOJfITgyC5tPf_U"
}]}"#;

fuzz_target!(|answer: &[u8]| {
    let config = OpenIdConfig {
        issuer: "https://id.example.com".into(),
        client_id: "client".into(),
        client_secret: Some(String::from("secret of the client").into()),
        name: None,
        create_users: false,
        public_url: "https://secrets.example.com".into(),
        authorities: None,
    };
    let Some(arrival) = arrival(&config, METADATA, KEYS, answer, "nonce") else { return };
    assert_eq!(arrival.identity.issuer, "https://id.example.com");
    assert_eq!(arrival.identity.subject, "subject-1");
    assert_eq!(arrival.verified_email.as_deref(), Some("anna@example.com"));
    assert_eq!(arrival.display_name.as_deref(), Some("Anna"));
});
