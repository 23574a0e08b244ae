/** StripTypes - lets jest load the sources like Node itself: types are stripped in place, and line numbers are kept. */
const { stripTypeScriptTypes } = require("node:module");
module.exports = { process: (source) => ({ code: stripTypeScriptTypes(source) }) };
