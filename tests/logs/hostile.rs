//! Logs made to be slow to read: four times the text may take no more than about four times the time.

use std::time::{Duration, Instant};

use firsthand::diagnosis::log::read;
use libtest_mimic::{Failed, Trial};

/// The smaller size. Four times it is above the window's size, so that both the window and what stands
/// before it are measured.
const SIZE: usize = 512 * 1024;

/// What is repeated, and what is put behind it.
const TEXTS: [(&str, &str, &str); 17] = [
    ("frames", "\tat a.b.C.d(C.java:1)\n", "Caused by: x.YException: z\n"),
    ("headers", "java.lang.XException: y\n\tat a.B.c(B.java:1)\n", ""),
    ("causes", "Caused by: java.lang.XException: y\n\tat a.B.c(B.java:1)\n", ""),
    ("panics", "panic: x\n\ngoroutine 1 [running]:\nmain.f(0x1)\n\t/a.go:1 +0x1\n", ""),
    ("panics without an end", "panic: x\n", ""),
    ("tracebacks", "Traceback (most recent call last):\n", ""),
    ("one endless traceback", "  File \"/a.py\", line 1, in f\n", "KeyError: 'X'\n"),
    ("node errors", "Error: x\n    at f (/a.js:1:2)\n", "Node.js v20\n"),
    ("ruby", "/a.rb:1:in `f': x (E)\n", ""),
    ("sanitizer", "==1==ERROR: AddressSanitizer: x\n    #0 0x1 in f /a.c:1\n", ""),
    ("complaints", "ERROR dial tcp db:5432: connect: connection refused\n", ""),
    ("one long line", "error failed refused \"x\" 10.0.0.1:80 ", ""),
    ("json", "{\"level\":\"error\",\"err\":{\"stack\":\"Error: x\\n    at f (/a.js:1:2)\"}}\n", ""),
    ("brackets", "{\"level\":\"error\",\"err\":[[[[[[[[[[", ""),
    ("blanks", " ", "panic: x"),
    ("quotes", "msg=\"\\\"\\\"\\\" level=error ", ""),
    ("colours", "\u{1b}[31mERROR\u{1b}[0m ", "\n"),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |(name, repeated, end): (&'static str, &'static str, &'static str)| {
        Trial::test(format!("linear: {name}"), move || linear(repeated, end))
    };
    TEXTS.into_iter().map(trial).collect()
}

fn linear(repeated: &str, end: &str) -> Result<(), Failed> {
    let text = |size: usize| repeated.repeat(size / repeated.len()) + end;
    let mut told = String::new();
    // Other work on the machine only adds, and may last longer than three readings.
    for _ in 0..4 {
        let (small, large) = (best(&text(SIZE)), best(&text(4 * SIZE)));
        // Twice the room of a straight line, and a floor below which clocks say nothing.
        if large <= small * 8 + Duration::from_millis(60) {
            return Ok(());
        }
        told = format!("{small:?} became {large:?} with four times the text");
    }
    Err(told.into())
}

/// The fastest of a few: other work on the machine only adds.
fn best(text: &str) -> Duration {
    let times = (0..3).map(|_| {
        let began = Instant::now();
        std::hint::black_box(read(text));
        began.elapsed()
    });
    times.min().unwrap_or_default()
}
