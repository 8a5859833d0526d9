// Who answers: this server, or with ?local this browser itself. Both in the form of api.js.

import * as server from "./api.js";

export const LOCAL = new URLSearchParams(location.search).has("local");

const answering = LOCAL ? await import("./local/local.js") : server;

export const { galleries, match, faces, compare, near } = answering;
