//! Bytes made from bytes, always the same for the same number.

/// The longest input. A door whose work grows with the square of this is noticed.
const LONGEST: usize = 64 << 10;

/// What breaks readers: half signs, quotes, brackets, escapes, beginnings of secrets and of traces.
const PIECES: [&[u8]; 24] = [
    b"\0",
    b"\xff\xfe",
    b"\xe2\x80",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
    b"\x1b[31m",
    b"\r",
    b"\n",
    b"\n\n",
    b"{",
    b"[",
    b"\"",
    b"\\\"",
    b"'",
    b"`",
    b"%22",
    b"://a:b@",
    b"password=",
    b"Caused by: ",
    b"\tat a.b(C.java:1)\n",
    b"panic: ",
    b"-----BEGIN PRIVATE KEY-----",
    b"999999999999999999999999",
    b"-9223372036854775808",
];

/// Numbers that look thrown (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `most`; 0 where there is none.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0).checked_rem(most).unwrap_or(0)
    }

    fn stretch(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        one.min(other)..one.max(other)
    }
}

/// One to six changes of `seed`, some of them with parts of `other`.
pub(crate) fn mutated(seed: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seed[..seed.len().min(LONGEST)].to_vec();
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(..at)),
            2 => {
                let stretch = dice.stretch(bytes.len());
                drop(bytes.drain(stretch));
            }
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            4 => {
                let piece = PIECES[dice.below(PIECES.len())];
                let times = [1, 1, 2, 3, 100, LONGEST / piece.len()][dice.below(6)];
                bytes.splice(at..at, piece.repeat(times));
            }
            5 => {
                let stretch = dice.stretch(other.len().min(LONGEST));
                bytes.splice(at..at, other[stretch].iter().copied());
            }
            _ => {
                let stretch = dice.stretch(bytes.len());
                let times = 1 + dice.below(8);
                bytes.splice(at..at, bytes[stretch].repeat(times));
            }
        }
        bytes.truncate(LONGEST);
    }
    bytes
}
