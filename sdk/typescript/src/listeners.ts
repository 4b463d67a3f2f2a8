/** Listeners of one kind of event. An error in a listener does not reach the client. */
export class Listeners<T> {
  private readonly all = new Set<(value: T) => void>()

  /** Returns the function that removes the listener. */
  add(listener: (value: T) => void): () => void {
    this.all.add(listener)
    return () => void this.all.delete(listener)
  }

  emit(value: T): void {
    for (const listener of [...this.all]) {
      try {
        listener(value)
      } catch (error) {
        setTimeout(() => {
          throw error
        }, 0)
      }
    }
  }
}
