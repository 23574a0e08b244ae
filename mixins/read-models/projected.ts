/**
 * Projected - turns a projection into a read model: a Moleculer service on moleculer-db with actions of its own (read-actions.ts) and
 * the means to rebuild its rows (generations.ts).
 */
import { EXAMINER, NODE } from "../access/may.ts";
import { CODES } from "../common/codes.ts";
import { clockOf } from "../common/clock.ts";
import { unavailable } from "../common/errors.ts";
import type { Service, ServiceSchema } from "moleculer";
import DbService from "moleculer-db";
import { type AnyProjection, sameJson } from "../../model/index.ts";
import type { Generation, Row } from "../../store/rows.ts";
import { askActions } from "./ask-actions.ts";
import { checkAction } from "./checking.ts";
import { Duty } from "../cluster/duty.ts";
import { type Health, healthOf, logsOf } from "../following/following.ts";
import { isObserving, PerService } from "../common/per-service.ts";
import { lagAction } from "../following/lag.ts";
import { db, readActions } from "./read-actions.ts";
import { MAX_PAGE_SIZE, PAGE_SIZE } from "../common/paging.ts";
import type { Give } from "../common/metric-names.ts";
import { Complaint } from "../common/complaint.ts";
import { Projector, tableOf } from "./projector.ts";
import { GenerationControl, rebuildActions } from "./generation-control.ts";
import { cacheFigures } from "../following/row-cache.ts";
import type { Checked } from "./row-check.ts";
import { RowsAdapter } from "./rows-adapter.ts";
import { type Backlog, standby } from "../common/backlogs.ts";
import { backlogOf } from "../following/backlog.ts";
import { storageOf } from "../logs/storage.ts";
import { nodeTimers, togetherOf } from "../common/timers.ts";

/** How often a node checks whether another one has switched to a new generation, in milliseconds. */
const KEEP_UP_EVERY = 1000;
const keepingUp = togetherOf(KEEP_UP_EVERY);

/** The parts of one running service. */
interface Running {
	readonly projector: Projector;
	readonly generations: GenerationControl;
	/** Why the rows cannot be read, or null. */
	unfit: string | null;
	readonly duty: Duty;
	stop: () => void;
}
const running = new PerService<Running>();

export function Projected(projection: AnyProjection): Partial<ServiceSchema> {
	return {
		mixins: [{ ...DbService, actions: {} }], // its methods and lifecycle hooks; we replace every action
		adapter: new RowsAdapter(),
		settings: { idField: "id", pageSize: PAGE_SIZE, maxPageSize: MAX_PAGE_SIZE },
		metadata: { follows: projection.follows },
		actions: {
			...readActions(projection, readable),
			...askActions(projection, readable),
			...rebuildActions((service) => running.of(service)),
			/** Whether it follows its logs, and if not, why. */
			health: {
				may: { ...EXAMINER, ...NODE },
				handler(this: Service) {
					return health(projection.name, running.of(this));
				},
			},
			lag: lagAction(projection.follows, (service) => running.of(service).projector),
			check: checkAction(projection.follows, (service) => checked(projection, readable(service))),
		},
		methods: methodsOf(projection),
		async started(this: Service) {
			await begin(this, projection);
		},
		async stopped(this: Service) {
			const found = running.find(this);
			found?.stop();
			await Promise.all(found?.projector.followers.map((follower) => follower.stop()) ?? []);
			await found?.duty.end();
		},
	};
}

const methodsOf = ({ name, follows }: AnyProjection) => ({
	/** Commits that are not in the rows yet. */
	async backlog(this: Service): Promise<Backlog> {
		const found = running.find(this);
		return found?.duty.on ? backlogOf(this, follows, found.projector.followers) : standby(name);
	},
	async figures(this: Service, give: Give): Promise<void> {
		const found = running.find(this);
		if (!found) return;
		cacheFigures(name, found.projector.cache, give);
		give("vigie_read_model_rebuilding", (await building(found)).length, { follower: name });
	},
});

/** Opens the live generation and follows its logs; a generation that this code cannot read must be rebuilt first. */
async function begin(service: Service, projection: AnyProjection): Promise<void> {
	const storage = storageOf(service.broker);
	const { name } = projection;
	const follow = async (projector: Projector) => {
		const found = running.find(service);
		if (found) found.unfit = null;
		if (isObserving(service.broker) || projector.followers.length > 0) return;
		const stopped = (error: Error) => service.logger.error(`${name} has stopped: ${error.message}`);
		await projector.start(await logsOf(storage, projection.follows), stopped, () => duty.on);
	};
	const generations = new GenerationControl(service.broker, projection, String(service.metadata["code"] ?? ""), follow);
	const live = await generations.live();
	const projector = new Projector(
		projection,
		await storage.rows.open(live.spec),
		() => clockOf(service.broker).now(),
		nodeTimers,
		storage.vault,
	);
	const duty = new Duty(service, isObserving(service.broker) ? undefined : storage.rows.lease?.(name), (task) => projector.hold(task));
	await duty.begin();
	const unfit = generations.unfit(live);
	if (unfit === null) await follow(projector);
	else service.logger.error(unfit);
	const complaint = new Complaint(`${name} could not read its generations`, (line) => service.logger.warn(line));
	const keepUp = () =>
		void generations.keepUp(projector).then(
			() => complaint.fine(),
			(error: unknown) => complaint.failed(error),
		);
	running.set(service, { projector, generations, unfit, duty, stop: keepingUp(service.broker).every(keepUp) });
	db(service).adapter.serve(projector);
}

/** Due rows may not be rewritten yet, so their columns are not compared. */
function checked(projection: AnyProjection, live: Projector): Checked {
	const found = (row: Row | null) => row?.columns ?? null;
	const overdue = (row: Row | null) => row !== null && row.due !== null && row.due <= live.clock();
	return {
		name: projection.name,
		live,
		spec: tableOf(projection),
		folder: (table) => new Projector(projection, table, live.clock, nodeTimers, live.vault),
		alike: (before, after) =>
			sameJson(before?.data ?? null, after?.data ?? null) && (overdue(before) || sameJson(found(before), found(after))),
	};
}

function readable(service: Service): Projector {
	const { projector, unfit } = running.of(service);
	const reason = unfit ?? foreign(projector);
	if (reason !== null) throw unavailable(CODES.READ_MODEL_OUTDATED, reason);
	return projector;
}
const foreign = ({ foreign: reason, projection: { name } }: Projector): string | null =>
	reason && `the rows of ${name} were made from another history: ${reason}; es-rebuild ${name} makes them from this one`;
/** Generations that any process is building beside the live one. */
const building = async ({ generations }: Running): Promise<readonly Generation[]> =>
	(await generations.all()).filter(({ state }) => state === "building");

async function health(name: string, found: Running): Promise<Health & { readonly rebuilding?: object | string }> {
	const { projector, generations } = found;
	const unfit = found.unfit ?? foreign(projector);
	const begun = (await building(found)).map(({ number: generation, begun: since }) => ({ generation, since })).at(-1);
	const rebuilding = generations.running ?? begun;
	return {
		...healthOf(name, projector.followers),
		...(unfit === null ? {} : { ready: false, reason: unfit }),
		...(rebuilding === undefined ? {} : { rebuilding }),
	};
}
