import Foundation
internal import M365KitNative

/// Shows a user where to sign in on another device, and with which code. The sign-in goes on when it returns; what it throws
/// ends it, and is the cause of the error.
public typealias DeviceCodeFunction = @Sendable (DeviceCodePrompt) async throws -> Void

/// Gives the assertion that another issuer vouches for the application with. What it throws is the cause of the error.
public typealias AssertionFunction = @Sendable () async throws -> String

/// Signs the bytes with a private key that is elsewhere, and gives the raw signature. What it throws is the cause of the
/// error.
public typealias SignFunction = @Sendable (Data) async throws -> Data

/// Opens an address in its user's browser. What it throws ends the sign-in, and is the cause of the error.
public typealias OpenBrowserFunction = @Sendable (URL) async throws -> Void

/// Functions of the application, by the names under which the core asks them.
struct Functions: Sendable {
    /// From the JSON of a question to that of its answer.
    private typealias Function = @Sendable (Data) async throws -> Data

    private var named: [String: Function] = [:]

    static func token(_ provider: any TokenProvider) -> Functions {
        Functions("token") { (wanted: WantedToken) in try await provider.token(for: wanted.request).crossing }
    }

    static func deviceCode(_ display: @escaping DeviceCodeFunction) -> Functions {
        Functions("device_code") { (prompt: DeviceCodePrompt) in
            try await display(prompt)
            return Nothing()
        }
    }

    static func assertion(_ assertion: AssertionFunction?) -> Functions {
        guard let assertion else { return Functions() }
        return Functions("assertion") { (_: Nothing) in try await assertion() }
    }

    static func sign(_ sign: SignFunction?) -> Functions {
        guard let sign else { return Functions() }
        return Functions("sign") { (message: Data) in try await sign(message) }
    }

    static func openBrowser(_ open: OpenBrowserFunction?) -> Functions {
        guard let open else { return Functions() }
        return Functions("open_browser") { (address: URL) in
            try await open(address)
            return Nothing()
        }
    }

    static func store(_ store: any TokenStore) -> Functions {
        let load = Functions("load_cache") { (_: Nothing) in try await store.load() }
        return load.merging(
            Functions("save_cache") { (cache: Data) in
                try await store.save(cache)
                return Nothing()
            }
        )
    }

    init() {}

    private init<Question: Decodable, Answer: Encodable>(
        _ name: String,
        _ function: @escaping @Sendable (Question) async throws -> Answer
    ) {
        named[name] = { json in
            // What the decoder says of a question may quote it.
            guard let question = try? JSONDecoder().decode(Question.self, from: json) else {
                throw M365Error(kind: .internalError, message: "'\(name)' was asked something else")
            }
            return try JSONEncoder().encode(try await function(question))
        }
    }

    func merging(_ others: Functions) -> Functions {
        var all = self
        all.named.merge(others.named) { own, _ in own }
        return all
    }

    /// How the native half asks them; nil where there are none.
    var bridge: (any NativeFunctions)? { named.isEmpty ? nil : Bridge(functions: self) }

    private final class Bridge: NativeFunctions {
        private let functions: Functions

        init(functions: Functions) { self.functions = functions }

        func given() -> [String] { Array(functions.named.keys) }

        func ask(function: String, question: Data) async throws -> Data {
            guard let asked = functions.named[function] else {
                throw FunctionFailure.Failed(reason: "there is no function '\(function)'")
            }
            let work = Task { try await asked(question) }
            do {
                return try await withTaskCancellationHandler {
                    try await work.value
                } onCancel: {
                    // Not at once: it would run the function's own handlers on a thread of the native half, and some wait.
                    Task.detached { work.cancel() }
                }
            } catch {
                throw FunctionFailure.Failed(reason: String(describing: error))
            }
        }
    }
}

/// A question without parameters, or an answer without a result.
private struct Nothing: Codable {
    init() {}

    init(from decoder: any Decoder) {}

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
