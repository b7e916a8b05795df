//! Tokens that tell by their shape what they are.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::{KEY, PASSWORD, TOKEN};
use super::{Secret, regex};

/// How the tokens begin, for the one pass that decides which lines to look at. In lower case.
pub(super) const BEGINNINGS: [&str; 90] = [
    "discord",
    "eyj",
    "akia",
    "asia",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "glptt-",
    "glft-",
    "xox",
    "xapp-",
    "_live_",
    "_test_",
    "whsec_",
    "sg.",
    "aiza",
    "ya29.",
    "gocspx-",
    "npm_",
    "pypi-",
    "dckr_pat_",
    "hvs.",
    "hvb.",
    "hvr.",
    "_v1_",
    "sk-",
    "shpat_",
    "shpss_",
    "glsa_",
    "hf_",
    "dapi",
    "nrak-",
    "age-secret-key-",
    "tskey-",
    "atatt3x",
    "$2",
    "$6$",
    "$apr1$",
    "glagent-",
    "key-",
    "-us1",
    "-us2",
    "-us3",
    "-us4",
    "-us5",
    "-us6",
    "-us7",
    "-us8",
    "-us9",
    "rubygems_",
    ".atlasv1.",
    "glc_",
    "sntry",
    "lin_api_",
    "ntn_",
    "pmak-",
    "pul-",
    "dp.",
    "sq0",
    "atbb",
    "pscale_",
    "sbp_",
    "fo1_",
    "v1.0-",
    ":aa",
    "8q~",
    "$argon2",
    "sk0",
    "sk1",
    "sk2",
    "sk3",
    "sk4",
    "sk5",
    "sk6",
    "sk7",
    "sk8",
    "sk9",
    "ska",
    "skb",
    "skc",
    "skd",
    "ske",
    "skf",
];

/// Whose a token is, by its beginning; the longer beginnings first.
const VENDORS: [(&str, &str); 34] = [
    ("AKIA", "aws-key"),
    ("ASIA", "aws-key"),
    ("AIza", "google-key"),
    ("ya29.", "google-token"),
    ("GOCSPX-", "google-secret"),
    ("ghp_", "github-token"),
    ("gho_", "github-token"),
    ("ghu_", "github-token"),
    ("ghs_", "github-token"),
    ("ghr_", "github-token"),
    ("github_pat_", "github-token"),
    ("glsa_", "grafana-token"),
    ("glc_", "grafana-token"),
    ("glpat-", "gitlab-token"),
    ("gl", "gitlab-token"),
    ("xox", "slack-token"),
    ("xapp-", "slack-token"),
    ("sk_live_", "stripe-key"),
    ("sk_test_", "stripe-key"),
    ("rk_live_", "stripe-key"),
    ("rk_test_", "stripe-key"),
    ("whsec_", "stripe-key"),
    ("SG.", "sendgrid-key"),
    ("npm_", "npm-token"),
    ("pypi-", "pypi-token"),
    ("dckr_pat_", "docker-token"),
    ("hvs.", "vault-token"),
    ("hvb.", "vault-token"),
    ("hvr.", "vault-token"),
    ("dapi", "databricks-token"),
    ("shp", "shopify-token"),
    ("NRAK-", "newrelic-key"),
    ("SK", "twilio-key"),
    ("ATATT3x", "atlassian-token"),
];

