//! Pieces of a useful size: small ones joined as far as they are there, large ones cut.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, Fuse, Stream, StreamExt};

use crate::error::{Error, Result};

/// How long a piece may be. Each costs a crossing into another language; one by one, what single reads from the
/// network bring would hold a download back.
pub(super) const LONGEST: usize = 256 * 1024;

/// A body in pieces of at most [`LONGEST`]. Waits for none to become longer.
pub(super) struct Joined {
    coming: Fuse<BoxStream<'static, Result<Bytes>>>,
    held: BytesMut,
    /// What came last, as far as it is not yet among what is held.
    rest: Bytes,
    failure: Option<Error>,
}

impl Joined {
    pub(super) fn new(coming: BoxStream<'static, Result<Bytes>>) -> Self {
        Joined { coming: coming.fuse(), held: BytesMut::new(), rest: Bytes::new(), failure: None }
    }

    fn held(&mut self) -> Option<Result<Bytes>> {
        (!self.held.is_empty()).then(|| Ok(self.held.split().freeze()))
    }
}

impl Stream for Joined {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.held.is_empty() && this.rest.len() >= LONGEST {
                return Poll::Ready(Some(Ok(this.rest.split_to(LONGEST))));
            }
            let fits = (LONGEST - this.held.len()).min(this.rest.len());
            this.held.extend_from_slice(&this.rest.split_to(fits));
            if this.held.len() == LONGEST {
                return Poll::Ready(this.held());
            }
            if this.failure.is_some() {
                return Poll::Ready(this.held().or_else(|| this.failure.take().map(Err)));
            }
            match this.coming.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(piece))) => this.rest = piece,
                Poll::Ready(Some(Err(error))) => this.failure = Some(error),
                Poll::Ready(None) => return Poll::Ready(this.held()),
                Poll::Pending => return this.held().map_or(Poll::Pending, |held| Poll::Ready(Some(held))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn lengths(pieces: impl IntoIterator<Item = Bytes>, end: Option<Error>) -> Vec<Result<usize, String>> {
        let pieces: Vec<_> = pieces.into_iter().map(Ok).chain(end.map(Err)).collect();
        let joined = Joined::new(stream::iter(pieces).boxed());
        futures::executor::block_on(
            joined.map(|piece| piece.map(|p| p.len()).map_err(|e| e.message().to_owned())).collect(),
        )
    }

    fn piece(length: usize) -> Bytes {
        vec![7; length].into()
    }

    #[test]
    fn small_pieces_are_joined_and_large_ones_cut() {
        let small = (0..100).map(|_| piece(8 * 1024));
        assert_eq!(lengths(small, None), [Ok(LONGEST), Ok(LONGEST), Ok(LONGEST), Ok(32 * 1024)]);
        let large = [piece(LONGEST * 2 + 5), piece(0), piece(1)];
        assert_eq!(lengths(large, None), [Ok(LONGEST), Ok(LONGEST), Ok(6)]);
        assert_eq!(lengths([], None), []);
    }

    #[test]
    fn what_came_before_a_failure_is_handed_out_before_it() {
        let came = lengths([piece(10), piece(20)], Some(Error::decode("cut")));
        assert_eq!(came, [Ok(30), Err("cut".to_owned())]);
    }

    #[tokio::test]
    async fn nothing_that_is_there_waits_for_more() {
        let mut joined = Joined::new(stream::iter([Ok(piece(3))]).chain(stream::pending()).boxed());
        assert_eq!(joined.next().await.unwrap().unwrap().len(), 3);
        assert!(futures::poll!(joined.next()).is_pending());
    }
}
