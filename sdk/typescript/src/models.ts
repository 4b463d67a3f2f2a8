// What the client gives to an app. The names on the wire are in snake_case; `wire.ts` translates.

import type { Schemas } from './generated/operations.js'
import type { Camel } from './wire.js'

/** The account. `null` in a field of the profile means that there is none. */
export interface User {
  readonly id: string
  /** E.164. `null` if another person has the number now: ask for a new one (`doorstep.phoneChange()`). */
  readonly phoneNumber: string | null
  /** The number was not proven for a long time: ask for it (`doorstep.phoneConfirmation()`). */
  readonly phoneConfirmDue: boolean
  readonly hasPassword: boolean
  readonly nickname: string
  readonly avatarUrl: string | null
  /** `female`, `male`, `other`, or a value of a newer service. */
  readonly gender: string | null
  /** A day, `2000-02-29`: not a moment, so do not make a `Date` of it. */
  readonly birthday: string | null
  /** Documents that the user must accept: `account.acceptDocuments`. */
  readonly consentDue: readonly string[]
  /** RFC 3339 in UTC, like every time. */
  readonly createdAt: string
  readonly updatedAt: string
}

/** A device on which the user is signed in. */
export interface DeviceSession {
  readonly id: string
  readonly deviceName?: string
  /** This device. */
  readonly current: boolean
  readonly createdAt: string
  /** Time of the last refresh, to the hour. */
  readonly lastUsedAt: string
  readonly expiresAt: string
  readonly knownDevice: boolean
  readonly deviceKnownSince?: string
}

/** An act that waits: for its time, or for an approval. */
export interface PendingAct {
  readonly id: string
  /** `sign_in`, `password_reset`, `deletion`, `phone_change`, `number_claim`, or one of a newer service. */
  readonly kind: string
  readonly phoneNumber?: string
  readonly deviceName?: string
  /** This session asked for it. */
  readonly own: boolean
  readonly approved: boolean
  readonly askedAt: string
  readonly readyAt: string
  readonly expiresAt: string
}

/** A permit to upload one image to the storage of the operator. */
export interface UploadPermit {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly form: Readonly<Record<string, string>>
  /** Value for `account.update({ avatarUrl })` after the upload. */
  readonly publicUrl: string
  readonly expiresIn: number
}

// The compiler compares the names with those of the document: a new field of an answer belongs here, too.
type Same<Wire, Model> = [keyof Camel<Wire>, keyof Model] extends [keyof Model, keyof Camel<Wire>] ? true : false
type AllTrue<T extends true[]> = T
export type Checked = AllTrue<
  [
    Same<Schemas['User'], User>,
    Same<Schemas['Session'], DeviceSession>,
    Same<Schemas['PendingAct'], PendingAct>,
    Same<Schemas['UploadPermit'], UploadPermit>,
  ]
>
