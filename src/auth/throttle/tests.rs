use super::*;
use crate::clock::ManualClock;

struct Guesser {
    throttle: Throttle,
    clock: Arc<ManualClock>,
}

impl Guesser {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp(1_000_000)));
        Self { throttle: Throttle::new(clock.clone()), clock }
    }

    /// Tries a wrong secret; the seconds to wait if it is too early.
    fn wrong(&self, name: &str, address: &str) -> Option<u64> {
        match self.throttle.attempt(name, Some(address.parse().expect("an address"))) {
            Ok(_) => None,
            Err(TooEarly(wait)) => Some(wait.as_secs()),
        }
    }

    fn right(&self, name: &str, address: &str) -> bool {
        let attempt = self.throttle.attempt(name, Some(address.parse().expect("an address")));
        attempt.map(Attempt::was_right).is_ok()
    }
}

#[test]
fn the_wait_doubles_from_the_eleventh_wrong_attempt_on_up_to_a_minute() {
    let guesser = Guesser::new();
    for _ in 0..10 {
        assert_eq!(guesser.wrong("a", "192.0.2.1"), None);
    }
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(guesser.wrong("a", "192.0.2.1"), Some(wait));
        guesser.clock.advance(wait.cast_signed() * 1_000 - 1);
        assert_eq!(guesser.wrong("a", "192.0.2.1"), Some(1), "a millisecond too early");
        guesser.clock.advance(1);
        assert_eq!(guesser.wrong("a", "192.0.2.1"), None);
    }
}

#[test]
fn an_hour_without_a_wrong_attempt_and_all_is_forgotten() {
    let guesser = Guesser::new();
    for _ in 0..10 {
        guesser.wrong("a", "192.0.2.1");
    }
    assert_eq!(guesser.wrong("a", "192.0.2.1"), Some(1));
    guesser.clock.advance(MEMORY_MS);
    for _ in 0..10 {
        assert_eq!(guesser.wrong("a", "192.0.2.1"), None);
    }
    assert_eq!(guesser.wrong("a", "192.0.2.1"), Some(1));
}

#[test]
fn another_address_does_not_help_with_the_same_name_and_another_name_not_from_the_same_address() {
    let guesser = Guesser::new();
    for host in 0..10 {
        assert_eq!(guesser.wrong("a", &format!("192.0.2.{host}")), None);
    }
    assert_eq!(guesser.wrong("a", "192.0.2.77"), Some(1));
    for name in 0..50 {
        assert_eq!(guesser.wrong(&format!("n{name}"), "198.51.100.1"), None);
    }
    assert_eq!(guesser.wrong("n50", "198.51.100.1"), Some(1));
    assert_eq!(guesser.wrong("n50", "198.51.100.2"), None);
}

#[test]
fn the_addresses_of_one_ipv6_network_are_one() {
    let guesser = Guesser::new();
    for host in 0..50 {
        assert_eq!(guesser.wrong(&format!("n{host}"), &format!("2001:db8:0:1::{host:x}")), None);
    }
    assert_eq!(guesser.wrong("n50", "2001:db8:0:1:ffff::1"), Some(1));
    assert_eq!(guesser.wrong("n50", "2001:db8:0:2::1"), None);
    assert_eq!(network("::ffff:192.0.2.1".parse().expect("an address")), "192.0.2.1");
}

#[test]
fn who_guesses_at_a_name_does_not_lock_out_whom_it_belongs_to() {
    let guesser = Guesser::new();
    assert!(guesser.right("a", "203.0.113.5"));
    for host in 0..10 {
        guesser.wrong("a", &format!("192.0.2.{host}"));
    }
    assert_eq!(guesser.wrong("a", "192.0.2.10"), Some(1));
    assert!(guesser.right("a", "203.0.113.5"));
    assert!(!guesser.right("a", "203.0.113.6"), "a newcomer waits");
    // But who sits at the familiar address cannot guess for nothing either.
    for _ in 0..10 {
        assert_eq!(guesser.wrong("a", "203.0.113.5"), None);
    }
    assert_eq!(guesser.wrong("a", "203.0.113.5"), Some(1));
}

#[test]
fn a_right_attempt_forgets_the_wrong_ones_of_the_name_but_not_those_of_the_address() {
    let guesser = Guesser::new();
    for _ in 0..9 {
        guesser.wrong("a", "192.0.2.1");
    }
    assert!(guesser.right("a", "192.0.2.1"));
    for _ in 0..10 {
        assert_eq!(guesser.wrong("a", "192.0.2.2"), None);
    }
    for name in 0..41 {
        assert_eq!(guesser.wrong(&format!("n{name}"), "192.0.2.1"), None);
    }
    assert_eq!(guesser.wrong("b", "192.0.2.1"), Some(1), "9 + 41");
}

