/** EffectMutants - variants of the product that each break one rule of effects (docs/decisions/0040-effects-through-ports.md). */
import type { PortPromise } from "../../model/index.ts";
import type { Over } from "./config.ts";
import type { Mutant } from "./mutants.ts";

const PERFORMER = "mixins/processes/performer.ts";
/** Nodes that only write letters of welcome. */
const mailing = (promise: PortPromise, faults: Over["faults"] = {}, welcomes: readonly number[] = [0, 1]): Over => ({
	scenario: "bank",
	nodes: 2,
	on: { accounts: [], owners: [], transfers: [], reminders: [], welcomes },
	promise,
	portPatience: 300,
	rebuild: false,
	faultSteps: 1000,
	faults: { port: 60, ...faults },
});

export const EFFECT_MUTANTS: Readonly<Record<string, Mutant>> = {
	"attempt-of-another-claimed": {
		breaks: "DECISION 40: only the process that recorded an attempt calls the port for it",
		file: PERFORMER,
		from: 'attempted.done.answer["attempt"] === attempt.name && ',
		to: "",
		over: mailing("never"),
	},
	"attempt-recorded-after-the-call": {
		breaks: "DECISION 40: the attempt is recorded before the call",
		file: PERFORMER,
		from: 'const attempted = await this.#record(item, "attempted"',
		to: 'if (!attempt.isCalled) await this.#port.perform(key, item.params["request"]); const attempted = await this.#record(item, "attempted"',
		over: mailing("never"),
	},
	"attempt-continued": {
		breaks: "DECISION 40: a work that is sent again after its outcome is not attempted again",
		file: PERFORMER,
		from: "name: `${this.#self}.${++this.#named}`",
		to: "name: (this.#recorded.clear(), this.#self)",
		over: mailing("never"),
	},
	"call-forgotten": {
		breaks: "DECISION 40: the port is called once for an attempt",
		file: PERFORMER,
		from: "if (attempt) attempt.isCalled = true;",
		to: "",
		over: mailing("lookup"),
	},
	"call-too-late": {
		breaks: "DECISION 40: a call does not begin after the time that others wait for it",
		file: PERFORMER,
		from: "isUnused && this.#clock() < attempt.until",
		to: "isUnused",
		over: mailing("lookup", { stall: 30 }),
	},
	"pause-skipped": {
		breaks: "DECISION 40: a key is looked up when no call of another process is under way",
		file: PERFORMER,
		from: "await this.#timers.wait(this.#port.settled);",
		to: "",
		over: mailing("lookup"),
	},
	"lookup-skipped": {
		breaks: "DECISION 40: a key is looked up before the next attempt",
		file: PERFORMER,
		from: "const known = await this.#lookUp(item);",
		to: "const known = null;",
		over: mailing("lookup"),
	},
	"doubt-called-again": {
		breaks: "DECISION 40: a port that knows no keys is not called again after a crash",
		file: PERFORMER,
		from: 'if (promise === "never") return this.#doubt(',
		to: 'if (promise === "never") return this.#call(item, attempt); if (false) return this.#doubt(',
		over: mailing("never"),
	},
	"unclear-called-again": {
		breaks: "DECISION 40: a port that knows no keys is not called again after an unclear answer",
		file: PERFORMER,
		from: 'return this.#effect.promise === "never" ? this.#doubt(item, answer.unclear) : { failure: answer.unclear };',
		to: "if (attempt) attempt.isCalled = false; return { failure: answer.unclear };",
		over: mailing("never"),
	},
	"rebuild-not-held": {
		breaks: "DECISION 40: a rebuild calls no port for finished work",
		file: "mixins/processes/outbox.ts",
		from: "this.#isHeld = this.#holds;",
		to: "this.#isHeld = false;",
		over: { ...mailing("once"), rebuild: true },
	},
	"unanswered-is-unsent": {
		breaks: "DECISION 40: a call without an answer is unclear",
		file: "mixins/ports/calls.ts",
		from: "return UNSENT.has(type) ? { unsent: detail } : { unclear: detail };",
		to: "return { unsent: detail };",
		over: mailing("never"),
	},
	"answer-forgotten": {
		breaks: "DECISION 40: a clear answer is kept until it is recorded",
		file: PERFORMER,
		from: 'this.#answers.set(item.commandId ?? "", answer);',
		to: "",
		over: mailing("never", {}, [0]),
	},
	"refusal-of-an-earlier-attempt": {
		breaks: "DECISION 40: a refusal is not recorded after the next attempt",
		file: PERFORMER,
		from: 'if (this.#effect.promise !== "lookup" || !attempt) return',
		to: "return",
		over: {
			...mailing("lookup"),
			portPatience: 1000,
			ids: 4,
			clients: 5,
			commands: 2,
			patience: 300,
			faults: { refused: 400, port: 100, message: 150, stall: 10, lostReply: 0, lostRequest: 0, crash: 0, away: 0, tick: 0 },
		},
	},
};
