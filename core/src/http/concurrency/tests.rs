use super::*;
use futures::StreamExt;

const FAST: Duration = Duration::from_millis(50);

/// Sends so many requests that are `serve`d; gives the seconds in all and the mean of each.
async fn send(concurrency: &Concurrency, count: usize, serve: impl AsyncFn()) -> (f64, f64) {
    let (began, took) = (Instant::now(), std::cell::Cell::new(0.0));
    futures::stream::iter(0..count)
        .for_each_concurrent(512, async |_| {
            let place = concurrency.place(false).await;
            let (flight, left) = (place.leaves(), Instant::now());
            serve().await;
            took.set(took.get() + left.elapsed().as_secs_f64());
            flight.ended(None);
        })
        .await;
    (began.elapsed().as_secs_f64(), took.get() / count as f64)
}

/// Takes the time it takes, however many there are.
async fn far_away(jitter: u64) {
    tokio::time::sleep(FAST + Duration::from_millis(fastrand::u64(0..=jitter))).await;
}

/// Serves as many at once as there are permits; the others stand in line.
async fn at_the_counter(counters: &tokio::sync::Semaphore) {
    let _served = counters.acquire().await;
    tokio::time::sleep(FAST).await;
}

fn limit(concurrency: &Concurrency) -> usize {
    lock(&concurrency.state).limit
}

#[tokio::test(start_paused = true)]
async fn where_only_the_distance_counts_it_grows_far_beyond_the_first_limit() {
    for (jitter, seed) in [0, 20, 100].into_iter().flat_map(|jitter| (0..10).map(move |seed| (jitter, seed)))
    {
        // One search in two thousand is misled by the jitter and takes a second try.
        fastrand::seed(seed);
        let concurrency = Concurrency::new(None);
        let (seconds, took) = send(&concurrency, 2_000, async || far_away(jitter).await).await;
        let ideal = 2_000.0 * took / MOST as f64;
        assert!(seconds < 1.5 * ideal, "jitter {jitter}, seed {seed}: {seconds:.2} s of {ideal:.2}");
        assert_eq!(limit(&concurrency), MOST);
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_service_is_at_its_limit_it_does_not_make_the_line_longer() {
    for (counters, line) in [(4, 24), (8, 24), (16, 36), (40, 80)] {
        let (concurrency, service) = (Concurrency::new(None), tokio::sync::Semaphore::new(counters));
        let (seconds, _) = send(&concurrency, 5_000, async || at_the_counter(&service).await).await;
        let ideal = 5_000.0 * FAST.as_secs_f64() / counters as f64;
        let seen = format!("{counters} counters: {:.3}, {}", seconds / ideal, limit(&concurrency));
        assert!(seconds < 1.3 * ideal && limit(&concurrency) <= line, "{seen}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_follows_a_service_that_slows_down_and_recovers() {
    let (concurrency, service) = (Concurrency::new(None), tokio::sync::Semaphore::new(64));
    send(&concurrency, 4_000, async || at_the_counter(&service).await).await;
    let before = limit(&concurrency);
    service.acquire_many(60).await.unwrap().forget();
    send(&concurrency, 4_000, async || at_the_counter(&service).await).await;
    let slow = limit(&concurrency);
    service.add_permits(60);
    send(&concurrency, 4_000, async || at_the_counter(&service).await).await;
    let after = limit(&concurrency);
    assert!(before >= 48 && slow <= 36 && after >= 48, "{before}, {slow}, {after}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_further_away_is_asked_no_less() {
    let concurrency = Concurrency::new(None);
    send(&concurrency, 2_000, async || far_away(0).await).await;
    let (seconds, _) = send(&concurrency, 4_000, async || tokio::time::sleep(4 * FAST).await).await;
    assert!(seconds < 1.15 * 4_000.0 * 0.2 / MOST as f64, "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_feed_with_few_blobs_leaves_it_as_it_is() {
    fastrand::seed(0);
    let concurrency = Concurrency::new(None);
    for _ in 0..20 {
        send(&concurrency, 10, async || far_away(10).await).await;
    }
    assert_eq!(limit(&concurrency), FIRST);
}

#[tokio::test(start_paused = true)]
async fn many_failures_make_it_smaller_and_single_ones_do_not() {
    let reset = Error::new(ErrorKind::Network, "reset").with_repeat(Repeat::Fault);
    for (one_in, changes) in [(3, true), (20, false)] {
        let concurrency = Concurrency::new(None);
        for number in 0..40 {
            let place = concurrency.place(false).await;
            place.leaves().ended((number % one_in == 0).then_some(&reset));
        }
        assert_eq!(limit(&concurrency) < FIRST, changes);
        assert!(limit(&concurrency) >= LEAST);
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_was_given_stays() {
    let concurrency = Concurrency::new(Some(2));
    send(&concurrency, 200, async || far_away(0).await).await;
    assert_eq!((limit(&concurrency), concurrency.most()), (2, 2));
    let (_a, b) = (concurrency.place(false).await, concurrency.place(false).await);
    let long = Duration::from_secs(5);
    assert!(tokio::time::timeout(long, concurrency.place(false)).await.is_err());
    drop(b);
    assert!(tokio::time::timeout(long, concurrency.place(false)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_is_urgent_goes_first_and_who_has_gone_away_keeps_no_place() {
    let concurrency = Concurrency::new(Some(1));
    let taken = concurrency.place(false).await;
    let order = Mutex::new(Vec::new());
    let wait = async |name, urgent| {
        let _place = concurrency.place(urgent).await;
        order.lock().unwrap().push(name);
    };
    let gone = tokio::time::timeout(FAST, concurrency.place(true));
    let release = async {
        tokio::time::sleep(2 * FAST).await;
        drop(taken);
    };
    let (gone, ..) = tokio::join!(gone, wait("first", false), wait("urgent", true), release);
    assert!(gone.is_err());
    assert_eq!(*order.lock().unwrap(), ["urgent", "first"]);
    assert_eq!(lock(&concurrency.state).taken, 0);
}
