/// A listing that keeps its position in a state on this machine, and goes on from there the next time.
///
/// ```swift
/// for try await page in client.audit.follow(state: "contoso.m365state").pages {
///     try await store.insert(page.items)
/// }
/// ```
///
/// It is read like any other listing: item by item, or by ``pages`` batch after batch. Asking for the next batch says that
/// the one before is safe; with `commit: .manual` only ``commit()`` does. What was not said to be safe comes again the next
/// time, so that nothing is lost when the process dies.
///
/// It has no end of its own. Leaving the loop, or cancelling its `Task`, ends its requests and releases the state, so that
/// another can use it. One loop at a time can run on a state.
public protocol Following<Element>: Listing {}

extension Following {
    /// Says that everything handed out so far is safe, and remembers it for good before it returns.
    ///
    /// It can be called from any task, while the next batch is waited for too, and after a loop that came to an end by
    /// itself. The position moves by whole batches: one that is read item by item counts when its last item was handed out.
    ///
    /// Throws kind `invalidRequest` after the loop has been left, and `storageError` when the state cannot be written.
    public func commit() async throws { try await listing.commit() }
}
