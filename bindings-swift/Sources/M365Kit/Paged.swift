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
    private let begin: @Sendable () throws -> NativePages
    private let run = Locked(PageMeta())

    init(_ begin: @escaping @Sendable () throws -> NativePages) {
        self.begin = begin
    }

    /// The same, a page at a time.
    public var pages: Pages { Pages(of: self) }

    /// Where the latest run stands: given to the operation as `token`, it goes on from there. Nil before the first page,
    /// after the last, and where the operation cannot be resumed.
    public var token: String? { run.value.token }

    /// What went wrong so far in the latest run, where the operation goes on after errors.
    public var errors: [M365Error] { run.value.errors }

    /// What the latest run had to put up with so far, such as a start that had slipped out of the service's memory.
    public var warnings: [Warning] { run.value.warnings }

    /// The figures of the latest run; nil before its first page and where the operation keeps none.
    public var report: Report? { run.value.report }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages: pages.makeAsyncIterator()) }

    /// Hands out the elements of the page it holds.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        fileprivate var pages: Pages.AsyncIterator
        private var held: [Element] = []
        private var index = 0

        fileprivate init(pages: Pages.AsyncIterator) { self.pages = pages }

        public mutating func next() async throws -> Element? {
            while index == held.count {
                guard try await turn() else { return nil }
            }
            defer { index += 1 }
            return held[index]
        }

        /// Stays where the loop runs while the page lasts, as most steps have nothing to wait for.
        @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element?
        {
            while index == held.count {
                guard try await turn() else { return nil }
            }
            defer { index += 1 }
            return held[index]
        }

        private mutating func turn() async throws -> Bool {
            guard let page = try await pages.next() else { return false }
            held = page
            index = 0
            return true
        }
    }

    /// A listing, a page at a time. A page can be empty.
    public struct Pages: AsyncSequence, Sendable {
        public typealias Element = [Paged.Element]

        private let begin: @Sendable () throws -> NativePages
        private let run: Locked<PageMeta>

        fileprivate init(of listing: Paged) {
            begin = listing.begin
            run = listing.run
        }

        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(begin: begin, run: run) }

        /// Asks for one page after another.
        public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
            private enum State: Sendable {
                case new
                case under(NativePages)
                case ended
            }

            private let begin: @Sendable () throws -> NativePages
            private let run: Locked<PageMeta>
            private var state = State.new

            fileprivate init(begin: @escaping @Sendable () throws -> NativePages, run: Locked<PageMeta>) {
                self.begin = begin
                self.run = run
            }

            public mutating func next() async throws -> [Paged.Element]? {
                let before = state
                // Held again only when the page is good, so that a failure lets go of the listing.
                state = .ended
                let native: NativePages
                switch before {
                case .ended: return nil
                case .under(let pages): native = pages
                case .new:
                    run.change { $0 = PageMeta() }
                    native = try begin()
                }
                let page = try await crossing { cancel in try await native.next(cancel: cancel) }
                guard let page else {
                    run.change { $0.token = nil }
                    return nil
                }
                let meta: PageMeta = try decode(page.meta)
                let items: [Paged.Element] = try decode(page.items, payload: page.payload)
                run.change { $0.add(meta) }
                state = .under(native)
                return items
            }
        }
    }
}

/// What a page says beside its items, and the sum of what those of a run said.
private struct PageMeta: Decodable, Sendable {
    var token: String?
    var errors: [M365Error] = []
    var warnings: [Warning] = []
    var report: Report?

    mutating func add(_ page: PageMeta) {
        token = page.token
        errors += page.errors
        warnings += page.warnings
        report = page.report ?? report
    }
}

/// A value that several tasks look at. (`Mutex` of the standard library is younger than the systems we support.)
final class Locked<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var held: Value

    init(_ value: Value) { held = value }

    var value: Value { lock.withLock { held } }

    func change(_ body: (inout Value) -> Void) { lock.withLock { body(&held) } }
}
