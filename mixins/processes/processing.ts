/**
 * Processing - turns a process into a Moleculer service that follows its logs and sends its commands. Its actions report health and
 * parked work, and let operators retry or drop parked work.
 */
import type { Context, Service, ServiceSchema } from "moleculer";
import { type AnyProcess, legible, refuse } from "../../model/index.ts";
import { oneLine } from "../../store/figures.ts";
import { checkAction } from "../read-models/checking.ts";
import { Duty, looking } from "../cluster/duty.ts";
import { refusalError } from "../common/errors.ts";
import { lagOf, logsOf } from "../following/following.ts";
import { isObserving, PerService } from "../common/per-service.ts";
import { Mutex } from "../following/folding.ts";
import { type DroppedWork, INTERVENTIONS } from "./interventions.ts";
import { lagAction } from "../following/lag.ts";
import { Complaint } from "../common/complaint.ts";
import type { Parked, Subject } from "./rows.ts";
import { checkedWork } from "./refold.ts";
import type { ProcessRunner } from "./runner.ts";
import { makeRunner } from "./sending.ts";
import type { Give } from "../common/metric-names.ts";
import { storageOf } from "../logs/storage.ts";
import { every, nodeTimers } from "../common/timers.ts";
import { processFigures, processHealth, workOf } from "./health.ts";

/** How often open commands are sent again, in milliseconds. */
const RECOVER_EVERY = 5000;
/** How long a retry waits for its answer, in milliseconds. */
const PATIENCE = 5000;

interface Running {
	runner: ProcessRunner;
	/** Whether this node follows the logs and sends commands; else it only answers calls. */
	onDuty: boolean;
	/** Why the last attempt to take over or hand over the duty failed; null if it succeeded. */
	failure: string | null;
	/** Logs failures of the recovery. */
	readonly complaint: Complaint;
	stop: () => Promise<void>;
}
type Work = { readonly id: string };
const runners = new PerService<Running>();
const idParam = { type: "string", min: 1, max: 200 } as const;

export function Processing(process: AnyProcess): Partial<ServiceSchema> {
	return {
		metadata: { follows: process.follows },
		actions: {
			/** Whether it follows its logs, and if not, why. */
			health: {
				handler(this: Service) {
					const { runner, failure } = runners.of(this);
					return processHealth(runner, failure);
				},
			},
			/** Numbers of pending commands, open work and parked work. */
			work: {
				handler(this: Service) {
					return workOf(runners.of(this).runner);
				},
			},
			lag: lagAction(followedBy(process), (service) => runners.of(service).runner),
			check: checkAction(followedBy(process), (service) => checkedWork(process, runners.of(service).runner)),
			parked: parkedAction(),
			retry: retryAction(process),
			drop: dropAction(process),
		},
		methods,
		async started(this: Service) {
			await begin(this, process);
		},
		async stopped(this: Service) {
			await runners.find(this)?.stop();
		},
	};
}

const methods = {
	/** Commits that are not processed, and commands that are not answered, yet. */
	due(this: Service): number {
		const found = runners.find(this);
		return found?.onDuty ? lagOf(found.runner.followers) + found.runner.outbox.size : 0;
	},
	async figures(this: Service, give: Give): Promise<void> {
		const found = runners.find(this);
		if (found) await processFigures(found.runner, give);
	},
};

/** Every process also follows the log of interventions. */
const followedBy = ({ follows }: AnyProcess): readonly string[] => [...new Set([...follows, INTERVENTIONS.log])];

/** Follows and sends commands while this node is on duty, which it checks regularly. */
async function begin(service: Service, process: AnyProcess): Promise<void> {
	const complaint = new Complaint(`${process.name} could not recover open work`, (line) => service.logger.warn(line));
	const runner = await makeRunner(service.broker, process);
	const running: Running = { runner, onDuty: false, failure: null, complaint, stop: () => Promise.resolve() };
	const changes = new Mutex();
	const { duty, look } = dutyOf(service, process, running);
	await look();
	const unlook = looking(service.broker).every(() => void changes.run(look));
	const recovering = every(nodeTimers, RECOVER_EVERY, () => recover(running));
	runners.set(service, running);
	running.stop = async () => {
		unlook();
		recovering();
		await changes.run(() => ended(service, process, running.runner));
		await duty.end();
	};
	service.broker.waitForServices([], 0).then(
		() => recover(running),
		() => undefined,
	);
}
/** The duty, and `look`, which takes it over or hands it over; a failure is logged once, reported by health, and retried. */
function dutyOf(service: Service, process: AnyProcess, running: Running): { readonly duty: Duty; readonly look: () => Promise<void> } {
	const observing = isObserving(service.broker);
	const lease = observing ? undefined : storageOf(service.broker).rows.lease?.(process.name);
	const duty = new Duty(service, lease, async (release) => {
		await change(false);
		await release();
	});
	const change = async (mine: boolean) => {
		if (mine === running.onDuty) return;
		await (mine ? takeOver(service, process, running) : handOver(service, process, running));
		running.onDuty = mine;
	};
	const complaint = new Complaint(`${process.name} could not take over or hand over its duty`, (line) => service.logger.warn(line));
	const look = async () => {
		try {
			await duty.look();
			await change(!observing && duty.on);
			running.failure = null;
			complaint.fine();
		} catch (error) {
			running.failure = oneLine(error);
			complaint.failed(error);
		}
	};
	return { duty, look };
}
async function takeOver(service: Service, process: AnyProcess, running: Running): Promise<void> {
	const runner = await makeRunner(service.broker, process);
	await runner.start(await logsOf(storageOf(service.broker), followedBy(process)), (error) =>
		service.logger.error(`${process.name} has stopped: ${error.message}`),
	);
	running.runner = runner;
}
async function handOver(service: Service, process: AnyProcess, running: Running): Promise<void> {
	const { runner } = running;
	running.runner = await makeRunner(service.broker, process);
	await ended(service, process, runner);
}
/** Stops the runner; failed writes are only logged, so that they do not block the shutdown of other services. */
const ended = ({ logger }: Service, { name }: AnyProcess, runner: ProcessRunner): Promise<void> =>
	runner
		.stop()
		.catch((error: unknown) => logger.warn(`${name} could not write its last rows, and will fold them again: ${oneLine(error)}`));

