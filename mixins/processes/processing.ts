/**
 * Processing - turns a process into a Moleculer service that follows its logs and sends its commands. Its actions report health and
 * parked work, and let operators retry or drop parked work.
 */
import type { Service, ServiceSchema } from "moleculer";
import type { AnyProcess } from "../../model/index.ts";
import { oneLine } from "../../store/figures.ts";
import { EXAMINER, NODE } from "../access/may.ts";
import { checkAction } from "../read-models/checking.ts";
import { Duty, looking } from "../cluster/duty.ts";
import { type Backlog, standby } from "../common/backlogs.ts";
import { backlogOf } from "../following/backlog.ts";
import { logsOf } from "../following/following.ts";
import { isObserving, PerService } from "../common/per-service.ts";
import { Mutex } from "../following/folding.ts";
import { INTERVENTIONS } from "./interventions.ts";
import { lagAction } from "../following/lag.ts";
import { Complaint } from "../common/complaint.ts";
import { operatorActions } from "./operating.ts";
import { checkedWork } from "./refold.ts";
import type { ProcessRunner } from "./runner.ts";
import { makeRunner, type SendOptions } from "./sending.ts";
import type { Give } from "../common/metric-names.ts";
import { storageOf } from "../logs/storage.ts";
import { every, nodeTimers } from "../common/timers.ts";
import { processFigures, processHealth, workOf } from "./health.ts";

/** How often open commands are sent again, in milliseconds. */
const RECOVER_EVERY = 5000;
/** How often commands are sent whose instant has come, in milliseconds. */
const DUE_EVERY = 1000;
/** Due pieces of work that a backlog counts at most. */
const COUNTED = 1000;

interface Running {
	runner: ProcessRunner;
	/** Makes a runner that has read nothing yet. */
	readonly make: () => Promise<ProcessRunner>;
	/** Whether this node follows the logs and sends commands; else it only answers calls. */
	onDuty: boolean;
	/** Why the last attempt to take over or hand over the duty failed; null if it succeeded. */
	failure: string | null;
	stop: () => Promise<void>;
}
const runners = new PerService<Running>();

export function Processing(manager: AnyProcess, options: SendOptions = {}): Partial<ServiceSchema> {
	return {
		metadata: { follows: manager.follows },
		actions: {
			/** Whether it follows its logs, and if not, why. */
			health: {
				may: { ...EXAMINER, ...NODE },
				handler(this: Service) {
					const { runner, failure } = runners.of(this);
					return processHealth(runner, failure);
				},
			},
			/** Numbers of pending commands, open work and parked work. */
			work: {
				may: EXAMINER,
				handler(this: Service) {
					return workOf(runners.of(this).runner);
				},
			},
			lag: lagAction(followedBy(manager), (service) => runners.of(service).runner),
			check: checkAction(followedBy(manager), (service) => checkedWork(manager, runners.of(service).runner)),
			...operatorActions(manager, (service) => runners.of(service).runner),
		},
		methods: methodsOf(manager),
		async started(this: Service) {
			await begin(this, manager, options);
		},
		async stopped(this: Service) {
			await runners.find(this)?.stop();
		},
	};
}

const methodsOf = (manager: AnyProcess) => ({
	/** Commits that are not processed, and commands that are not answered or whose instant has come. */
	async backlog(this: Service): Promise<Backlog> {
		const found = runners.find(this);
		if (!found?.onDuty) return standby(manager.name);
		const unfinished = await found.runner.unfinished(COUNTED);
		const unread = await backlogOf(this, followedBy(manager), found.runner.followers);
		return { ...unread, due: unread.due + unfinished };
	},
	async figures(this: Service, give: Give): Promise<void> {
		const found = runners.find(this);
		if (found) await processFigures(found.runner, give);
	},
});

/** Every process also follows the log of interventions. */
const followedBy = ({ follows }: AnyProcess): readonly string[] => [...new Set([...follows, INTERVENTIONS.log])];

/** Follows and sends commands while this node is on duty, which it checks regularly. */
async function begin(service: Service, manager: AnyProcess, options: SendOptions): Promise<void> {
	const complaint = new Complaint(`${manager.name} could not recover open work`, (line) => service.logger.warn(line));
	const make = () => makeRunner(service.broker, manager, options);
	const runner = await make();
	const late = new Complaint(`${manager.name} could not send commands whose instant has come`, (line) => service.logger.warn(line));
	const running: Running = { runner, make, onDuty: false, failure: null, stop: () => Promise.resolve() };
	const changes = new Mutex();
	const { duty, look } = dutyOf(service, manager, running);
	await look();
	const unlook = looking(service.broker).every(() => void changes.run(look));
	const recovering = every(nodeTimers, RECOVER_EVERY, () => regularly(running, complaint, (runner) => runner.recover()));
	const sending = every(nodeTimers, DUE_EVERY, () => regularly(running, late, ({ deadlines }) => deadlines.send()));
	runners.set(service, running);
	running.stop = async () => {
		unlook();
		recovering();
		sending();
		await changes.run(() => ended(service, manager, running.runner));
		await duty.end();
	};
	service.broker.waitForServices([], 0).then(
		() => regularly(running, complaint, (runner) => runner.recover()),
		() => undefined,
	);
}
/** The duty, and `look`, which takes it over or hands it over; a failure is logged once, reported by health, and retried. */
function dutyOf(service: Service, manager: AnyProcess, running: Running): { readonly duty: Duty; readonly look: () => Promise<void> } {
	const observing = isObserving(service.broker);
	const lease = observing ? undefined : storageOf(service.broker).rows.lease?.(manager.name);
	const duty = new Duty(service, lease, async (release) => {
		await change(false);
		await release();
	});
	const change = async (mine: boolean) => {
		if (mine === running.onDuty) return;
		await (mine ? takeOver(service, manager, running) : handOver(service, manager, running));
		running.onDuty = mine;
	};
	const complaint = new Complaint(`${manager.name} could not take over or hand over its duty`, (line) => service.logger.warn(line));
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
async function takeOver(service: Service, manager: AnyProcess, running: Running): Promise<void> {
	const runner = await running.make();
	await runner.start(await logsOf(storageOf(service.broker), followedBy(manager)), (error) =>
		service.logger.error(`${manager.name} has stopped: ${error.message}`),
	);
	running.runner = runner;
}
async function handOver(service: Service, manager: AnyProcess, running: Running): Promise<void> {
	const { runner } = running;
	running.runner = await running.make();
	await ended(service, manager, runner);
}
/** Stops the runner; failed writes are only logged, so that they do not block the shutdown of other services. */
const ended = ({ logger }: Service, { name }: AnyProcess, runner: ProcessRunner): Promise<void> =>
	runner
		.stop()
		.catch((error: unknown) => logger.warn(`${name} could not write its last rows, and will fold them again: ${oneLine(error)}`));

/** Runs a task while this node is on duty; logs its failures. */
function regularly({ onDuty, runner }: Running, complaint: Complaint, task: (runner: ProcessRunner) => Promise<void>): void {
	if (!onDuty) return;
	task(runner).then(
		() => complaint.fine(),
		(error: unknown) => complaint.failed(error),
	);
}
