import { DoorstepError } from './errors.js'
import type { Operations } from './generated/operations.js'
import type { DeviceSession, PendingAct, UploadPermit, User } from './models.js'
import { randomName, type RandomSource } from './platform/random.js'
import type { Session } from './session.js'
import { camel, snake, snakeName } from './wire.js'

export interface ProfileChange {
  readonly nickname?: string
  readonly avatarUrl?: string
  readonly gender?: 'female' | 'male' | 'other'
  /** A day: `2000-02-29`. */
  readonly birthday?: string
  /** Fields to empty. */
  readonly clear?: readonly ('avatarUrl' | 'gender' | 'birthday')[]
}

/** The account of the session. */
export class Account {
  private passwordChange: { body: string; idempotencyKey: string } | undefined

  /** Apps take it from `doorstep.account`. */
  constructor(
    private readonly session: Session,
    private readonly random: RandomSource,
  ) {}

  async me(): Promise<User> {
    return this.session.setUser(await this.session.call('meRead'))
  }

  /** Changes the fields that are given. */
  async update({ clear, ...fields }: ProfileChange): Promise<User> {
    const body = { ...snake(fields), ...(clear && { clear: clear.map(snakeName) }) }
    return this.session.setUser(await this.session.call('meChange', body as Operations['meChange']['body']))
  }

  /** Signs out every other device. The same call again after an error `network` is the same change. */
  async changePassword(options: { currentPassword: string; newPassword: string }): Promise<void> {
    const body = { current_password: options.currentPassword, new_password: options.newPassword }
    const text = JSON.stringify(body)
    const again = this.passwordChange?.body === text ? this.passwordChange : undefined
    const change = again ?? { body: text, idempotencyKey: await randomName(this.random) }
    this.passwordChange = change
    try {
      const { idempotencyKey } = change
      await this.session.changePassword({ body, idempotencyKey, unanswered: again !== undefined })
      this.passwordChange = undefined
    } catch (error) {
      if (error instanceof DoorstepError && !error.unanswered) this.passwordChange = undefined
      throw error
    }
  }

  /** The devices on which the user is signed in. */
  async sessions(): Promise<DeviceSession[]> {
    const { sessions } = await this.session.call('sessionsList')
    return sessions.map((session) => camel(session) as DeviceSession)
  }

  /** Signs another device out, and forgets it. Use `session.signOut` for this one. */
  async endSession(id: string): Promise<void> {
    await this.session.call('sessionsEnd', undefined, { path: { id } })
  }

  /** The acts that wait. Read them at the start of the app, and now and then in the background. */
  async pending(): Promise<PendingAct[]> {
    const { pending } = await this.session.call('pendingList')
    return pending.map((act) => camel(act) as PendingAct)
  }

  async approve(id: string): Promise<void> {
    await this.session.call('pendingApprove', undefined, { path: { id } })
  }

  async refuse(id: string): Promise<void> {
    await this.session.call('pendingRefuse', undefined, { path: { id } })
  }

  /** Records that the user has accepted the documents in force. */
  async acceptDocuments(accepted: readonly string[]): Promise<User> {
    return this.session.setUser(await this.session.call('meAcceptDocuments', { accepted: [...accepted] }))
  }

  /** A permit to upload one image, for platforms without `fetch`. Set `avatarUrl` after the upload. */
  async permitAvatar(image: { contentType: string; contentLength: number }): Promise<UploadPermit> {
    const body = snake(image) as Operations['mePermitAvatar']['body']
    return camel(await this.session.call('mePermitAvatar', body)) as UploadPermit
  }

  /** Uploads a JPEG, PNG or WebP image, and sets it as the avatar. Needs `fetch`. */
  async uploadAvatar(image: Blob): Promise<User> {
    const permit = await this.permitAvatar({ contentType: image.type, contentLength: image.size })
    const { method, url, headers } = permit
    const body = method === 'PUT' ? image : formOf(permit, image)
    const request = { method, headers: { ...headers }, body, credentials: 'omit' } as const
    const response = await fetch(url, request).catch((cause) => {
      throw new DoorstepError('network', 'no answer from the storage', { cause })
    })
    if (!response.ok) {
      throw new DoorstepError('upload_failed', `the storage refused the image`, { status: response.status })
    }
    return this.update({ avatarUrl: permit.publicUrl })
  }
}

function formOf({ form }: UploadPermit, image: Blob): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(form)) data.append(name, value)
  data.append('file', image, 'avatar')
  return data
}