function recover(running: Running): void {
	if (!running.onDuty) return;
	running.runner.recover().then(
		() => running.complaint.fine(),
		(error: unknown) => running.complaint.failed(error),
	);
}

/** A page of parked work, or one piece of work with its whole history of parked commands. */
const parkedAction = () => ({
	params: { $$strict: true, id: { ...idParam, optional: true }, after: { ...idParam, optional: true } },
	async handler(this: Service, ctx: Context<{ readonly id?: string; readonly after?: string }>) {
		const { runner } = runners.of(this);
		const { id, after } = ctx.params;
		if (id === undefined) {
			const rows = await runner.parked(after);
			return { rows: rows.map(({ id: work, row }) => shown(work, row)), next: rows.length === 0 ? null : (rows.at(-1)?.id ?? null) };
		}
		const row = await runner.work(id);
		return row ? { rows: [{ ...shown(id, row), ended: row.ended ?? [], subject: row.subject }], next: null } : unknownWork(id);
	},
});
const shown = (id: string, { parked }: Subject): Work & Partial<Parked> => ({ id, ...parked });
const unknownWork = (id: string): never => {
	throw refusalError(refuse("WORK_UNKNOWN", 404, `There is no work ${id}`));
};

/** Sends a parked command again, and returns its outcome. */
const retryAction = ({ name }: AnyProcess) => ({
	timeout: 0,
	params: { $$strict: true, id: idParam },
	async handler(this: Service, ctx: Context<Work>) {
		const { id } = ctx.params;
		const { runner } = runners.of(this);
		const again = await inTime(runner.retry(id));
		if (again === null) return notParked(name, id);
		this.logger.info(`${name}: retried ${id}`);
		return { id, outcome: again === "asked" ? "asked" : again ? "parked" : "done", ...(again === true ? await reason(runner, id) : {}) };
	},
});
/** The answer, or "asked" if it takes longer than `PATIENCE`. */
async function inTime<T>(answer: Promise<T>): Promise<T | "asked"> {
	let cancel = () => {};
	const patience = new Promise<"asked">((resolve) => (cancel = nodeTimers.later(PATIENCE, () => resolve("asked"))));
	return Promise.race([answer, patience]).finally(() => cancel());
}
const reason = async (runner: ProcessRunner, id: string): Promise<Partial<Pick<Parked, "code" | "detail">>> => {
	const parked = (await runner.work(id))?.parked;
	return parked ? { code: parked.code, detail: parked.detail } : {};
};
function notParked(process: string, id: string): never {
	throw refusalError(refuse("WORK_NOT_PARKED", 409, `${process} has nothing parked under ${id}`));
}

/** Drops the parked command: records a fact with the reason and the operator, which the process follows like any other. */
const dropAction = ({ name }: AnyProcess) => ({
	params: { $$strict: true, id: idParam, reason: { type: "string", trim: true, min: 1, max: 1000 } },
	async handler(this: Service, ctx: Context<Work & { readonly reason: string }, { by?: string }>) {
		const { id, reason: why } = ctx.params;
		const parked = (await runners.of(this).runner.work(id))?.parked;
		if (!parked) return notParked(name, id);
		const { command, action, code, detail, attempts } = parked;
		const said: DroppedWork = {
			process: name,
			work: id,
			command,
			action,
			code,
			detail: legible(detail, 1000),
			attempts,
			reason: legible(why, 1000),
		};
		const { command: own, ...rest } = said;
		const done = await ctx.call<{ position: string }, object>(
			INTERVENTIONS.drop,
			{ id: own, ...rest },
			{ meta: { by: ctx.meta.by ?? "operator" } },
		);
		return { id, command, position: done.position };
	},
});
