//! Values whose name says that they are secrets.

use crate::{clean, none_left};

/// Names that people give to secrets.
const NAMES: &[&str] = &[
    "password",
    "DB_PASS",
    "DB_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PWD",
    "MYSQL_ROOT_PASSWORD",
    "REDIS_PASSWORD",
    "SPRING_DATASOURCE_PASSWORD",
    "spring.datasource.password",
    "sasl.password",
    "ssl.key.password",
    "javax.net.ssl.keyStorePassword",
    "LDAP_BIND_PASSWORD",
    "bindpw",
    "SMTP_PASS",
    "smtp_pwd",
    "dbPass",
    "userPassword",
    "passwd",
    "passphrase",
    "POSTGRES_PASSWORD_PROD",
    "pwd",
    "apiKey",
    "api_key",
    "API-KEY",
    "x-api-key",
    "DD_API_KEY",
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "datadog.apiKey",
    "X-Auth-Token",
    "X-Vault-Token",
    "VAULT_TOKEN",
    "client_secret",
    "clientSecret",
    "AZURE_CLIENT_SECRET",
    "AccountKey",
    "SharedAccessKey",
    "aws_secret_access_key",
    "secretAccessKey",
    "AWS_SESSION_TOKEN",
    "X-Amz-Security-Token",
    "SECRET_KEY_BASE",
    "SECRET_KEY",
    "DJANGO_SECRET_KEY",
    "JWT_SIGNING_KEY",
    "JWT_SECRET",
    "ENCRYPTION_KEY",
    "encryptionKey",
    "FERNET_KEY",
    "RAILS_MASTER_KEY",
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "authToken",
    "_authToken",
    "refresh_token",
    "id_token",
    "sessionToken",
    "csrf_token",
    "TWILIO_AUTH_TOKEN",
    "STRIPE_SECRET_KEY",
    "SENTRY_AUTH_TOKEN",
    "CI_JOB_TOKEN",
    "WEBHOOK_SECRET",
    "COOKIE_SECRET",
    "HMAC_KEY",
    "private_key",
    "AUTH_KEY",
    "storage_key",
    "credentials",
    "accessToken",
    "ACCESS_KEY",
    "token",
    "secret",
    "shared_secret",
    "oauth_token_secret",
    "consumer_secret",
    "app_secret",
    "appSecret",
    "master_password",
    "old_password",
    "newPassword",
    "otp_secret",
    "LICENSE_KEY",
    "MINIO_SECRET_KEY",
    "GF_SECURITY_ADMIN_PASSWORD",
    "RABBITMQ_DEFAULT_PASS",
    "MONGO_INITDB_ROOT_PASSWORD",
    "KEYCLOAK_ADMIN_PASSWORD",
    "pswd",
    "passcode",
    "dbpassword",
];