#[test]
fn attempts_at_the_same_time_count_from_their_beginning_and_void_ones_not_at_all() {
    let guesser = Guesser::new();
    let on_their_way: Vec<_> = (0..10).map(|_| guesser.throttle.attempt("a", None).expect("free")).collect();
    assert_eq!(guesser.throttle.attempt("a", None).err(), Some(TooEarly(Duration::from_secs(1))));
    on_their_way.into_iter().for_each(Attempt::was_void);
    for _ in 0..10 {
        assert!(guesser.throttle.attempt("a", None).is_ok());
    }
}

#[test]
fn guesses_at_keys_count_under_their_address_and_a_familiar_key_is_served_all_the_same() {
    let guesser = Guesser::new();
    let throttle = &guesser.throttle;
    let address = |text: &str| Some(text.parse().expect("an address"));
    let at_once: Vec<_> = (0..100).map(|_| throttle.attempt_at_key("good", address("192.0.2.1")).expect("free")).collect();
    at_once.into_iter().for_each(KeyAttempt::was_right);
    for guess in 0..50 {
        throttle.attempt_at_key(&format!("g{guess}"), address("192.0.2.1")).expect("free").was_wrong();
    }
    let early = Some(TooEarly(Duration::from_secs(1)));
    assert_eq!(throttle.attempt_at_key("g50", address("192.0.2.1")).err(), early);
    assert_eq!(throttle.attempt_at_key("another good one", address("192.0.2.1")).err(), early);
    assert_eq!(guesser.wrong("a", "192.0.2.1"), Some(1), "nor is there another kind of guess");
    assert!(throttle.attempt_at_key("g50", address("192.0.2.2")).is_ok());
    let good = throttle.attempt_at_key("good", address("192.0.2.1")).expect("familiar");
    good.was_wrong();
    let wait = throttle.attempt_at_key("good", address("192.0.2.1")).err();
    assert_eq!(wait, Some(TooEarly(Duration::from_secs(2))), "it was deleted meanwhile");
    assert!(throttle.attempt_at_key("good", None).is_ok());
}

#[test]
fn a_token_that_is_wrong_again_and_again_is_one_guess() {
    let guesser = Guesser::new();
    let wrong = |token: &str, address: &str| guesser.throttle.wrong_token(token, address.parse().ok());
    for _ in 0..1_000 {
        assert_eq!(wrong("of a Directory that is gone", "192.0.2.1"), Ok(()));
    }
    for guess in 1..TOKENS_FREE {
        assert_eq!(wrong(&format!("g{guess}"), "192.0.2.1"), Ok(()));
    }
    assert_eq!(wrong("next", "192.0.2.1"), Err(TooEarly(Duration::from_secs(1))));
    assert_eq!(wrong("next", "192.0.2.2"), Ok(()));
    assert!(guesser.throttle.wrong_token("next", None).is_ok());
    assert_eq!(guesser.wrong("a", "192.0.2.1"), None, "nor is there another kind of guess");
    guesser.clock.advance(1_000);
    assert_eq!(wrong("next", "192.0.2.1"), Ok(()));
    assert_eq!(wrong("g1", "192.0.2.1"), Err(TooEarly(Duration::from_secs(2))));
    guesser.clock.advance(MEMORY_MS);
    for guess in 1..=TOKENS_FREE {
        assert_eq!(wrong(&format!("g{guess}"), "192.0.2.1"), Ok(()), "an hour passed without one");
    }
}

#[test]
fn a_clock_that_is_set_back_makes_nobody_wait_longer() {
    let guesser = Guesser::new();
    for _ in 0..10 {
        guesser.wrong("a", "192.0.2.1");
    }
    guesser.clock.advance(-86_400_000);
    assert_eq!(guesser.wrong("a", "192.0.2.1"), Some(1));
}

#[test]
fn memory_is_bounded_and_the_latest_are_kept() {
    let guesser = Guesser::new();
    for _ in 0..10 {
        guesser.wrong("last", "192.0.2.1");
    }
    for name in 0..COUNTS_MAX + 10 {
        guesser.clock.advance(1);
        drop(guesser.throttle.attempt(&name.to_string(), None));
        if name % 1_000 == 0 {
            // It is tried again and again meanwhile, so it is not among the older half.
            drop(guesser.throttle.attempt("last", None));
        }
    }
    let known = guesser.throttle.known.lock().expect("not poisoned");
    assert!(known.counts.len() <= COUNTS_MAX, "{}", known.counts.len());
    assert!(known.counts.contains_key(&key(&["name", "last"])));
    assert!(!known.counts.contains_key(&key(&["name", "0"])));
}
