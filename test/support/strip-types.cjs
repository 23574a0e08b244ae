/** Lets jest load the sources as Node itself does: types stripped in place, nothing compiled, line numbers kept. */
const { stripTypeScriptTypes } = require("node:module");
module.exports = { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
