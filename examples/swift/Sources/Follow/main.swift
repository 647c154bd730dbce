// How do I keep a copy of the feed, complete and without duplicates, whatever happens to the program?
//
//   Follow records          goes on until it is stopped, and from there when it is started again
//   Follow records once     ends when it has caught up, as a job of cron should

import Foundation
import M365Kit
import Tenant

let arguments = CommandLine.arguments.dropFirst()
let directory = arguments.first ?? "records"
try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)

let tenant = try Tenant()
let state = directory + "/position.m365state"
let feed = tenant.client.audit.follow(state, stopWhenCaughtUp: arguments.contains("once"))
for try await page in feed.intoJSONL(directory).pages {
    for step in page {
        print("\(step.records) records of \(step.blobs) blobs, \(step.bytes) bytes")
        // Nothing changes in them any more: here they would be handed on.
        for path in step.sealed { print("\(path) is whole") }
    }
    let problems = page.errors.map { "not read: \($0)\n" } + page.warnings.map { "\($0.message)\n" }
    FileHandle.standardError.write(Data(problems.joined().utf8))
}
