import Foundation
internal import M365KitNative

/// A listing that pages by itself. Nothing is sent before it is iterated, and no more is fetched than the loop keeps up
/// with; leaving the loop, or cancelling its `Task`, ends the requests.
///
/// ```swift
/// let records = client.audit.records(last: .hours(24), onError: .collect)
/// for try await record in records { ... }
/// for error in records.errors { ... }
/// ```
///
/// Each loop over it is a run of its own, from the beginning.
public struct Paged<Element: Decodable & Sendable>: AsyncSequence, Sendable {
    private var plan: Plan<Element>
    private let run: Locked<Run>

    init(_ plan: Plan<Element>, isEndless: Bool = false) {
        self.init(plan, Locked(Run(isEndless: isEndless)))
    }

    private init(_ plan: Plan<Element>, _ run: Locked<Run>) {
        self.plan = plan
        self.run = run
    }

    /// Another listing, whose runs count as runs of this one.
    func sibling<Other>(_ plan: Plan<Other>) -> Paged<Other> { Paged<Other>(plan, run) }

    /// The same, a page at a time.
    public var pages: Pages { Pages(plan, run) }

    /// The same listing, which tells how far it has come: `progress` gets the report of each page before the page is handed
    /// out. It is called on the task that iterates, which waits for it.
    public func onProgress(_ progress: @escaping ProgressHandler) -> Paged {
        var copy = self
        copy.plan.progress = progress
        return copy
    }

    /// Where the latest run stands: given to the operation as `token`, it goes on from there. Nil before the first page,
    /// after the last, and where the operation cannot be resumed.
    public var token: String? { run.value.token }

    /// How many items there are in all, where the service was asked for that and has said so.
    public var count: Int? { run.value.count }

    /// What went wrong so far in the latest run, where the operation goes on after errors. Of a listing without an end
    /// the newest 1,000; those of a ``Page`` are complete.
    public var errors: [M365Error] { run.value.errors }

    /// What the latest run had to put up with so far, such as a start that had slipped out of the service's memory. Of a
    /// listing without an end the newest 1,000; those of a ``Page`` are complete.
    public var warnings: [Warning] { run.value.warnings }

    /// The figures of the latest run; nil before its first page and where the operation keeps none.
    public var report: Report? { run.value.report.value }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages: pages.makeAsyncIterator()) }

    /// Remembers that the pages handed out so far are safe: those that have arrived, and all of whose elements were asked
    /// for.
    func commit() async throws {
        let latest = run.value
        let pages = latest.pages - (latest.isInsidePage ? 1 : 0)
        if pages == 0 { return }
        guard let native = latest.native ?? latest.ended else {
            throw M365Error(
                kind: .invalidRequest,
                message: "the listing was left: what was not committed before comes again the next time",
                hint: "Commit inside of the loop."
            )
        }
        try await crossing { cancel in try await native.commit(pages: pages, cancel: cancel) }
    }

    /// A page of a listing: a collection of its elements, and what came with them. It can be empty.
    public struct Page: RandomAccessCollection, Sendable {
        public typealias Element = Paged.Element

        /// What is on it.
        public let items: [Paged.Element]
        /// Given to the operation as `token`, it goes on after this page; nil on the last page, and where the operation
        /// cannot be resumed.
        public let token: String?
        /// How many items there are on all pages, where the service was asked for that.
        public let total: Int?
        /// What went wrong since the page before, where the operation goes on after errors.
        public let errors: [M365Error]
        /// What had to be put up with since the page before.
        public let warnings: [Warning]
        /// The figures of the run so far, read when they are asked for; nil where the operation keeps none.
        public var report: Report? { told.value }

        fileprivate let told: Told

        fileprivate init(_ items: [Paged.Element], of page: NativePage) throws {
            self.items = items
            token = page.token
            total = page.count.flatMap { Int(exactly: $0) }
            errors = page.errors.isEmpty ? [] : try decode(page.errors)
            warnings = page.warnings.isEmpty ? [] : try decode(page.warnings)
            told = Told(json: page.report)
        }

        public var startIndex: Int { 0 }
        public var endIndex: Int { items.count }
        public subscript(position: Int) -> Paged.Element { items[position] }
    }

    /// Hands out the elements of the page it holds.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        private var pages: Pages.AsyncIterator
        private var held: [Element] = []
        private var index = 0

        fileprivate init(pages: Pages.AsyncIterator) { self.pages = pages }

        public mutating func next() async throws -> Element? {
            while index == held.count {
                guard try await turn() else { return nil }
            }
            return take()
        }

        /// Stays where the loop runs while the page lasts, as most steps have nothing to wait for.
        @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element?
        {
            while index == held.count {
                guard try await turn() else { return nil }
            }
            return take()
        }

        private mutating func turn() async throws -> Bool {
            guard let page = try await pages.next(byItem: true) else { return false }
            held = page.items
            index = 0
            return true
        }

        private mutating func take() -> Element {
            let element = held[index]
            index += 1
            if index == held.count { pages.finishPage() }
            return element
        }
    }

    /// A listing, a page at a time.
    public struct Pages: AsyncSequence, Sendable {
        public typealias Element = Page

        private let plan: Plan<Paged.Element>
        private let run: Locked<Run>

        fileprivate init(_ plan: Plan<Paged.Element>, _ run: Locked<Run>) {
            self.plan = plan
            self.run = run
        }

        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(plan, run) }

        /// Asks for one page after another.
        public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
            private enum State: Sendable {
                case new
                case under(NativePages)
                case ended
            }

            private let plan: Plan<Paged.Element>
            private let run: Locked<Run>
            private var state = State.new

            fileprivate init(_ plan: Plan<Paged.Element>, _ run: Locked<Run>) {
                self.plan = plan
                self.run = run
            }

            public mutating func next() async throws -> Page? { try await next(byItem: false) }

            fileprivate mutating func next(byItem: Bool) async throws -> Page? {
                let before = state
                // Held again only when the page is good, so that a failure lets go of the listing.
                state = .ended
                let native: NativePages
                switch before {
                case .ended: return nil
                case .under(let pages): native = pages
                case .new:
                    // What the run before still holds is let go of first: two cannot have it.
                    run.change { $0 = Run(isEndless: $0.isEndless) }
                    native = try plan.begin()
                    run.change { $0.native = native }
                }
                let crossed = try await crossing { cancel in try await native.next(cancel: cancel) }
                guard let crossed else {
                    run.change { $0.end(native) }
                    return nil
                }
                let page = try Page(try plan.read(crossed), of: crossed)
                run.change { $0.add(page, isInsidePage: byItem && !page.isEmpty) }
                state = .under(native)
                if let progress = plan.progress, let report = page.report { progress(report) }
                return page
            }

            fileprivate func finishPage() { run.change { $0.isInsidePage = false } }
        }
    }
}

