//! Planted secrets in the places where they are met, and what must stay as it is.

use proptest::prelude::*;

use super::*;

/// Values that must go wherever they stand behind a name, in a form that any of the contexts can hold.
const SECRETS: [&str; 8] = [
    "hunter2",
    "S3cr3t!",
    "correct-horse-battery-staple",
    "aB3$xyz%9Q",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "0123456789abcdef0123456789abcdef",
    "p@ss#word*1",
    "Zm9vYmFyYmF6cXV4MTIz==",
];

/// Where they stand; `@` is the value.
const CONTEXTS: [&str; 39] = [
    "DB_PASSWORD=@",
    "export PGPASSWORD='@'",
    "connecting with password=@ to db:5432",
    "config: {\"user\":\"app\",\"password\":\"@\",\"host\":\"db\"}",
    "config: {\"user\": \"app\", \"password\": \"@\"}",
    r#"{"msg":"got {\"apiKey\":\"@\",\"user\":\"app\"}"}"#,
    r#"{"msg":"got {\"a\":\"{\\\"apiKey\\\":\\\"@\\\",\\\"user\\\":1}\"}"}"#,
    "{'host': 'db', 'password': '@'}",
    "  password: @",
    "- client_secret: \"@\"",
    "password: @, user: app",
    "{User:app Password:@ Host:db}",
    "Settings(password=@, user=app)",
    "server --user app --password @ --port 80",
    "server --password=@ --port 80",
    "[\"server\",\"--password\",\"@\",\"--port\"]",
    "[server --password @ --port 80]",
    "spring.datasource.password = @",
    "aws_secret_access_key = @",
    "AWS_SESSION_TOKEN=@",
    "Server=db;User Id=sa;Password=@;Encrypt=true",
    "host=db user=app password=@ dbname=shop",
    "GET /v1/x?access_token=@&user=app HTTP/1.1",
    "msg=\"login\" user=app token=\"@\" took=3ms",
    "curl -u app:@ http://db",
    "curl -H 'X-Api-Key: @' http://db",
    "x-vault-token: @",
    "CREATE USER app IDENTIFIED BY '@'",
    "mysql -h db -p@ shop",
    "{\"name\":\"DB_PASSWORD\",\"value\":\"@\"}",
    "- name: DB_PASSWORD\n  value: @",
    "        - name: API_TOKEN\n          value: \"@\"\n        - name: X",
    "requirepass @",
    ":password=>\"@\"",
    "Authorization: Bearer @",
    "{\"Authorization\":[\"Bearer @\"]}",
    "> authorization: Basic @",
    "Cookie: session=@; theme=dark",
    "map[password:[@] user:[app]]",
];

