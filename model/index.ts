/** The vocabulary of every file under services/. Pure: no I/O, no Moleculer, no clock. */
export { codesOfModel, COMMON_CODES, existsCode, unknownCode } from "./actor-codes.ts";
export * from "./access.ts";
export * from "./codes.ts";
export * from "./define.ts";
export * from "./effect.ts";
export * from "./params.ts";
export * from "./process.ts";
export * from "./projection.ts";
export * from "./json.ts";
export { composed, legible } from "./text.ts";
export * from "./time.ts";
export * from "./timeline.ts";
