import Foundation
import M365Kit

/// A scenario under way: its sandbox, its client, its folder, and what it has kept.
final class Stage {
    private let scenario: Scenario
    private let sandbox: Sandbox
    private let options: JSON
    private var client: Client?
    private var filling: Filling
    private let caches = Caches()
    /// Listings that were left open, by name.
    private var listings: [String: any OpenListing] = [:]
    /// What the listings with a name delivered, also after they ended.
    private var delivered: [String: [JSON]] = [:]

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        sandbox = try Sandbox(scenario.sandbox ?? [:])
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("m365kit-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        filling = Filling(folder: folder.path)
        let details = sandbox.details
        var options: [String: JSON] = [
            "tenant": .string(sandbox.tenant),
            "credential": [
                "kind": "client_secret",
                "client_id": details["clientId"] ?? .null,
                "secret": details["clientSecret"] ?? .null,
            ],
            "cloud": (details["cloud"] ?? [:]).overlaid(["name": "custom"]),
        ]
        options["root_certificates"] = sandbox.rootCertificate.map(JSON.string)
        self.options = JSON.object(options).overlaid(scenario.client ?? [:])
    }

    deinit { try? FileManager.default.removeItem(atPath: filling.folder) }

    func play() async throws {
        for (number, step) in scenario.steps.enumerated() {
            do {
                try await play(step)
            } catch {
                throw Complaint("step \(number + 1): \(error)")
            }
        }
        let requests = try await sandbox.ledger()
        for seen in scenario.ledger ?? [] { try examine(ledger: seen, requests) }
    }

    private func play(_ written: JSON) async throws {
        if written.description.contains("\"now") { filling.now = try await sandbox.clock() }
        let step = try filling.value(written)
        let expected = step["expect"] ?? [:]
        if let name = step["control"]?.string {
            let answer = try await sandbox.control(name, step["args"] ?? [:])
            try match(expected, answer, at: name)
            if let variable = step["save"]?.string { filling.saved[variable] = answer }
        } else if let name = step["call"]?.string {
            try await call(name, step, expected)
        } else if let name = step["next"]?.string {
            guard let listing = listings[name] else { throw Complaint("\(name) is closed") }
            let until = Until(step, keeping: true)
            try await judge(expected, as: name) { .listing(try await listing.read(until)) }
        } else if let name = step["commit"]?.string {
            guard let listing = listings[name] else { throw Complaint("\(name) is closed") }
            try await judge(expected) {
                try await listing.commit()
                return .result(.null)
            }
        } else if let name = step["close"]?.string {
            guard listings.removeValue(forKey: name) != nil else {
                throw Complaint("\(name) is closed already")
            }
            try await judge(files: expected["files"])
        } else if let path = step["write"]?.string {
            guard let text = step["text"]?.string ?? step["json"]?.description else {
                throw Complaint("a file is written with text or json")
            }
            try write(text, to: path, executable: step["executable"] == true)
        } else if let over = step["client"] {
            try await judge(expected) {
                self.client = try await self.open(self.options.overlaid(over))
                return .result(.null)
            }
        } else {
            throw Complaint("no step: \(step)")
        }
    }

    private func call(_ name: String, _ step: JSON, _ expected: JSON) async throws {
        let kept = step["as"]?.string
        let given = Given(
            arguments: step["args"] ?? [:],
            payload: step["payload"].map { Data(($0.string ?? $0.description).utf8) },
            until: Until(step, keeping: kept != nil),
            taking: Taking(step),
            shelf: kept.map { _ in Shelf() }
        )
        try await judge(expected, as: kept) {
            let outcome = try await perform(name, await self.opened(), given)
            if let kept { self.listings[kept] = given.shelf?.listing }
            return outcome
        }
    }

    private func opened() async throws -> Client {
        if let client { return client }
        let opened = try await open(options)
        client = opened
        return opened
    }

    private func open(_ options: JSON) async throws -> Client {
        let options = try filling.value(options)
        let setting = Setting(sandbox: sandbox, options: options, caches: caches)
        return try await makeClient(Given(arguments: options, setting: setting))
    }

