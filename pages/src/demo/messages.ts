/** Messages of the console provider: development has no phone, so the page shows what the phone would. */

export interface Message {
  readonly number: number
  readonly to: string
  readonly text: string
}

/** Pauses between questions for new messages after a request that may send one, in milliseconds. */
const PAUSES = [150, 350, 700, 1_500, 3_000]

export class Messages {
  private last = -1
  private asking = 0
  readonly all: Message[] = []

  constructor(
    private readonly baseUrl: string,
    private readonly arrived: (messages: readonly Message[]) => void,
  ) {}

  /** Looks for new messages for some seconds. A message can be sent after its request was answered. */
  async expect(): Promise<void> {
    const mine = ++this.asking
    for (const pause of PAUSES) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      if (mine !== this.asking) return
      if (await this.ask()) return
    }
  }

  /** Remembers where the list ends, so that earlier messages are not shown. */
  async start(): Promise<void> {
    const answer = await this.read(0)
    if (answer) this.last = answer.last
  }

  private async ask(): Promise<boolean> {
    const answer = await this.read(Math.max(this.last, 0))
    if (!answer) return false
    // The service was started again, and counts from 1.
    const messages = answer.last < this.last ? ((await this.read(0))?.messages ?? []) : answer.messages
    this.last = answer.last
    if (messages.length === 0) return false
    this.all.push(...messages)
    this.arrived(messages)
    return true
  }

  private async read(after: number): Promise<{ messages: Message[]; last: number } | undefined> {
    try {
      const response = await fetch(new URL(`dev/messages?after=${after}`, this.baseUrl), { cache: 'no-store' })
      return response.ok ? await response.json() : undefined
    } catch {
      return undefined
    }
  }
}

/** The code in a message. */
export function codeIn(text: string): string | undefined {
  return /(?:^|\D)(\d{6})(?:\D|$)/.exec(text)?.[1]
}
