import { AccountFlow, captchaFields } from './account-flow.js'
import type { CaptchaAnswer, Context } from './flow.js'
import type { FlowState } from './state.js'

/** Sign-in with the password, or with a code. */
export class SignIn extends AccountFlow {
  constructor(context: Context) {
    super(context, 'signIn', 'login')
  }

  /**
   * Signs in with the password. The step is `done`, or `code` if the service wants a code from a new device. After the
   * error `captcha_required`, call it again with a captcha.
   */
  withPassword(options: { phoneNumber: string; password: string; captcha?: CaptchaAnswer }): Promise<FlowState> {
    const { phoneNumber: phone_number, password, captcha } = options
    return this.act({
      operation: 'loginWithPassword',
      body: () => ({ phone_number, password, ...captchaFields(captcha) }),
      signsIn: true,
      device: true,
    })
  }

  /** Sends a code. A known device needs no captcha; the error `captcha_required` asks for one. */
  sendCode(options: { phoneNumber: string; captcha?: CaptchaAnswer }): Promise<FlowState> {
    const { phoneNumber: phone_number, captcha } = options
    return this.act({
      operation: 'loginSendCode',
      body: () => ({ phone_number, ...captchaFields(captcha) }),
      device: true,
    })
  }

  /** Signs in, or asks whose account it is (`prove`). The same code is enough again after an approval. */
  verifyCode(code: string): Promise<FlowState> {
    return this.next('VerifyCode', () => ({ code }), { signsIn: true, device: true })
  }

  /** "This is my account": proves it with the password, or with this device if the account knows it. */
  claim(proof: { password?: string } = {}): Promise<FlowState> {
    const { password } = proof
    return this.next('Claim', () => ({ password }), { signsIn: true, device: password === undefined })
  }
}
