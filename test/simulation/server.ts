/**
 * Server - the database that all nodes share, with the visibility of writes and the fate of calls. As `file` (SQLite) each write is all
 * or nothing and visible at once. As `database` (MongoDB) documents are written one by one with other writes in between; a write is
 * visible when the majority has it, and a failover undoes writes that the majority does not have.
 */
import { StoreUnavailable } from "../../store/log.ts";
import type { Config } from "./config.ts";
import type { Owner, Scheduler } from "./scheduler.ts";

/** Work of the server in steps: after `undefined` other tasks may run first; a yielded function gets the callback that resumes the work. */
export type Work<T> = Generator<((goOn: () => void) => void) | undefined, T>;

/** The values written under one key, newest first. */
interface Version<T> {
	readonly value: T;
	readonly seq: number;
	readonly before: Version<T> | undefined;
}
/** Values by key; each is visible when the majority has it. */
export class Keyed<T> {
	readonly #server: Server;
	readonly #versions = new Map<string, Version<T>>();

	constructor(server: Server) {
		this.#server = server;
	}
	/** The newest value that the majority has. */
	seen(key: string): T | undefined {
		let version = this.#versions.get(key);
		while (version && version.seq > this.#server.majority) version = version.before;
		return version?.value;
	}
	/** The last written value, visible or not. */
	newest(key: string): T | undefined {
		return this.#versions.get(key)?.value;
	}
	set(key: string, value: T): void {
		const before = this.#versions.get(key);
		const seq = this.#server.wrote(() => (before ? this.#versions.set(key, before) : this.#versions.delete(key)));
		this.#versions.set(key, { value, seq, before });
	}
	keys(): IterableIterator<string> {
		return this.#versions.keys();
	}
}

export class Server {
	readonly scheduler: Scheduler;
	readonly config: Config;
	/** Number of writes, and how many of them the majority has. */
	seq = 0;
	majority = 0;
	#life: Owner = { alive: true };
	#young: { readonly seq: number; readonly undo: () => void; readonly seen: () => void }[] = [];
	#waiting: { readonly seq: number; readonly goOn: () => void }[] = [];
	readonly #inFlight = new Set<() => void>();

	constructor(scheduler: Scheduler, config: Config) {
		this.scheduler = scheduler;
		this.config = config;
	}

	/** Runs one call; its request or answer may be lost, or it runs after its caller gave up. */
	call<T>(caller: Owner, what: () => string, work: () => Work<T>): Promise<T> {
		const { scheduler } = this;
		const fate = this.#fate();
		if (fate !== "fine") {
			scheduler.count(fate);
			scheduler.say(() => `    ${fate}: ${what()}`);
		}
		return new Promise((resolve, reject) => {
			const settle = (then: () => void): void => {
				if (this.#inFlight.delete(fail)) scheduler.post(then, caller);
			};
			const fail = (): void => settle(() => reject(new StoreUnavailable("no answer")));
			this.#inFlight.add(fail);
			const start = (): void => this.#run(work(), (value) => fate === "fine" && settle(() => resolve(value)));
			if (fate === "fine") return scheduler.post(start, this.#life);
			if (fate === "answers lost") scheduler.post(start, this.#life);
			if (fate === "calls carried out late")
				scheduler.postLate(() => {
					scheduler.say(() => `    runs late: ${what()}`);
					start();
				}, this.#life);
			fail();
		});
	}
	#fate(): "fine" | "requests lost" | "answers lost" | "calls carried out late" {
		if (this.scheduler.calm) return "fine";
		const { lostRequest, lostReply, zombie } = this.config.faults;
		const which = 999 - this.scheduler.chance.pick(1000);
		if (which < lostRequest) return "requests lost";
		if (which < lostRequest + lostReply) return "answers lost";
		return which < lostRequest + lostReply + zombie ? "calls carried out late" : "fine";
	}
	#run<T>(work: Work<T>, done: (value: T) => void): void {
		const life = this.#life;
		const goOn = (): void => {
			if (!life.alive) return;
			const { value, done: over } = work.next();
			if (over) return done(value);
			if (value) value(goOn);
			else this.scheduler.post(goOn, life);
		};
		goOn();
	}

	/** Lets other tasks run in between, sometimes for long. */
	slow(): ((goOn: () => void) => void) | undefined {
		if (this.scheduler.calm || !this.scheduler.chance.often(this.config.faults.slow)) return undefined;
		return (goOn) => this.scheduler.postLate(goOn, this.#life);
	}
	/** Records a write and its undo function; `seen` is called when the majority has it. */
	wrote(undo: () => void, seen: () => void = () => {}): number {
		const seq = ++this.seq;
		if (!this.config.lag || this.scheduler.steps === 0) {
			this.majority = seq;
			seen();
			return seq;
		}
		this.#young.push({ seq, undo, seen });
		const advance = (): void => this.#advance(seq);
		if (this.scheduler.chance.pick(3) > 0) this.scheduler.postLate(advance, this.#life);
		else this.scheduler.post(advance, this.#life);
		return seq;
	}
	#advance(to: number): void {
		if (to <= this.majority) return;
		this.majority = to;
		while (this.#young[0] && this.#young[0].seq <= to) this.#young.shift()?.seen();
		const waiting = this.#waiting;
		this.#waiting = waiting.filter(({ seq }) => seq > to);
		for (const { seq, goOn } of waiting) if (seq <= to) goOn();
	}
	/** Resumes when the majority has all current writes. */
	safe(): (goOn: () => void) => void {
		const { seq } = this;
		return (goOn) => (this.majority >= seq ? goOn() : void this.#waiting.push({ seq, goOn }));
	}
	/** Changes the primary: pending calls are not answered, and some writes that the majority does not have are undone. */
	failover(): void {
		if (!this.config.lag) return;
		this.#life.alive = false;
		this.#life = { alive: true };
		this.#waiting = [];
		const lost = this.#young.splice(this.scheduler.chance.pick(this.#young.length + 1));
		this.scheduler.count("failovers");
		this.scheduler.say(() => `--- the primary changes, ${lost.length} writes are undone`);
		for (const { undo } of lost.toReversed()) undo();
		const seq = ++this.seq;
		this.scheduler.postLate(() => this.#advance(seq), this.#life); // the new primary's own first write
		for (const fail of [...this.#inFlight]) fail();
	}
}
