/**
 * Mutants - variants of the product that each break one rule of DESIGN §3 to §5 in one place. If the simulation does not detect a
 * mutant, it does not check that rule.
 */
import type { Over } from "./config.ts";
import { EFFECT_MUTANTS } from "./effect-mutants.ts";
import type { Patch } from "./patches.ts";

export interface Mutant extends Patch {
	/** The broken rule. */
	readonly breaks: string;
	/** The configuration that shows it soonest. */
	readonly over?: Over;
}

const WRITER = "store/writer.ts";
const JOBS = "mixins/actors/jobs.ts";
const PROJECTOR = "mixins/read-models/projector.ts";
const WRITE_BEHIND = "mixins/processes/write-behind.ts";
const RUNNER = "mixins/processes/runner.ts";
const nobody = { accounts: [], owners: [], transfers: [] };
const bank: Over = { scenario: "bank" };
/** Two writers of few actors, without followers. */
const writers: Over = { scenario: "bank", nodes: 2, partitions: 1, ids: 2, clients: 4, commands: 4, sticky: 0, on: nobody };
const readers: Over = { scenario: "bank", nodes: 2, on: { accounts: [0, 1], owners: [0, 1], transfers: [] } };
const crashing = { crash: 6 };
/** Callers that retry at other nodes as soon as possible, with many asks. */
const retrying: Over = {
	...writers,
	store: "file",
	lag: false,
	nodes: 3,
	ids: 1,
	clients: 5,
	commands: 8,
	asks: 5,
	batch: 5,
	patience: 60,
	faultSteps: 1000,
	faults: { tick: 30, crash: 0, stall: 0, evict: 0, lostRequest: 0, lostReply: 0, message: 150 },
};
/** Two nodes of one process, on a store that seldom answers. */
const losing: Over = {
	scenario: "bank",
	store: "file",
	lag: false,
	nodes: 2,
	ids: 2,
	clients: 3,
	on: { accounts: [], owners: [], transfers: [0, 1] },
};

/** Nodes that only remind owners of their accounts. */
const reminding: Over = { scenario: "bank", nodes: 2, on: { accounts: [], owners: [], transfers: [], reminders: [0, 1] } };