/// How a listing is begun, and how its pages are read.
struct Plan<Element: Sendable>: Sendable {
    let begin: @Sendable () throws -> NativePages
    let read: @Sendable (NativePage) throws -> [Element]
    /// Gets the report of each page.
    var progress: ProgressHandler?

    init(
        begin: @escaping @Sendable () throws -> NativePages,
        read: @escaping @Sendable (NativePage) throws -> [Element]
    ) {
        self.begin = begin
        self.read = read
    }
}

/// Where a run of a listing stands, and the sum of what its pages said.
private struct Run: Sendable {
    /// How many errors, and how many warnings, a listing without an end keeps.
    static let limit = 1_000

    let isEndless: Bool
    /// Belongs to who iterates: it ends when they leave.
    weak var native: NativePages?
    /// The same, when it has come to an end by itself and its last pages can still be committed.
    var ended: NativePages?
    /// How many pages have arrived.
    var pages: UInt64 = 0
    /// Whether elements of the newest page are still to be asked for.
    var isInsidePage = false
    var token: String?
    var count: Int?
    var errors: [M365Error] = []
    var warnings: [Warning] = []
    var report = Told(json: Data())

    init(isEndless: Bool) { self.isEndless = isEndless }

    mutating func add<Element>(_ page: Paged<Element>.Page, isInsidePage: Bool) {
        pages += 1
        self.isInsidePage = isInsidePage
        token = page.token
        count = page.total ?? count
        errors += page.errors
        warnings += page.warnings
        if !page.told.json.isEmpty { report = page.told }
        if isEndless {
            errors.removeFirst(max(0, errors.count - Self.limit))
            warnings.removeFirst(max(0, warnings.count - Self.limit))
        }
    }

    mutating func end(_ native: NativePages) {
        token = nil
        if isEndless { ended = native }
    }
}

/// A report that is read when somebody asks for it, since most pages' are never looked at.
private struct Told: Sendable {
    let json: Data

    var value: Report? { json.isEmpty ? nil : try? decode(json) }
}

/// A value that several tasks look at. (`Mutex` of the standard library is younger than the systems we support.)
final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var held: Value

    init(_ value: Value) { held = value }

    var value: Value { lock.withLock { held } }

    func change(_ body: (inout Value) -> Void) { lock.withLock { body(&held) } }
}
