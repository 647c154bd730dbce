import Foundation
import M365Kit

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Where a client lives that a scenario makes.
struct Setting {
    let sandbox: Sandbox
    /// All options of the client.
    let options: JSON
    let caches: Caches
}

/// Token caches that clients of a scenario share, by name.
final class Caches {
    private var known: [String: TokenCache] = [:]

    subscript(name: String) -> TokenCache {
        if let cache = known[name] { return cache }
        let cache = TokenCache()
        known[name] = cache
        return cache
    }
}

func makeTokenCache(_ given: Given) throws -> TokenCache? {
    guard let written = given.arguments["token_cache"] else { return nil }
    if let name = written["shared"]?.string { return given.setting?.caches[name] }
    if let name = written["keyring"]?.string { return try .inKeyring(name) }
    guard let path = written["path"]?.string else { return TokenCache() }
    switch (written["key"]?.string.map { Data(base64Encoded: $0) ?? Data() }, written["passphrase"]?.string) {
    case (let key?, nil): return try .inFile(path, key: key)
    case (nil, let passphrase?): return try .inFile(path, passphrase: passphrase)
    default: throw NotSwift(argument: "token_cache", value: written)
    }
}

func makeApplication(_ given: Given) throws -> Application {
    if let clientID = given.arguments.string { return Application(clientID) }
    return .confidential(try makeConfidentialClient(given))
}

extension Given {
    /// Signs in as a user would whose browser is asked nothing.
    func finish(_ signIn: SignIn) async throws -> Credential {
        let pending = try signIn.begin(tenant: tenant, cloud: cloud)
        return try pending.finish(await redirect(of: pending.url))
    }

    func finish(_ signIn: BrowserSignIn) async throws -> Credential {
        try await signIn.run(tenant: tenant, cloud: cloud)
    }

    private var tenant: String { setting?.options["tenant"]?.string ?? "" }

    private var cloud: Cloud {
        get throws { try makeCloud(Given(arguments: setting?.options["cloud"] ?? [:])) }
    }
}

/// Asks for an address, and for where it leads.
func browse(_ address: String) async throws {
    guard let url = URL(string: address) else { throw Complaint("no address: \(address)") }
    let (_, response) = try await URLSession.shared.data(from: url)
    guard let status = (response as? HTTPURLResponse)?.statusCode, status < 400 else {
        throw Complaint("the browser is shown an error: \(response)")
    }
}

/// Where an address leads to, without going there.
func redirect(of url: URL) async throws -> String {
    let stop = Stop()
    let session = URLSession(configuration: .ephemeral, delegate: stop, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    let location = await withCheckedContinuation { waiting in
        stop.waiting = waiting
        session.dataTask(with: url).resume()
    }
    guard let location else { throw Complaint("the sign-in page leads nowhere") }
    return location
}

/// Follows no redirect, and keeps where it leads. The session calls it on one queue, after it was set up.
private final class Stop: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    var waiting: CheckedContinuation<String?, Never>?
    private var location: String?

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        location = response.value(forHTTPHeaderField: "Location")
        completionHandler(nil)
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        waiting?.resume(returning: location)
        waiting = nil
    }
}
