// Requests of other clients than the SDK: strangers, thieves, and the accounts that a scenario begins with.

import { setTimeout as after } from "node:timers/promises";
import { e164 } from "./variables.mjs";

/** Address of clients that are not the devices of the scenario. */
const STRANGER = "203.0.113.9";

/** Sends one request. `captcha: true` adds a solved captcha to the body. */
export async function request(server, { http: line, body, bearer, captcha = false, from = STRANGER }) {
  const [method, path] = line.split(" ");
  const headers = { "x-forwarded-for": from };
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const solved = captcha ? await solvedCaptcha(server, from) : {};
  const text = body === undefined ? undefined : JSON.stringify({ ...body, ...solved });
  const response = await fetch(server + path, { method, headers, body: text });
  const answer = await response.text();
  return { status: response.status, body: answer === "" ? undefined : JSON.parse(answer) };
}

async function solvedCaptcha(server, from) {
  const { body } = await request(server, { http: "POST /v1/captchas", body: {}, from });
  return { captcha_id: body.captcha_id, captcha_answer: "letmein" };
}

/** Signs up an account on a device that the scenario does not use, without a password if it is null. */
export async function createAccount(server, phone, password, outbox) {
  const post = async (http, body, captcha) => {
    const answer = await request(server, { http: `POST /v1/register/${http}`, body, captcha });
    if (answer.status >= 300) throw new Error(`${http}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  outbox.mark();
  const { ticket, resend_in: cooldown } = await post("send-code", { phone_number: phone }, true);
  const sent = Date.now();
  await post("verify-code", { ticket, code: await outbox.code(e164(phone)) });
  if (password !== null) await post("set-password", { ticket, password });
  await post("submit-profile", { ticket, nickname: "Ada" });
  // The next message to this number is not sent before the end of its cooldown.
  await after(Math.max(0, sent + cooldown * 1000 - Date.now()));
}
