//! What listens, asked as Alertmanager, the kubelet and Prometheus ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode, header};
use firsthand::telemetry::Telemetry;
use firsthand::web::{self, Accept, Accepted, BasicAuth, Readiness, Refusal, Settings};
use futures::FutureExt;
use tower::ServiceExt;

/// The routes over an `accept` of the test's own, with the two things a test may want to look at.
struct Listening {
    router: Router,
    readiness: Readiness,
    telemetry: Telemetry,
}

fn listening(settings: Settings, accept: Accept) -> Listening {
    let readiness = Readiness::of(["kubernetes", "prometheus"]);
    let telemetry = Telemetry::new(["oncall"]);
    let router = web::router(accept, settings, readiness.clone(), telemetry.clone());
    Listening { router, readiness, telemetry }
}

fn answers(result: Result<Accepted, Refusal>) -> Accept {
    Arc::new(move |_| futures::future::ready(result.clone()).boxed())
}

fn stores() -> Accept {
    answers(Ok(Accepted { new: 1, repeated: 2 }))
}

impl Listening {
    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("a router does not fail")
    }

    async fn post(
        &self,
        authorization: Option<&str>,
        body: impl Into<Body>,
    ) -> (StatusCode, String) {
        let mut request = Request::post("/alertmanager");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        read(self.ask(request.body(body.into()).expect("a request")).await).await
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        read(self.ask(Request::get(path).body(Body::empty()).expect("a request")).await).await
    }

    fn counted(&self, outcome: &str) -> bool {
        let line = format!("firsthand_webhook_requests_total{{outcome=\"{outcome}\"}} 1");
        self.telemetry.page().contains(&line)
    }
}

async fn read(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn a_webhook_is_answered_200_only_after_it_was_stored() {
    let stored = Arc::new(AtomicUsize::new(0));
    let store = stored.clone();
    let accept: Accept = Arc::new(move |body: Bytes| {
        let store = store.clone();
        async move {
            tokio::task::yield_now().await;
            store.fetch_add(body.len(), Ordering::SeqCst);
            Ok(Accepted { new: 1, repeated: 0 })
        }
        .boxed()
    });
    let web = listening(Settings::default(), accept);
    let (status, _) = web.post(None, "12345").await;
    assert_eq!((status, stored.load(Ordering::SeqCst)), (StatusCode::OK, 5));
    assert!(web.counted("accepted"));
}

#[tokio::test]
async fn what_cannot_be_stored_is_503_so_that_it_comes_again() {
    let web = listening(
        Settings::default(),
        answers(Err(Refusal::CannotStore("the disk is full".into()))),
    );
    let (status, text) = web.post(None, "{}").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("the disk is full") && text.contains("send it again"), "{text}");
    assert!(web.counted("not_stored"));
}

