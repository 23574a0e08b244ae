/** Operating - the actions with which an operator lists, retries and drops the parked work of a process. */
import type { Context, Service } from "moleculer";
import { EXAMINER } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import { type AnyProcess, legible, OPERATOR, refuse } from "../../model/index.ts";
import { refusalError } from "../common/errors.ts";
import { within } from "../common/within.ts";
import { type DroppedWork, INTERVENTIONS } from "./interventions.ts";
import type { Parked, Subject } from "./rows.ts";
import type { ProcessRunner } from "./runner.ts";

/** How long a retry waits for its answer, in milliseconds. */
const PATIENCE = 5000;

type Work = { readonly id: string };
type RunnerOf = (service: Service) => ProcessRunner;
const idParam = { type: "string", min: 1, max: 200 } as const;

export const operatorActions = (manager: AnyProcess, runnerOf: RunnerOf) => ({
	parked: parkedAction(runnerOf),
	retry: retryAction(manager, runnerOf),
	drop: dropAction(manager, runnerOf),
});

/** A page of parked work, or one piece of work with its whole history of parked commands. */
const parkedAction = (runnerOf: RunnerOf) => ({
	may: EXAMINER,
	params: { $$strict: true, id: { ...idParam, optional: true }, after: { ...idParam, optional: true } },
	async handler(this: Service, ctx: Context<{ readonly id?: string; readonly after?: string }>) {
		const runner = runnerOf(this);
		const { id, after } = ctx.params;
		if (id === undefined) {
			const rows = await runner.parking.list(after);
			return { rows: rows.map(({ id: work, row }) => shown(work, row)), next: rows.length === 0 ? null : (rows.at(-1)?.id ?? null) };
		}
		const row = await runner.parking.work(id);
		return row ? { rows: [{ ...shown(id, row), ended: row.ended ?? [], subject: row.subject }], next: null } : unknownWork(id);
	},
});
const shown = (id: string, { parked }: Subject): Work & Partial<Parked> => ({ id, ...parked });
const unknownWork = (id: string): never => {
	throw refusalError(refuse(CODES.WORK_UNKNOWN, `There is no work ${id}`));
};

/** Sends a parked command again, and returns its outcome. */
const retryAction = ({ name }: AnyProcess, runnerOf: RunnerOf) => ({
	may: OPERATOR,
	timeout: 0,
	params: { $$strict: true, id: idParam },
	async handler(this: Service, ctx: Context<Work>) {
		const { id } = ctx.params;
		const runner = runnerOf(this);
		const again = await within(PATIENCE, runner.parking.retry(id), () => "asked" as const);
		if (again === null) return notParked(name, id);
		this.logger.info(`${name}: retried ${id}`);
		return { id, outcome: again === "asked" ? "asked" : again ? "parked" : "done", ...(again === true ? await reason(runner, id) : {}) };
	},
});
const reason = async (runner: ProcessRunner, id: string): Promise<Partial<Pick<Parked, "code" | "detail">>> => {
	const parked = (await runner.parking.work(id))?.parked;
	return parked ? { code: parked.code, detail: parked.detail } : {};
};
function notParked(process: string, id: string): never {
	throw refusalError(refuse(CODES.WORK_NOT_PARKED, `${process} has nothing parked under ${id}`));
}

/** Drops the parked command: records a fact with the reason and the operator, which the process follows like any other. */
const dropAction = ({ name }: AnyProcess, runnerOf: RunnerOf) => ({
	may: OPERATOR,
	params: { $$strict: true, id: idParam, reason: { type: "string", trim: true, min: 1, max: 1000 } },
	async handler(this: Service, ctx: Context<Work & { readonly reason: string }>) {
		const { id, reason: why } = ctx.params;
		const parked = (await runnerOf(this).parking.work(id))?.parked;
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
		const done = await ctx.call<{ position: string }, object>(INTERVENTIONS.drop, { id: own, ...rest });
		return { id, command, position: done.position };
	},
});
