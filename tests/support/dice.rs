//! Numbers that look random, the same for the same seed.

/// The seed of a test; said if the test fails.
pub struct Seed {
    variable: &'static str,
    /// The number.
    pub number: u64,
}

impl Seed {
    /// What the environment says, else a fixed one, so that a run is the same as the one before.
    pub fn of(variable: &'static str) -> Self {
        let number = std::env::var(variable).map_or(1, |text| text.parse().expect("the seed is a number"));
        Self { variable, number }
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "the test harness shows it with the failure")]
            {
                eprintln!("to run it again: {}={}", self.variable, self.number);
            }
        }
    }
}

/// A generator.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        // xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % limit
    }
}
