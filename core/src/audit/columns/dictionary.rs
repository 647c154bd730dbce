//! A column of texts that repeat: each is kept once, and the rows name it by its number.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray};
use arrow_schema::ArrowError;
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Builds such a column.
///
/// Arrow's own builder hashes every value; of a feed most rows have the value of the row before.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    rows: Int32Builder,
    texts: StringBuilder,
    numbers: HashTable<i32>,
    hasher: RandomState,
    last: Option<i32>,
}

impl Dictionary {
    pub(super) fn with_capacity(rows: usize) -> Self {
        Dictionary { rows: Int32Builder::with_capacity(rows), ..Dictionary::default() }
    }

    pub(super) fn append(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                let number = self.number(text);
                self.rows.append_value(number);
            }
            None => self.rows.append_null(),
        }
    }

    fn number(&mut self, text: &str) -> i32 {
        if let Some(last) = self.last
            && text_of(&self.texts, last) == text.as_bytes()
        {
            return last;
        }
        let hash = self.hasher.hash_one(text.as_bytes());
        let is_it = |number: &i32| text_of(&self.texts, *number) == text.as_bytes();
        let number = if let Some(number) = self.numbers.find(hash, is_it) {
            *number
        } else {
            // A batch has far fewer rows than there are numbers.
            let number = i32::try_from(self.numbers.len()).unwrap_or(i32::MAX);
            self.texts.append_value(text);
            let (texts, hasher) = (&self.texts, &self.hasher);
            self.numbers.insert_unique(hash, number, |number| hasher.hash_one(text_of(texts, *number)));
            number
        };
        self.last = Some(number);
        number
    }

    pub(super) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        let texts: ArrayRef = Arc::new(self.texts.finish());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(self.rows.finish(), texts)?) as Arc<dyn Array>)
    }
}

fn text_of(texts: &StringBuilder, number: i32) -> &[u8] {
    let offset = |at: usize| texts.offsets_slice().get(at).and_then(|offset| usize::try_from(*offset).ok());
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    let range = offset(at).zip(offset(at.saturating_add(1)));
    range.and_then(|(start, end)| texts.values_slice().get(start..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::cast::AsArray;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_goes_in_comes_out_and_is_kept_once(texts in proptest::collection::vec(proptest::option::of("[a-c]{0,2}"), 0..80)) {
            let mut column = Dictionary::with_capacity(texts.len());
            for text in &texts {
                column.append(text.as_deref());
            }
            let column = column.finish().unwrap();
            let column = column.as_dictionary::<Int32Type>();
            let values = column.downcast_dict::<arrow_array::StringArray>().unwrap();
            let read: Vec<_> = values.into_iter().map(|text| text.map(str::to_owned)).collect();
            prop_assert_eq!(read, texts.clone());
            let different: std::collections::HashSet<_> = texts.into_iter().flatten().collect();
            prop_assert_eq!(column.values().len(), different.len());
        }
    }
}