export const MUTANTS: Readonly<Record<string, Mutant>> = {
	...EFFECT_MUTANTS,
	"refusal-without-look": {
		breaks: "LAW 2: a refusal is proven by an append or a read that began after the request",
		file: WRITER,
		from: "else if (batch.held.length > 0 && !(await this.log.endsAt(this.#tail.position))) await this.#look(batch);",
		to: "",
		over: writers,
	},
	"refusal-on-a-read": {
		breaks: "LAW 2: the current primary answers the proof, not a former one",
		file: WRITER,
		from: "!(await this.log.endsAt(this.#tail.position))",
		to: "(await this.log.read(this.#tail.position, 1)).length > 0",
		over: { ...writers, store: "database", faults: { stale: 300 } },
	},
	"unknown-is-done": {
		breaks: "LAW 1: an error is an unknown outcome, not a success",
		file: WRITER,
		from: "if (!whole) return this.#look(batch, error);",
		to: "if (!whole && error === undefined) return this.#look(batch, error);",
		over: bank,
	},
	"tail-moved-unread": {
		breaks: "LAW 1: the tail never moves without reading",
		file: WRITER,
		from: "if (!whole) return this.#look(batch, error);",
		to: "if (!whole) { this.#tail = batch.commits.at(-1) ?? this.#tail; return this.#look(batch, error); }",
		over: writers,
	},
	"mine-by-place": {
		breaks: "LAW 1: a writer recognizes its own commits by their hash",
		file: WRITER,
		from: "found[mine]?.hash === batch.commits[mine]?.hash",
		to: "found[mine]?.stream === batch.commits[mine]?.stream",
		over: writers,
	},
	"held-proven-by-another": {
		breaks: "LAW 2: an append that was not clean does not prove held answers",
		file: WRITER,
		from: "for (const job of batch.held) job.again();",
		to: "for (const job of batch.held) if (missed === 0 && left.length === 0) job.proven(); else job.again();",
		over: retrying,
	},
	"missed-not-evicted": {
		breaks: "LAW 2: an overtaken writer evicts the actors that others changed",
		file: WRITER,
		from: "if (++missed <= FAR_BEHIND) this.#options.memory(stream)?.evict(stream);",
		to: "missed++;",
		over: writers,
	},
	"unavailable-not-forgotten": {
		breaks: "LAW 2: memory is not trusted after the log could not be read",
		file: WRITER,
		from: "this.#tail = null;\n",
		to: "this.#tail = null; this.figures.unread(error); for (const job of [...jobs, ...this.#waiting.splice(0)]) job.failed(new StoreUnavailable('', error)); return;\n",
		over: writers,
	},
	"tail-after-streams": {
		breaks: "LAW 2: the tail is read before the streams",
		file: WRITER,
		from: "this.#tail ??= await this.log.tail();\n\t\tawait this.#reader.read(jobs);",
		to: "await this.#reader.read(jobs);\n\t\tthis.#tail ??= await this.log.tail();",
		over: { ...writers, faults: { evict: 0, crash: 6, lostReply: 60, slow: 100 } },
	},
	"clash-not-read": {
		breaks: "LAW 1: a duplicate at a free position means that the stream exists and must be read first",
		file: WRITER,
		from: "for (const job of left) job.unread = false;",
		to: "",
		over: { ...writers, store: "database", limit: 8000 },
	},
	"decision-kept": {
		breaks: "LAW 2: a decision is never kept across a catch-up",
		file: "store/deciding.ts",
		from: "const verdict = verdictOf(job);",
		to: "const verdict = job.kept ?? verdictOf(job); if (verdict === 'held' || typeof verdict === 'object') job.kept = verdict;",
		over: writers,
	},
	"hints-early": {
		breaks: "LAW 3: hints move only with durable commits",
		file: WRITER,
		from: "const whole = await this.log.append(batch.commits)",
		to: "this.#options.appended(batch.commits);\n\t\tconst whole = await this.log.append(batch.commits)",
		over: readers,
	},
	"memory-early": {
		breaks: "LAW 3: memory moves only with durable commits",
		file: WRITER,
		from: "const whole = await this.log.append(batch.commits)",
		to: "for (const commit of batch.commits) { const memory = this.#options.memory(commit.stream); const actor = memory?.get?.(commit.stream); if (actor) memory.landed(actor, commit); }\n\t\tconst whole = await this.log.append(batch.commits)",
		over: bank,
	},
	"acknowledged-early": {
		breaks: "LAW 3: acknowledged means durable",
		file: WRITER,
		from: "const whole = await this.log.append(batch.commits)",
		to: "batch.commits.forEach((commit, i) => batch.jobs[i].landed(commit));\n\t\tconst whole = await this.log.append(batch.commits)",
		over: bank,
	},
	"chain-of-the-batch": {
		breaks: "LAW 5: each hash covers the one before it",
		file: WRITER,
		from: "hash = chained(previous, stream,",
		to: "hash = chained(tail.hash, stream,",
		over: bank,
	},
	"deadline-ignored": {
		breaks: "LAW 3: a command past its caller's deadline is not decided",
		file: JOBS,
		from: "if (envelope.deadline !== undefined && this.#actors.clock() > envelope.deadline) {",
		to: "if (false) {",
		over: { ...writers, patience: 60 },
	},
	"command-id-ignored": {
		breaks: "LAW 4: a repeated command gets the first answer",
		file: JOBS,
		from: "actor.commands.get(this.#order.envelope.commandId) ?? this.#recalled",
		to: "undefined",
		over: bank,
	},
	"unread-answered": {
		breaks: "LAW 2: an actor is read before a command that writes nothing is answered",
		file: JOBS,
		from: 'if (!actor) return "unread"; // an',
		to: "// an",
		over: { ...writers, store: "database" },
	},
	"mailbox-open": {
		breaks: "DESIGN §4: an actor handles one command at a time",
		file: "mixins/actors/actors.ts",
		from: "if (box) box.push(job);",
		to: "if (box) { box.push(job); job.start(); }",
		over: { ...writers, batch: 5 },
	},
	"overtaken-skipped": {
		breaks: "LAW 6: a batch that was not saved is reloaded and folded again, never skipped",
		file: PROJECTOR,
		from: ": await this.#overtaken(name);",
		to: ": to;",
		over: readers,
	},
	"checkpoint-first": {
		breaks: "LAW 6: the checkpoint moves with the rows, or after them",
		file: PROJECTOR,
		from: "await this.table.save(changes, [{ partition: name, from, to }]);",
		to: "(await this.table.save([], [{ partition: name, from, to }])) && (await this.table.save(changes, []));",
		over: { ...readers, faults: crashing },
	},
	"seen-folded-again": {
		breaks: "LAW 6: each fact is folded into a row once",
		file: "mixins/following/folding.ts",
		from: "if (seen >= origin.position) continue;",
		to: "",
		over: { ...readers, store: "database", faults: crashing },
	},
	"told-too-early": {
		breaks: "DESIGN §5: a read with a position waits until the rows have reached it",
		file: PROJECTOR,
		from: "const steps = stepsOf(this.projection.on,",
		to: "this.#tell(name, commits.at(-1)?.position ?? 0);\n\t\tconst steps = stepsOf(this.projection.on,",
		over: readers,
	},
	"due-forgotten": {
		breaks: "DESIGN §5: a row that reads differently over time is found by its current values",
		file: "mixins/read-models/timed-rows.ts",
		from: "await Promise.race([this.#rewriteSoon(), late]);",
		to: "",
		over: { ...readers },
	},
	"follower-not-resumed": {
		breaks: "LAW 6: an overtaken follower resumes at the stored checkpoint",
		file: "store/follow.ts",
		from: "this.#at = this.#resumed ?? this.#at;",
		to: "",
		over: { scenario: "bank", nodes: 2, on: { accounts: [], owners: [], transfers: [0, 1] } },
	},
	"rows-written-last": {
		breaks: "DESIGN §5: rows are saved before the checkpoint, or together with it",
		file: WRITE_BEHIND,
		from: "const saved = await this.#table.save([...dirty.values()], [...steps.values(), ...rests]);",
		to: "const saved = (await this.#table.save([], [...steps.values(), ...rests])) && (await this.#table.save([...dirty.values()], []));",
		over: { scenario: "bank", nodes: 2, on: { accounts: [], owners: [], transfers: [0] }, faults: crashing },
	},
	"lost-rows-not-sought": {
		breaks: "LAW 6: an overtaken follower resumes at the stored checkpoint, also if it cannot be read at once",
		file: WRITE_BEHIND,
		from: "this.#cancel ??= this.#timers.later(LONGEST, () => this.#later());\n\t\t\tthrow error;",
		to: "this.#lost = false;\n\t\t\tthrow error;",
		over: { ...losing, faults: { lostReply: 200, lostRequest: 100, crash: 0, message: 0 } },
	},
	"open-never-asked-again": {
		breaks: "DESIGN §5: recovery sends open commands again",
		file: RUNNER,
		from: "await this.#again(rows.map(({ id }) => id).filter((id) => id.startsWith(SUBJECT)));",
		to: "",
		over: { scenario: "bank", nodes: 2, on: { accounts: [], owners: [], transfers: [0] }, faults: { crash: 10 } },
	},
	"another-command-each-time": {
		breaks: "DESIGN §5: a command's id follows from the row and its cause",
		file: "mixins/processes/rows.ts",
		from: "`${process}/${id}/${cause}`",
		to: "`${process}/${id}/${cause}/${(globalThis.asked = (globalThis.asked ?? 0) + 1)}`",
		over: { scenario: "bank", nodes: 2, on: { accounts: [], owners: [], transfers: [0, 1] } },
	},
	"close-before-open-forgotten": {
		breaks: "LAW 8: a close that comes before its open is remembered",
		file: "services/infraction/case-opening.service.ts",
		from: "const { opening: _opened, ...rest } = known ?? {};",
		to: "if (!known) return null;\n\tconst { opening: _opened, ...rest } = known;",
		over: { scenario: "cases", nodes: 2, on: { infractions: [], radars: [], "case-opening": [0, 1] }, faults: { stale: 300, crash: 4 } },
	},
	"deadline-not-kept": {
		breaks: "LAW 9: the instant of a command is in the row, not in memory",
		file: "mixins/processes/evaluation.ts",
		from: "ready.length > 0 || data.parked ? null : earliest(needed)",
		to: "null",
		over: reminding,
	},
	"deadline-lost-at-a-crash": {
		breaks: "LAW 9: a command whose instant has come stays open until it is done",
		file: "mixins/processes/evaluation.ts",
		from: 'ready.length > 0 ? "open" : null',
		to: 'ready.some(({ sending }) => sending.notBefore === undefined) ? "open" : null',
		over: { ...reminding, faults: { crash: 10 } },
	},
	"deadline-fired-twice": {
		breaks: "LAW 9: a command has the same id whenever it is sent",
		file: "model/process.ts",
		from: "? sending : { ...sending, notBefore: instant };",
		to: "? sending : { ...sending, notBefore: instant, cause: `${sending.cause}/${(globalThis.asked = (globalThis.asked ?? 0) + 1)}` };",
		over: { ...reminding, faults: { crash: 10 } },
	},
	"deadline-fired-early": {
		breaks: "LAW 9: a command is not sent before its instant",
		file: "mixins/processes/evaluation.ts",
		from: "notBefore === undefined || notBefore <= now",
		to: "true",
		over: reminding,
	},
	"reference-wakes-nobody": {
		breaks: "LAW 8: a fact about a reference wakes every subject it concerns",
		file: "mixins/processes/references.ts",
		from: "(found[i]?.length ?? 0) > 0",
		to: "false",
		over: { scenario: "cases", nodes: 2, on: { infractions: [], radars: [], "case-opening": [0] } },
	},
};
