import { Account } from './account.js'
import { Api, type Exchange } from './api.js'
import { createCaptcha, type Captcha, type CaptchaOptions } from './captcha.js'
import { Deletion } from './flows/deletion.js'
import { FirstPassword } from './flows/first-password.js'
import type { Context } from './flows/flow.js'
import { PhoneChange, PhoneConfirmation } from './flows/own-number.js'
import { PasswordReset } from './flows/password-reset.js'
import { Reclaim } from './flows/reclaim.js'
import { SignIn } from './flows/sign-in.js'
import { SignUp } from './flows/sign-up.js'
import { defaultKeys, type KeyStore } from './keys.js'
import { systemClock, type Clock } from './platform/clock.js'
import { systemRandom, type RandomSource } from './platform/random.js'
import { fetchTransport, type Transport } from './platform/transport.js'
import { defaultSolver, type Solver } from './proof-of-work/solve.js'
import { Session } from './session.js'
import { defaultStore, type Store } from './store.js'
import { Vault } from './vault.js'

export interface DoorstepOptions {
  /** URL of the service, with its path prefix: `https://id.example.com`. */
  readonly baseUrl: string
  /** Id of the app, as agreed with the operator: for SMS autofill and in the access token. */
  readonly clientId?: string
  /** "iPhone 17": the user recognises the device by it. */
  readonly deviceName?: string
  /** Language of messages and errors: `en`, `zh`, or what the operator has added. */
  readonly language?: string
  /** Default: `localStorage` in browsers, else memory. */
  readonly store?: Store
  /** Name of the record in the store. */
  readonly storeKey?: string
  readonly transport?: Transport
  /** Default: WebCrypto keys where the platform has IndexedDB. `null`: sessions are not bound to a key. */
  readonly keys?: KeyStore | null
  readonly solveProofOfWork?: Solver
  /** Default: `crypto.getRandomValues`. */
  readonly random?: RandomSource
  /** Milliseconds until a request counts as lost. */
  readonly timeout?: number
  /** Called after each request, for a log. Requests and answers contain secrets. */
  readonly onRequest?: (exchange: Exchange) => void
  /** Clock of tests. */
  readonly clock?: Clock
}

/** The client of one doorstep service. An app needs one. */
export class Doorstep {
  readonly session: Session
  readonly account: Account
  private readonly context: Context
  private readonly solve: Solver

  constructor(options: DoorstepOptions) {
    const { baseUrl, language, onRequest, clientId, deviceName, storeKey = 'doorstep', timeout = 15_000 } = options
    const { transport = fetchTransport(), clock = systemClock(), random = systemRandom() } = options
    const keys = options.keys === undefined ? defaultKeys() : options.keys
    const api = new Api({ baseUrl, language, timeout, transport, clock, random, onRequest })
    const vault = new Vault(options.store ?? defaultStore(), storeKey)
    this.solve = options.solveProofOfWork ?? defaultSolver()
    this.session = new Session(api, vault, keys)
    this.account = new Account(this.session, random)
    this.context = { api, vault, session: this.session, keys, clientId, deviceName }
  }

  /** Requests a captcha, and does the proof of work that the service may want. */
  captcha(options: CaptchaOptions = {}): Promise<Captcha> {
    return createCaptcha(this.context.api, this.solve, options)
  }

  signUp(): SignUp {
    return new SignUp(this.context)
  }

  signIn(): SignIn {
    return new SignIn(this.context)
  }

  passwordReset(): PasswordReset {
    return new PasswordReset(this.context)
  }

  reclaim(): Reclaim {
    return new Reclaim(this.context)
  }

  phoneChange(): PhoneChange {
    return new PhoneChange(this.context)
  }

  phoneConfirmation(): PhoneConfirmation {
    return new PhoneConfirmation(this.context)
  }

  firstPassword(): FirstPassword {
    return new FirstPassword(this.context)
  }

  deletion(): Deletion {
    return new Deletion(this.context)
  }
}
