//! Tokens that tell by their shape what they are.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::Secret;
use super::keys::{KEY, PASSWORD, TOKEN};

/// How the tokens begin, for the one pass that decides which lines to look at. In lower case.
pub(super) const BEGINNINGS: [&str; 44] = [
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
];

static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
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
            | dapi[a-f0-9]{32,} | tskey-[a-z]+-[A-Za-z0-9\-]{12,} | ATATT3x[A-Za-z0-9_\-=]{24,} )
        | \b(?P<sk> sk-[A-Za-z0-9_\-]{20,} )
        | (?P<hash> \$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{20,} | \$(?:6|apr1)\$[./A-Za-z0-9]{2,}\$[./A-Za-z0-9]{16,} )
        ",
    )
    .expect("the pattern is a constant")
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
                let at = line.start + secret.start()..line.start + secret.end();
                found.push(Secret { at, kind });
            }
        }
    }
}
