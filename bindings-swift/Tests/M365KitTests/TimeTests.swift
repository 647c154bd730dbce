import Foundation
import Testing

@testable import M365Kit

@Suite struct TimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0.0),
        ("2026-11-22T07:00:00Z", 1_795_330_800),
        ("2026-11-22T07:00:00.25Z", 1_795_330_800.25),
        ("2026-11-22T09:00:00+02:00", 1_795_330_800),
        ("2024-02-29T23:59:59Z", 1_709_251_199),
        ("2000-03-01T00:00:00Z", 951_868_800),
        ("1969-12-31T23:59:59.5Z", -0.5),
    ])
    func timesAreRead(_ text: String, _ seconds: Double) {
        #expect(Date(rfc3339: text)?.timeIntervalSince1970 == seconds)
    }

    @Test(arguments: [
        "", "2026-11-22", "2026-11-22T07:00:00", "2026-13-01T00:00:00Z", "2026-11-22T07:00:00Zx", "now",
    ])
    func whatIsNoTimeIsRefused(_ text: String) {
        #expect(Date(rfc3339: text) == nil)
    }

    @Test func timesSurvive() throws {
        for seconds in [0, 1_795_330_800.123456, -0.5, -86_400, 951_782_400, 4_102_444_799.999999] {
            let date = Date(timeIntervalSince1970: seconds)
            let back = try #require(Date(rfc3339: date.rfc3339))
            #expect(abs(back.timeIntervalSince(date)) < 0.000_001)
        }
        #expect(Date(timeIntervalSince1970: 1_795_330_800).rfc3339 == "2026-11-22T07:00:00Z")
        #expect(Date(timeIntervalSince1970: 0.05).rfc3339 == "1970-01-01T00:00:00.05Z")
    }

    @Test func fractionsOfADurationCross() {
        #expect(Duration.milliseconds(1_500).inSeconds == 1.5)
    }
}
