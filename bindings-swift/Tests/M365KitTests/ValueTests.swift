import Foundation
import M365Kit
import Testing

@Suite struct ValueTests {
    @Test func secretsAreNotShown() throws {
        let secret = "correct horse battery"
        let credential = Credential.clientSecret(clientID: "the-app", secret: secret)
        let client = try Client(tenant: "contoso.onmicrosoft.com", credential: credential)
        let token = AccessToken(secret)
        let fixed = Credential.staticToken(secret)
        for value in [credential, fixed, client, token] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains(secret)) }
        }
        #expect("\(client)".contains("contoso.onmicrosoft.com"))
        #expect("\(client)".contains("the-app"))
        let sandbox = try Sandbox(["blobs": 0, "clientSecret": .string(secret)])
        var dumped = ""
        dump(sandbox, to: &dumped)
        for text in ["\(sandbox)", String(reflecting: sandbox), dumped] { #expect(!text.contains(secret)) }
    }

    @Test func recordsKeepWhatTheyDoNotKnow() throws {
        let text = """
            {"contentType":"Audit.Exchange","status":"brand-new","webhook":null,"later":{"a":[1,2.5,"x",null,true]}}
            """
        let value = try JSONDecoder().decode(AuditSubscription.self, from: Data(text.utf8))
        #expect(value.contentType == .exchange)
        #expect(value.status?.rawValue == "brand-new")
        #expect(value.extra["later"]?["a"]?[1] == 2.5)
        let back = try JSON(parsing: JSONEncoder().encode(value))
        #expect(back["later"] == ["a": [1, 2.5, "x", nil, true]])
        #expect(back["status"] == "brand-new")
        #expect(try JSONDecoder().decode(AuditSubscription.self, from: JSONEncoder().encode(value)) == value)
    }

    @Test func halfASurrogatePairIsNoCharacter() throws {
        #expect(try JSON(parsing: #"{"a":"cut \ud83d","b":1}"#) == ["a": "cut \u{FFFD}", "b": 1])
        let text = #"["\ude00\ud83d\ud83d\ude00","\\ud83d"]"#
        #expect(try JSON(parsing: text) == ["\u{FFFD}\u{FFFD}😀", "\\ud83d"])
        #expect(throws: M365Error.self) { try JSON(parsing: #"{"a":"\ud83d""#) }
    }

    @Test func aRecordIsItsTypedFieldsAndItsOriginal() async throws {
        let sandbox = try Sandbox(["blobs": 0, "contentTypes": ["Audit.Exchange"]])
        let original: JSON = [
            "Id": "7a7c2b11-0c2b-4c8a-9a52-000000000001", "CreationTime": "2026-01-02T03:04:05",
            "Operation": "Send", "RecordType": 2, "UserType": 99, "Workload": "Exchange",
            "UserId": "a@contoso.com",
            "ClientIP": "192.0.2.7", "Later": ["deep": [1, 2, 3]],
        ]
        try await sandbox.addContent(.exchange, records: [original])
        let client = try sandbox.client()
        var found: [AuditRecord] = []
        for try await record in client.audit.records([.exchange], last: .hours(24)) { found.append(record) }
        let record = try #require(found.first)
        #expect(found.count == 1)
        #expect(record.id == "7a7c2b11-0c2b-4c8a-9a52-000000000001")
        #expect(record.creationTime == Date(timeIntervalSince1970: 1_767_323_045))
        #expect(record.operation == "Send")
        #expect(record.userType?.rawValue == 99)
        #expect(record.userType?.name == nil)
        #expect(record.clientIP == "192.0.2.7")
        #expect(try record.data() == original)
        #expect(try JSON(parsing: record.raw) == original)
        let copy = try JSONDecoder().decode(AuditRecord.self, from: JSONEncoder().encode(record))
        #expect(copy == record)
    }

    @Test func aRecordIsTheSameOnItsPageAndApart() async throws {
        let sandbox = try Sandbox(["blobs": 2, "records": 30, "contentTypes": ["Audit.Exchange"]])
        let client = try sandbox.client()
        var onPages: [AuditRecord] = []
        for try await page in client.audit.records([.exchange], last: .days(7)).pages { onPages += page }
        let count = try await sandbox.feed()["records"]?.int
        #expect(onPages.count == count)
        let coded = try JSONDecoder().decode([AuditRecord].self, from: JSONEncoder().encode(onPages))
        #expect(coded == onPages)
        #expect(Set(coded) == Set(onPages))
        for (record, apart) in zip(onPages, onPages.map { $0.detached() }) {
            #expect(record == apart && record.hashValue == apart.hashValue)
            #expect(record.raw == apart.raw && record.rawBytes == apart.rawBytes)
            #expect(record.creationTime == apart.creationTime && record.recordType == apart.recordType)
            #expect(try record.data()["Id"]?.string == record.id)
        }
        let first = try #require(onPages.first)
        var changed = first
        changed.operation = "Changed"
        #expect(changed.operation == "Changed" && changed != first && first == onPages[0])
        #expect(changed.id == first.id && changed.rawBytes == first.rawBytes)
        #expect("\(first)".contains(try #require(first.id)))
        #expect(Set(onPages).count == count)
    }

    @Test func aRecordIsMadeByHand() throws {
        let record = AuditRecord(id: "1", operation: "Send", recordType: 2, raw: #"{"Id":"1"}"#)
        #expect(record == AuditRecord(id: "1", operation: "Send", recordType: 2, raw: #"{"Id":"1"}"#))
        #expect(record != AuditRecord(id: "1", operation: "Send", recordType: 2))
        #expect(record.userID == nil && record.raw == #"{"Id":"1"}"#)
        #expect(try JSONDecoder().decode(AuditRecord.self, from: JSONEncoder().encode(record)) == record)
    }

    @Test func enumerationsAreOpen() throws {
        #expect(ContentType(rawValue: "Audit.Later").description == "Audit.Later")
        #expect(RecordType(rawValue: 2).name != nil)
        #expect(RecordType(rawValue: 123_456).description == "123456")
        #expect(try JSONDecoder().decode([RecordType].self, from: Data("[2,123456]".utf8)) == [2, 123_456])
    }

    @Test func jsonReadsAndWritesEveryValue() throws {
        let text = #"{"a":[null,true,1,-9007199254740993,2.5,"é/\n"],"b":{}}"#
        let value = try JSON(parsing: text)
        #expect(value.description == text)
        #expect(value["a"]?[3]?.int == -9_007_199_254_740_993)
        #expect(value["a"]?[9] == nil)
        #expect(throws: M365Error.self) { try JSON(parsing: "{") }
    }

    @Test func durationsHaveTheUnitsOfTheFeed() {
        #expect(Duration.hours(24) == .days(1))
        #expect(Duration.minutes(90) == .seconds(5_400))
    }
}