#[tokio::test]
async fn what_can_never_be_read_is_400_and_says_why() {
    let refusal = Refusal::Unreadable { why: "the body is not JSON".into(), sample: "<".into() };
    let web = listening(Settings::default(), answers(Err(refusal)));
    assert_eq!(
        web.post(None, "<").await,
        (StatusCode::BAD_REQUEST, "the body is not JSON\n".into())
    );
    assert!(web.counted("unreadable"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_says_what_to_change() {
    let web = listening(Settings::default(), stores());
    let (status, text) = web.post(None, vec![b' '; 33 * 1024 * 1024]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(text.contains("max_alerts"), "{text}");
    let (status, _) = web.post(None, vec![b' '; 31 * 1024 * 1024]).await;
    assert_eq!(status, StatusCode::OK, "far above the 2 MB of axum");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_503_before_alertmanager_gives_up() {
    let web = listening(Settings::default(), Arc::new(|_| futures::future::pending().boxed()));
    let began = tokio::time::Instant::now();
    let (status, _) = web.post(None, "{}").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(web.counted("overloaded"));
}

#[tokio::test(start_paused = true)]
async fn too_many_webhooks_at_once_are_shed_with_503_and_never_429() {
    let web = listening(Settings::default(), Arc::new(|_| futures::future::pending().boxed()));
    let posts = (0..600).map(|_| web.post(None, "{}"));
    let answers = futures::future::join_all(posts).await;
    assert!(answers.iter().all(|(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE));
    let shed = answers.iter().filter(|(_, text)| text.contains("too many")).count();
    assert!(shed > 0 && shed < 600, "{shed}");
}

#[tokio::test]
async fn a_panic_costs_one_request_and_is_a_500() {
    let web = listening(Settings::default(), Arc::new(|_| async { panic!("odd alert") }.boxed()));
    assert_eq!(web.post(None, "{}").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(web.get("/-/healthy").await.0, StatusCode::OK);
    assert!(web.telemetry.page().contains("firsthand_task_panics_total{task=\"web\"} 1"));
}

#[tokio::test]
async fn credentials_are_asked_for_compared_and_reread_after_rotation() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").expect("written");
    let bearer = Settings { bearer_token_file: Some(file.clone()), basic_auth: None };
    let web = listening(bearer, stores());
    assert_eq!(web.post(Some("Bearer s3cret"), "{}").await.0, StatusCode::OK);
    assert_eq!(web.post(Some("bearer s3cret"), "{}").await.0, StatusCode::OK);
    for wrong in [None, Some("Bearer S3CRET"), Some("Bearer "), Some("s3cret")] {
        assert_eq!(web.post(wrong, "{}").await.0, StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
    std::fs::write(&file, "rotated").expect("written");
    assert_eq!(web.post(Some("Bearer s3cret"), "{}").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(web.post(Some("Bearer rotated"), "{}").await.0, StatusCode::OK);
    // Ours is unreadable: that may heal, so the alert must not be dropped.
    std::fs::write(&file, "").expect("written");
    assert_eq!(web.post(Some("Bearer "), "{}").await.0, StatusCode::SERVICE_UNAVAILABLE);
    // Only alerts need them.
    assert_eq!(web.get("/-/healthy").await.0, StatusCode::OK);
}

#[tokio::test]
async fn basic_credentials_work_and_are_asked_for_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "s3cret").expect("written");
    let basic_auth = Some(BasicAuth { username: "am".into(), password_file });
    let web = listening(Settings { basic_auth, ..Settings::default() }, stores());
    // base64 of am:s3cret
    assert_eq!(web.post(Some("Basic YW06czNjcmV0"), "{}").await.0, StatusCode::OK);
    let request = Request::post("/alertmanager").body(Body::empty()).expect("a request");
    let refused = web.ask(request).await;
    assert_eq!(refused.headers()[header::WWW_AUTHENTICATE], "Basic");
}

#[tokio::test]
async fn it_is_ready_once_everything_has_answered_and_says_what_is_missing() {
    let web = listening(Settings::default(), stores());
    assert_eq!(web.get("/-/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(web.readiness.set("kubernetes", None), "a change");
    assert!(!web.readiness.set("prometheus", Some("cannot connect".into())), "still away");
    let (status, text) = web.get("/-/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text, "not ready\nprometheus: cannot connect\n");
    assert!(web.readiness.set("prometheus", None));
    assert!(!web.readiness.set("prometheus", None), "said once");
    assert_eq!(web.get("/-/ready").await, (StatusCode::OK, "ready\n".into()));
}

#[tokio::test]
async fn metrics_are_openmetrics_and_other_paths_say_what_there_is() {
    let web = listening(Settings::default(), stores());
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    let page = web.ask(request).await;
    let kind = page.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert!(read(page).await.1.ends_with("# EOF\n"));
    assert_eq!(web.get("/alerts").await.0, StatusCode::NOT_FOUND);
    assert_eq!(web.get("/alertmanager").await.0, StatusCode::METHOD_NOT_ALLOWED);
}
