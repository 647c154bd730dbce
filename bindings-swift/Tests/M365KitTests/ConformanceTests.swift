import Foundation
import M365Kit
import Testing

/// Plays all scenarios of `tests/conformance` through the public face. `M365KIT_ONLY` plays those whose file or name
/// contains its text.
@Suite struct ConformanceTests {
    @Test func scenarios() async throws {
        let environment = ProcessInfo.processInfo.environment
        let only = environment["M365KIT_ONLY"] ?? ""
        let chosen = try allScenarios().filter {
            only.isEmpty || "\($0.file): \($0.scenario.name)".contains(only)
        }
        let began = ContinuousClock.now
        var passed = 0
        var failed: [String] = []
        await withTaskGroup(of: (String, (any Error)?).self) { group in
            var waiting = chosen.makeIterator()
            func begin() {
                guard let (file, scenario) = waiting.next() else { return }
                group.addTask { ("\(file): \(scenario.name)", await failure(of: scenario)) }
            }
            // Most scenarios wait rather than work, so more than there are cores.
            for _ in 0..<8 { begin() }
            for await (name, failure) in group {
                if let failure { failed.append("\(name)\n    \(failure)") } else { passed += 1 }
                begin()
            }
        }
        for complaint in failed.sorted() { print("FAILED  \(complaint)") }
        print(
            "\(passed) passed, \(failed.count) failed, of \(chosen.count) scenarios, in \(began.duration(to: .now))"
        )
        // Without the texts, which are printed above.
        let failures = failed.count
        #expect(failures == 0)
        #expect(passed > 0)
    }
}

private func allScenarios() throws -> [(file: String, scenario: Scenario)] {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let folder =
        ProcessInfo.processInfo.environment["M365KIT_CONFORMANCE"].map { URL(fileURLWithPath: $0) }
        ?? here.appendingPathComponent("../../../tests/conformance")
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        .filter { $0.pathExtension == "json" }
        .sorted { $0.path < $1.path }
    return try files.flatMap { url in
        let file = try JSONDecoder().decode(ScenarioFile.self, from: Data(contentsOf: url))
        return file.scenarios.map { (url.deletingPathExtension().lastPathComponent, $0) }
    }
}

/// What went otherwise than expected; nil when nothing did.
private func failure(of scenario: Scenario) async -> (any Error)? {
    await withTaskGroup(of: (any Error)?.self) { group in
        group.addTask {
            do {
                try await Stage(scenario).play()
                return nil
            } catch {
                return error
            }
        }
        // No scenario takes long; one that hangs shall not hold up the run.
        group.addTask {
            do {
                try await Task.sleep(for: .seconds(60))
                return Complaint("not done after a minute")
            } catch {
                return nil
            }
        }
        let first = await group.next() ?? nil
        group.cancelAll()
        return first
    }
}

/// A scenario under way: its sandbox, its client, and what it has kept.
private final class Stage {
    private let scenario: Scenario
    private let sandbox: Sandbox
    private let options: JSON
    private var client: Client?
    private var saved: [String: JSON] = [:]

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        sandbox = try Sandbox(scenario.sandbox ?? [:])
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

    func play() async throws {
        for (number, step) in scenario.steps.enumerated() {
            do {
                try await play(step)
            } catch {
                throw Complaint("step \(number + 1): \(error)")
            }
        }
        for seen in scenario.ledger ?? [] { try await judge(ledger: seen) }
    }

    private func play(_ step: JSON) async throws {
        let expected = step["expect"] ?? [:]
        if let name = step["control"]?.string {
            let answer = try await sandbox.control(name, filled(step["args"] ?? [:]))
            try match(expected, answer, at: name)
            if let variable = step["save"]?.string { saved[variable] = answer }
        } else if let name = step["call"]?.string {
            let given = Given(
                arguments: try await filled(step["args"] ?? [:]),
                payload: step["payload"]?.string.map { Data($0.utf8) },
                take: step["take"]?.int
            )
            try await judge(expected) { try await perform(name, self.opened(), given) }
        } else if let over = step["client"] {
            try await judge(expected) {
                self.client = try makeClient(Given(arguments: self.options.overlaid(over)))
                return .result(.null)
            }
        } else {
            throw Complaint("no step: \(step)")
        }
    }

    private func opened() throws -> Client {
        if let client { return client }
        let opened = try makeClient(Given(arguments: options))
        client = opened
        return opened
    }

