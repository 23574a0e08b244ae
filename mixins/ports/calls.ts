/** Calls - calls a port, which is a service on any node. */
import type { ServiceBroker } from "moleculer";
import type { AnyEffect, Identity } from "../../model/index.ts";
import { callingAs } from "../access/access.ts";
import { CODES } from "../common/codes.ts";
import { isInvalid } from "../common/errors.ts";
import type { PortAnswer, PortCalls } from "./answers.ts";

/** Types of errors of calls that certainly did not reach the port. */
const UNSENT: ReadonlySet<unknown> = new Set(["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "QUEUE_FULL", CODES.CALLER_GONE.name]);
/** The share of the patience in which a call must begin. */
const CLAIM = 0.2;
/** Milliseconds for a question that does no work. */
const QUESTION = 5000;

/** The actions of a port. */
const QUESTIONS = ["ready", "perform", "find"] as const;

/** `patience`: milliseconds that one call may take, including the time in the queue of the port. */
export function portCalls(broker: ServiceBroker, { name, port }: Pick<AnyEffect, "name" | "port">, patience: number): PortCalls {
	const identity: Identity = { sub: `process:${name}`, roles: ["process"], does: QUESTIONS.map((action) => `${port}.${action}`) };
	const call = <T>(action: string, params: object, timeout: number): Promise<T> =>
		broker.call<T, object>(`${port}.${action}`, params, { timeout, retries: 0, ...callingAs(broker, identity) });
	return {
		claim: patience * CLAIM,
		settled: patience * (1 + CLAIM),
		ready: () => call<boolean>("ready", {}, QUESTION).catch(() => false),
		perform: (key, request) => call<PortAnswer>("perform", { key, request }, patience).catch(answerTo),
		find: (key) => call<{ readonly receipt: string } | null>("find", { key }, QUESTION),
	};
}

function answerTo(error: unknown): PortAnswer {
	const detail = error instanceof Error ? error.message : String(error);
	const type: unknown = error instanceof Error && "type" in error ? error.type : null;
	if (isInvalid(error)) return { refused: { code: CODES.VALIDATION_ERROR.name, detail } };
	return UNSENT.has(type) ? { unsent: detail } : { unclear: detail };
}
