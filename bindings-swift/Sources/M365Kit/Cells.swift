import Foundation
internal import M365KitNative

/// The fields of a page's records, where the native half has them: read when somebody asks for one, and not before.
///
/// The memory is never written to, and stays for as long as any record of the page does.
final class CellTable: @unchecked Sendable {
    private let native: NativeMemory
    private let start: UnsafeRawPointer?
    private let columns: Int
    private let rows: Int

    init(_ native: NativeMemory, columns: Int) {
        self.native = native
        start = native.start
        self.columns = columns
        rows = Int(native.count())
    }

    func records<Record: PageRecord>() -> [Record] {
        (0..<rows).map { Record(source: RecordSource(CellRow(table: self, row: $0))) }
    }

    /// The layout of `Slot` in the native half's `memory.rs`: a number or an address, the length of what is there, and
    /// whether there is nothing (0), a number (1), or bytes (2).
    private static let width = 16

    @inline(__always)
    fileprivate func int(_ row: Int, _ column: Int) -> Int? {
        withExtendedLifetime(native) {
            let slot = (row * columns + column) * Self.width
            guard let start, start.load(fromByteOffset: slot + 12, as: UInt32.self) == 1 else { return nil }
            return Int(truncatingIfNeeded: start.load(fromByteOffset: slot, as: Int64.self))
        }
    }

    @inline(__always)
    fileprivate func bytes<Value>(
        _ row: Int,
        _ column: Int,
        _ read: (UnsafeRawBufferPointer) -> Value?
    ) -> Value? {
        withExtendedLifetime(native) {
            let slot = (row * columns + column) * Self.width
            guard let start, start.load(fromByteOffset: slot + 12, as: UInt32.self) == 2 else { return nil }
            let address = start.load(fromByteOffset: slot, as: UInt64.self)
            let length = start.load(fromByteOffset: slot + 8, as: UInt32.self)
            return read(UnsafeRawBufferPointer(start: pointer(to: address), count: Int(length)))
        }
    }
}

/// A record's place on its page. Its fields are asked for by the place of their names in ``RecordFields/names``; what does not
/// fit its type is nil.
struct CellRow: Sendable, Equatable {
    let table: CellTable
    let row: Int

    func text(_ column: Int) -> String? {
        table.bytes(row, column) { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ column: Int) -> Data? {
        table.bytes(row, column) { Data($0) }
    }

    func optional(_ column: Int) -> String? { text(column) }

    func optional(_ column: Int) -> Int? { table.int(row, column) }

    func optional(_ column: Int) -> Date? {
        table.bytes(row, column) { Date(rfc3339: $0.bindMemory(to: UInt8.self)) }
    }

    func optional<Value: OpenText>(_ column: Int) -> Value? { text(column).map(Value.init(rawValue:)) }

    func optional<Value: OpenNumber>(_ column: Int) -> Value? {
        table.int(row, column).map(Value.init(rawValue:))
    }

    /// What is neither text nor a whole number stands there as JSON.
    func json<Value: Decodable>(_ column: Int) -> Value? {
        bytes(column).flatMap { try? decode($0) }
    }

    static func == (left: CellRow, right: CellRow) -> Bool {
        left.table === right.table && left.row == right.row
    }
}

/// A record that reads its fields from its page.
protocol PageRecord: Decodable, Sendable {
    associatedtype Fields: RecordFields

    init(source: RecordSource<Fields>)
}

extension PageRecord {
    static var fieldNames: [String] { Fields.names }

    /// The records of a page.
    static func records(_ cells: NativeMemory) -> [Self] {
        CellTable(cells, columns: Fields.names.count).records()
    }
}

/// The fields of a record by themselves.
protocol RecordFields: Codable, Hashable, Sendable {
    /// Their names in the model, by whose places they are found in a row.
    static var names: [String] { get }

    init(_ cells: CellRow)
}

/// Where a record has its fields: on the page that it came with, until one of them is changed.
struct RecordSource<Fields: RecordFields>: Sendable {
    /// The place on the page; nil when the fields are the record's own.
    private(set) var cells: CellRow?
    private var box: Box<Fields>?

    init(_ cells: CellRow) { self.cells = cells }

    init(_ fields: Fields) { box = Box(fields) }

    /// The record's own fields; nil while they are on the page.
    var own: Fields? { box?.value }

    /// All of them, wherever they are.
    var fields: Fields {
        if let box { return box.value }
        guard let cells else { preconditionFailure("a record has its fields on a page or by itself") }
        return Fields(cells)
    }

    mutating func change(_ body: (inout Fields) -> Void) {
        var fields = fields
        body(&fields)
        self = RecordSource(fields)
    }

    /// How a record is shown: with the fields that its type has for those who use it.
    func mirror<Record>(of record: Record) -> Mirror {
        let fields = Mirror(reflecting: fields).children.map { ($0.label ?? "", $0.value) }
        return Mirror(record, children: fields.map { (label: $0.0, value: $0.1) }, displayStyle: .struct)
    }
}

extension RecordSource: Hashable {
    static func == (left: RecordSource, right: RecordSource) -> Bool {
        if let cells = left.cells, cells == right.cells { return true }
        return left.fields == right.fields
    }

    func hash(into hasher: inout Hasher) { hasher.combine(fields) }
}

/// Keeps a record as small as a reference while it has fields of its own.
private final class Box<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}

extension NativeMemory {
    fileprivate var start: UnsafeRawPointer? { pointer(to: address()) }

    /// A copy of some of it; nil where there is less.
    func data(from place: Int, length: Int) -> Data? {
        let count = Int(count())
        guard place >= 0, length >= 0, place <= count, length <= count - place else { return nil }
        return withExtendedLifetime(self) {
            Data(UnsafeRawBufferPointer(start: start.map { $0 + place }, count: length))
        }
    }
}

private func pointer(to address: UInt64) -> UnsafeRawPointer? {
    UnsafeRawPointer(bitPattern: UInt(truncatingIfNeeded: address))
}
