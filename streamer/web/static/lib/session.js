// Who is logged in.

import { get, send, useCsrf } from "./api.js";
import { hangUp, redial } from "./stream.js";

/** {user, role, login_required, csrf, version}; as it was when asked last. */
export let session = { user: null, role: null, login_required: true, csrf: null, version: "" };

function become(answer) {
  session = answer;
  useCsrf(answer.csrf);
  window.dispatchEvent(new Event("session-changed"));
  return session;
}

/** Ask the server who we are. */
export async function refresh() {
  return become(await get("/session"));
}

/** Log in. Raises ApiProblem. */
export async function logIn(name, password) {
  const answer = become(await send("POST", "/session", { name, password }));
  redial();
  return answer;
}

/** Log out, and be nobody. */
export async function logOut() {
  await send("DELETE", "/session");
  hangUp();
  return refresh();
}

/** Has somebody to log in before anything is shown? */
export function mustLogIn() {
  return session.login_required && !session.user;
}
