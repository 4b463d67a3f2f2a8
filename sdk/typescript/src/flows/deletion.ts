import type { PendingAction } from '../vault.js'
import { AccountFlow, captchaFields } from './account-flow.js'
import type { CaptchaAnswer, Context } from './flow.js'
import type { FlowState } from './state.js'

/**
 * Deletion of the account: in the app with a session, or on a page without one (`sendCode` with a number and a
 * captcha). A deletion by a code alone is held for some time (`prove`, `question.retryAfter`).
 */
export class Deletion extends AccountFlow {
  constructor(context: Context) {
    super(context, 'deletion')
  }

  /** Deletes the account of this session at once. */
  withPassword(password: string): Promise<FlowState> {
    return this.act({ operation: 'deletionConfirm', body: () => ({ password }) })
  }

  /** Sends a code: to the number of the session, or to a number with a captcha. */
  sendCode(options?: { phoneNumber: string; captcha: CaptchaAnswer }): Promise<FlowState> {
    if (!options) return this.act({ operation: 'deletionSendCode', body: () => ({}) })
    const { phoneNumber: phone_number, captcha } = options
    return this.act({
      operation: 'accountDeletionSendCode',
      body: () => ({ phone_number, ...captchaFields(captcha) }),
    })
  }

  /** Deletes the account, or holds the deletion. */
  verifyCode(code: string): Promise<FlowState> {
    const inApp = this.record.data.via === 'deletion'
    return this.act({
      operation: inApp ? 'deletionConfirm' : 'accountDeletionVerifyCode',
      body: (flow) => ({ ticket: this.ticket(flow), code }),
      device: !inApp,
    })
  }

  protected override async send(pending: PendingAction, unanswered: boolean): Promise<unknown> {
    if (pending.operation !== 'deletionConfirm') return super.send(pending, unanswered)
    await this.context.session.delete(pending.body as never, unanswered)
    return undefined
  }
}
