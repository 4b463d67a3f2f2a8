import Foundation

/// Calls of the API with an access token.
extension Doorstep.Session {
    func call<Body, Result>(
        _ endpoint: Endpoint<Body, Result>,
        _ body: Body,
        path: [String: String] = [:]
    ) async throws -> Result {
        var options = SendOptions(path: path)
        if Body.self != NoBody.self { options.body = try JSONObject(encoding: body) }
        return try api.read(Result.self, await call(endpoint.operation, options))
    }

    /// Sends an operation. It goes on when its caller is cancelled.
    func call(_ operation: Operation, _ options: SendOptions) async throws -> Answer {
        var complete = options
        if operation.route.idempotencyKey, options.idempotencyKey == nil {
            complete.idempotencyKey = try randomName(api.configuration.random)
        }
        return try await uncancelled { [self, complete] in try await callNow(operation, complete) }
    }

    private func callNow(_ operation: Operation, _ options: SendOptions) async throws -> Answer {
        var options = options
        let before = memory.stored?.userID
        let token = try await accessToken()
        let user = before ?? memory.stored?.userID
        options.accessToken = try sameUser(user, token)
        do {
            return try await api.send(operation, options)
        } catch where error.hasCode(.tokenExpired, .tokenInvalid, .tokenMissing) {
            // Another call may have refreshed meanwhile.
            let now = memory.token(minTTL: 0)
            let renewed: String
            if let now, now != token { renewed = now } else { renewed = try await refresher.refresh() }
            options.accessToken = try sameUser(user, renewed)
            return try await api.send(operation, options)
        }
    }

    /// Stops a call that one user began, if another has signed in meanwhile in another process.
    func sameUser(_ user: String?, _ token: String) throws -> String {
        if memory.stored?.userID == user { return token }
        throw api.configuration.error(.userChanged, "another user has signed in on this device")
    }
}
