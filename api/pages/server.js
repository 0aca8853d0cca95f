// Questions to the API. A refusal is thrown as an error that says what the problem document says.

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  return answer(await reach(query.size ? `${path}?${query}` : path, {}));
}

export async function acknowledge(fingerprint, by, note) {
  const body = JSON.stringify({ by, note });
  const headers = { "Content-Type": "application/json" };
  return answer(await reach(ackPath(fingerprint), { method: "POST", headers, body }));
}

export async function takeBack(fingerprint) {
  return answer(await reach(ackPath(fingerprint), { method: "DELETE" }));
}

const ackPath = (fingerprint) => `/v1/alerts/${encodeURIComponent(fingerprint)}/ack`;

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new Refused(0, "Baton can’t be reached. Is the network up, is the service running?");
  }
}

async function answer(response) {
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({ detail: response.statusText }));
  throw new Refused(response.status, problem.detail);
}
