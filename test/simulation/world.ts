/** World - one schedule: nodes, their database and clients, under faults at first, then without faults until all work has settled. */
import type { Chance } from "./chance.ts";
import { Clients } from "./clients.ts";
import type { Config } from "./config.ts";
import { Partition } from "./log.ts";
import { Node } from "./node.ts";
import { Post } from "./post.ts";
import type { Ordered, Scenario } from "./scenario.ts";
import { type Owner, Scheduler } from "./scheduler.ts";
import { Server } from "./server.ts";
import { Rows } from "./table.ts";
import { INTERVENTIONS } from "../../mixins/processes/interventions.ts";
import { processTableOf } from "../../mixins/processes/rows.ts";
import { tableOf } from "../../mixins/read-models/projector.ts";
import { chained } from "../../store/chain.ts";
import { encode } from "../../store/codec.ts";
import { partitionOf } from "../../store/position.ts";

/** Milliseconds without faults in which all work must settle. */
const SETTLES_WITHIN = 600_000;
const PATIENCE_IN_PEACE = 60_000;
const A_DAY = 86_400_000;

export interface Violation {
	readonly kind: string;
	readonly text: string;
}

export class World {
	readonly config: Config;
	readonly scheduler: Scheduler;
	readonly scenario: Scenario;
	readonly server: Server;
	/** Partitions by context. */
	readonly partitions = new Map<string, Partition[]>();
	readonly tables = new Map<string, Rows>();
	readonly nodes: readonly Node[];
	readonly clients: Clients;
	/** The world outside, where effects take place. */
	readonly post: Post;
	readonly violations: Violation[] = [];
	/** Commands of processes and operators, by command id. */
	readonly asked = new Map<string, Ordered[]>();
	#peaceful = 0;
	#isRebuilt = false;
	/** Calls of the port before the rebuild. */
	#calledBefore = 0;
	#finale: "to come" | "under way" | "over" = "to come";
	#over = false;

