// The API under /api/v1: paths are given without that.

export { listen } from "./stream.js";

const BASE = "/api/v1";
let csrf = null;

/** An answer that is no success (RFC 9457), or none at all (`status` 0). */
export class ApiProblem extends Error {
  constructor({ status, title, detail, errors }) {
    super(detail || title || "the server gave no reason");
    this.status = status;
    this.detail = this.message;
    this.errors = errors ?? [];
  }
}

/** What the next changes are sent with. */
export function useCsrf(token) {
  csrf = token;
}

/** The address of a path with parameters; those without a value are left out, lists repeated. */
export function url(path, params = null) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") search.append(name, one);
    }
  }
  const text = search.toString();
  return BASE + path + (text ? (path.includes("?") ? "&" : "?") + text : "");
}

/** The body of a GET. Raises ApiProblem, or AbortError when `signal` is aborted. */
export async function get(path, params, signal) {
  return answer(await request(url(path, params), { signal }));
}

/** Send a change: `body` is JSON, or as it is where it is a Blob, a form or a text. */
export async function send(method, path, body, signal) {
  const headers = {};
  let content = body;
  const raw = body instanceof Blob || body instanceof FormData || typeof body === "string";
  if (body !== undefined && !raw) {
    headers["Content-Type"] = "application/json";
    content = JSON.stringify(body);
  }
  if (csrf) headers["X-CSRF-Token"] = csrf;
  return answer(await request(url(path), { method, headers, body: content, signal }), path);
}

/** Send a file as a form's field `file`. `onProgress` is given shares (0..1) of what has gone. */
export function upload(path, file, { onProgress, signal, method = "POST" } = {}) {
  const form = new FormData();
  form.append("file", file, file.name ?? "file");
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open(method, url(path));
    if (csrf) call.setRequestHeader("X-CSRF-Token", csrf);
    call.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress?.(event.loaded / event.total);
    };
    call.onload = () => {
      const body = parsed(call.responseText);
      if (call.status < 300) resolve(body);
      else reject(problem(call.status, body));
    };
    call.onerror = () => reject(unreachable());
    call.onabort = () => reject(new DOMException("left", "AbortError"));
    signal?.addEventListener("abort", () => call.abort());
    call.send(form);
  });
}

async function request(address, options) {
  try {
    return await fetch(address, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
}

async function answer(response, path) {
  const text = await response.text();
  if (response.ok) return text ? parsed(text) : null;
  throw problem(response.status, parsed(text), path);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function problem(status, body, path) {
  // Logging in with a wrong password is also a 401, and no reason to log in again.
  if (status === 401 && path !== "/session") window.dispatchEvent(new Event("session-lost"));
  return new ApiProblem({ ...(typeof body === "object" ? body : null), status });
}

function unreachable() {
  return new ApiProblem({ status: 0, detail: "The server cannot be reached." });
}
