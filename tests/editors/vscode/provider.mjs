// The local fake provider, driven over its control routes.

import { PATIENCE } from "./workbench.mjs";

export function provider(url) {
  async function call(method, route, payload) {
    const answer = await fetch(`${url}/__control/${route}`, {
      method,
      ...(payload && { body: JSON.stringify(payload) }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${route}: ${told.error}`);
    return told;
  }
  const within = `within=${PATIENCE / 1000}`;
  return {
    url,
    /** Answer the next requests like this. */
    enqueue: (...behaviours) => call("POST", "enqueue", { behaviours }),
    /** Open a gate that holds a stream. */
    release: (gate) => call("POST", "release", { gate }),
    /** Return once a stream stands at the gate. */
    arrival: (gate) => call("GET", `arrivals?gate=${gate}&count=1&${within}`),
    /** Return the requests, once there are so many. */
    requests: async (count) => (await call("GET", `requests?count=${count}&${within}`)).requests,
    /** Return once the client hung up on a request. */
    hangup: (request) => call("GET", `hangup?request=${request}&${within}`),
  };
}
