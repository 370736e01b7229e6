//! What changed since a snapshot that the reader has: only where nothing but that could have.

use secret_manager_manager::{Caller, Change, Edit, Precondition, Same};
use secret_manager_model::{Delta, SecretName, Snapshot, wire};

use crate::copies::Copies;
use crate::http::{Reply, Service};

/// What somebody has, and its entity tag.
struct Held {
    etag: String,
    snapshot: Snapshot,
}

impl Held {
    async fn of(service: &Service) -> Self {
        let reply = service.snapshot(&[]).await;
        let etag = reply.header("etag").unwrap().to_owned();
        Self { etag, snapshot: wire::read_snapshot(reply.body.as_bytes()).unwrap() }
    }

    /// Asks what leads on from there.
    async fn ask(&self, service: &Service) -> Reply {
        ask(service, self.snapshot.version, &[&format!("If-None-Match: {}", self.etag)]).await
    }

    /// Asks, and checks that what is answered leads to what there is.
    async fn follow(&self, service: &Service) -> Delta {
        let reply = self.ask(service).await;
        assert_eq!((reply.status, reply.header("delta-base")), (200, Some(&*self.etag)));
        let now = Self::of(service).await;
        assert_eq!(reply.header("etag"), Some(&*now.etag));
        let delta = wire::read_delta(reply.body.as_bytes()).unwrap();
        let reached = delta.clone().apply(self.snapshot.clone()).unwrap();
        assert_eq!(reached.secrets, now.snapshot.secrets);
        assert_eq!(reached.space, now.snapshot.space);
        delta
    }

    /// Asks, and checks that all of it is answered.
    async fn begin_anew(&self, service: &Service) {
        all(&self.ask(service).await);
    }
}

async fn ask(service: &Service, since: u64, headers: &[&str]) -> Reply {
    let authorization = format!("Authorization: Bearer {}", service.token);
    let headers: Vec<_> = headers.iter().copied().chain([&*authorization]).collect();
    service.request(&format!("GET /api/v1/snapshot?since={since}"), &headers).await
}

fn all(reply: &Reply) -> Snapshot {
    assert_eq!((reply.status, reply.header("delta-base")), (200, None));
    wire::read_snapshot(reply.body.as_bytes()).unwrap()
}

#[tokio::test]
async fn what_changed_since_a_snapshot_is_answered_to_who_has_it() {
    let service = Service::start().await;
    let mut held = Vec::new();
    for round in 0..4 {
        held.push(Held::of(&service).await);
        service.put(&format!("K{round}"), "new").await;
    }
    for (round, held) in held.iter().enumerate() {
        assert_eq!(held.follow(&service).await.changed.len(), 4 - round);
    }
    let current = Held::of(&service).await;
    let unchanged = current.ask(&service).await;
    assert_eq!((unchanged.status, unchanged.body.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), Some(&*current.etag));
}

#[tokio::test]
async fn a_condition_that_does_not_name_what_is_at_the_version_gets_all_of_it() {
    let service = Service::start().await;
    let held = Held::of(&service).await;
    service.put("B", "new").await;
    let Held { etag, .. } = &held;
    for (since, condition) in [
        (0, etag.clone()),
        (2, etag.clone()),
        (3, etag.clone()),
        (1, "\"other\"".into()),
        (1, "other".into()),
        // Which of the two has the version isn't said.
        (1, format!("\"other\", {etag}")),
        (1, format!("{etag}\r\nIf-None-Match: \"other\"")),
    ] {
        let reply = ask(&service, since, &[&format!("If-None-Match: {condition}")]).await;
        assert_eq!(all(&reply).version, 2, "{since} {condition}");
    }
    // As a proxy that compresses makes it of the tag.
    let weak = ask(&service, 1, &[&format!("If-None-Match: W/{etag}")]).await;
    assert_eq!(weak.header("delta-base"), Some(&**etag));
    // Whatever there is, and one of several that is the current one.
    let now = Held::of(&service).await.etag;
    for condition in ["*", &format!("{etag}, {now}")] {
        let reply = ask(&service, 1, &[&format!("If-None-Match: {condition}")]).await;
        assert_eq!(reply.status, 304, "{condition}");
    }
    // Without a condition the version is believed.
    let unconditional = ask(&service, 1, &[]).await;
    assert_eq!(unconditional.header("delta-base"), None);
    assert_eq!(wire::read_delta(unconditional.body.as_bytes()).unwrap().from, 1);
}

#[tokio::test]
async fn no_delta_leads_from_one_history_into_another() {
    let service = Service::start().await;
    let first = Held::of(&service).await;
    let copies = Copies::of(&service);
    let copy = copies.copy("first");
    service.put("A", "second").await;
    service.put("B", "only in the first history").await;
    let lost = Held::of(&service).await;
    copies.put_back(&copy);
    for round in 0..2 {
        service.put("C", &round.to_string()).await;
    }
    // The same version as before, with other contents.
    assert_eq!(Held::of(&service).await.snapshot.version, lost.snapshot.version);
    lost.begin_anew(&service).await;
    service.put("D", "later").await;
    lost.begin_anew(&service).await;
    // What both have in common may be gone on from.
    assert_eq!(first.follow(&service).await.changed.len(), 2);
}

#[tokio::test]
async fn another_name_of_the_space_is_a_change_of_nothing_else() {
    let service = Service::start().await;
    let held = Held::of(&service).await;
    let by = Caller::command_line();
    service.manager.rename_space(&service.space.id, "works", &by).await.unwrap();
    let delta = held.follow(&service).await;
    assert_eq!((delta.from, delta.version, delta.changed.len()), (1, 1, 0));
    assert_eq!(delta.space.name, "works");
    let renamed = Held::of(&service).await;
    service.put("B", "new").await;
    for held in [held, renamed] {
        assert_eq!(held.follow(&service).await.changed.len(), 1);
    }
}

#[tokio::test]
async fn what_was_destroyed_is_not_left_behind() {
    let service = Service::start().await;
    let held = Held::of(&service).await;
    let destroy = Edit {
        name: SecretName::parse("A").unwrap(),
        change: Change::Destroy,
        precondition: Precondition::Any,
    };
    let by = Caller::command_line();
    service.manager.apply(&service.space.id, vec![destroy], Same::Write, &by).await.unwrap();
    held.begin_anew(&service).await;
}
