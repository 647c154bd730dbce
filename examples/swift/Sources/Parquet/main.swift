// How do I get a week of audit records into a data tool? As Parquet, by day and workload, with a line that says how far it is.
//
//   Parquet days     writes into the folder `days`, and replaces what is there

import Foundation
import M365Kit
import Tenant

let directory = CommandLine.arguments.dropFirst().first ?? "days"
let tenant = try Tenant()
let records = tenant.client.audit.records(last: .days(7), onError: .collect)

let written = try await records.writeParquet(
    directory,
    partitionBy: [.date, .workload],
    overwrite: true
) { report in
    var line = "\(report.records) records of \(report.blobs) blobs"
    if let known = report.blobsKnown { line += " (\(known) known)" }
    if let rate = report.rate { line += ", \(Int(rate)) a second" }
    if let remaining = report.remaining { line += ", \(Int(remaining)) s left" }
    FileHandle.standardError.write(Data((line + "\n").utf8))
}

print("\(written.records) records in \(written.files.count) files, \(written.bytes) bytes")
for (column, count) in written.conflicts.sorted(by: { $0.key < $1.key }) {
    print("\(count) values did not fit the column \(column)")
}
for error in records.errors { print("not read: \(error)") }
