/// A listing with more to it than its items: the audit feed can also be read as lines or columns, or written into files.
///
/// It is iterated as any ``Paged`` is, and what its latest run met stands in it, whether that run was a loop or a method that
/// runs to its end:
///
/// ```swift
/// let records = client.audit.records(last: .hours(24), onError: .collect)
/// let written = try await records.writeParquet("day.parquet") { print($0.records) }
/// for error in records.errors { ... }
/// ```
public protocol Listing<Element>: AsyncSequence, Sendable
where Element: Decodable & Sendable, AsyncIterator == Paged<Element>.AsyncIterator {
    /// The listing itself.
    var listing: Paged<Element> { get }
}

extension Listing {
    public func makeAsyncIterator() -> Paged<Element>.AsyncIterator { listing.makeAsyncIterator() }

    /// The same, a page at a time.
    public var pages: Paged<Element>.Pages { listing.pages }

    /// Where the latest run stands: given to the operation as `token`, it goes on from there. Nil before the first page,
    /// after the last, and where the operation cannot be resumed.
    public var token: String? { listing.token }

    /// How many items there are in all, where the service was asked for that and has said so.
    public var count: Int? { listing.count }

    /// What went wrong so far in the latest run, where the operation goes on after errors. Of a listing without an end
    /// the newest 1,000; those of a page are complete.
    public var errors: [M365Error] { listing.errors }

    /// What the latest run had to put up with so far. Of a listing without an end the newest 1,000; those of a page are
    /// complete.
    public var warnings: [Warning] { listing.warnings }

    /// The figures of the latest run; nil before its first page.
    public var report: Report? { listing.report }

    /// The same listing, which tells how far it has come: `progress` gets the report of each page before the page is handed
    /// out. It is called on the task that iterates, which waits for it.
    public func onProgress(_ progress: @escaping ProgressHandler) -> Paged<Element> {
        listing.onProgress(progress)
    }
}

/// Is told how far an operation has come: what is done, what is known of the whole, the rate, and the time that is left as far
/// as that can be known.
public typealias ProgressHandler = @Sendable (Report) -> Void