    private func write(_ text: String, to path: String, executable: Bool) throws {
        let file = URL(fileURLWithPath: path)
        let folder = file.deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        if executable {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
    }

    private func judge(
        _ expected: JSON,
        as name: String? = nil,
        _ act: () async throws -> Outcome
    ) async throws {
        do {
            switch try await act() {
            case .result(let result):
                try judge(nil, expected["error"])
                if let pattern = expected["result"] { try match(pattern, result, at: "result") }
            case .bytes(let taken):
                try judge(taken.error, expected["error"])
                if let pattern = expected["result"] { try match(pattern, taken.saved, at: "result") }
                if let pattern = expected["bytes"] { try taken.match(pattern) }
            case .listing(let outcome):
                try await judge(outcome, expected)
                if let name { delivered[name, default: []] += outcome.items }
            }
        } catch let error as M365Error {
            try judge(error, expected["error"])
            if let pattern = expected["bytes"] { try Taken().match(pattern) }
        } catch let refusal as NotSwift where expected["error"]?["kind"] == "InvalidRequest" {
            // The compiler refuses it, which is earlier than before any request.
            print("refused by its type: \(refusal.argument): \(refusal.value)")
        }
        try await judge(files: expected["files"])
    }

    private func judge(_ outcome: Delivered, _ expected: JSON) async throws {
        let items = outcome.items
        try judge(outcome.error, expected["error"])
        if let count = expected["count"] { try match(count, .integer(Int64(items.count)), at: "count") }
        if let records = expected["records"] {
            let sum = items.reduce(0) { $0 + ($1["records"]?.int ?? $1["rows"]?.int ?? 0) }
            try match(records, .integer(Int64(sum)), at: "records")
        }
        if let result = expected["result"] { try match(result, outcome.result ?? .null, at: "result") }
        if let first = expected["first"] { try match(first, items.first ?? .null, at: "first") }
        if let last = expected["last"] { try match(last, items.last ?? .null, at: "last") }
        let lists = [("items", items), ("errors", outcome.errors), ("warnings", outcome.warnings)]
        for (name, list) in lists {
            if let pattern = expected[name] { try match(pattern, .array(list), at: name) }
        }
        if let pattern = expected["report"] { try match(pattern, outcome.report, at: "report") }
        if let feed = expected["feed"] {
            let types = feed.array?.compactMap(\.string).map(ContentType.init(rawValue:))
            let earlier = (expected["also"]?.array ?? []).compactMap(\.string).flatMap { delivered[$0] ?? [] }
            let ids = (earlier + items).map { $0["id"]?.string ?? "" }
            try compare(ids, withFeed: try await fed(types), repeats: expected["repeats"] == true)
        }
    }

    private func judge(_ error: M365Error?, _ pattern: JSON?) throws {
        switch (error, pattern) {
        case (nil, nil): return
        case (nil, let pattern?): throw Complaint("expected error \(pattern), got none")
        case (let error?, nil): throw Complaint("got error \(error)")
        case (let error?, let pattern?): try match(error: pattern, json(error))
        }
    }

    private func judge(files wanted: JSON?) async throws {
        for files in wanted?.array ?? [wanted].compactMap(\.self) {
            let feed = files["records"] == "feed" ? try await fed(nil) : []
            try examine(files: files, feed)
        }
    }

    /// The ids of the records that the sandbox's feed holds.
    private func fed(_ types: [ContentType]?) async throws -> [String] {
        let answer = try await sandbox.feed(contentTypes: types, ids: true)
        return (answer["ids"]?.array ?? []).compactMap(\.string)
    }
}

extension Until {
    fileprivate init(_ step: JSON, keeping: Bool) {
        switch (step["pages"]?.int, step["take"]?.int) {
        case (let pages?, _): self = .pages(pages)
        case (nil, let items?): self = keeping ? .filled(items) : .items(items)
        case (nil, nil): self = .end
        }
    }
}
