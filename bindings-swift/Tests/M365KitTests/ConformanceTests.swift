import Foundation
import M365Kit
import Testing

/// Plays all scenarios of `tests/conformance` and `tests/faults` through the public face. `M365KIT_ONLY` plays those whose
/// group or name contains its text.
@Suite struct ConformanceTests {
    @Test func scenarios() async throws {
        let environment = ProcessInfo.processInfo.environment
        let only = environment["M365KIT_ONLY"] ?? ""
        let chosen = try allScenarios().filter {
            only.isEmpty || "\($0.group): \($0.scenario.name)".contains(only)
        }
        let began = ContinuousClock.now
        var groups: [String: (passed: Int, failed: Int)] = [:]
        var failed: [String] = []
        await withTaskGroup(of: (String, String, (any Error)?).self) { tasks in
            var waiting = chosen.makeIterator()
            func begin() {
                guard let (group, scenario) = waiting.next() else { return }
                tasks.addTask { (group, scenario.name, await failure(of: scenario)) }
            }
            // Most scenarios wait rather than work, so more than there are cores.
            for _ in 0..<8 { begin() }
            for await (group, name, failure) in tasks {
                groups[group, default: (0, 0)].passed += failure == nil ? 1 : 0
                groups[group, default: (0, 0)].failed += failure == nil ? 0 : 1
                if let failure { failed.append("\(group): \(name)\n    \(failure)") }
                begin()
            }
        }
        for complaint in failed.sorted() { print("FAILED  \(complaint)") }
        for (group, counts) in groups.sorted(by: { $0.key < $1.key }) {
            print("\(counts.passed) passed, \(counts.failed) failed  \(group)")
        }
        let passed = chosen.count - failed.count
        print(
            "\(passed) passed, \(failed.count) failed, of \(chosen.count) scenarios, in \(began.duration(to: .now))"
        )
        // Without the texts, which are printed above.
        let failures = failed.count
        #expect(failures == 0)
        #expect(passed > 0)
    }
}

private func allScenarios() throws -> [(group: String, scenario: Scenario)] {
    let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let conformance =
        ProcessInfo.processInfo.environment["M365KIT_CONFORMANCE"].map { URL(fileURLWithPath: $0) }
        ?? here.appendingPathComponent("../../../tests/conformance").standardized
    let faults = conformance.deletingLastPathComponent().appendingPathComponent("faults")
    return try [conformance, faults].flatMap { folder in
        let scenarios = try scenarios(in: folder)
        guard !scenarios.isEmpty else { throw Complaint("no scenario in \(folder.path)") }
        return scenarios
    }
}

private func scenarios(in folder: URL) throws -> [(group: String, scenario: Scenario)] {
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        .filter { $0.pathExtension == "json" }
        .sorted { $0.path < $1.path }
    return try files.flatMap { url in
        let file = try JSONDecoder().decode(ScenarioFile.self, from: Data(contentsOf: url))
        let group = "\(folder.lastPathComponent)/\(url.deletingPathExtension().lastPathComponent)"
        return file.scenarios.map { (group, $0) }
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