static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)
        (?P<jwt> \beyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-=]+){1,4}\.? | \beyJ[A-Za-z0-9_\-+/=]{40,} )
        | \b(?P<key> (?:AKIA|ASIA)[A-Z0-9]{12,} | AIza[A-Za-z0-9_\-]{30,} | AGE-SECRET-KEY-1[A-Z0-9]{20,}
            | (?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,} | NRAK-[A-Z0-9]{20,} )
        | \b(?P<token> gh[pousr]_[A-Za-z0-9]{16,} | github_pat_[A-Za-z0-9_]{16,}
            | gl(?:pat|dt|rt|cbt|ptt|ft)-[A-Za-z0-9_\-.]{16,}
            | xox[a-z]-[A-Za-z0-9\-.]{8,} | xapp-[A-Za-z0-9\-]{10,} | whsec_[A-Za-z0-9+/=]{16,}
            | SG\.[A-Za-z0-9_\-]{12,}\.[A-Za-z0-9_\-]{12,} | ya29\.[A-Za-z0-9_\-]{16,}
            | GOCSPX-[A-Za-z0-9_\-]{16,} | npm_[A-Za-z0-9]{24,} | pypi-[A-Za-z0-9_\-]{24,}
            | dckr_pat_[A-Za-z0-9_\-]{16,} | hv[sbr]\.[A-Za-z0-9_\-]{16,} | do[opr]_v1_[a-f0-9]{24,}
            | shp(?:at|ss)_[a-fA-F0-9]{24,} | glsa_[A-Za-z0-9_]{24,} | hf_[A-Za-z0-9]{24,}
            | dapi[a-f0-9]{32,} | tskey-[a-z]+-[A-Za-z0-9\-]{12,} | ATATT3x[A-Za-z0-9_\-=]{24,}
            | glagent-[A-Za-z0-9_\-]{20,} | glc_eyJ[A-Za-z0-9+/=]{20,} | sntry[su]_[A-Za-z0-9+/=_]{20,}
            | rubygems_[a-f0-9]{40,} | lin_api_[A-Za-z0-9]{30,} | ntn_[A-Za-z0-9]{30,}
            | PMAK-[a-f0-9]{20,}-[a-f0-9]{20,} | pul-[a-f0-9]{40} | dp\.[a-z]{2,5}\.[A-Za-z0-9]{30,}
            | sq0[a-z]{3}-[A-Za-z0-9_\-]{20,} | ATBB[A-Za-z0-9]{20,} | pscale_[a-z]+_[A-Za-z0-9_\-]{24,}
            | sbp_[a-f0-9]{32,} | fo1_[A-Za-z0-9_\-]{30,} | v1\.0-[a-f0-9]{20,}-[a-f0-9]{60,}
            | (?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_\-]{30,} | [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{40,}
            | [A-Za-z0-9_~.\-]{3}8Q~[A-Za-z0-9_~.\-]{30,} | SK[a-f0-9]{32} | key-[a-f0-9]{32}
            | [a-f0-9]{32}-us[0-9]{1,2} | [MNO][A-Za-z0-9_\-]{22,26}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,} )
        | \b(?P<sk> sk-[A-Za-z0-9_\-]{20,} )
        | (?P<hash> \$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{20,} | \$(?:5|6|y|apr1)\$(?:rounds=[0-9]+\$)?[./A-Za-z0-9]{2,}\$[./A-Za-z0-9$]{16,}
            | \$argon2[id]{1,2}\$[A-Za-z0-9=,+/$]{20,} )
        ",
    )
});

/// The secrets of one line of `text`.
pub(super) fn find(text: &str, line: Range<usize>, found: &mut Vec<Secret>) {
    for shape in SHAPES.captures_iter(&text[line.clone()]) {
        for (name, kind) in
            [("jwt", "jwt"), ("key", KEY), ("token", TOKEN), ("sk", KEY), ("hash", PASSWORD)]
        {
            let Some(secret) = shape.name(name) else { continue };
            // A workload may be called `sk-something`; a key has capitals.
            let named = name == "sk" && !secret.as_str().contains(|c: char| c.is_ascii_uppercase());
            if !named {
                let kind = VENDORS
                    .iter()
                    .find(|(beginning, _)| secret.as_str().starts_with(beginning))
                    .map_or(kind, |(_, kind)| *kind);
                let at = line.start + secret.start()..line.start + secret.end();
                found.push(Secret { at, kind });
            }
        }
    }
}