    private func judge(_ expected: JSON, _ act: () async throws -> Outcome) async throws {
        let outcome: Outcome
        do {
            outcome = try await act()
        } catch let error as M365Error {
            return try judge(error, expected["error"])
        } catch let refusal as NotSwift where expected["error"]?["kind"] == "InvalidRequest" {
            // The compiler refuses it, which is earlier than before any request.
            return print("refused by its type: \(refusal.argument): \(refusal.value)")
        }
        switch outcome {
        case .result(let result):
            try judge(nil, expected["error"])
            if let pattern = expected["result"] { try match(pattern, result, at: "result") }
        case .listing(let items, let errors, let warnings, let report, let error):
            try judge(error, expected["error"])
            if let count = expected["count"] { try match(count, .integer(Int64(items.count)), at: "count") }
            if let first = expected["first"] { try match(first, items.first ?? .null, at: "first") }
            if let last = expected["last"] { try match(last, items.last ?? .null, at: "last") }
            for (name, list) in [("items", items), ("errors", errors), ("warnings", warnings)] {
                if let pattern = expected[name] { try match(pattern, .array(list), at: name) }
            }
            if let pattern = expected["report"] { try match(pattern, report, at: "report") }
            if let feed = expected["feed"] { try await judge(feed: feed, items) }
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

    /// The records delivered are those of the sandbox's feed, each once.
    private func judge(feed: JSON, _ items: [JSON]) async throws {
        let types = feed.array?.compactMap(\.string).map(ContentType.init(rawValue:))
        let answer = try await sandbox.feed(contentTypes: types, ids: true)
        let ids = (answer["ids"]?.array ?? []).compactMap(\.string)
        guard !ids.isEmpty else { throw Complaint("the sandbox's feed is empty, which proves nothing") }
        var missing = Dictionary(ids.map { ($0, 1) }) { once, _ in once }
        for item in items { missing[item["id"]?.string ?? "", default: 0] -= 1 }
        let lost = missing.filter { $0.value > 0 }.count
        let double = missing.filter { $0.value < 0 }.count
        guard lost == 0, double == 0 else {
            throw Complaint("feed: of \(missing.count) records \(lost) lost and \(double) too many")
        }
    }

    private func judge(ledger seen: JSON) async throws {
        let wanted = seen["match"] ?? [:]
        let requests = try await sandbox.ledger()
        let matching = requests.filter { request in
            let path = request["path"]?.string ?? ""
            let query = wanted["query"].map { pattern in
                (try? match(pattern, request["query"] ?? .null)) != nil
            }
            return wanted["path"]?.string.map { path.contains($0) } ?? true
                && wanted["method"].map { $0 == request["method"] } ?? true
                && query ?? true
        }
        do {
            try match(seen["count"] ?? .null, .integer(Int64(matching.count)), at: "ledger \(wanted)")
        } catch {
            let all = requests.map { request in
                ["method", "path", "query", "status"].map { "\(request[$0] ?? .null)" }.joined(separator: " ")
            }
            throw Complaint("\(error); seen were\n      " + all.joined(separator: "\n      "))
        }
    }

    /// Fills in times of the sandbox's clock (`now-24h`) and what was kept (`$blob.contentId`).
    private func filled(_ arguments: JSON) async throws -> JSON {
        // Once a step, so that `now-2h` is one time in all its arguments.
        let now = arguments.description.contains("\"now") ? try await sandbox.clock() : .distantPast
        return try filled(arguments, now)
    }

    private func filled(_ value: JSON, _ now: Date) throws -> JSON {
        switch value {
        case .string(let text):
            if text.hasPrefix("$") {
                let path = text.dropFirst().split(separator: ".").map(String.init)
                // Parameters such as `$top` are no variables.
                guard let name = path.first, var found = saved[name] else { return value }
                for member in path.dropFirst() {
                    guard let next = found[member] else {
                        throw Complaint("\(text): no such member in \(found.short)")
                    }
                    found = next
                }
                return found
            }
            guard text.hasPrefix("now") else { return value }
            let offset = text.dropFirst(3)
            if offset.isEmpty { return .string(self.text(of: now)) }
            guard "+-".contains(offset.prefix(1)), let duration = Duration(short: String(offset.dropFirst()))
            else {
                return value
            }
            let seconds = Double(duration.components.seconds)
            return .string(self.text(of: now.addingTimeInterval(offset.hasPrefix("-") ? -seconds : seconds)))
        case .array(let items): return .array(try items.map { try filled($0, now) })
        case .object(let members): return .object(try members.mapValues { try filled($0, now) })
        default: return value
        }
    }

    private func text(of time: Date) -> String {
        time.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted)
        )
    }
}
