use super::*;
use crate::error::ErrorKind;
use futures::StreamExt;
use std::cell::RefCell;

/// A service that saves up what is not used, as seen from a paused clock.
struct Service {
    per_second: f64,
    burst: f64,
    retry_after: Option<f64>,
    count_refused: bool,
    tokens: f64,
    at: Instant,
    refused: u32,
}

/// The forms in which a service refuses: `Retry-After`, and whether refused requests count.
const PLAIN: (Option<f64>, bool) = (None, false);
const FIVE_SECONDS: (Option<f64>, bool) = (Some(5.0), false);
const COUNTED: (Option<f64>, bool) = (None, true);

/// 300 blobs, their listings and the subscriptions.
const FEED: usize = 306;
/// What the feed takes at 600 a minute, in seconds.
const IDEAL: f64 = 31.0;

impl Service {
    fn new(per_minute: f64, burst: f64, (retry_after, count_refused): (Option<f64>, bool)) -> Self {
        let at = Instant::now();
        let per_second = per_minute / 60.0;
        Service { per_second, burst, retry_after, count_refused, tokens: burst, at, refused: 0 }
    }

    fn take(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.at).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return true;
        }
        if self.count_refused {
            self.tokens = (self.tokens - 1.0).max(-self.burst);
        }
        self.refused += 1;
        false
    }
}

fn throttled(retry_after: Option<f64>) -> Error {
    Error::new(ErrorKind::Throttled, "slow down")
        .with_status(429)
        .with_repeat(Repeat::Throttled)
        .with_retry_after(retry_after.map(Duration::from_secs_f64))
}

/// Sends `count` requests of so many milliseconds, and up to a fifth more, 16 at once; gives seconds needed and
/// requests refused.
async fn run(pace: &Pace, service: &RefCell<Service>, count: usize, latency: u64) -> (f64, u32) {
    let began = Instant::now();
    let before = service.borrow().refused;
    futures::stream::iter(0..count)
        .for_each_concurrent(16, async |_| {
            loop {
                let turn = pace.turn(false).await;
                let there = Duration::from_millis(latency).mul_f64(0.5 + fastrand::f64() / 5.0);
                tokio::time::sleep(there).await;
                let is_taken = service.borrow_mut().take();
                tokio::time::sleep(Duration::from_millis(latency / 2)).await;
                if is_taken {
                    return turn.accepted();
                }
                let retry_after = service.borrow().retry_after;
                turn.failed(&throttled(retry_after));
                tokio::time::sleep(pace.pause_left()).await;
            }
        })
        .await;
    (began.elapsed().as_secs_f64(), service.borrow().refused - before)
}

/// The feed in each form over many latencies and seeds: the longest time and the most refusals.
async fn worst(allowed: f64, form: (Option<f64>, bool), burst: f64, latencies: &[u64]) -> (f64, u32) {
    let mut worst = (0.0_f64, 0);
    for (latency, seed) in latencies.iter().flat_map(|latency| (0..10).map(move |seed| (*latency, seed))) {
        fastrand::seed(seed);
        let service = RefCell::new(Service::new(600.0, burst, form));
        let (seconds, refused) = run(&Pace::new(allowed), &service, FEED, latency).await;
        worst = (worst.0.max(seconds), worst.1.max(refused));
    }
    worst
}

