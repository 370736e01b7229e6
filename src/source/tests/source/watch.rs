//! The watch: what is sent is heard whole or not at all, and everything odd is told.

use std::time::Duration;

use secret_manager_source::{Config, Failure, Heard, Remedy, Validator, Watch};
use secret_manager_testkit::{Reply, Server};

use crate::config;

const CHANGE: &str = concat!(
    "id: 8\nevent: change\ndata: {\"space\":{\"id\":\"s1\",\"name\":\"demo\"},\"from\":7,\"version\":8,",
    "\"createdAt\":\"2024-01-01T00:00:00Z\",\"updatedAt\":\"2024-01-02T00:00:00Z\",",
    "\"issuedAt\":\"2024-01-03T00:00:00Z\",\"etag\":\"\\\"t8\\\"\",",
    "\"changed\":{\"KEY\":{\"type\":\"text\",\"value\":\"canary-value\",\"version\":3,",
    "\"updatedAt\":\"2024-01-02T00:00:00Z\"}},\"removed\":[\"OLD\"]}\n\n",
);

async fn open(url: String) -> Result<Box<dyn Watch>, Failure> {
    let source = Config::Service(config(url)).open()?;
    let outcome = source.watch(7, Some(&Validator::new("\"t7\""))).await;
    told(outcome.as_ref().err());
    outcome
}

/// No failure quotes what was read or sent.
fn told(failure: Option<&Failure>) {
    let text = format!("{failure:?}");
    assert!(!text.contains("canary"), "{text}");
}

/// What is heard of a stream, and how it ends.
async fn heard(reply: impl Fn() -> Reply + Send + Sync + 'static) -> (Vec<Heard>, Failure) {
    let server = Server::http(move |_| reply()).await;
    let mut watch = open(server.url()).await.unwrap();
    let mut all = Vec::new();
    loop {
        match watch.next().await {
            Ok(heard) => all.push(heard),
            Err(failure) => {
                told(Some(&failure));
                return (all, failure);
            }
        }
    }
}

fn changes(heard: &[Heard]) -> usize {
    heard.iter().filter(|heard| matches!(heard, Heard::Change { .. })).count()
}

#[tokio::test]
async fn a_watch_says_who_asks_since_when_and_hears_changes() {
    let stream = format!(": hello\n\n{CHANGE}");
    let server = Server::http(move |_| Reply::Held(Reply::event_stream(stream.as_bytes()))).await;
    let mut watch = open(server.url()).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), Heard::Alive), "it is open");
    assert!(matches!(watch.next().await.unwrap(), Heard::Alive));
    let Heard::Change { delta, validator } = watch.next().await.unwrap() else { panic!() };
    assert_eq!((delta.from, delta.version, delta.changed.len()), (7, 8, 1));
    assert_eq!(delta.removed[0].as_str(), "OLD");
    assert_eq!(validator.unwrap().as_str(), "\"t8\"");
    // It stays open, and says nothing as long as there is nothing.
    let more = tokio::time::timeout(Duration::from_millis(50), watch.next()).await;
    assert!(more.is_err());

    let [request] = &server.requests()[..] else { panic!() };
    assert_eq!(request.line(), "GET /api/v1/watch?since=7");
    assert_eq!(request.header("last-event-id"), Some("7"));
    assert_eq!(request.header("if-none-match"), Some("\"t7\""));
    assert_eq!(request.header("accept"), Some("text/event-stream"));
    assert_eq!(request.header("authorization"), Some("Bearer canary-token"));
}

#[tokio::test]
async fn a_resumed_watch_says_first_whether_anything_was_missed() {
    for (answered, first) in [
        ("ETag: \"t7\"", Heard::Alive),
        ("ETag: W/\"t7\"", Heard::Alive),
        ("Delta-Base: \"t7\"", Heard::Missed),
        ("ETag: \"t8\"", Heard::Behind),
        ("Delta-Base: \"t8\"", Heard::Behind),
        ("ETag:", Heard::Behind),
    ] {
        let server = Server::http(move |_| {
            let stream = format!("event: reset\ndata: {{}}\n\n{CHANGE}");
            let headers = format!(
                "HTTP/1.1 200 OK\r\n{answered}\r\nSecret-Manager-Spread: 80\r\n\
                 Content-Type: text/event-stream\r\n\r\n{stream}"
            );
            Reply::Held(headers.into_bytes())
        })
        .await;
        let source = Config::Service(config(server.url())).open().unwrap();
        assert_eq!(source.spread(), Duration::ZERO);
        let mut watch = source.resume(7, &Validator::new("\"t7\"")).await.unwrap();
        assert_eq!(source.spread(), Duration::from_secs(80));
        let told = format!("{:?}", watch.next().await.unwrap());
        assert_eq!(told, format!("{first:?}"), "{answered}");
        assert!(matches!(watch.next().await.unwrap(), Heard::Behind), "a reset");
        assert!(matches!(watch.next().await.unwrap(), Heard::Change { .. }));
        let [request] = &server.requests()[..] else { panic!() };
        assert_eq!(request.line(), "GET /api/v1/watch?since=7");
        assert_eq!(request.header("if-none-match"), Some("\"t7\""));
    }
}