/// Where pairs stand, `{n}` is the name and `{v}` the value. In these any value must go.
const STRICT: &[&str] = &[
    "{n}={v}",
    "export {n}={v}",
    "export {n}='{v}'",
    "{n}=\"{v}\"",
    "  {n}: {v}",
    "  {n}: \"{v}\"",
    "- {n}: '{v}'",
    "{\"host\":\"db\",\"{n}\":\"{v}\",\"port\":5432}",
    "{\"host\": \"db\", \"{n}\" : \"{v}\"}",
    r#"{"msg":"loaded {\"user\":\"app\",\"{n}\":\"{v}\"}"}"#,
    r#"{"log":"{\"msg\":\"{\\\"{n}\\\":\\\"{v}\\\",\\\"user\\\":\\\"app\\\"}\"}\n","stream":"stdout"}"#,
    "ts=2026-11-21T02:14:00Z level=info msg=starting {n}={v} port=5432",
    "ts=2026-11-21T02:14:00Z level=info msg=\"starting up\" {n}=\"{v}\" port=5432",
    "2026-11-21 02:14:00,123 INFO [main] c.e.App - using {n}={v}, host=db",
    "GET /v1/login?{n}={v}&user=app HTTP/1.1",
    "GET https://api.example.com/v1/login?user=app&{n}={v}",
    "server --{n}={v} --port 80",
    "server -{n}={v}",
    "java -D{n}={v} -jar app.jar",
    "docker run -e {n}={v} app:1",
    "kubectl create secret generic app --from-literal={n}={v} -n shop",
    "helm upgrade app ./chart --set {n}={v} --set replicas=2",
    "{n} = {v}",
    "{n} = \"{v}\"",
    "{n} := \"{v}\"",
    "{'host': 'db', '{n}': '{v}'}",
    "environ({'HOME': '/root', '{n}': '{v}', 'PATH': '/bin'})",
    "Config(host='db', {n}='{v}', port=5432)",
    "Settings{host=db, {n}={v}, port=5432}",
    "{:host=>\"db\", :{n}=>\"{v}\"}",
    "{:host \"db\", \"{n}\" => \"{v}\"}",
    "map[host:db {n}:{v} port:5432]",
    "&{Host:db {n}:{v} Port:5432}",
    "map[string]string{\"host\":\"db\", \"{n}\":\"{v}\"}",
    "Config { host: \"db\", {n}: \"{v}\", port: 5432 }",
    "Config { host: \"db\", {n}: Some(\"{v}\"), port: 5432 }",
    "<{n}>{v}</{n}>",
    "<property name=\"{n}\" value=\"{v}\"/>",
    "<add key=\"{n}\" value=\"{v}\" />",
    "{\"name\":\"{n}\",\"value\":\"{v}\"}",
    "{\"key\":\"{n}\",\"value\":\"{v}\"}",
    "{\"value\":\"{v}\",\"name\":\"{n}\"}",
    "env:\n- name: {n}\n  value: {v}\n- name: X",
    "env:\n- name: {n}\n  value: \"{v}\"",
    "env:\n- value: \"{v}\"\n  name: {n}",
    "\"{n}\": \"{v}\",",
    "  \"{n}\" = \"{v}\"",
    "set {n}='{v}'",
    "ENV {n} {v}",
    "$env:{n} = \"{v}\"",
    "[\"server\",\"--{n}\",\"{v}\",\"--port\"]",
    "[\"server\", \"--{n}={v}\", \"--port\"]",
    "{n}:\n  {v}",
    "{n}: >-\n  {v}\nhost: db",
    "{n}: |\n    {v}\nhost: db",
    "\u{1b}[32m{n}\u{1b}[0m={v}",
    "\u{1b}[36m{n}=\u{1b}[0m{v} port=80",
    "{n}%3D{v}%26user%3Dapp",
    "%22{n}%22%3A%22{v}%22",
    "{&quot;{n}&quot;:&quot;{v}&quot;}",
    "{\\u0022{n}\\u0022:\\u0022{v}\\u0022}",
];

/// In these a word may be prose: `token: expected`. Only what no sentence has must go.
const SPOKEN: &[&str] = &[
    "INFO config loaded: {n}: {v}",
    "< {n}: {v}",
    "> {n}: {v}",
    "* {n}:{v}",
    "using {n} {v}",
    "using {n} '{v}' for db",
    "{n} is {v}",
    "{n} was set to {v}",
    "invalid {n} \"{v}\"",
    "invalid {n}: {v}",
    "wrong {n} ({v}) for user app",
    "server --{n} {v} --port 80",
    "| {n} | {v} |",
    "{n}\t{v}",
    "{n} -> {v}",
    "(\"{n}\", \"{v}\")",
    "[\"{n}\",\"{v}\"]",
];

const VALUES: &[&str] = &[
    "quokkafern",
    "Qu0kkaFern7",
    "hunter2-PLANTED-0042",
    "zk7Qm2xVb9Lr4Tn8",
    "8f14e45fceea167a5a36dedd4bea2543",
    "wJalrXUtnFEMIK7MDENGbPxRfiCYzz9+/kEY",
    "UXVva2thRmVybjIwMjY==",
    "f3rn@quokka!2026",
    "qu0kka%24fern%40x",
];

fn fill(format: &str, name: &str, value: &str) -> String {
    format.replace("{n}", name).replace("{v}", value)
}

fn planted(formats: &[&str], is_meant: impl Fn(&str) -> bool) {
    let (mut count, mut leaks) = (0, Vec::new());
    for (i, format) in formats.iter().enumerate() {
        for (j, name) in NAMES.iter().enumerate() {
            // Two of the values each: all pairs of format and value, and of name and value, come up.
            let values =
                [VALUES[(i + j) % VALUES.len()], VALUES[(i * 2 + j * 5 + 3) % VALUES.len()]];
            for value in values.into_iter().filter(|value| is_meant(value)) {
                count += 1;
                let text = fill(format, name, value);
                let clean = clean(&text);
                if clean.contains(value) {
                    leaks.push((format!("{format:?}"), text, clean));
                }
            }
        }
    }
    none_left(count, &leaks);
}

#[test]
fn no_value_of_a_secret_name_is_left() {
    planted(STRICT, |_| true);
}

#[test]
fn no_value_that_is_no_word_is_left_beside_a_secret_name_in_a_sentence() {
    planted(SPOKEN, |value| value.contains(|c: char| c.is_ascii_digit()));
}
