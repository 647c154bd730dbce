import Foundation
internal import M365KitNative

/// Bytes that a service sends, read as they arrive.
///
/// A loop gives them in pieces of at most 256 KiB, ``data()`` all at once, and ``save(to:overwrite:)`` puts them into a file:
///
/// ```swift
/// let report = try await client.download("/v1.0/me/photo/$value")
/// for try await chunk in report { ... }
/// ```
///
/// It holds a connection until it was read to its end. Leaving its loop, cancelling the `Task` that reads it, ``close()``, and
/// letting go of it give that back.
public struct Download: AsyncSequence, Sendable {
    public typealias Element = Data

    /// What kind of bytes they are, such as `application/pdf`, if the service says so.
    public let contentType: String?
    /// How many bytes there are, if the service says so; it does not where it compresses them.
    public let length: Int?
    /// A name for a file of it that is safe in any folder: as the service says, or made up.
    public let fileName: String

    private let native: NativeChunks

    init(_ native: NativeChunks) throws {
        let head: Head = try decode(native.head())
        contentType = head.contentType
        length = head.length
        fileName = head.fileName
        self.native = native
    }

    /// All of it. Begins again where it is cut, as often as the client's `attempts` allow.
    public func data() async throws -> Data {
        try await crossing { cancel in try await native.read(cancel: cancel) }
    }

    /// Saves all of it as a file, or in a folder that is there, under ``fileName``.
    ///
    /// The file gets its name when it is whole. Where the download is cut it begins again, as often as the client's
    /// `attempts` allow.
    ///
    /// - Parameters:
    ///   - path: The file, whose folder is made if it is not there; or a folder.
    ///   - overwrite: Whether a file that is there is replaced.
    @discardableResult
    public func save(to path: String, overwrite: Bool = false) async throws -> Saved {
        try decode(
            try await crossing { cancel in
                try await native.save(path: path, overwrite: overwrite, cancel: cancel)
            }
        )
    }

    /// The same by a URL of a file or a folder.
    @discardableResult
    public func save(to url: URL, overwrite: Bool = false) async throws -> Saved {
        try await save(to: url.path, overwrite: overwrite)
    }

    /// Ends it, and its connection. Who reads it then gets an error of kind `cancelled`.
    public func close() { native.close() }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(native) }

    /// Hands out the bytes as they come, once. Letting go of it ends the download.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        private let hold: Hold
        private var received: UInt64 = 0

        fileprivate init(_ native: NativeChunks) { hold = Hold(native) }

        public mutating func next() async throws -> Data? {
            let (native, received) = (hold.native, received)
            let chunk = try await crossing { cancel in
                try await native.next(received: received, cancel: cancel)
            }
            if chunk != nil { self.received += 1 }
            return chunk
        }
    }

    /// Left early, the bytes that are still to come would fill a connection that nobody reads.
    private final class Hold: Sendable {
        let native: NativeChunks

        init(_ native: NativeChunks) { self.native = native }

        deinit { native.close() }
    }
}

extension Download: CustomStringConvertible {
    public var description: String { "Download(\(fileName))" }
}

private struct Head: Decodable {
    let contentType: String?
    let length: Int?
    let fileName: String
}
