// Requests to this server. Photos go as raw bodies; nothing is kept here but an API key, for this tab.

import { language, t } from "./texts.js";

const KEY = "lookalike-key";

export class Failed extends Error {
  constructor(message, { code = "", status = 0, retryAfterS = 0 } = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

export function setKey(key) {
  sessionStorage.setItem(KEY, key);
}

function headersOf(type) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (type) headers["Content-Type"] = type;
  return headers;
}

// What a browser answers with by itself, from /local.
export async function load(path, query = {}) {
  let answer;
  try {
    const facts = new URLSearchParams(query);
    answer = await fetch(`/local/${path}${facts.size ? `?${facts}` : ""}`, { headers: headersOf() });
  } catch {
    throw new Failed(t("offline"));
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  throw new Failed(said?.error.message ?? t("offline"), { code: said?.error.code, status: answer.status });
}

async function ask(path, { query = {}, body, type = "application/octet-stream", signal } = {}) {
  const facts = new URLSearchParams({ ...query, language });
  const headers = headersOf(body === undefined ? "" : type);
  let answer;
  try {
    answer = await fetch(`/v1/${path}?${facts}`, { method: body === undefined ? "GET" : "POST", headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failed(t("offline"));
  }
  let said;
  try {
    said = await answer.json();
  } catch {
    throw new Failed(t("offline"), { status: answer.status });
  }
  if (answer.ok || (answer.status === 422 && "path" in said) || (answer.status === 422 && "a" in said)) return said;
  const retryAfterS = Number(answer.headers.get("Retry-After") ?? 0);
  throw new Failed(said.error.message, { code: said.error.code, status: answer.status, retryAfterS });
}

export const galleries = () => ask("galleries");
export const match = (photo, query, signal) => ask("match", { query, body: photo, signal });
export const faces = (photo, query, signal) => ask("faces", { query, body: photo, signal });
export const compare = (a, b, query, signal) =>
  ask("compare", { query: { ...query, first_bytes: a.size }, body: new Blob([a, b]), signal });
export const near = (embedding, query, signal) =>
  ask("near", { query, body: JSON.stringify({ embedding }), type: "application/json", signal });
