import M365Kit

/// How far a listing is read.
enum Until {
    case end
    /// Until so many items were seen, leaving the rest of their page.
    case items(Int)
    /// Whole pages until there are so many items.
    case filled(Int)
    case pages(Int)
}

/// What came of a call.
enum Outcome {
    case result(JSON)
    case listing(Delivered)
}

/// What came of a listing before it ended, failed or was left.
struct Delivered {
    var items: [JSON] = []
    var errors: [JSON] = []
    var warnings: [JSON] = []
    /// The newest.
    var report = JSON.null
    /// What was thrown.
    var error: M365Error?
}

/// A listing that a step leaves open for later ones; releasing it ends it.
protocol OpenListing: AnyObject {
    func read(_ until: Until) async throws -> Delivered
    func commit() async throws
}

/// Holds the listing that a call was to leave open.
final class Shelf {
    var listing: (any OpenListing)?
}

extension Given {
    /// Reads a listing, as far as the scenario says, and keeps what it gave before it failed.
    func collect<Item: Codable & Sendable>(_ listing: Paged<Item>) async throws -> Outcome {
        try await collect(listing) { throw Complaint("the listing keeps no position") }
    }

    func collect<Watch: Following>(_ watch: Watch) async throws -> Outcome
    where Watch.Element: Codable & Sendable {
        try await collect(watch.listing, commit: watch.commit)
    }

    private func collect<Item: Codable & Sendable>(
        _ listing: Paged<Item>,
        commit: @escaping () async throws -> Void
    ) async throws -> Outcome {
        let opened = Opened(listing, commit)
        shelf?.listing = opened
        switch (shelf, until) {
        case (nil, .end): return .listing(try await read(listing, .max))
        case (nil, .items(let enough)): return .listing(try await read(listing, enough))
        default: return .listing(try await opened.read(until))
        }
    }

    /// Item by item, as most programs do.
    private func read<Item: Codable & Sendable>(
        _ listing: Paged<Item>,
        _ enough: Int
    ) async throws -> Delivered {
        var delivered = Delivered()
        do {
            for try await item in listing {
                delivered.items.append(try json(item))
                if delivered.items.count == enough { break }
            }
        } catch let error as M365Error {
            delivered.error = error
        }
        delivered.errors = try listing.errors.map(json)
        delivered.warnings = try listing.warnings.map(json)
        delivered.report = try json(listing.report)
        return delivered
    }
}

private final class Opened<Item: Codable & Sendable>: OpenListing {
    private var pages: Paged<Item>.Pages.AsyncIterator
    private let committing: () async throws -> Void

    init(_ listing: Paged<Item>, _ committing: @escaping () async throws -> Void) {
        pages = listing.pages.makeAsyncIterator()
        self.committing = committing
    }

    func commit() async throws { try await committing() }

    func read(_ until: Until) async throws -> Delivered {
        var delivered = Delivered()
        var count = 0
        do {
            while let page = try await pages.next() {
                count += 1
                delivered.items += try page.map(json)
                delivered.errors += try page.errors.map(json)
                delivered.warnings += try page.warnings.map(json)
                if let report = page.report { delivered.report = try json(report) }
                switch until {
                case .filled(let enough) where delivered.items.count >= enough: return delivered
                case .pages(let enough) where count >= enough: return delivered
                default: break
                }
            }
        } catch let error as M365Error {
            delivered.error = error
            return delivered
        }
        switch until {
        case .filled(let wanted):
            throw Complaint("it ended after \(delivered.items.count) of \(wanted) items")
        case .pages(let wanted): throw Complaint("it ended after \(count) of \(wanted) pages")
        case .end, .items: return delivered
        }
    }
}
