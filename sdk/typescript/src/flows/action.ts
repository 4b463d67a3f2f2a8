import { OPERATIONS, type Operations } from '../generated/operations.js'
import type { DeviceKey } from '../keys.js'
import { randomName } from '../platform/random.js'
import { cleanKeys, findDevice } from '../session-record.js'
import type { PendingAction, StoredDevice, StoredFlow } from '../vault.js'
import type { Context } from './flow.js'
import type { FlowRecord } from './record.js'

/** An action of the user in a flow. */
export interface Action {
  readonly operation: keyof Operations
  /** Called when the actions before it are answered. */
  body(flow: Readonly<StoredFlow>): Record<string, unknown>
  /** The answer has tokens: the request needs the proof of a key. */
  readonly signsIn?: boolean
  /** Sends the device token of the account, where there is one. */
  readonly device?: boolean
}

/** A request without its idempotency key. */
export type Prepared = Pick<PendingAction, 'operation' | 'body' | 'key'>

/** Adds to an action what the device knows: its token, its key, its name. */
export class ActionMaker {
  constructor(
    private readonly context: Context,
    private readonly record: FlowRecord,
  ) {}

  async prepare({ operation, body, signsIn = false, device: sendsDevice = false }: Action): Promise<Prepared> {
    const { clientId, deviceName } = this.context
    const fields = body(this.record.data)
    const known = await this.knownDevice(fields)
    const { key, lost } = await this.chooseKey(signsIn, sendsDevice ? known : undefined)
    const complete = {
      ...fields,
      ...(known && sendsDevice && !lost ? { device_token: known.token } : {}),
      ...(OPERATIONS[operation].clientId && clientId ? { client_id: clientId } : {}),
      ...(OPERATIONS[operation].deviceName && deviceName ? { device_name: deviceName } : {}),
    }
    return { operation, body: complete, ...(key === undefined ? {} : { key }) }
  }

  async key(name: string | undefined): Promise<DeviceKey | undefined> {
    return (name !== undefined && (await this.context.keys?.get(name))) || undefined
  }

  /** Deletes the key of an abandoned flow. */
  async cleanKey(name: string | undefined): Promise<void> {
    await cleanKeys(this.context.keys, await this.context.vault.read(), [name])
  }

  /** The device of the account whose number the user typed, now or at the start of the flow. */
  private async knownDevice(body: Record<string, unknown>): Promise<StoredDevice | undefined> {
    const contents = await this.context.vault.read()
    const number = body['former_phone_number'] ?? body['phone_number']
    if (typeof number !== 'string') return contents.devices.find(({ userId }) => userId === this.record.data.deviceOf)
    const device = findDevice(contents, number)
    this.record.data.deviceOf = device?.userId
    return device
  }

  /**
   * The key of a known device, because its device token needs it; else a new key for an action that signs in. `lost`:
   * the key of the device is gone, and its token is worth nothing.
   */
  private async chooseKey(
    signsIn: boolean,
    device: StoredDevice | undefined,
  ): Promise<{ key: string | undefined; lost: boolean }> {
    if (device?.key !== undefined && (await this.key(device.key))) return { key: device.key, lost: false }
    return { key: signsIn ? await this.ownKey() : undefined, lost: device?.key !== undefined }
  }

  /** One key for all attempts of the flow. A platform that cannot store keys gets an unbound session. */
  private async ownKey(): Promise<string | undefined> {
    const { keys, api } = this.context
    const { key } = this.record.data
    if (!keys || (await this.key(key))) return key
    const name = await randomName(api.config.random)
    try {
      await keys.create(name)
    } catch {
      return undefined
    }
    this.record.data.key = name
    return name
  }
}
