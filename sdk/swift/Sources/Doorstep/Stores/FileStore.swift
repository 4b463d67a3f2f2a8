import Foundation

/// A folder with one file for each key, readable by this user only. Processes can share it.
public final class FileStore: DoorstepStore {
    private let folder: URL

    /// The folder is created where it does not exist.
    public init(folder: URL) {
        self.folder = folder
    }

    public func get(_ key: String) async throws -> String? {
        do {
            return try String(decoding: Data(contentsOf: file(key)), as: UTF8.self)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return nil
        }
    }

    public func set(_ key: String, _ value: String?) async throws {
        try createFolder()
        if let value {
            try replace(file(key), Data(value.utf8))
        } else if unlink(file(key).path) != 0, errno != ENOENT {
            throw posixError()
        }
        try synchronizeFolder()
    }

    public func lock<Value: Sendable>(
        _ name: String,
        _ task: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try createFolder()
        return try await FileLock(file: file("\(name).lock")).run(task)
    }

    private func file(_ key: String) -> URL {
        folder.appendingPathComponent(percentEncoded(key))
    }

    private func createFolder() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Writes the whole file or nothing, also if the device loses its power: readers see the old or the new text.
    private func replace(_ file: URL, _ data: Data) throws {
        let draft = file.path + "." + UUID().uuidString
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw posixError() }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: data)
            try handle.synchronize()
            guard rename(draft, file.path) == 0 else { throw posixError() }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// Writes the names in the folder to the disk.
    private func synchronizeFolder() throws {
        let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw posixError() }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw posixError() }
    }
}
