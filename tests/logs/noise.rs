//! Ordinary lines in the style of each runtime, from a seed: requests, health checks, retries that later
//! succeed, deprecations, and errors that were survived.

/// A stream of numbers that only the seed decides (splitmix64).
struct Seed(u64);

impl Seed {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.next(choices.len() as u64) as usize]
    }
}

/// The styles that there are; any other is `plain`.
pub(crate) const STYLES: [&str; 17] = [
    "plain", "json", "slog", "pino", "logfmt", "go", "python", "java", "rust", "ruby", "php",
    "node", "elixir", "postgres", "redis", "nginx", "mariadb",
];

const PATHS: [&str; 6] = ["/cart", "/healthz", "/orders/17", "/metrics", "/api/v1/rates", "/login"];

/// What a line says: its level, and its words.
fn words(seed: &mut Seed, at: usize, count: usize) -> (&'static str, String) {
    let took = seed.next(900);
    let path = seed.of(&PATHS);
    // Errors stand well before the end: what comes after them shows that the program went on.
    let early = at + 40 < count;
    match seed.next(40) {
        0 => (
            "WARN",
            format!(
                "the option cache.legacy is deprecated and will be removed, use cache.mode ({took})"
            ),
        ),
        1 if early => {
            ("ERROR", format!("connect to rates:8443: connection refused, retrying in {took}ms"))
        }
        2 if early => ("ERROR", format!("request {path} failed: item {took} not found")),
        3 => ("WARN", format!("slow query took {took}ms, timeout is 1000ms")),
        4 => ("INFO", format!("connected to rates:8443 after {took}ms")),
        5 => ("INFO", format!("processed batch {took}: 0 errors, 0 failed")),
        6 => ("DEBUG", format!("cache miss for key user:{took}")),
        7 if early => (
            "WARN",
            format!("attempt {} to reach rates:8443 failed: timeout, will retry", took % 5),
        ),
        _ => ("INFO", format!("GET {path} 200 {took}ms id={:08x}", seed.next(u64::from(u32::MAX)))),
    }
}

/// So many lines in a style; unknown styles are plain words.
pub(crate) fn lines(style: &str, seed: u64, count: usize) -> String {
    let mut seed = Seed(seed);
    let mut text = String::new();
    for at in 0..count {
        let (level, said) = words(&mut seed, at, count);
        let clock = format!("02:{:02}:{:02}.{:03}", at / 60 % 60, at % 60, seed.next(1000));
        text.push_str(&line(style, level, &clock, &said, at));
        text.push('\n');
    }
    text
}

fn line(style: &str, level: &str, clock: &str, said: &str, at: usize) -> String {
    let lower = level.to_ascii_lowercase();
    let second = &clock[..8];
    match style {
        "json" => format!(
            r#"{{"level":"{lower}","ts":"2026-11-21T{clock}Z","msg":"{said}","thread":{}}}"#,
            at % 7
        ),
        "slog" => format!(r#"{{"time":"2026-11-21T{clock}Z","level":"{level}","msg":"{said}"}}"#),
        "pino" => {
            let number = match level {
                "ERROR" => 50,
                "WARN" => 40,
                "DEBUG" => 20,
                _ => 30,
            };
            format!(
                r#"{{"level":{number},"time":17632{at:08},"pid":7,"hostname":"web-7d9","msg":"{said}"}}"#
            )
        }
        "logfmt" => format!(r#"time=2026-11-21T{clock}Z level={level} msg="{said}" n={at}"#),
        "go" => {
            format!("2026/11/21 {second} {}{said}", if level == "INFO" { "" } else { "warning: " })
        }
        "python" => format!("2026-11-21 {second},{} {level} shop.views {said}", &clock[9..]),
        "java" => format!(
            "2026-11-21 {clock} {level:>5} 1 --- [nio-8080-exec-{}] c.a.shop.Orders : {said}",
            at % 9
        ),
        "rust" => format!("2026-11-21T{clock}Z {level:>5} shop::orders: {said}"),
        "ruby" => format!("{}, [2026-11-21T{clock} #7] {level:>5} -- : {said}", &level[..1]),
        "php" => format!("[2026-11-21 {second}] production.{level}: {said}"),
        "node" => format!("[{second}] {lower}: {said}"),
        "elixir" => {
            format!("{clock} [{}] {said}", if lower == "warn" { "warning" } else { &lower })
        }
        "postgres" => {
            let said = if level == "ERROR" {
                "ERROR:  duplicate key value violates unique constraint \"orders_pkey\"".to_owned()
            } else {
                format!("LOG:  checkpoint complete: wrote {at} buffers")
            };
            format!("2026-11-21 {clock} UTC [{}] {said}", 60 + at % 9)
        }
        "redis" => format!("1:M 21 Nov 2026 {clock} * {at} changes in 300 seconds. Saving..."),
        "nginx" => format!(
            "10.0.0.{} - - [21/Nov/2026:{second} +0000] \"GET /cart HTTP/1.1\" 200 {at} \"-\" \"kube-probe/1.33\"",
            at % 250
        ),
        "mariadb" => {
            format!("2026-11-21 {second} {at} [Note] InnoDB: Buffer pool(s) load completed")
        }
        _ => format!("{level} {said}"),
    }
}