#[tokio::test(start_paused = true)]
async fn requests_are_spread_and_there_is_no_opening_burst() {
    let pace = Pace::new(600.0);
    let service = RefCell::new(Service::new(660.0, 1.0, PLAIN));
    let (seconds, refused) = run(&pace, &service, 100, 0).await;
    assert_eq!(refused, 0);
    assert!((9.8..10.2).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_known_is_used_up_without_refusals() {
    for form in [PLAIN, FIVE_SECONDS, COUNTED] {
        for burst in [5.0, 10.0, 20.0, 60.0] {
            let (seconds, refused) = worst(600.0, form, burst, &[2, 20, 120, 400]).await;
            assert!(seconds < 1.02 * IDEAL && refused == 0, "{form:?}, {burst}: {seconds}, {refused}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_not_known_is_found_with_few_refusals_and_no_time_lost() {
    for form in [PLAIN, COUNTED] {
        for (burst, most) in [(5.0, 1.07), (10.0, 1.05), (20.0, 1.05), (60.0, 1.05)] {
            let (seconds, refused) = worst(2_000.0, form, burst, &[2, 20, 50]).await;
            let seen = format!("{form:?}, burst {burst}: {:.3}, {refused} refused", seconds / IDEAL);
            assert!(seconds < most * IDEAL && refused <= FEED as u32 / 17, "{seen}");
        }
        // A second's worth, as most save up: at most 3 %.
        let (_, refused) = worst(2_000.0, form, 10.0, &[2, 20, 50]).await;
        assert!(refused <= FEED as u32 * 3 / 100, "{form:?}: {refused}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_saves_up_nothing_is_found_out_too() {
    for form in [PLAIN, COUNTED] {
        let (seconds, refused) = worst(2_000.0, form, 1.0, &[2, 20]).await;
        assert!(seconds < 1.25 * IDEAL && refused <= 15, "{form:?}: {seconds}, {refused}");
    }
}

/// A pause of five seconds is longer than the service can save up for: four seconds' worth are lost by one
/// refusal, and without one nobody knows the limit.
#[tokio::test(start_paused = true)]
async fn a_long_retry_after_is_paid_for_once() {
    let (seconds, refused) = worst(2_000.0, FIVE_SECONDS, 10.0, &[2, 20]).await;
    assert!(seconds < IDEAL + 5.5 && refused <= 2, "{seconds}, {refused}");
    let (seconds, refused) = worst(2_000.0, FIVE_SECONDS, 60.0, &[2, 20, 120]).await;
    assert!(seconds < IDEAL && refused <= 9, "{seconds}, {refused}");
}

#[tokio::test(start_paused = true)]
async fn a_second_feed_knows_what_the_first_has_learned() {
    for form in [PLAIN, FIVE_SECONDS, COUNTED] {
        for seed in 0..10 {
            fastrand::seed(seed);
            let (pace, service) = (Pace::new(2_000.0), RefCell::new(Service::new(600.0, 10.0, form)));
            run(&pace, &service, FEED, 20).await;
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            let (seconds, refused) = run(&pace, &service, FEED, 20).await;
            let seen = format!("{form:?}, seed {seed}: {seconds}, {refused} refused");
            assert!(seconds < 1.17 * IDEAL && refused <= 3, "{seen}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_changes_is_followed_both_ways() {
    for seed in 0..5 {
        fastrand::seed(seed);
        let (pace, service) = (Pace::new(2_000.0), RefCell::new(Service::new(600.0, 10.0, PLAIN)));
        run(&pace, &service, 2 * FEED, 20).await;
        service.borrow_mut().per_second = 3.0;
        let (seconds, refused) = run(&pace, &service, FEED, 20).await;
        assert!(seconds < 1.1 * FEED as f64 / 3.0 && refused <= 30, "{seconds}, {refused}");
        service.borrow_mut().per_second = 100.0;
        run(&pace, &service, 4_000, 20).await;
        let rate = pace.state().rate;
        assert!(rate > 30.0, "{rate}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_that_have_nothing_to_do_with_the_rate_are_soon_forgotten() {
    let (pace, service) = (Pace::new(2_000.0), RefCell::new(Service::new(60_000.0, 1_000.0, PLAIN)));
    run(&pace, &service, 100, 20).await;
    // All is refused for a minute.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        pace.turn(false).await.failed(&throttled(None));
    }
    assert!(pace.refusals() < 30, "{}", pace.refusals());
    let (seconds, _) = run(&pace, &service, 1_000, 20).await;
    let ideal = 1_000.0 / (2_000.0 / 60.0);
    assert!(seconds < 60.0 + 2.0 * ideal, "{seconds}");
    assert!(pace.state().rate > 30.0);
}

#[tokio::test(start_paused = true)]
async fn retry_after_holds_everybody_back() {
    let pace = Pace::new(2000.0);
    let began = Instant::now();
    pace.turn(false).await.failed(&throttled(Some(7.0)));
    pace.turn(true).await.accepted();
    assert!(began.elapsed() >= Duration::from_secs(7));
    assert_eq!(pace.refusals(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_repetition_goes_before_what_is_still_to_leave() {
    let pace = Pace::new(60.0);
    let began = Instant::now();
    pace.turn(false).await.accepted();
    let waiting = async {
        pace.turn(false).await.accepted();
        began.elapsed()
    };
    let repeated = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        pace.turn(true).await.accepted();
        began.elapsed()
    };
    let (waiting, repeated) = tokio::join!(waiting, repeated);
    assert!(repeated < Duration::from_millis(200) && waiting > Duration::from_millis(900));
}

#[tokio::test(start_paused = true)]
async fn timers_do_not_slow_down_what_may_be_fast() {
    for per_minute in [60_000.0, 600_000.0] {
        let (pace, service) = (Pace::new(per_minute), RefCell::new(Service::new(1e9, 1e9, PLAIN)));
        let (seconds, _) = run(&pace, &service, 10_000, 0).await;
        let ideal = 10_000.0 / (per_minute / 60.0);
        assert!((0.93..1.01).contains(&(seconds / ideal)), "{per_minute}: {seconds} of {ideal}");
    }
}
