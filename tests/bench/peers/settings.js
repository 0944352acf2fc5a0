// SPDX-License-Identifier: Apache-2.0
// Node-RED without its editor, as its documents advise for a box that only runs a flow.
module.exports = {
  flowFile: "flows.json",
  credentialSecret: false,
  httpAdminRoot: false,
  httpNodeRoot: false,
  diagnostics: { enabled: false, ui: false },
  logging: { console: { level: "warn", metrics: false, audit: false } },
};
