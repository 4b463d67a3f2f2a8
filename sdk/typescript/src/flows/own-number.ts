// Flows of a signed-in user around their number.

import { CodeFlow } from './account-flow.js'
import type { Context } from './flow.js'
import type { FlowState } from './state.js'

/** Another number for the account. */
export class PhoneChange extends CodeFlow {
  constructor(context: Context) {
    super(context, 'phoneChange')
  }

  /** Sends a code to the new number. An account with a password needs it. */
  sendCode(options: { phoneNumber: string; currentPassword?: string }): Promise<FlowState> {
    const { phoneNumber: phone_number, currentPassword: current_password } = options
    return this.act({ operation: 'phoneChangeSendCode', body: () => ({ phone_number, current_password }) })
  }

  /** Changes the number, or holds the change (`prove`): repeat the flow after `question.retryAfter`. */
  verifyCode(code: string): Promise<FlowState> {
    return this.next('VerifyCode', () => ({ code }))
  }
}

/** "Is this still your number?" */
export class PhoneConfirmation extends CodeFlow {
  constructor(context: Context) {
    super(context, 'phoneConfirmation')
  }

  /** Sends a code to the number of the account. */
  sendCode(): Promise<FlowState> {
    return this.act({ operation: 'phoneConfirmationSendCode', body: () => ({}) })
  }

  verifyCode(code: string): Promise<FlowState> {
    return this.next('VerifyCode', () => ({ code }))
  }
}