	constructor(config: Config, scenario: Scenario, chance: Chance, traced = false) {
		this.config = config;
		this.scheduler = new Scheduler(chance, traced);
		this.server = new Server(this.scheduler, config);
		this.scenario = scenario;
		this.post = new Post(this.scheduler, config.promise, config.faults);
		for (const context of new Set(this.scenario.models.map((model) => model.context)))
			this.partitions.set(
				context,
				Array.from({ length: config.partitions }, (_, n) => this.#partition(`${context}:${n}`)),
			);
		for (const projection of this.scenario.projections)
			this.tables.set(projection.name, new Rows(this.server, tableOf(projection), config.compared));
		for (const manager of this.scenario.processes)
			this.tables.set(manager.name, new Rows(this.server, processTableOf(manager), config.compared));
		this.#begin();
		this.nodes = Array.from({ length: config.nodes }, (_, number) => new Node(this, number));
		this.clients = new Clients(this);
		for (const node of this.nodes) node.start();
		this.clients.start();
	}

	/** Runs one step; false if the schedule is over. */
	step(): boolean {
		const { scheduler, config } = this;
		if (this.#over || this.violations.length > 0) return false;
		if (++scheduler.steps > config.limit) this.#stuck("the work does not end");
		else if (scheduler.calm || !this.#befallen()) this.#happen();
		return true;
	}
	#happen(): void {
		const { scheduler } = this;
		if (!scheduler.calm && scheduler.steps >= this.config.faultSteps) this.#becalm();
		if (scheduler.step()) return;
		if (this.#settled()) {
			if (!scheduler.calm) this.#becalm();
			else if (this.config.rebuild && !this.#isRebuilt) this.#rebuild();
			else if (this.#finale === "to come") void this.#conclude();
			else if (this.#finale === "over") this.#over = true;
			else if (!scheduler.skip()) this.#stuck("the final asks are not answered");
		} else if (!scheduler.skip() || (scheduler.calm && this.#finale === "to come" && scheduler.now > this.#peaceful + SETTLES_WITHIN))
			this.#stuck("there is no progress");
	}
	/** Possibly injects a fault; true if that was the whole step. */
	#befallen(): boolean {
		const { chance } = this.scheduler;
		const { tick, late, crash, stall, evict, failover, away } = this.config.faults;
		const which = 999 - chance.pick(1000);
		const node = (): Node | undefined => this.nodes[chance.pick(this.nodes.length)];
		let below = tick;
		if (which < below) return this.scheduler.skip();
		if (which < (below += late)) return this.scheduler.late();
		if (which < (below += crash)) this.#end(node());
		else if (which < (below += stall)) node()?.stall();
		else if (which < (below += evict)) node()?.forget();
		else if (which < (below += failover)) this.server.failover();
		else if (which < below + away) this.post.die();
		return false;
	}
	/** Crashes a node, or sometimes stops it cleanly. */
	#end(node: Node | undefined): void {
		if (this.scheduler.chance.pick(4) < 3) node?.die();
		else this.scheduler.post(() => void node?.leave());
	}
	#becalm(): void {
		this.scheduler.say(() => "--- no more faults");
		this.scheduler.calm = true;
		this.#peaceful = this.scheduler.now;
		for (const node of this.nodes) node.revive();
		this.post.revive();
	}
	/** Restarts all nodes without the rows of the processes, which are then built from the logs. */
	#rebuild(): void {
		this.scheduler.say(() => "--- the rows of all processes are built from the logs");
		this.scheduler.count("rebuilds");
		this.#isRebuilt = true;
		this.#calledBefore = this.post.calls;
		this.#peaceful = this.scheduler.now;
		for (const node of this.nodes) node.life.alive = false;
		for (const manager of this.scenario.processes)
			this.tables.set(manager.name, new Rows(this.server, processTableOf(manager), this.config.compared));
		for (const node of this.nodes) node.start();
	}
	/** Whether all clients are finished, and all work that follows from the logs is done. */
	#settled(): boolean {
		if (this.clients.busy > 0 || this.nodes.some(({ isReady }) => !isReady)) return false;
		for (const { name, follows } of this.followers) {
			const rows = this.rows(name);
			for (const context of follows)
				for (const partition of this.partitions.get(context) ?? []) if (rows.checkpoint(partition.name) !== partition.top) return false;
		}
		const open = this.scenario.processes.some(({ name }) => this.runs(name) && this.rows(name).count("state", "open") > 0);
		if (
			this.scenario.processes.some(
				({ name }) =>
					this.runs(name) &&
					this.rows(name)
						.all()
						.some(({ due }) => due !== null),
			)
		)
			return false;
		return !open && this.nodes.every(({ runners }) => [...runners.values()].every(({ outbox }) => outbox.size === 0));
	}
	/** Projections and processes that run on at least one node. */
	get followers(): readonly { readonly name: string; readonly follows: readonly string[] }[] {
		const processes = this.scenario.processes.map(({ name, follows }) => ({ name, follows: [...follows, INTERVENTIONS.log] }));
		return [...this.scenario.projections, ...processes].filter(({ name }) => this.runs(name));
	}
	readonly runs = (name: string): boolean => (this.config.on[name]?.length ?? 0) > 0;
	get openRows(): readonly string[] {
		const running = this.scenario.processes.filter(({ name }) => this.runs(name));
		return running.flatMap(({ name }) =>
			this.rows(name)
				.all()
				.filter(({ columns }) => columns?.at(-1) === "open")
				.map(({ id }) => id),
		);
	}
	/** Finally asks every node about every actor, and rewrites due rows. */
	async #conclude(): Promise<void> {
		this.#finale = "under way";
		if (this.#isRebuilt && this.post.calls > this.#calledBefore)
			this.violated("rebuild", `${this.post.calls - this.#calledBefore} calls of the port after a rebuild`);
		await this.clients.lastQuestions();
		this.scheduler.now += A_DAY;
		for (const { projectors } of this.nodes) for (const projector of projectors.values()) await projector.refreshDue();
		this.#finale = "over";
	}
	#stuck(why: string): void {
		const behind = this.followers.flatMap(({ name, follows }) =>
			follows.flatMap((context) =>
				(this.partitions.get(context) ?? [])
					.filter((one) => this.rows(name).checkpoint(one.name) !== one.top)
					.map((one) => `${name} at ${one.name}:${this.rows(name).checkpoint(one.name)} of ${one.top}`),
			),
		);
		this.violated("stuck", [why, `${this.clients.busy} clients wait`, ...behind, ...this.openRows.map((id) => `${id} is open`)].join("; "));
	}
	violated(kind: string, text: string): void {
		this.violations.push({ kind, text });
		this.scheduler.say(() => `!!! ${kind}: ${text}`);
	}

	rows(name: string): Rows {
		const rows = this.tables.get(name);
		if (!rows) throw new Error(`there are no rows of ${name}`);
		return rows;
	}
	noted(commandId: string, ordered: Ordered): void {
		this.asked.set(commandId, [...(this.asked.get(commandId) ?? []), ordered]);
	}
	/** The owner of the partition, or sometimes any node. */
	placed(service: string, id: string): Node {
		const own = partitionOf(`${service}-${id}`, this.config.partitions) % this.nodes.length;
		const { chance } = this.scheduler;
		const node = this.nodes[chance.pick(1000) < this.config.sticky ? own : chance.pick(this.nodes.length)] ?? this.nodes[0];
		if (!node) throw new Error("there is no node");
		return node;
	}
	/** Calls a node or the port; the request or the answer may be lost, and the caller gives up after its timeout, in milliseconds. */
	call<T>(
		caller: Owner | null,
		to: { readonly life: Owner },
		what: string,
		work: (deadline: number) => Promise<T>,
		timeout = this.scheduler.calm ? PATIENCE_IN_PEACE : this.config.patience,
	): Promise<T | "no answer"> {
		const { scheduler } = this;
		const { message } = this.config.faults;
		const deadline = scheduler.now + timeout;
		const fate = scheduler.calm ? 1000 : 999 - scheduler.chance.pick(1000);
		return new Promise((resolve) => {
			const cancel = scheduler.at(deadline + 1, () => resolve("no answer"), caller);
			const answered = (answer: T | "no answer"): void => {
				if (fate >= 2 * message) scheduler.post(() => (cancel(), resolve(answer)), caller);
				else scheduler.say(() => `    answer lost: ${what}`);
			};
			if (fate < message) return scheduler.say(() => `    request lost: ${what}`);
			scheduler.post(() => {
				if (to.life.alive) work(deadline).then(answered, () => answered("no answer"));
			});
		});
	}

	#partition(name: string): Partition {
		return new Partition(this.server, name, (position, by) => this.#hint(name, position, by));
	}
	/** Hints other nodes at a new commit; a hint may be lost, doubled, late or wrong. */
	#hint(partition: string, position: number, by: string): void {
		const { scheduler } = this;
		for (const node of this.nodes ?? []) {
			if (node.name === by || !node.life.alive) continue;
			const followers = node.log(partition.slice(0, partition.indexOf(":"))).followers(partition);
			if (followers.length === 0) continue;
			const fate = scheduler.calm ? 0 : scheduler.chance.pick(10);
			const told = fate === 6 ? scheduler.chance.pick(100) * position : position; // a wrong hint
			const give = (): void => followers.forEach((follower) => follower.nudge(told));
			if (fate === 9) continue;
			if (fate === 8) scheduler.postLate(give, node.life);
			else scheduler.post(give, node.life);
			if (fate === 7) scheduler.post(give, node.life);
		}
	}
	/** Writes the initial contents of the logs. */
	#begin(): void {
		for (const { service, id, facts } of this.scenario.given) {
			const context = this.scenario.models.find(({ name }) => name === service)?.context ?? "";
			const stream = `${service}-${id}`;
			const partition = this.partitions.get(context)?.[partitionOf(stream, this.config.partitions)];
			const at = new Date(this.scheduler.now).toISOString();
			const body = encode({ facts, command: { name: "given", id: "given" }, by: "somebody", at });
			const last = partition?.kept.at(-1)?.commit;
			const commit = { position: (last?.position ?? 0) + 1, stream, version: 0, body, hash: chained(last?.hash ?? "", stream, 0, body) };
			partition?.appendWhole([commit], "somebody").next();
		}
	}
}
