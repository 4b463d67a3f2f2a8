import type { DeviceKey } from '../keys.js'
import { randomName } from '../platform/random.js'
import { cleanKeys } from '../session-record.js'
import type { StoredDevice } from '../vault.js'
import type { Context } from './flow.js'
import type { FlowRecord } from './record.js'

/** The keys whose proofs the actions of a flow send. */
export class ActionKeys {
  constructor(
    private readonly context: Context,
    private readonly record: FlowRecord,
  ) {}

  /**
   * The key of a known device, because its device token needs it; else a new key for an action that signs in. `lost`:
   * the key of the device is gone, and its token is worth nothing.
   */
  async choose(signsIn: boolean, device: StoredDevice | undefined): Promise<{ key?: string; lost: boolean }> {
    const { keys } = this.context
    const known = device?.key !== undefined && (await keys?.get(device.key))
    if (device?.key !== undefined && known) return { key: device.key, lost: false }
    const lost = device?.key !== undefined
    if (!signsIn || !keys) return { lost }
    const key = await this.ownKey()
    return key === undefined ? { lost } : { key, lost }
  }

  async get(name: string | undefined): Promise<DeviceKey | undefined> {
    return (name !== undefined && (await this.context.keys?.get(name))) || undefined
  }

  /** Deletes the key of an abandoned flow. */
  async clean(name: string | undefined): Promise<void> {
    await cleanKeys(this.context.keys, await this.context.vault.read(), name)
  }

  /** One key for all attempts of the flow. A platform that cannot store keys gets an unbound session. */
  private async ownKey(): Promise<string | undefined> {
    const { keys, api } = this.context
    const { key } = this.record.data
    if (key !== undefined && (await keys?.get(key))) return key
    const name = await randomName(api.config.random)
    try {
      await keys?.create(name)
    } catch {
      return undefined
    }
    this.record.data.key = name
    return name
  }
}
