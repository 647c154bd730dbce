//! Bodies that were made and may be asked for again.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use bytes::Bytes;

use super::Blob;
use crate::config::Coding;
use crate::tenant::locked;

/// Keeps bodies up to a bound; those that were put there first make room.
pub(crate) struct Shelf {
    room: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    bodies: HashMap<Place, Bytes>,
    order: VecDeque<Place>,
    bytes: usize,
}

/// A blob, and what its body is compressed with.
type Place = (Blob, Option<Coding>);

impl Shelf {
    /// An empty one with room for so many bytes.
    pub(crate) fn new(room: usize) -> Self {
        Self { room, kept: Mutex::default() }
    }

    /// Whether anything is kept at all.
    pub(crate) const fn is_open(&self) -> bool {
        self.room > 0
    }

    /// The body at a place. Several who ask for it at once may each make it, and none waits for another.
    pub(crate) fn get(&self, blob: Blob, coding: Option<Coding>, make: impl FnOnce() -> Bytes) -> Bytes {
        let place = (blob, coding);
        if let Some(body) = locked(&self.kept).bodies.get(&place) {
            return body.clone();
        }
        let body = make();
        if body.len() <= self.room {
            locked(&self.kept).put(place, body.clone(), self.room);
        }
        body
    }
}

impl Kept {
    fn put(&mut self, place: Place, body: Bytes, room: usize) {
        if self.bodies.contains_key(&place) {
            return;
        }
        while self.bytes + body.len() > room {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.bodies.remove(&oldest).map_or(0, |gone| gone.len());
        }
        self.bytes += body.len();
        self.order.push_back(place);
        self.bodies.insert(place, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::ContentType;

    const fn blob(index: usize) -> Blob {
        Blob { content_type: ContentType::Exchange, index }
    }

    #[test]
    fn what_is_kept_is_made_once_and_the_oldest_makes_room() {
        let shelf = Shelf::new(10);
        let mut made = 0;
        let mut get = |index, coding| {
            shelf.get(blob(index), coding, || {
                made += 1;
                Bytes::from_static(b"body")
            });
            made
        };
        assert_eq!(get(0, None), 1);
        assert_eq!(get(0, None), 1);
        assert_eq!(get(0, Some(Coding::Gzip)), 2, "its compressed form is another body");
        assert_eq!(get(1, None), 3);
        assert_eq!(get(1, None), 3);
        assert_eq!(get(0, None), 4, "it had made room");
        assert!(locked(&shelf.kept).bytes <= 10);
    }

    #[test]
    fn what_has_no_room_is_made_each_time() {
        let shelf = Shelf::new(3);
        assert!(shelf.is_open() && !Shelf::new(0).is_open());
        let mut made = 0;
        for _ in 0..2 {
            shelf.get(blob(0), None, || {
                made += 1;
                Bytes::from_static(b"body")
            });
        }
        assert_eq!((made, locked(&shelf.kept).bytes), (2, 0));
    }
}
