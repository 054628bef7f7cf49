"""One batch: claim, fence, send, settle; and the sweep of batches that a worker has left."""
