/** Parts - health of a node: logs, damage, installation, clock, and services that have not started. Followers have their own health actions. */
import type { Service, ServiceBroker, ServiceSchema } from "moleculer";
import { oneLine } from "../../store/figures.ts";
import { StoreUnavailable } from "../../store/log.ts";
import type { Writer } from "../../store/writer.ts";
import { EXAMINER, NODE } from "../access/may.ts";
import { clockOf } from "../common/clock.ts";
import { clocksOf } from "../cluster/clocks.ts";
import { leaveAction } from "../cluster/leaving.ts";
import type { ContextLog } from "../logs/context-log.ts";
import { FORGETTING } from "../logs/forgetting.ts";
import { NatsTransporter } from "../nats/transporter.ts";
import { storageOf } from "../logs/storage.ts";
import { within } from "../common/within.ts";

/** One line of a health report. */
export interface Part {
	readonly name: string;
	readonly ready: boolean;
	/** Why the part is not ready. */
	readonly reason?: string;
	/** A warning about a part that is ready. */
	readonly note?: string;
	/** The node that reported it. */
	readonly node?: string;
	readonly [more: string]: unknown;
}

/** Milliseconds within which a log must answer. */
const PATIENCE = 1000;
/** Milliseconds after which a failed write without a retry is only a note: a node that is not ready gets no writes that could show recovery. */
const HELD_AGAINST = 30_000;

/** Consecutive failures from which on a follower counts as stuck. */
const STUCK = 5;

/** Actions for `$node`, the service that Moleculer runs on every node. */
export const nodeParts: Partial<ServiceSchema> = {
	actions: {
		parts: {
			may: { ...EXAMINER, ...NODE },
			handler(this: Service) {
				return partsOf(this.broker);
			},
		},
		leave: leaveAction,
	},
};

async function partsOf(broker: ServiceBroker): Promise<readonly Part[]> {
	const logs = await within(PATIENCE, storageOf(broker).contexts()).then(
		(contexts) => Promise.all(contexts.map(logPart)),
		(error: unknown): Part[] => [{ name: "logs", ready: false, reason: `cannot be opened: ${oneLine(error)}` }],
	);
	return [
		...logs,
		...storageOf(broker).damage.map(damagedPart),
		...installation(broker),
		...bus(broker),
		...clock(broker),
		...waiting(broker),
	];
}

/** Not ready until the node knows its installation; omitted after that. */
function installation(broker: ServiceBroker): Part[] {
	const transporter = broker.transit?.tx;
	const reason = transporter instanceof NatsTransporter ? transporter.waiting : null;
	return reason === null ? [] : [{ name: "installation", ready: false, reason }];
}

/** Only a note, because anyone with access to NATS can send packets that are dropped; omitted while all packets open. */
function bus(broker: ServiceBroker): Part[] {
	const transporter = broker.transit?.tx;
	const note = transporter instanceof NatsTransporter ? transporter.sealing.dropped.note : null;
	return note === null ? [] : [{ name: "bus", ready: true, note }];
}

/** Only a note, because no decision depends on wall clocks; omitted while the clocks agree. */
function clock(broker: ServiceBroker): Part[] {
	if (!clockOf(broker).known) return [{ name: "clock", ready: false, reason: "the manual clock of the cluster has not been read yet" }];
	const note = clocksOf(broker)?.skew.warning ?? null;
	return note === null ? [] : [{ name: "clock", ready: true, note }];
}

/** Not ready, although undamaged data can still be read. */
const damagedPart = (found: string): Part => ({ name: "store", ready: false, reason: `what is stored is damaged: ${found}` });

/** Services of this node that cannot be called yet. */
function waiting(broker: ServiceBroker): Part[] {
	const known = broker.registry.getServiceList({ onlyLocal: true }) as { name: string }[]; // moleculer leaves it untyped
	const registered = new Set(known.map(({ name }) => name));
	return broker.services
		.filter(({ name }: Service) => !registered.has(name))
		.map(({ name }: Service) => ({ name, ready: false, reason: `${name} has not started yet` }));
}

/** Queries the log each time: a log without writes may be unavailable, too. */
async function logPart(log: ContextLog): Promise<Part> {
	const { writers } = log;
	const looks = [...(await Promise.all(writers.map(look))), ...notForgetting(log)];
	const name = `log ${writers[0]?.log.name.split(":")[0] ?? ""}`;
	const bad = looks.find(({ reason }) => reason !== undefined);
	const note = looks.find((found) => found.note !== undefined)?.note;
	return {
		name,
		ready: bad === undefined,
		...(bad ? { reason: bad.reason } : {}),
		...(note === undefined ? {} : { note }),
		positions: Object.fromEntries(looks.slice(0, writers.length).map(({ partition, position }) => [partition, position])),
	};
}

/** Partitions in which the keys of forgotten subjects are not destroyed. */
function notForgetting(log: ContextLog): Look[] {
	const own = log.partitions.flatMap(({ name }) => log.followers(name)).filter(({ of }) => of === FORGETTING);
	return own.flatMap(({ name: partition, position, error, trouble }) => {
		const reason = error?.message ?? ((trouble?.times ?? 0) >= STUCK ? trouble?.reason : undefined);
		return reason === undefined
			? []
			: [{ partition, position, reason: `forgotten data after ${partition}:${position} is not destroyed: ${reason}` }];
	});
}

interface Look {
	readonly partition: string;
	readonly position: number;
	readonly reason?: string;
	readonly note?: string;
}
async function look({ log, position, figures }: Writer): Promise<Look> {
	const { failing } = figures;
	const seen = await within(PATIENCE, log.tail()).catch((error: unknown) => oneLine(error));
	const found = { partition: log.name, position: typeof seen === "string" ? position : seen.position };
	if (typeof seen === "string") return { ...found, reason: `${log.name} cannot be read: ${seen}` };
	const failed = [
		{ failure: failing.append, what: "written" },
		{ failure: failing.read, what: "read" },
	].flatMap(({ failure, what }) => (failure ? [{ ...failure, what }] : []));
	const last = failed.toSorted((one, other) => other.at - one.at)[0];
	if (last) {
		const ago = figures.now() - last.at;
		const said = `${log.name} could not be ${last.what} ${Math.round(ago / 1000)} s ago: ${last.reason}`;
		return ago < HELD_AGAINST ? { ...found, reason: said } : { ...found, note: `${said}; it has not been tried since` };
	}
	for (const [stream, error] of figures.unreadable)
		return error instanceof StoreUnavailable ? { ...found, reason: error.message } : { ...found, note: `${stream}: ${error.message}` };
	return found;
}