#[tokio::test]
async fn a_stream_cut_at_every_byte_gives_a_change_whole_or_not_at_all() {
    for cut in 0..=CHANGE.len() {
        let (all, end) =
            heard(move || Reply::Bytes(Reply::event_stream(&CHANGE.as_bytes()[..cut]))).await;
        assert_eq!(changes(&all), usize::from(cut == CHANGE.len()), "cut after {cut} bytes");
        assert_eq!(end.remedy, Remedy::Retry, "cut after {cut} bytes: {end}");
    }
}

#[tokio::test]
async fn a_stream_that_comes_byte_by_byte_is_heard_like_any_other() {
    let (all, end) = heard(|| {
        let stream = Reply::event_stream(format!("{CHANGE}{CHANGE}: bye\n").as_bytes());
        let pieces = stream.chunks(1).map(<[u8]>::to_vec).collect();
        Reply::Pieces { pieces, pause: Duration::from_millis(1) }
    })
    .await;
    assert_eq!((all.len(), changes(&all)), (4, 2));
    assert_eq!((end.remedy, &*end.message), (Remedy::Retry, "the watch was ended"));
}

#[tokio::test]
async fn what_is_odd_ends_the_watch() {
    for (name, stream) in [
        ("an unknown event", "event: other\ndata: {}\n\n".to_owned()),
        ("no event's name", CHANGE.replace("event: change\n", "")),
        ("no id", CHANGE.replace("id: 8\n", "")),
        ("another id", CHANGE.replace("id: 8", "id: 9")),
        ("no data", "id: 8\nevent: change\n\n".to_owned()),
        ("no JSON", CHANGE.replace("data: {", "data: <")),
        ("a step back", CHANGE.replace("\"from\":7", "\"from\":9")),
        ("no versions", CHANGE.replace("\"from\":7,\"version\":8", "\"from\":-1,\"version\":1e99")),
        ("a name twice", CHANGE.replace("\"changed\":{", "\"changed\":{},\"changed\":{")),
        ("a name that breaks objects", CHANGE.replace("\"KEY\"", "\"__proto__\"")),
        ("changed and removed", CHANGE.replace("\"OLD\"", "\"KEY\"")),
    ] {
        let (all, end) = heard(move || Reply::Held(Reply::event_stream(stream.as_bytes()))).await;
        assert_eq!((changes(&all), end.remedy), (0, Remedy::Repair), "{name}: {end}");
    }
    let (_, end) = heard(|| {
        let stream = CHANGE.as_bytes().iter().map(|byte| if *byte == b'-' { 0xff } else { *byte });
        Reply::Held(Reply::event_stream(&stream.collect::<Vec<_>>()))
    })
    .await;
    assert!(end.message.contains("not UTF-8"), "{end}");
    let (_, end) = heard(|| Reply::Bytes(Reply::event_stream(&vec![b'x'; 33 * 1024 * 1024]))).await;
    assert!(end.message.contains("too large"), "{end}");
    let nested = format!("data: {}\nid: 8\nevent: change\n\n", "[".repeat(1_000_000));
    let (_, end) = heard(move || Reply::Held(Reply::event_stream(nested.as_bytes()))).await;
    assert_eq!(end.remedy, Remedy::Repair, "{end}");
}

#[tokio::test]
async fn what_refuses_to_be_watched_is_sorted_by_what_helps() {
    for (status, remedy) in [
        ("401 Unauthorized", Remedy::Authorise),
        ("403 Forbidden", Remedy::Authorise),
        ("404 Not Found", Remedy::Reconfigure),
        ("405 Method Not Allowed", Remedy::Reconfigure),
        ("429 Too Many Requests", Remedy::Wait(Some(Duration::from_secs(9)))),
        ("500 Internal Server Error", Remedy::Retry),
        ("501 Not Implemented", Remedy::Reconfigure),
        ("502 Bad Gateway", Remedy::Retry),
        ("503 Service Unavailable", Remedy::Wait(Some(Duration::from_secs(9)))),
        ("204 No Content", Remedy::Repair),
        // A page in place of a stream: a proxy that wants a login, say.
        ("200 OK", Remedy::Repair),
    ] {
        let server =
            Server::http(move |_| Reply::http(status, &["retry-after: 9"], b"<canary>")).await;
        let failure = open(server.url()).await.err().unwrap();
        assert_eq!(failure.remedy, remedy, "{status}: {failure}");
    }
    let server = Server::http(|_| Reply::Hangup).await;
    assert_eq!(open(server.url()).await.err().unwrap().remedy, Remedy::Retry);
}

#[tokio::test]
async fn no_watch_is_redirected_to_another_server() {
    let other = Server::http(|_| Reply::Held(Reply::event_stream(CHANGE.as_bytes()))).await;
    let location = format!("location: {}/api/v1/watch", other.url());
    let server = Server::http(move |_| Reply::http("302 Found", &[&location], b"")).await;
    assert_eq!(open(server.url()).await.err().unwrap().remedy, Remedy::Reconfigure);
    assert!(other.requests().is_empty());
}
