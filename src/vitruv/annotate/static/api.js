// @ts-check
/** Talking to the server. Everything that is not an answer becomes an ApiError with a sentence for people. */

export class ApiError extends Error {
  /** @param {number} status 0 when the server could not be reached @param {string} code @param {string} sentence */
  constructor(status, code, sentence) {
    super(sentence);
    this.status = status;
    this.code = code;
  }

  /** Whether the same request may well succeed later. */
  get passing() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504 || this.status === 507;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object | Blob | null} [body] a Blob is sent as it is, anything else as JSON
 * @param {{lease?: string, keepalive?: boolean}} [options]
 * @returns {Promise<any>}
 */
export async function api(method, path, body = null, { lease = "", keepalive = false } = {}) {
  /** @type {Record<string, string>} */
  const headers = { "X-Vitruv": "1" };
  if (lease) headers["X-Lease"] = lease;
  /** @type {BodyInit | null} */
  let payload = null;
  if (body instanceof Blob) {
    payload = body;
  } else if (body !== null) {
    headers["Content-Type"] = "application/json";
    payload = JSON.stringify(body);
  }
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, { method, headers, body: payload, keepalive, credentials: "same-origin" });
  } catch {
    throw new ApiError(0, "unreachable", "the server cannot be reached");
  }
  /** @type {any} */
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    if (response.ok) throw new ApiError(0, "cut", "the server's answer was cut off");
  }
  if (!response.ok) {
    throw new ApiError(response.status, answer?.code ?? "http", answer?.error ?? `the server answered ${response.status}`);
  }
  return answer;
}

/**
 * Decoded picture at an address.
 * @param {string} address
 * @returns {Promise<HTMLImageElement>}
 */
export async function picture(address) {
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    throw new ApiError(0, "picture", "a picture could not be loaded");
  }
  return image;
}
