/// The actor of sessions and flows. Their methods run here, so views await them; no app needs it by name.
@globalActor
public actor DoorstepActor {
    public static let shared = DoorstepActor()
}

/// Runs a task that goes on when its caller is cancelled: an action on its way must store its answer.
@DoorstepActor
func uncancelled<Value: Sendable>(
    _ task: @escaping @Sendable @DoorstepActor () async throws -> Value
) async throws -> Value {
    try await Task { try await task() }.value
}

/// Runs tasks in the order of their arrival. A cancelled caller does not cancel its task.
@DoorstepActor
final class TaskQueue {
    private var last: Task<Void, Never>?

    nonisolated init() {}

    /// Starts the task when those before it are over. They may have failed.
    func add<Value: Sendable>(
        _ task: @escaping @Sendable @DoorstepActor () async throws -> Value
    ) -> Task<Value, any Error> {
        let before = last
        let work = Task {
            await before?.value
            return try await task()
        }
        last = Task { _ = await work.result }
        return work
    }
}
