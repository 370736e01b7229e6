//! The texts of the pages on the way, in the languages of the web page.

use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use secret_manager_manager::Refusal;

use super::answer::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
}

impl Language {
    /// The first one of the browser's list that there is; lists are in the order of preference.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let list = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let mut languages =
            list.unwrap_or_default().split(',').filter_map(|language| {
                match language.trim().get(..2)?.to_ascii_lowercase().as_str() {
                    "de" => Some(Self::German),
                    "en" => Some(Self::English),
                    _ => None,
                }
            });
        languages.next().unwrap_or(Self::English)
    }

    pub(super) fn code(self) -> &'static str {
        self.choose("en", "de")
    }

    pub(super) fn signed_in(self) -> &'static str {
        self.choose("Signed in", "Angemeldet")
    }

    pub(super) fn go_on(self) -> &'static str {
        self.choose("You are signed in. Go on", "Sie sind angemeldet. Weiter")
    }

    pub(super) fn not_signed_in(self) -> &'static str {
        self.choose("Not signed in", "Nicht angemeldet")
    }

    pub(super) fn back(self) -> &'static str {
        self.choose("Back to the Secret Manager", "Zurück zum Secret Manager")
    }

    pub(super) fn failure(self, failure: Failure) -> &'static str {
        match failure {
            Failure::BeginAgain => self.choose(
                "This sign-in was begun in another browser or too long ago. Please begin again.",
                "Diese Anmeldung wurde in einem anderen Browser oder vor zu langer Zeit begonnen. \
                 Bitte beginnen Sie von vorn.",
            ),
            Failure::CodeRefused => self.choose(
                "The provider doesn't accept this sign-in any more. Please begin again.",
                "Der Anbieter nimmt diese Anmeldung nicht mehr an. Bitte beginnen Sie von vorn.",
            ),
            Failure::RefusedThere => self.choose(
                "The provider did not sign you in.",
                "Der Anbieter hat Sie nicht angemeldet.",
            ),
            Failure::Unreachable => self.choose(
                "The provider can't be reached at the moment. Please try again later, or sign in \
                 with a password.",
                "Der Anbieter ist zurzeit nicht erreichbar. Bitte versuchen Sie es später, oder \
                 melden Sie sich mit einem Passwort an.",
            ),
            Failure::Untrusted => self.choose(
                "The provider's answer can't be trusted, so you are not signed in. Please begin \
                 again; if it happens again, an administrator finds the reason in the log.",
                "Der Antwort des Anbieters ist nicht zu trauen, darum sind Sie nicht angemeldet. \
                 Bitte beginnen Sie von vorn; geschieht es wieder, steht der Grund im Protokoll des \
                 Dienstes.",
            ),
            Failure::Internal => self.choose(
                "Something failed here. Please try again later.",
                "Hier ist etwas misslungen. Bitte versuchen Sie es später.",
            ),
            Failure::Refused(refusal) => self.refusal(refusal),
        }
    }

    fn refusal(self, refusal: Refusal) -> &'static str {
        match refusal {
            Refusal::SetupNeeded => self.choose(
                "Nobody has set up this service yet. Open the set-up link first.",
                "Dieser Dienst ist noch nicht eingerichtet. Öffnen Sie zuerst den Einrichtungslink.",
            ),
            Refusal::NoEmail => self.choose(
                "The provider doesn't vouch for an e-mail address that could be a login name here.",
                "Der Anbieter bestätigt keine E-Mail-Adresse, die hier ein Anmeldename sein könnte.",
            ),
            Refusal::NotInvited => self.choose(
                "Nobody with your e-mail address was invited, or the invitation has expired.",
                "Niemand mit Ihrer E-Mail-Adresse wurde eingeladen, oder die Einladung ist \
                 abgelaufen.",
            ),
            Refusal::OtherMeans => self.choose(
                "The user with your e-mail address signs in in another way. Do that and link this \
                 one then, or ask an administrator for a new invitation.",
                "Der Benutzer mit Ihrer E-Mail-Adresse meldet sich anders an. Tun Sie das und \
                 verknüpfen Sie dann diese Anmeldung, oder bitten Sie um eine neue Einladung.",
            ),
            Refusal::Taken => self.choose(
                "This sign-in belongs to another user already, or you have linked another one.",
                "Diese Anmeldung gehört schon zu einem anderen Benutzer, oder Sie haben eine andere \
                 verknüpft.",
            ),
            Refusal::Disabled => {
                self.choose("Your account is disabled.", "Ihr Konto ist deaktiviert.")
            }
        }
    }

    fn choose(self, english: &'static str, german: &'static str) -> &'static str {
        match self {
            Self::English => english,
            Self::German => german,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_there_is_counts() {
        for (list, language) in [
            ("de-DE,de;q=0.9,en;q=0.8", Language::German),
            ("fr, DE", Language::German),
            ("en-GB, de", Language::English),
            ("fr", Language::English),
            ("", Language::English),
            ("ä", Language::English),
        ] {
            let value = axum::http::HeaderValue::from_bytes(list.as_bytes()).expect("a header");
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, value)]);
            assert_eq!(Language::of(&headers), language, "{list:?}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