#[test]
fn no_planted_secret_is_left() {
    let mut left = Vec::new();
    for context in CONTEXTS {
        for secret in SECRETS {
            let text = format!("line one\n{}\nline three", context.replace('@', secret));
            let (clean, count) = redact(&text);
            if clean.contains(secret) || count == 0 {
                left.push(format!("{text}\n→ {clean}"));
            }
            assert_eq!(clean.lines().count(), text.lines().count());
            let kept = ["db", "user", "port", "line one", "line three", "shop"];
            for word in kept.iter().filter(|word| text.contains(*word)) {
                assert!(clean.contains(word), "{word} went: {text}\n→ {clean}");
            }
            assert_eq!(redact(&clean), (Cow::Borrowed(&*clean), 0), "{text}");
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n\n"));
}

#[test]
fn credentials_in_addresses_go_and_hosts_stay() {
    let table = [
        (
            "postgres://app:hunter2@db:5432/shop?sslmode=disable",
            "postgres://app:[redacted: password]@db:5432/shop?sslmode=disable",
        ),
        ("redis://:hunter2@cache:6379/0", "redis://:[redacted: password]@cache:6379/0"),
        (
            "amqp://u:p%40ss@mq/vhost,amqp://u:two@mq2/v",
            "amqp://u:[redacted: password]@mq/vhost,amqp://u:[redacted: password]@mq2/v",
        ),
        (
            "mongodb://u:p@ss/w@h1:27017,h2:27017/db",
            "mongodb://u:[redacted: password]@h1:27017,h2:27017/db",
        ),
        (
            "https://user:pw@example.com/@scope/package",
            "https://user:[redacted: password]@example.com/@scope/package",
        ),
        ("app:hunter2@tcp(db:3306)/shop", "app:[redacted: password]@tcp(db:3306)/shop"),
        (
            "dial \"postgres://u:x@db\": refused",
            "dial \"postgres://u:[redacted: password]@db\": refused",
        ),
        (
            "https://hooks.slack.com/services/T00/B00/abcdefXYZ",
            "https://hooks.slack.com/services/[redacted: webhook]",
        ),
        (
            "git clone https://0123456789abcdef0123@example.com/x",
            "git clone https://[redacted: credentials]@example.com/x",
        ),
        (
            "jdbc:oracle:thin:app/hunter2@//db:1521/x",
            "jdbc:oracle:thin:app/[redacted: password]@//db:1521/x",
        ),
    ];
    for (text, clean) in table {
        assert_eq!(redact(text).0, clean);
        assert_eq!(redact(clean), (Cow::Borrowed(clean), 0));
    }
}

#[test]
fn tokens_are_known_by_their_shape() {
    for token in [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdefghijABCDEFGHIJ456789",
        "github_pat_11ABCDEFG0123456789_abcdefghijklmnop",
        "glpat-ABCdef0123456789_-xy",
        "xoxb-123456789012-abcdefABCDEF",
        "sk_live_0123456789abcdefABCDEF",
        "SG.abcdefghijklmnop.ABCDEFGHIJKLMNOP0123",
        "AIzaSyA0123456789abcdefghijklmnopqrstuv",
        "npm_0123456789abcdefghijABCDEFGHIJ456789",
        "hvs.CAESIJ0123456789abcdefABCDEF",
        "dop_v1_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "sk-proj-0123456789abcdefABCDEFGH",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "$2b$12$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUV0123456789",
    ] {
        for text in [
            token.to_owned(),
            format!("calling with {token} now"),
            format!("x={token},y"),
            format!("\"{token}\""),
        ] {
            let (clean, count) = redact(&text);
            assert!(!clean.contains(token) && count == 1, "{text} → {clean}");
            assert_eq!(redact(&clean), (Cow::Borrowed(&*clean), 0));
        }
    }
}

/// Lines that speak of secrets, or look like them, and hold none.
const PROSE: &str = r#"pq: password authentication failed for user "app"
FATAL:  password authentication failed for user "app" (SQLSTATE 28P01)
secret "payments-db" not found
MountVolume.SetUp failed for volume "creds" : secret "payments-db" not found
Error: couldn't find key DB_PASSWORD in Secret shop/payments-db
references non-existent secret key: DB_PASSWORD
token expired
jwt: token is expired by 3h
invalid token: expected ';' but found '}'
SyntaxError: Unexpected token < in JSON at position 0
Unexpected token: }
failed to get secret: payments-db not found
failed to get token: Get "https://login.example.com/token": dial tcp 10.0.0.1:443: connect: connection refused
KeyError: 'DB_PASSWORD'
Error: Missing required environment variable: STRIPE_SECRET_KEY
DB_PASSWORD is not set
API_TOKEN: required
environment variable API_TOKEN: not set
wrong password: access denied
password: authentication failed
flag needs an argument: --token
unknown flag: --password
the --password flag is required
--- PASS: TestCheckout (0.00s)
ok: pass=12 fail=0
PWD=/app
password=${DB_PASSWORD} user=app
password=$(DB_PASSWORD)
password=<nil> token=null secret=""
secret=shop/payments-db reconciled
Successfully pulled image "registry.example.com/team/token:1.4.2" in 2s
image registry.example.com/shop/checkout@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
commit 0123456789abcdef0123456789abcdef01234567
containerd://9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
trace 3f2504e0-4f89-41d3-9a0c-0305e82c3301 took 12ms
GET http://checkout.shop.svc:8080/healthz?user=a@example.com 200
git@github.com:example/checkout.git
https://example.com/@scope/package
at TokenService.validate(TokenService.java:42)
/src/auth/token.go:88 +0x1d
max_tokens=4096 tokenizer=bert token_count=15
serviceAccountToken: {expirationSeconds: 3607, path: token}
secretName: payments-db
imagePullSecrets: [registry]
WWW-Authenticate: Bearer realm="https://auth.example.com/token",service="registry"
basic authentication failed
Bearer token missing
unauthorized: authentication required
cache key: user:42 partition_key=7 key=value
/var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory
token=/var/run/secrets/kubernetes.io/serviceaccount/token
pod disk-cleaner-6d4b75cb6d-abcde sk-worker-6d4b75cb6d-abcdefgh on node ip-10-0-0-1
could not find -----BEGIN CERTIFICATE----- in /etc/tls/ca.crt
cookie: not found
Error from server (Forbidden): secrets "payments-db" is forbidden: User "system:serviceaccount:shop:default" cannot get resource "secrets"
auth: unsupported scheme"#;

#[test]
fn prose_and_look_alikes_stay_verbatim() {
    let changed: Vec<_> = PROSE.lines().map(|line| redact(line).0).collect();
    let changed: Vec<_> = changed.iter().filter(|line| line.contains(MARKER)).collect();
    assert!(changed.is_empty(), "{changed:#?}");
    assert_eq!(redact(PROSE), (Cow::Borrowed(PROSE), 0));
}

const BODY: &str = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";

#[test]
fn keys_in_pem_go_wherever_they_are_cut() {
    let whole =
        format!("-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}\nshort==\n-----END PRIVATE KEY-----");
    let cases = [
        format!("before\n{whole}\nafter"),
        format!("before\n{}\nafter", whole.replace('\n', "\n    ")),
        format!("{{\"key\":\"{}\"}}\nafter", whole.replace('\n', "\\n")),
        format!("{{\"k\":\"{{\\\"key\\\":\\\"{}\\\"}}\"}}\nafter", whole.replace('\n', "\\\\n")),
        // Cut behind, before, and at both ends.
        format!(
            "before\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n{BODY}\n{}",
            &BODY[..20]
        ),
        format!("{}\n{BODY}\nshort==\n-----END PRIVATE KEY-----\nafter", &BODY[9..]),
        format!("{BODY}\n{BODY}\n{}", &BODY[..30]),
        format!("-----BEGIN PRIVATE KEY-----\\n{BODY}\\n{BODY}"),
        format!("{BODY}\\n{BODY}\\n-----END PRIVATE KEY-----\\n\"}}"),
        format!(
            "12:00:01 -----BEGIN PRIVATE KEY-----\n12:00:01 {BODY}\n12:00:01 {BODY}\n12:00:01 -----END PRIVATE KEY-----\nafter"
        ),
    ];
    for text in cases {
        let (clean, count) = redact(&text);
        assert!(count > 0);
        for part in [&BODY[..20], &BODY[9..29], &BODY[40..], "short=="] {
            assert!(!clean.contains(part), "{text}\n→ {clean}");
        }
        assert_eq!(clean.lines().count(), text.lines().count());
        assert_eq!(clean.contains("before"), text.contains("before"));
        assert_eq!(clean.contains("after"), text.contains("after"), "{clean}");
        assert_eq!(redact(&clean), (Cow::Borrowed(&*clean), 0), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_redacted_stays_as_it_is(
        parts in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![
                "password", "token", "secret=", "api_key", "=", ": ", ":", "\"", "'", "\\\"", "\\", "\n", " ", "@",
                "://", "u:", "[redacted: ", "[redacted: token]", "]", "hunter2", "eyJhbGciOiJIUzI1NiJ9.", "ghp_",
                "0123456789abcdefABCDEF", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "--password ",
                "Authorization: ", "Bearer ", "Cookie: a=", "name: DB_PASSWORD", "value: ", "{", "}", ",", ";", "&",
                "$", "ä", "\u{2028}", "=>", "/",
            ]).prop_map(str::to_owned),
            "\\PC{0,6}",
        ], 0..24)
    ) {
        let text = parts.concat();
        let (clean, _) = redact(&text);
        prop_assert_eq!(clean.matches('\n').count(), text.matches('\n').count());
        let (again, count) = redact(&clean);
        prop_assert_eq!((&*again, count), (&*clean, 0));
    }
}
