/** Cluster - the node processes of one cluster on one machine, and a node without services that observes their registry. */
import { get as getPlainly } from "node:http";
import { get as getSecurely } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../node/broker.ts";
import { join } from "../../node/joining.ts";
import type { Settings } from "../../node/settings.ts";
import { Member, type Say } from "./member.ts";
import { nodesOf, type Roles, servicesText } from "./roles.ts";

/** Interval and time limit of waiting for an expected state, in milliseconds. */
const LOOK_EVERY = 50;
const PATIENCE = 60_000;

export interface Given {
	readonly settings: Settings;
	/** Environment of every node. */
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
			brokerOptions({
				...settings,
				partitions: undefined,
				logLevel: "fatal",
				metrics: false,
				metricsPort: undefined,
				tls: undefined,
				natsUrl,
				nodeId,
			}),
		);
	}

	/** `nodes`: value of `--nodes`. Resolves once every gateway reports that everything is ready. */
	async start(nodes: string): Promise<void> {
		const { natsUrl, settings } = this.#given;
		await join(this.broker, { natsUrl, installation: settings.installation }); // joins before the nodes start: they would wait for NATS without a limit
		const members = nodesOf(nodes, this.#given.roles).map((role) => this.#add(role));
		await Promise.all(members.map((member) => member.start()));
		await this.settled();
		const urls = members.map(({ url }) => url).filter((url) => url !== "");
		await this.#until(async () =>
			(await Promise.all(urls.map(isReady))).every(Boolean) ? null : "not every gateway reports that all is ready",
		);
	}

	/** Stops the gateways first, while the other nodes still answer them. False if a node had to be killed. */
	async stop(): Promise<boolean> {
		this.#stopping = true;
		const running = [...this.members.values()].filter(({ runs }) => runs);
		const gently: boolean[] = [];
		for (const gateways of [true, false])
			gently.push(...(await Promise.all(running.filter(({ role }) => (role === "gateway") === gateways).map((member) => member.leave()))));
		if (this.broker.started) await this.broker.stop(); // a broker that never started has nothing to stop
		return gently.every(Boolean);
	}

	/** Restarts a node under its name, or adds a node to a role. */
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

	/** Throws if there is no such node, or if its state is not one of `states`. */
	running(name = "", ...states: readonly Member["state"][]): Member {
		const member = this.members.get(name);
		if (!member) throw new ClusterError(`there is no node ${name}; there are ${[...this.members.keys()].join(", ")}`);
		if (!states.includes(member.state)) throw new ClusterError(`${name} is ${member.state}`);
		return member;
	}

	/** Resolves once the registry shows every node in its actual state; a dead or paused node times out after some seconds. */
	settled(): Promise<void> {
		return this.#until(() => {
			const seen: readonly Seen[] = this.broker.registry.getNodeList({ withServices: true });
			const wrong = [...this.members.values()].filter((member) => !this.#asSeen(member, seen));
			return wrong.length === 0 ? null : `${wrong.map(({ name }) => name).join(", ")} not yet seen in the expected state`;
		});
	}
	#asSeen({ name, role, state }: Member, seen: readonly Seen[]): boolean {
		const node = seen.find(({ id }) => id === name);
		if (state !== "up") return !node?.available;
		const offered = new Set(node?.services?.map((service) => service["name"]));
		return node?.available === true && (this.#given.roles.get(role) ?? []).every((service) => offered.has(service.name));
	}

	/** `why`: the reason to keep waiting; null ends the wait. */
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
				NATS_URL_FILE: "", // this process has read it
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

/** Port 0 chooses a free port for each node. */
const counted = (port: number, by: number): string => String(port === 0 ? 0 : port + by);
/** The nodes are children of this process, and their certificate need not name the loopback address, so it is not verified. */
const isReady = (url: string): Promise<boolean> =>
	new Promise((resolve) => {
		const get = url.startsWith("https:") ? getSecurely : getPlainly;
		get(`${url}/health/ready`, { rejectUnauthorized: false }, (answer) => {
			answer.resume();
			resolve(answer.statusCode === 200);
		}).on("error", () => resolve(false));
	});
