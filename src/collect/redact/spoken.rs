//! Secrets that neither a sign nor a shape sets apart: arguments of well-known commands, statements of SQL,
//! and sentences like `the password is …`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::keys::{self, PASSWORD};
use super::values::{self, Value};
use super::{Secret, pairs, regex};

/// Where a command or a statement has a password, whatever it looks like.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?ix)
        \bidentified\s+(?:with\s+\S+\s+)?by\s+(?:(?:password|values)\s+)?(?:\\*['"])([^'"\\]+)
        | \b(?:create|alter)\s+user\s+\S+\s+identified\s+by\s+(?:values\s+'?)?([^\s'"\\;]+)
        | \bcrypt\s*\(\s*\\*'([^'\\]+)
        | \b(?:pgp_sym|aes)_(?:en|de)crypt\w*\s*\([^,]*,\s*\\*'([^'\\]+)
        | \b(?:with|using|and)\s+(?:the\s+)?pass(?:word|phrase|code)\s+\\*"([^"\\]+)
        | \bpassphrase\s+\\*["']([^"'\\]+)
        | "auth"\s+(?:"[^"]*"\s+)?"([^"]+)"
        | \bpsk\s*[:=]?\s*\\*["']([^"'\\]+)
        | \bpsexec\S*\s(?:.*?\s)?-p\s+["']?([^\s"']+)
        | \bpassword(?:\s*\(\s*|\s+)N?(?:\\*['])([^'\\]+)
        | \bset\s+password\s+(?:for\s+\S+\s*)?=\s*(?:\\*['"])([^'"\\]+)
        | \b(?:requirepass|masterauth)\s+["']?([^\s"']+)
        | \b(?:mysql|mariadb)\S*\s(?:.*?\s)?-p["']?([^\s"']+)
        | \b(?:docker|podman|nerdctl|helm|oras|skopeo|crane|az)\s(?:.*?\s)?login\s(?:.*?\s)?-p\s+["']?([^\s"']+)
        | \b(?:mongosh?|mongodump|mongorestore|sqlcmd|bcp)\s(?:.*?\s)?-p\s+["']?([^\s"']+)
        | \bsshpass\s+-p\s*["']?([^\s"']+)
        | \bredis-cli\s(?:.*?\s)?(?:-a|--pass)\s+["']?([^\s"']+)
        | \b(?:curl|https?|wget)\s(?:.*?\s)?(?:-u|-a|--user|--auth|--proxy-user)[\s=]*["']?[^\s:"'/]+:([^\s"']+)
        | \bcurl\s(?:.*?\s)?(?:-b|--cookie)[\s=]*["']?([a-z0-9_.\-]+=[^\s"']+)
        | \bldap\w+\s(?:.*?\s)?-w\s+["']?([^\s"']+)
        | \bopenssl\s(?:.*?\s)?-k\s+["']?([^\s"']+)
        | \bkeytool\s(?:.*?\s)?-(?:store|key)pass\s+["']?([^\s"']+)
        | \bsnmp\w+\s(?:.*?\s)?-a\s+["']?([^\s"']+)
        | \b(?:smbclient|smbget|rpcclient|net)\s(?:.*?\s)?-u\s+[^\s%]+%([^\s"']+)
        | \bnet\s+use\s(?:.*?\s)?/user:\S+\s+([^\s"']+)
        | \brabbitmqctl\s+(?:add_user|change_password)\s+\S+\s+["']?([^\s"']+)
        | \bhtpasswd\s(?:-\S+\s+)+\S+\s+\S+\s+["']?([^\s"']+)
        | \becho\s+(?:-\S+\s+)*["']?([^\s"']+)["']?\s*\|\s*(?:\S+\s)*?(?:(?:ch)?passwd|--password-stdin|sudo\s+-s|kinit|cryptsetup)
        | \b(?:pdo(?:->__construct)?|(?:mysqli?|oci|odbc|mssql|sqlsrv)_p?connect|mysqli(?:->__construct)?|ldap_bind)\s*\(\s*(?:[^,()'"]+|'[^']*'|"[^"]*")\s*,\s*(?:[^,()'"]+|'[^']*'|"[^"]*")\s*,\s*['"]([^'"]+)
        | \bkv\s+put\s+\S*(?:pass|pwd|secret|token|cred|api.?key)\S*\s+["']?([^\s"'=]+)(?:["']|\s|$)
        | \bmachine\s+\S+\s(?:.*?\s)?password\s+(\S+)
        | \b(?:setuser|user)\s(?:.*?\s)?>(\S+)
        | ^\s*(?:ENV|ARG)\s+[a-z0-9_.\-]*(?:pass|psw|pwd|pw|secret|token|key|cred)[a-z0-9_.\-]*\s+["']?([^\s"'=]+)
        "#,
    )
});

/// Where only what looks random is a secret.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?x)
        (?i:\b(?:auth\w*|login|logging\s+in|sign\w*|bind\w*)\s+(?:\S+\s+)??(?:with|as|using)\s+[a-z0-9_.\-]+:([^\s"':]+)(?:["',;\s]|$))
        | (?i:\bpass\s+phrase\s*[:=]\s*["']?([^\s"']+))
        | (?i:\bpass(?:word|code)\s+\\*"([^\s"\\]+)")
        | (?i:\bpass(?:word|code|phrase)\s+from\s+(\S+)\s+to\s+(\S+))
        | (?i:\b(?:shared|client|pre-?shared)[\s-](?:secret|key)\s+["']?([^\s"']+))
        | (?i:\bsnmp\S*\s(?:.*?\s)?community(?:\s+string)?[\s:=]+["']?([^\s"']+))
        | (?:(?i:\bmot\s+de\s+passe|\bcontrase[ñn]a|\bsenha|\bwachtwoord|\bhas[łl]o|\bkennwort|\bl[öo]senord|\bparola)|[Пп]ароль|密[码碼]|口令|パスワード|비밀번호)\s*[:=：]\s*["'«]?([^\s"',;»]+)
        | \bAUTH\s+(?:[A-Za-z0-9_\-]+\s+)?["']?([^\s"']+)["']?\s*$
        | \bLOGIN\s+\S+@\S+\s+["']?([^\s"']+)["']?\s*$
        | \bPASSWORD\s+[a-z_]+\s*=\s*(\S+)
        | (?i:\bbasic[\s-]auth\w*\s+[a-z0-9_.\-]+:([^\s"':]+))
        | \s--user(?:name)?[\s=]+["']?[^\s:"'/]+:([^\s"']+)
        | \s-u\s+\S+\s+-p[\s=]*["']?([^\s"']+)
        | \bvault\s+login\s+(?:-\S+\s+)*([^\s"'=]+)
        | \b(?:user|login|credentials)\S*\s+(?:with\s+)?[a-z]+\s*/\s*([^\s"']+)
        | \b(?:user|login)/pass(?:word)?[:=]\s*[^\s/]+/([^\s"']+)
        "#,
    )
});

/// A name with a secret's word in it, or the two words of one.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i-u)(?:(?:api|access|secret|signing|private|license|(?:en|de)cryption|hmac|aes|master|session)\x20key|[a-z0-9_.\-]*(?:pass|pwd|psw|pw|secret|token|key|cred|session|sessid)[a-z0-9_.\-]*)",
    )
});

/// A name with a secret's word in it and, with a few small words between, what may be its value.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?ix)
        ( (?:api|access|secret|signing|private|license|(?:en|de)cryption|hmac|aes|master|session)\x20key
          | [a-z0-9_.\-]*(?:pass|pwd|psw|pw|secret|token|key|cred|session|sessid)[a-z0-9_.\-]* )
        (?:\\*["'`])?
        (?: \s+(?:is|was|set|to|provided|given|value|now|changed|updated|generated|be|as|for\s+(?:the\s+)?(?:(?:user|role|account|login)\s+)?[^\s:]+) \b ){0,4}
        \s* (?: -> | => | [:|,=] )? \s*
        (?:\\*["'`(\[])? \s*
        "#,
    )
});

/// Passwords of commands and statements in one line of `text`.
pub(super) fn commands(text: &str, line: Range<usize>, found: &mut Vec<Secret>) {
    let words = &text[line.clone()];
    for spoken in COMMAND.captures_iter(words) {
        // `Can't locate revision identified by '3f2a9c1d'`: a migration, not a user.
        let before = spoken.get(0).map_or("", |whole| words[..whole.start()].trim_end());
        if before.ends_with("revision") {
            continue;
        }
        if let Some(value) = spoken.iter().skip(1).flatten().next() {
            let at = line.start + value.start()..line.start + value.end();
            pairs::keep(text, Some(Value { at, quoted: false }), PASSWORD, found);
        }
    }
    for login in LOGIN.captures_iter(words) {
        for value in login.iter().skip(1).flatten() {
            if values::is_random(value.as_str(), PASSWORD) && !is_hash(value.as_str()) {
                let at = line.start + value.start()..line.start + value.end();
                found.push(Secret { at, kind: PASSWORD });
            }
        }
    }
}

/// `scram-sha-256`: how a password is kept, not what it is.
fn is_hash(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["sha-", "sha2", "sha5", "md5", "bcrypt", "argon2", "pbkdf2"].iter().any(|it| word.contains(it))
        && word.len() < 24
}

/// Longer words are looked at by other rules; each name of a line looks at no more than this.
const LONGEST: usize = 512;

/// Values that a sentence of this line tells. Only what looks like nothing else goes.
pub(super) fn sentences(text: &str, line: Range<usize>, found: &mut Vec<Secret>) {
    let mut from = line.start;
    while let Some(name) = NAME.find_at(&text[..line.end], from) {
        // The value may be a name of the next.
        from = name.end();
        let Some(kind) = keys::kind(&name.as_str().replace(' ', "_")) else { continue };
        let Some(whole) = SAID.find_at(&text[..line.end], name.start()) else { break };
        // A path of an address, or one word that only begins so.
        if whole.end() == name.end() || text[line.start..name.start()].ends_with('/') {
            continue;
        }
        let Some(word) = word(&text[whole.end()..line.end]) else { continue };
        // A name of its own: `token secret_key=…`. A password may well be called so: `MyPass2026`.
        let behind = &text[whole.end() + word.len()..line.end];
        let names =
            keys::kind(word).is_some() && behind.starts_with([':', '=', '"', '\'', '|', ' ']);
        if values::is_random(word, kind) && !word.starts_with('-') && !names {
            found.push(Secret { at: whole.end()..whole.end() + word.len(), kind });
        }
    }
}

/// The word that the text begins with, without the punctuation behind it.
fn word(text: &str) -> Option<&str> {
    let head = &text[..text.floor_char_boundary(LONGEST)];
    let end = head.find(|c: char| c.is_whitespace() || "\"'`|()[]<>\\,;".contains(c));
    let end = end.or((text.len() <= LONGEST).then_some(text.len()))?;
    Some(text[..end].trim_end_matches(['.', ':', '!', '?', '}']))
}
