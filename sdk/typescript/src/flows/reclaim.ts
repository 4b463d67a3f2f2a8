import { captchaFields, CodeFlow } from './account-flow.js'
import type { CaptchaAnswer, Context } from './flow.js'
import type { FlowState } from './state.js'

/** "My number has changed": an account that lost its number gets a new one, and is signed in. */
export class Reclaim extends CodeFlow {
  constructor(context: Context) {
    super(context, 'reclaim')
  }

  /** Sends a code to the new number. Without a password, this device must be known to the account. */
  sendCode(options: {
    formerPhoneNumber: string
    phoneNumber: string
    password?: string
    captcha: CaptchaAnswer
  }): Promise<FlowState> {
    const { formerPhoneNumber: former_phone_number, phoneNumber: phone_number, password, captcha } = options
    return this.act({
      operation: 'reclaimSendCode',
      body: () => ({ former_phone_number, phone_number, password, ...captchaFields(captcha) }),
      device: password === undefined,
    })
  }

  verifyCode(code: string): Promise<FlowState> {
    return this.next('VerifyCode', () => ({ code }), { signsIn: true, device: true })
  }
}
