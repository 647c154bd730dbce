import Foundation
internal import M365KitNative

/// What the library has to say while it works: requests, waits, retries. Nothing is printed by itself.
public enum Logs {
    /// How much an event matters.
    public enum Level: String, Codable, CaseIterable, Comparable, Sendable {
        case trace = "TRACE"
        case debug = "DEBUG"
        case info = "INFO"
        case warn = "WARN"
        case error = "ERROR"

        public static func < (left: Level, right: Level) -> Bool {
            allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
        }
    }

    /// One thing that happened.
    public struct Event: Codable, Hashable, Sendable {
        public var level: Level
        /// The part of the library that speaks, such as `m365kit::http`.
        public var target: String
        public var message: String
        /// Details by name.
        public var fields: [String: JSON]
    }

    /// Sends events to the application's logger, in place of the one named before. Events wait in a queue of 1,024; when it is full the newest are dropped, so that nothing waits for a log.
    ///
    /// Gives false when native code in the process already collects such events, which then keeps them.
    @discardableResult
    public static func forward(
        from level: Level = .info,
        to receive: @escaping @Sendable (Event) -> Void
    ) throws -> Bool {
        try translated { try forwardLogs(level: level.rawValue, receiver: Receiver(receive: receive)) }
    }

    /// Ends what ``forward(from:to:)`` began.
    public static func stop() throws {
        _ = try translated { try forwardLogs(level: Level.info.rawValue, receiver: nil) }
    }
}

private final class Receiver: NativeLogReceiver {
    private let receive: @Sendable (Logs.Event) -> Void

    init(receive: @escaping @Sendable (Logs.Event) -> Void) { self.receive = receive }

    func receive(event: Data) {
        guard let event: Logs.Event = try? decode(event) else { return }
        receive(event)
    }
}
