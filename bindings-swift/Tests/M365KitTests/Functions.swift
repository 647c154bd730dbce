import Foundation
import M365Kit

/// What a function of the application does, as a scenario writes it.
private struct Deed: Sendable {
    let written: JSON
    let sandbox: Sandbox

    func answer(to question: JSON) async throws -> JSON {
        if let reason = written["error"]?.string { throw Complaint(reason) }
        if let operation = written["control"]?.string {
            var arguments = written["args"] ?? [:]
            if let member = written["question"]?.string {
                arguments = arguments.overlaid(.object([member: question]))
            }
            let said = try await sandbox.control(operation, arguments)
            return written["answer"]?.string.flatMap { said[$0] } ?? .null
        }
        if written["browse"] == true {
            let address = question.string ?? ""
            // Not waited for: whoever is done with it cancels it, and Foundation on Linux may hang in that.
            Task { try await browse(address) }
            return .null
        }
        return written == true ? .null : written
    }

    func text(answering question: JSON) async throws -> String {
        let answer = try await answer(to: question)
        guard let text = answer.string else { throw Complaint("a function answers no text") }
        return text
    }
}

extension Given {
    func function(_ name: String) throws -> DeviceCodeFunction {
        guard let deed = try deed(name) else { throw NotSwift(argument: name, value: .null) }
        return { prompt in _ = try await deed.answer(to: json(prompt)) }
    }

    func function(_ name: String) throws -> AssertionFunction? {
        guard let deed = try deed(name) else { return nil }
        return { try await deed.text(answering: .null) }
    }

    func function(_ name: String) throws -> SignFunction? {
        guard let deed = try deed(name) else { return nil }
        return { message in
            let signature = try await deed.text(answering: .string(message.base64EncodedString()))
            guard let bytes = Data(base64Encoded: signature) else {
                throw Complaint("a function answers no bytes")
            }
            return bytes
        }
    }

    func function(_ name: String) throws -> OpenBrowserFunction? {
        guard let deed = try deed(name) else { return nil }
        return { url in _ = try await deed.answer(to: .string(url.absoluteString)) }
    }

    /// The token provider of a credential of kind `callback`.
    func provider() throws -> any TokenProvider {
        guard let deed = try deed("function") else { throw NotSwift(argument: "function", value: .null) }
        return Provider(deed: deed)
    }

    private func deed(_ name: String) throws -> Deed? {
        guard let written = arguments[name] else { return nil }
        guard let setting else { throw Complaint("\(name): a function without a sandbox") }
        return Deed(written: written, sandbox: setting.sandbox)
    }
}

private struct Provider: TokenProvider {
    let deed: Deed

    func token(for request: TokenRequest) async throws -> AccessToken {
        var wanted: [String: JSON] = [
            "scope": .string(request.scope), "resource": .string(request.resource),
            "tenant": .string(request.tenant),
        ]
        wanted["claims"] = request.claims.map(JSON.string)
        return AccessToken(try await deed.text(answering: .object(wanted)))
    }
}
