/**
 * Duty - whether this node is the one that does the work of a service now: it is the owner by Moleculer's registry, and it holds the
 * lease if the store has leases. The registries of two nodes may differ while nodes join, leave or freeze, but only one node holds the lease.
 */
import type { Service } from "moleculer";
import type { Lease } from "../../store/rows.ts";
import { Complaint } from "../common/complaint.ts";
import { isOwner, ownerOf } from "./ownership.ts";
import { togetherOf } from "../common/timers.ts";

/** Milliseconds between two checks of the lease. */
const LOOK_EVERY = 500;
/** Runs the checks of all duties of a node at the same moment. */
export const looking = togetherOf(LOOK_EVERY);

export class Duty {
	readonly #service: Service;
	readonly #lease: Lease | undefined;
	readonly #pausing: (release: () => Promise<void>) => Promise<void>;
	/** The owner at the last check. */
	#owner: string | null = null;
	#orphaned = false;
	#looking = false;
	readonly #complaint: Complaint;
	#end: (() => void) | null = null;

	/** `pausing`: runs a task while the service does no work. */
	constructor(service: Service, lease: Lease | undefined, pausing: (task: () => Promise<void>) => Promise<void>) {
		this.#service = service;
		this.#complaint = new Complaint(`${service.name} cannot check its lease`, (line) => service.logger.warn(line));
		this.#lease = lease;
		this.#pausing = pausing;
	}

	get on(): boolean {
		return isOwner(this.#service) && (this.#lease?.held ?? true);
	}
	async begin(): Promise<void> {
		if (!this.#lease) return;
		await this.look();
		this.#end = looking(this.#service.broker).every(() => void this.look());
	}
	/** Takes, renews or releases the lease; one check at a time. */
	async look(): Promise<void> {
		const lease = this.#lease;
		if (!lease || this.#looking) return;
		this.#looking = true;
		try {
			this.#seeOwner();
			if (isOwner(this.#service)) this.#orphaned = !(await lease.want(this.#orphaned)) && this.#orphaned;
			else if (lease.held) await this.#pausing(() => lease.release());
			else await lease.watch();
			this.#complaint.fine();
		} catch (error) {
			this.#complaint.failed(error);
		} finally {
			this.#looking = false;
		}
	}
	/** Notices that the owner has left: then this node takes the lease before it expires. */
	#seeOwner(): void {
		const { broker, name } = this.#service;
		const [before, now] = [this.#owner, ownerOf(broker, name)];
		this.#owner = now;
		if (before === null || before === now) return;
		const gone = !broker.registry.nodes.get(before)?.available;
		this.#orphaned = gone && broker.transit?.tx.connected === true; // a node without a connection sees no other node
	}
	/** Releases the lease; has to be called after the work has ended. If the release fails, the next owner waits until the lease expires. */
	async end(): Promise<void> {
		this.#end?.();
		await this.#lease?.release().catch(() => undefined);
	}
}
