import Foundation
import M365Kit
import Testing

/// Downloads: their connections, their errors, and what interrupts them.
@Suite struct DownloadTests {
    let path = "/v1.0/bytes"
    let query = ["n": "300000"]

    /// Lets bytes come so slowly that nobody waits for the last of them.
    func drip(_ sandbox: Sandbox) async throws {
        _ = try await sandbox.fault(
            match: ["path": "/v1.0/bytes"],
            action: ["dripBytes": 1000, "dripEvery": 0.05],
            when: "always"
        )
    }

    func expectAborted(_ sandbox: Sandbox) async throws {
        let seen = try await sandbox.requests(path: path) { $0.contains { $0["aborted"] == true } }
        #expect(seen.contains { $0["aborted"] == true })
    }

    @Test func leavingALoopEndsTheDownload() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        try await drip(sandbox)
        let download = try await client.download(path, query: query)
        for try await chunk in download {
            #expect(chunk.count < 300_000)
            break
        }
        try await expectAborted(sandbox)
    }

    @Test func lettingGoOfADownloadEndsIt() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        try await drip(sandbox)
        _ = try await client.download(path, query: query)
        try await expectAborted(sandbox)
    }

    @Test func cancellingATaskEndsItsDownload() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        try await drip(sandbox)
        let download = try await client.download(path, query: query)
        let loop = Task { for try await _ in download {} }
        loop.cancel()
        await #expect(throws: CancellationError.self) { try await loop.value }
        try await expectAborted(sandbox)
    }

    @Test func aDownloadThatIsClosedGivesAnErrorAndNotAnEnd() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        try await drip(sandbox)
        let download = try await client.download(path, query: query)
        download.close()
        await #expect { try await download.data() } throws: { ($0 as? M365Error)?.kind == .cancelled }
        await #expect { for try await _ in download {} } throws: {
            ($0 as? M365Error)?.kind == .cancelled
        }
        try await expectAborted(sandbox)
    }

    @Test func aDownloadIsSavedOnce() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("m365kit-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let download = try await client.download(path, query: query)
        let file = folder.appendingPathComponent("a.bin")
        let saved = try await download.save(to: file)
        #expect(saved == Saved(path: file.path, bytes: 300_000, contentType: "application/octet-stream"))
        #expect(try Data(contentsOf: file).count == 300_000)
        await #expect { try await download.data() } throws: {
            ($0 as? M365Error)?.kind == .invalidRequest
        }
    }

    @Test func howManyItemsThereAreIsNotKnownUnlessItWasAskedFor() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let listing = try sandbox.client().audit.listContent(.exchange)
        for try await page in listing.pages { #expect(page.total == nil) }
        #expect(listing.count == nil)
    }
}
