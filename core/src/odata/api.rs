//! What the operations of one API have in common, and the table that is all there is to an operation beside its
//! request.

use std::borrow::Cow;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};

use super::list::Entity;
use super::query::Query;
use super::value;
use crate::Client;
use crate::cloud::Service;
use crate::download::{Asked, Download};
use crate::error::{Error, Result};
use crate::http::{Judge, Limit, Request, Wanted};
use crate::wire::Wire;

/// An API: where it is, and what holds for every call of it.
#[derive(Debug)]
pub(crate) struct Api {
    /// The wire that has it.
    pub(crate) wire: Wire,
    pub(crate) service: Service,
    /// Where its addresses begin, such as `/v1.0/admin/serviceAnnouncement`.
    pub(crate) root: &'static str,
    pub(crate) limit: Limit,
    pub(crate) judge: Judge,
    /// How many things to ask for in one page, if the caller does not say.
    pub(crate) page_size: u32,
    /// Properties that it cannot filter, and why.
    pub(crate) closed: &'static [(&'static str, &'static str)],
}

/// A part of an address: a word, or the key that a parameter gives.
pub(crate) enum Segment<'a> {
    Word(&'static str),
    Key(&'static str, &'a str),
}

impl Api {
    /// A request to an address of this API. An empty key, or one that would lead elsewhere, is refused.
    pub(crate) fn request(
        &self,
        client: &Client,
        method: Method,
        segments: &[Segment<'_>],
        query: &Query,
    ) -> Result<Request> {
        query.check(self.closed)?;
        let mut url = client.corridor().hosts.service(&self.service)?.clone();
        url.set_path(self.root);
        if let Ok(mut path) = url.path_segments_mut() {
            for segment in segments {
                path.push(&segment.text()?);
            }
        }
        query.with_key().apply(&mut url);
        Ok(self.to(method, url))
    }

    /// A request to an address that is known to be of this API.
    pub(crate) fn to(&self, method: Method, url: url::Url) -> Request {
        Request::new(method, url).bearer(self.service.clone()).limit(self.limit).judge(self.judge)
    }

    /// Reads one entity.
    pub(crate) async fn get<T: Entity>(
        &self,
        client: &Client,
        segments: &[Segment<'_>],
        query: &Query,
    ) -> Result<T> {
        let request = self.request(client, Method::GET, segments, query)?;
        let mut entity: T = client.corridor().exchange(&request, value::read).await?;
        if let Some(selected) = &query.select {
            entity.note_selection(selected);
        }
        Ok(entity)
    }

    /// Asks for a file, which is named after the last key of its address where nothing else names it.
    pub(crate) async fn fetch(
        &self,
        client: Client,
        segments: &[Segment<'_>],
        max_bytes: Option<u64>,
        begins_with: &'static str,
    ) -> Result<Download> {
        let request = self
            .request(&client, Method::GET, segments, &Query::default())?
            .header(ACCEPT.as_str(), HeaderValue::from_static("application/octet-stream, */*"));
        let mut keys = segments.iter().filter_map(|segment| match segment {
            Segment::Key(_, key) => Some((*key).to_owned()),
            Segment::Word(_) => None,
        });
        let wanted = Wanted { is_binary: true, begins_with: begins_with.as_bytes() };
        let id = keys.next_back().unwrap_or_default();
        Download::open(client, Asked { request, wanted, max_bytes, name: None, id }).await
    }
}

impl Segment<'_> {
    fn text(&self) -> Result<Cow<'_, str>> {
        match self {
            Segment::Word(word) => Ok(Cow::Borrowed(word)),
            Segment::Key(name, key) => {
                let trimmed = key.trim();
                if trimmed.is_empty() {
                    return Err(Error::invalid(format!("{name} is empty")));
                }
                if matches!(trimmed, "." | "..") || key.contains(|c: char| c.is_control()) {
                    return Err(Error::invalid(format!("{name} {key:?} is no key")));
                }
                Ok(Cow::Borrowed(key))
            }
        }
    }
}

/// Declares the operations of an API, each in a line: its method in all languages, its request, and what comes back.
///
/// ```text
/// list_issues(ListIssues) -> pages ServiceIssue = ["issues"] ? [select, filter] or "service_health.messages";
/// get_issue(GetIssue) -> one ServiceIssue = ["issues", {id}] ? [select] or "service_health.messages";
/// watch(WatchHealth) -> pages HealthChange;
/// ```
///
/// What comes back is `pages` of something, `one` something, or the `bytes` of a `Download`. Behind `=` stands the address below that
/// of the API, in which `{id}` is a field of the request; behind `?` the fields that are query options, named
/// as in [`Query`]; behind `or` what the other wire has in its place; behind `begins` how the bytes of a file begin. A line that ends with the result has its
/// request sent by an implementation of its own.
macro_rules! operations {
    (
        impl $handle:ident in $group:literal at $api:path {
            $($method:ident($request:ident) -> $shape:ident $of:ty
                $(= [$($segment:tt),+] $(? [$($option:ident),+])? or $instead:literal $(begins $begins:literal)?)?;)+
        }
    ) => {
        /// The operations of this API, in the order of the documentation.
        pub(crate) const OPERATIONS: &[crate::dispatch::Entry] = &[$(crate::odata::operations!(@entry $shape $request),)+];

        impl $handle {
            $(crate::odata::operations! { @method $shape $method $request $of })+
        }

        $(impl crate::dispatch::Operation for $request {
            const NAME: &'static str = concat!($group, ".", stringify!($method));
        })+

        $($(crate::odata::operations! {
            @send $shape $request $of, $api, [$($segment),+] [$($($option),+)?] $instead $($begins)?
        })?)+
    };

    (@entry pages $request:ident) => { crate::dispatch::listing::<$request>() };
    (@entry one $request:ident) => { crate::dispatch::call::<$request>() };
    (@entry bytes $request:ident) => { crate::dispatch::bytes::<$request>() };

    (@method pages $method:ident $request:ident $of:ty) => {
        #[doc = concat!("Sends [`", stringify!($request), "`] as it is read.")]
        pub fn $method(&self, request: $request) -> crate::Result<crate::Paged<$of>> {
            crate::dispatch::Listing::open(request, self.client.clone())
        }
    };
    (@method one $method:ident $request:ident $of:ty) => {
        #[doc = concat!("Sends [`", stringify!($request), "`].")]
        pub async fn $method(&self, request: $request) -> crate::Result<$of> {
            crate::dispatch::Call::send(request, self.client.clone(), None).await
        }
    };
    (@method bytes $method:ident $request:ident $of:ty) => {
        #[doc = concat!("Sends [`", stringify!($request), "`], and gives what arrives.")]
        pub async fn $method(&self, request: $request) -> crate::Result<$of> {
            crate::dispatch::Fetch::fetch(request, self.client.clone()).await
        }
    };

    (@send pages $request:ident $of:ty, $api:path, [$($segment:tt),+] [$($option:ident),*] $instead:literal) => {
        impl crate::dispatch::Listing for $request {
            type Item = $of;

            fn open(self, client: crate::Client) -> crate::Result<crate::Paged<$of>> {
                client.require(&$api.wire, <Self as crate::dispatch::Operation>::NAME, $instead)?;
                let query = crate::odata::Query { $($option: self.$option.clone(),)* ..Default::default() };
                let segments = [$(crate::odata::operations!(@segment self $segment)),+];
                crate::odata::list(client, &$api, &segments, &query, self.token.as_deref())
            }
        }
    };
    (@send one $request:ident $of:ty, $api:path, [$($segment:tt),+] [$($option:ident),*] $instead:literal) => {
        impl crate::dispatch::Call for $request {
            type Output = $of;

            async fn send(self, client: crate::Client, _: Option<::bytes::Bytes>) -> crate::Result<$of> {
                client.require(&$api.wire, <Self as crate::dispatch::Operation>::NAME, $instead)?;
                let query = crate::odata::Query { $($option: self.$option.clone(),)* ..Default::default() };
                let segments = [$(crate::odata::operations!(@segment self $segment)),+];
                $api.get(&client, &segments, &query).await
            }
        }
    };

    (@send bytes $request:ident $of:ty, $api:path, [$($segment:tt),+] [] $instead:literal $($begins:literal)?) => {
        impl crate::dispatch::Fetch for $request {
            async fn fetch(self, client: crate::Client) -> crate::Result<crate::Download> {
                client.require(&$api.wire, <Self as crate::dispatch::Operation>::NAME, $instead)?;
                let segments = [$(crate::odata::operations!(@segment self $segment)),+];
                $api.fetch(client, &segments, self.max_bytes, concat!($($begins)?)).await
            }
        }
    };

    (@segment $request:ident {$key:ident}) => { crate::odata::Segment::Key(stringify!($key), &$request.$key) };
    (@segment $request:ident $word:literal) => { crate::odata::Segment::Word($word) };
}

pub(crate) use operations;
