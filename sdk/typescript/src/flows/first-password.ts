import type { PendingAction } from '../vault.js'
import { CodeFlow } from './account-flow.js'
import type { Context } from './flow.js'
import type { FlowState } from './state.js'

/** A password for an account that has none, by a code to its own number. */
export class FirstPassword extends CodeFlow {
  constructor(context: Context) {
    super(context, 'firstPassword')
  }

  sendCode(): Promise<FlowState> {
    return this.act({ operation: 'firstPasswordSendCode', body: () => ({}) })
  }

  /** Sets the password, and signs out every other device. */
  setPassword(options: { code: string; password: string }): Promise<FlowState> {
    const { code, password: new_password } = options
    return this.act({
      operation: 'meChangePassword',
      body: (flow) => ({ ticket: this.ticket(flow), code, new_password }),
    })
  }

  protected override async send(pending: PendingAction, unanswered: boolean): Promise<unknown> {
    if (pending.operation !== 'meChangePassword') return super.send(pending, unanswered)
    const { body, idempotencyKey } = pending
    await this.context.session.changePassword({ body: body as never, idempotencyKey, unanswered }, this.name)
    return undefined
  }
}
