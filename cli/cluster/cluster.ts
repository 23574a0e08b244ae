/** Cluster - the processes of one cluster on one machine, and a node without services that sees what they see. */
import { setTimeout as pause } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../node/broker.ts";
import { join } from "../../node/joining.ts";
import type { Settings } from "../../node/settings.ts";
import { Member, type Say } from "./member.ts";
import { nodesOf, type Roles, servicesText } from "./roles.ts";

/** How often what has to come about is looked for, and for how long at most, in milliseconds. */
const LOOK_EVERY = 50;
const PATIENCE = 60_000;

export interface Given {
	readonly settings: Settings;
	/** What every node gets. */
	readonly env: NodeJS.ProcessEnv;
	readonly natsUrl: string;
	readonly roles: Roles;
	readonly say: Say;
}
/** A command that cannot be carried out. */
export class ClusterError extends Error {}

interface Seen {
	readonly id: string;
	readonly available: boolean;
	readonly services?: readonly Readonly<Record<string, unknown>>[];
}

export class Cluster {
	readonly members = new Map<string, Member>();
	readonly broker: ServiceBroker;
	readonly #given: Given;
	#stopping = false;

	constructor(given: Given) {
		this.#given = given;
		const { settings, natsUrl } = given;
		const nodeId = `supervisor-${process.pid}`;
		this.broker = new ServiceBroker(
			brokerOptions({ ...settings, partitions: undefined, logLevel: "fatal", metrics: false, metricsPort: undefined, natsUrl, nodeId }),
		);
	}

	/** `nodes`: as `--nodes` takes it. Resolves once every gateway says that everything is ready. */
	async start(nodes: string): Promise<void> {
		const { natsUrl, settings } = this.#given;
		await join(this.broker, { natsUrl, installation: settings.installation }); // before any node, which would wait for NATS as long as it takes
		const members = nodesOf(nodes, this.#given.roles).map((role) => this.#add(role));
		await Promise.all(members.map((member) => member.start()));
		await this.settled();
		const urls = members.map(({ url }) => url).filter((url) => url !== "");
		await this.#until(async () =>
			(await Promise.all(urls.map(isReady))).every(Boolean) ? null : "not every gateway says that all is ready",
		);
	}

	/** Gateways first: whoever still asks has to be told no while there is somebody to ask. False when one had to be killed. */
	async stop(): Promise<boolean> {
		this.#stopping = true;
		const running = [...this.members.values()].filter(({ runs }) => runs);
		const gently: boolean[] = [];
		for (const gateways of [true, false])
			gently.push(...(await Promise.all(running.filter(({ role }) => (role === "gateway") === gateways).map((member) => member.leave()))));
		if (this.broker.started) await this.broker.stop(); // else there is nobody to leave
		return gently.every(Boolean);
	}

	/** A node that is gone comes back under its name; a role gets one more node. */
	async join(name: string): Promise<Member> {
		const known = this.members.get(name);
		if (!known && !this.#given.roles.has(name))
			throw new ClusterError(`there is no node or role ${name}; roles are ${[...this.#given.roles.keys()].join(", ")}`);
		const member = known ?? this.#add(name);
		if (member.runs) throw new ClusterError(`${name} runs already`);
		await member.start().catch((error: Error) => {
			throw new ClusterError(error.message);
		});
		return member;
	}

	/** Throws where there is no such node, or it is in no state for that. */
	running(name = "", ...states: readonly Member["state"][]): Member {
		const member = this.members.get(name);
		if (!member) throw new ClusterError(`there is no node ${name}; there are ${[...this.members.keys()].join(", ")}`);
		if (!states.includes(member.state)) throw new ClusterError(`${name} is ${member.state}`);
		return member;
	}

	/** Resolves once it is known who is there and who is not: who dies or is paused is missed after some seconds. */
	settled(): Promise<void> {
		return this.#until(() => {
			const seen: readonly Seen[] = this.broker.registry.getNodeList({ withServices: true });
			const wrong = [...this.members.values()].filter((member) => !this.#asSeen(member, seen));
			return wrong.length === 0 ? null : `${wrong.map(({ name }) => name).join(", ")} not seen as it is`;
		});
	}
	#asSeen({ name, role, state }: Member, seen: readonly Seen[]): boolean {
		const node = seen.find(({ id }) => id === name);
		if (state !== "up") return !node?.available;
		const offered = new Set(node?.services?.map((service) => service["name"]));
		return node?.available === true && (this.#given.roles.get(role) ?? []).every((service) => offered.has(service.name));
	}

	/** `why`: what is still missing, null when nothing is. */
	async #until(why: () => string | null | Promise<string | null>): Promise<void> {
		const deadline = Date.now() + PATIENCE;
		for (;;) {
			const missing = await why();
			if (missing === null || this.#stopping) return;
			if (Date.now() > deadline) throw new ClusterError(`after ${PATIENCE / 1000} s: ${missing}`);
			await pause(LOOK_EVERY);
		}
	}

	#add(role: string): Member {
		const { settings, env, natsUrl, roles, say } = this.#given;
		const before = [...this.members.values()];
		const number = before.filter((member) => member.role === role).length;
		const name = `${role}-${number + 1}`;
		const member = new Member(
			name,
			role,
			{
				...env,
				NATS_URL: natsUrl,
				NODE_ID: name,
				SERVICES: servicesText(roles.get(role) ?? []),
				PORT: counted(settings.port, number),
				METRICS_PORT: settings.metricsPort === undefined ? "" : counted(settings.metricsPort, before.length),
			},
			say,
		);
		this.members.set(name, member);
		return member;
	}
}

/** 0 takes a free one each time. */
const counted = (port: number, by: number): string => String(port === 0 ? 0 : port + by);
const isReady = (url: string): Promise<boolean> =>
	fetch(`${url}/health/ready`).then(
		({ ok }) => ok,
		() => false,
	);
