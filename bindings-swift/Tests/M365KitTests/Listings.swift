import Foundation
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
    case bytes(Taken)
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
    /// What came of an operation that runs to its end.
    var result: JSON?
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

    func collect<List: Listing>(_ list: List) async throws -> Outcome where List.Element: Codable & Sendable {
        try await collect(list.listing)
    }

    func collect<Watch: Following>(_ watch: Watch) async throws -> Outcome
    where Watch.Element: Codable & Sendable {
        try await collect(watch.listing, commit: watch.commit)
    }

    /// Lets an operation below a listing run to its end, and keeps what it told on the way.
    func run<List: Listing>(
        _ whole: List,
        _ work: (@escaping ProgressHandler) async throws -> some Encodable
    ) async throws -> Outcome {
        var delivered = Delivered()
        let reports = Reports()
        do {
            delivered.result = try json(await work { reports.add($0) })
        } catch let error as M365Error {
            delivered.error = error
        }
        delivered.errors = try whole.errors.map(json)
        delivered.warnings = try whole.warnings.map(json)
        delivered.report = try json(reports.all.last)
        return .listing(delivered)
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
                delivered.items += try seen(item)
                if delivered.items.count >= enough { break }
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
                delivered.items += try page.flatMap(seen)
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

/// The items that an item counts as: lines are looked at one by one, and columns are not looked into.
private func seen(_ item: some Codable) throws -> [JSON] {
    switch item {
    case let lines as Lines: return try single(lines)
    case let batch as ColumnBatch:
        // Each is a stream of its own, which begins with the mark that a schema follows.
        guard batch.ipc.starts(with: [0xFF, 0xFF, 0xFF, 0xFF]) else {
            throw Complaint("the bytes of a batch are no Arrow stream")
        }
        return [["rows": .integer(Int64(batch.rows))]]
    default: return [try json(item)]
    }
}

private func single(_ lines: Lines) throws -> [JSON] {
    let newline = UInt8(ascii: "\n")
    guard lines.bytes.isEmpty || lines.bytes.last == newline else {
        throw Complaint("the last line has no end")
    }
    let items: [JSON] = try lines.bytes.split(separator: newline).map { line in
        let id = try JSON(parsing: Data(line))["Id"] ?? .null
        return ["id": id, "raw": .string(String(decoding: line, as: UTF8.self))]
    }
    guard items.count == lines.records else {
        throw Complaint("\(lines.records) records are said to be on \(items.count) lines")
    }
    return items
}

/// Reports, as a progress handler gets them.
final class Reports: @unchecked Sendable {
    private let lock = NSLock()
    private var held: [Report] = []

    var all: [Report] { lock.withLock { held } }

    func add(_ report: Report) { lock.withLock { held.append(report) } }
}
