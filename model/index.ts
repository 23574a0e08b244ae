/** The vocabulary of every file under services/. Pure: no I/O, no Moleculer, no clock. */
export { codesOfModel, COMMON_CODES, existsCode, unknownCode } from "./actor-codes.ts";
export * from "./access.ts";
export * from "./codes.ts";
export * from "./define.ts";
export * from "./effect.ts";
export * from "./params.ts";
export * from "./personal.ts";
export * from "./process.ts";
export * from "./projection.ts";
export { composed, defined, legible, sameJson, withoutSecrets } from "./text.ts";
export * from "./time.ts";
export * from "./timeline.ts";
