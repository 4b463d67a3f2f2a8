import { AccountFlow, captchaFields } from './account-flow.js'
import type { CaptchaAnswer, Context } from './flow.js'
import type { FlowState } from './state.js'

/** Sign-up: code, password, profile. The user is signed in after it. */
export class SignUp extends AccountFlow {
  constructor(context: Context) {
    super(context, 'signUp', 'register')
  }

  /**
   * Sends a code. `accepted`: the documents that the user has accepted; the error `consent_required` lists those in
   * force, and leaves the captcha unused.
   */
  sendCode(options: {
    phoneNumber: string
    captcha: CaptchaAnswer
    accepted?: readonly string[]
  }): Promise<FlowState> {
    const { phoneNumber: phone_number, captcha, accepted } = options
    return this.act({
      operation: 'registerSendCode',
      body: () => ({ phone_number, ...captchaFields(captcha), ...(accepted && { accepted: [...accepted] }) }),
    })
  }

  verifyCode(code: string): Promise<FlowState> {
    return this.next('VerifyCode', () => ({ code }))
  }
}
