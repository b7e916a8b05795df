//! Tokens that tell by their shape what they are, wherever they stand.

use crate::{CAPITALS, HEX, MIXED, body, clean, none_left};

/// Beginnings and bodies, put together here so that no file holds anything that looks like a live key.
fn tokens() -> Vec<(&'static str, String)> {
    let of = |start: &str, alphabet: &str, length| format!("{start}{}", body(alphabet, length, 7));
    let jwt = format!("eyJ{}.eyJ{}.{}", body(MIXED, 33, 1), body(MIXED, 60, 2), body(MIXED, 43, 3));
    vec![
        ("aws access key", of("AKIA", CAPITALS, 16)),
        ("aws temporary key", of("ASIA", CAPITALS, 16)),
        ("google api key", of("AIza", MIXED, 35)),
        ("google oauth token", of("ya29.", MIXED, 60)),
        ("google client secret", of("GOCSPX-", MIXED, 28)),
        ("github token", of("ghp_", MIXED, 36)),
        ("github app token", of("ghs_", MIXED, 36)),
        ("github fine-grained token", of("github_pat_", MIXED, 60)),
        ("gitlab token", of("glpat-", MIXED, 20)),
        ("gitlab deploy token", of("gldt-", MIXED, 20)),
        ("gitlab agent token", of("glagent-", MIXED, 50)),
        ("slack bot token", of("xoxb-123456789012-123456789012-", MIXED, 24)),
        ("slack app token", of("xapp-1-A0B1C2D3E4-1234567890123-", HEX, 64)),
        ("slack webhook", of("https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/", MIXED, 24)),
        ("stripe key", of("sk_live_", MIXED, 24)),
        ("stripe restricted key", of("rk_live_", MIXED, 24)),
        ("stripe webhook secret", of("whsec_", MIXED, 32)),
        ("twilio api key", of("SK", HEX, 32)),
        ("sendgrid key", format!("SG.{}.{}", body(MIXED, 22, 4), body(MIXED, 43, 5))),
        ("mailgun key", of("key-", HEX, 32)),
        ("mailchimp key", format!("{}-us12", body(HEX, 32, 6))),
        ("npm token", of("npm_", MIXED, 36)),
        ("pypi token", of("pypi-AgEIcHlwaS5vcmc", MIXED, 60)),
        ("rubygems key", of("rubygems_", HEX, 48)),
        ("docker hub token", of("dckr_pat_", MIXED, 27)),
        ("openai key", of("sk-", MIXED, 48)),
        ("openai project key", of("sk-proj-", MIXED, 60)),
        ("anthropic key", of("sk-ant-api03-", MIXED, 80)),
        ("hugging face token", of("hf_", MIXED, 34)),
        ("vault token", of("hvs.", MIXED, 24)),
        ("terraform token", format!("{}.atlasv1.{}", body(MIXED, 14, 8), body(MIXED, 60, 9))),
        ("digitalocean token", of("dop_v1_", HEX, 64)),
        ("databricks token", of("dapi", HEX, 32)),
        ("grafana token", format!("glsa_{}_{}", body(MIXED, 32, 10), body(HEX, 8, 11))),
        ("grafana cloud token", of("glc_eyJ", MIXED, 60)),
        ("new relic key", of("NRAK-", CAPITALS, 27)),
        ("sentry token", of("sntrys_eyJ", MIXED, 60)),
        ("linear key", of("lin_api_", MIXED, 40)),
        ("notion token", of("ntn_", MIXED, 46)),
        ("postman key", format!("PMAK-{}-{}", body(HEX, 24, 12), body(HEX, 34, 13))),
        ("pulumi token", of("pul-", HEX, 40)),
        ("doppler token", of("dp.pt.", MIXED, 43)),
        ("shopify token", of("shpat_", HEX, 32)),
        ("square token", of("sq0atp-", MIXED, 22)),
        ("atlassian token", of("ATATT3xFfGF0", MIXED, 60)),
        ("bitbucket token", of("ATBB", MIXED, 32)),
        ("age key", of("AGE-SECRET-KEY-1", CAPITALS, 58)),
        ("tailscale key", of("tskey-auth-", MIXED, 24)),
        ("telegram token", format!("123456789:AA{}", body(MIXED, 33, 14))),
        ("discord webhook", of("https://discord.com/api/webhooks/123456789012345678/", MIXED, 68)),
        ("azure secret", format!("abc8Q~{}", body(MIXED, 34, 15))),
        ("planetscale password", of("pscale_pw_", MIXED, 43)),
        ("supabase key", of("sbp_", HEX, 40)),
        ("fly token", of("fo1_", MIXED, 43)),
        ("cloudflare origin key", format!("v1.0-{}-{}", body(HEX, 24, 16), body(HEX, 146, 17))),
        ("jwt", jwt.clone()),
        ("service account token", format!("{jwt}{}", body(MIXED, 299, 18))),
        ("bcrypt hash", format!("$2b$12${}", body(MIXED, 53, 19))),
        ("sha512 crypt hash", format!("$6$rounds=5000$saltsalt${}", body(MIXED, 86, 20))),
        (
            "argon2 hash",
            format!(
                "$argon2id$v=19$m=65536,t=3,p=4${}${}",
                body(MIXED, 22, 21),
                body(MIXED, 43, 22)
            ),
        ),
    ]
}

/// Where they stand.
const CARRIERS: &[&str] = &[
    "@",
    "calling upstream with @ now",
    "calling upstream with @.",
    "x=@,y=1",
    "key:@",
    "[@]",
    "(@)",
    "<@>",
    "\"@\"",
    "'@'",
    "`@`",
    "{\"a\":\"@\"}",
    r#"{"msg":"got {\"a\":\"@\"}"}"#,
    r#"{"log":"got @\n","stream":"stderr"}"#,
    "a: @",
    "GET /v1/x?k=@&y=1 HTTP/1.1",
    "GET /v1/@/messages 401",
    "curl -H 'Thing: @' http://db",
    "\u{1b}[31m@\u{1b}[0m",
    "panic: 401 for @: unauthorized",
    "[main --flag @ --port 80]",
];

#[test]
fn no_known_token_is_left_anywhere() {
    let (mut count, mut leaks) = (0, Vec::new());
    for (kind, token) in tokens() {
        let secret = &token[token.len() - 12..];
        for carrier in CARRIERS {
            count += 1;
            let text = carrier.replace('@', &token);
            let clean = clean(&text);
            if clean.contains(secret) {
                leaks.push((kind.to_owned(), text, clean));
            }
        }
    }
    none_left(count, &leaks);
}
