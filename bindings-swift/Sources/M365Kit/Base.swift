import Foundation
internal import M365KitNative

/// What the groups of operations stand on: a native client, and how calls cross to it.
struct Scope: Sendable {
    private let native: NativeClient

    /// Makes the native client. The credential goes over once and is not kept here.
    init(
        tenant: String,
        credential: Credential,
        cloud: Cloud,
        tokenCache: TokenCache?,
        options: Arguments
    ) throws {
        var everything = options
        everything["tenant"] = tenant
        everything["credential"] = credential.identity
        everything["cloud"] = cloud.crossing
        let json = try everything.json()
        native = try translated {
            try NativeClient(
                options: json,
                functions: credential.identity.functions.bridge,
                cache: tokenCache?.native
            )
        }
    }

    /// Calls an operation that gives a record, a list or a scalar.
    func call<Result: Decodable>(
        _ name: String,
        _ arguments: Arguments,
        payload: Data? = nil
    ) async throws -> Result {
        try decode(await reply(name, arguments, payload).json)
    }

    /// Calls an operation that gives nothing.
    func call(_ name: String, _ arguments: Arguments, payload: Data? = nil) async throws {
        _ = try await reply(name, arguments, payload)
    }

    /// Calls an operation that gives JSON or bytes.
    func body(_ name: String, _ arguments: Arguments, payload: Data? = nil) async throws -> Body {
        let reply = try await reply(name, arguments, payload)
        let json: JSON = try decode(reply.json)
        return json == .null && !reply.payload.isEmpty ? .bytes(reply.payload) : .json(json)
    }

    /// Begins an operation that gives bytes, and waits for the first of them.
    func download(_ name: String, _ arguments: Arguments) async throws -> Download {
        let json = try arguments.json()
        return try Download(
            try await crossing { cancel in
                try await native.fetch(name: name, args: json, cancel: cancel)
            }
        )
    }

    /// Describes a listing; nothing is sent before it is iterated.
    func paged<Element>(_ name: String, _ arguments: Arguments) -> Paged<Element> {
        Paged(plan(name, arguments))
    }

    /// The same for a listing without an end.
    func endless<Element>(_ name: String, _ arguments: Arguments) -> Paged<Element> {
        Paged(plan(name, arguments), isEndless: true)
    }

    /// Reads an operation to its end, for the one item of its last page. It counts as a run of the listing that it hangs
    /// below: what it meets stands there.
    func run<Result: Decodable & Sendable, Element>(
        _ name: String,
        _ arguments: Arguments,
        as listing: Paged<Element>,
        progress: ProgressHandler?
    ) async throws -> Result {
        var steps: Paged<Result> = listing.sibling(plan(name, arguments))
        if let progress { steps = steps.onProgress(progress) }
        var result: Result?
        for try await page in steps.pages { result = page.last ?? result }
        guard let result else {
            throw M365Error(kind: .internalError, message: "\(name) ended without a result")
        }
        return result
    }

    /// Records that can be read where they lie are, whatever the caller knows of the type: overloads would ask what is
    /// known of it where they are called, and that is not all.
    private func plan<Element: Decodable & Sendable>(_ name: String, _ arguments: Arguments) -> Plan<Element>
    {
        let record = Element.self as? any PageRecord.Type
        return Plan {
            try begin(name, arguments, fields: record?.fieldNames ?? [])
        } read: { page in
            guard let cells = page.cells, let records = record?.records(cells) as? [Element] else {
                return try page.decoded()
            }
            return records
        }
    }

    private func begin(_ name: String, _ arguments: Arguments, fields: [String]) throws -> NativePages {
        let json = try arguments.json()
        return try translated { try native.pages(name: name, args: json, fields: fields) }
    }

    /// Ends what is in flight and refuses what comes after.
    func close() {
        native.close()
    }

    private func reply(_ name: String, _ arguments: Arguments, _ payload: Data?) async throws -> NativeReply {
        let json = try arguments.json()
        return try await crossing { cancel in
            try await native.call(name: name, args: json, payload: payload, cancel: cancel)
        }
    }
}

extension Client {
    /// Ends everything in flight, which then fails with kind `cancelled`, and refuses what comes after.
    public func close() { scope.close() }
}

extension Client: Discreet {
    var shown: String { "(tenant: \(tenant), credential: \(credential), cloud: \(cloud))" }
}

/// Awaits a native call. Cancelling the surrounding `Task` ends it, down to its request on the wire, and throws
/// `CancellationError`.
func crossing<Result: Sendable>(
    _ call: @Sendable (Cancel) async throws -> Result
) async throws -> Result {
    let cancel = Cancel()
    do {
        return try await withTaskCancellationHandler {
            try await call(cancel)
        } onCancel: {
            cancel.cancel()
        }
    } catch {
        throw described(error)
    }
}

/// Does native work that does not wait, and speaks of its failures as this package does.
func translated<Result>(_ work: () throws -> Result) throws -> Result {
    do {
        return try work()
    } catch {
        throw described(error)
    }
}

private func described(_ error: any Error) -> any Error {
    switch error {
    case Failure.Cancelled:
        CancellationError()
    case Failure.Failed(let json):
        (try? JSONDecoder().decode(M365Error.self, from: json))
            ?? M365Error(kind: .internalError, message: String(decoding: json, as: UTF8.self))
    default:
        M365Error(kind: .internalError, message: String(describing: error))
    }
}

extension NativePage {
    /// The items of a page that came as JSON.
    fileprivate func decoded<Element: Decodable>() throws -> [Element] { try decode(items, payload: payload) }
}

/// Reads what the core wrote. A surprise in it is a `decodeError`, as it is when the core is surprised by the service.
func decode<Value: Decodable>(_ json: Data, payload: NativeMemory? = nil) throws -> Value {
    let decoder = JSONDecoder()
    if let payload { decoder.userInfo[.payload] = payload }
    do {
        return try decoder.decode(Value.self, from: json)
    } catch {
        throw M365Error(kind: .decodeError, message: String(describing: error))
    }
}
