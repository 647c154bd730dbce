import Foundation
import M365Kit
import Testing

@Suite struct FilterTests {
    @Test func eachOperatorWritesItsCondition() throws {
        let time = Date(timeIntervalSince1970: 1_794_614_400)
        let id = UUID(uuidString: "AAAAAAAA-0000-4000-8000-000000000001")!
        for (made, expected) in [
            (field("a") == false, compared("eq", false)),
            (field("a") != "x'y", compared("ne", "x'y")),
            (field("a") > 1, compared("gt", 1)),
            (field("a") >= time, compared("ge", ["time": "2026-11-14T00:00:00Z"])),
            (field("a") < 2.5, compared("lt", 2.5)),
            (field("a") <= .date("2026-11-20"), compared("le", ["date": "2026-11-20"])),
            (field("a") == nil, compared("eq", nil)),
            (field("a") != nil, compared("ne", nil)),
            (field("a") == id, compared("eq", ["guid": .string(id.uuidString.lowercased())])),
            (field("a") == .guid("x"), compared("eq", ["guid": "x"])),
            (field("a") == HealthStatus.resolved, compared("eq", ["enum": "resolved"])),
            (field("a") == .enumeration("later"), compared("eq", ["enum": "later"])),
            (field("a") > Duration.minutes(90), compared("gt", ["duration": 5_400])),
            (field("a").starts(with: "x"), compared("startswith", "x")),
            (field("a").ends(with: "x"), compared("endswith", "x")),
            (field("a").contains("x"), compared("contains", "x")),
        ] as [(Filter, JSON)] {
            #expect(try json(made) == expected)
            #expect(try filter(expected) == made)
        }
    }

    @Test func filtersAreJoined() throws {
        let (a, b, c) = (field("a") == 1, field("b") == 2, field("c") == 3)
        let (x, y, z) = (try json(a), try json(b), try json(c))
        #expect(try json(a && b && c) == ["and": [x, y, z]])
        #expect(try json(a || b || c) == ["or": [x, y, z]])
        #expect(try json(a && (b || !c)) == ["and": [x, ["or": [y, ["not": z]]]]])
        #expect(try json("d eq 4" && a) == ["and": ["d eq 4", x]])
        let of = try json(element() == "Exchange Online")
        #expect(
            try json(field("services").any(element() == "Exchange Online")) == [
                "any": "services", "where": of,
            ]
        )
        #expect(try json(field("services").all("x eq 1")) == ["all": "services", "where": "x eq 1"])
        let text: Filter = "a eq 1"
        #expect(try json(text) == "a eq 1")
    }

    @Test func theyAreComparedAndShown() {
        let made = field("isResolved") == false && !(element() == "x")
        let same = field("isResolved") == false && !(element() == "x")
        #expect(Set([made, same]).count == 1)
        #expect("\(made)" == #"(isResolved == false) && (!(element() == "x"))"#)
        #expect("\(field("services").any(element() == nil))" == "services.any(element() == null)")
    }

    @Test func theyGoOverWithACall() async throws {
        let sandbox = try Sandbox(["blobs": 0])
        let client = try sandbox.client()
        // The core has read it when it names what is wrong with it.
        let error = try await failure {
            for try await _ in client.serviceHealth.listIssues(filter: field("a b") == 1) {}
        }
        #expect(error.kind == .invalidRequest)
        #expect(error.message.contains("a b"))
    }

    private func compared(_ op: String, _ value: JSON) -> JSON {
        ["field": "a", "op": .string(op), "value": value]
    }
}
